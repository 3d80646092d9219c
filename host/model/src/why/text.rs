//! The reasons as sentences for people: what is needed and who has it, and apart from that what would make the job run.
//!
//! Times stand in them as RFC 3339 in UTC; the command line and the page show them as local ones.

use super::{Bytes, GpuInTheWay, GpuObstacle, Holder, Resource, WaitReason};
use crate::needs::GpuNeed;
use crate::node::Closed;
use crate::words::count;
use crate::{AttemptId, JobId};
use std::fmt;

/// How many of those who hold something are named; the others are counted.
const NAMED: usize = 4;

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job {} (attempt {})", self.job, self.attempt)
    }
}

impl fmt::Display for GpuNeed {
    /// `1 GPU with 12 GB free`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&count(u64::from(self.count), "GPU"))?;
        match self.memory_bytes {
            Some(bytes) if self.count == 1 => write!(f, " with {} free", Bytes(bytes)),
            Some(bytes) => write!(f, " with {} free on each", Bytes(bytes)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for GpuInTheWay {
    /// `GPU 0 is reserved for interactive use`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GPU {} {}", self.index, self.obstacle)
    }
}

impl fmt::Display for GpuObstacle {
    /// What the GPU does: to be read after its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GpuObstacle::Standing(standing) => write!(f, "{standing}"),
            GpuObstacle::Leased { holders } => write!(f, "renders {}", some(holders)),
            GpuObstacle::TooSmall { bytes } => write!(f, "has only {} for renders", Bytes(*bytes)),
            GpuObstacle::Breaker { reason, until } => {
                write!(f, "is left alone until {until}, since it failed: {reason}")
            }
            GpuObstacle::RanOut => f.write_str("ran out of memory for these frames"),
            GpuObstacle::Claimed { job } => write!(f, "is kept for job {job}, which waits for more"),
            GpuObstacle::Free => f.write_str("is free"),
        }
    }
}

/// The first few, and how many more there are.
fn some<T: fmt::Display>(items: &[T]) -> String {
    let named = items.iter().take(NAMED).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if items.len() > NAMED { format!("{named} and {} more", items.len() - NAMED) } else { named }
}

fn jobs(ids: &[JobId]) -> String {
    format!("job{} {}", if ids.len() == 1 { "" } else { "s" }, some(ids))
}

fn attempts(ids: &[AttemptId]) -> String {
    format!("attempt{} {}", if ids.len() == 1 { "" } else { "s" }, some(ids))
}

/// Such as `; the rest is held by job 4 (attempt 31)`; nothing where nobody does.
fn held_by(what: &str, holders: &[Holder]) -> String {
    if holders.is_empty() { String::new() } else { format!("; {what} held by {}", some(holders)) }
}

/// What has to happen before one of these GPUs, or as many as are needed, can be had.
fn gpu_remedy(need: &GpuNeed, gpus: &[GpuInTheWay]) -> String {
    use crate::node::GpuStanding::{Free, InUse, Lost, Reserved};
    if gpus.is_empty() {
        return "submit it for the CPU; `farmhand doctor` says what is wrong with this machine's GPUs"
            .to_owned();
    }
    let mut ways: Vec<String> = Vec::new();
    for gpu in gpus {
        let index = gpu.index;
        let way = match &gpu.obstacle {
            GpuObstacle::Standing(Free) | GpuObstacle::Free => continue,
            GpuObstacle::Leased { .. } => "a render ends".to_owned(),
            GpuObstacle::Claimed { job } => format!("job {job} has had its turn"),
            GpuObstacle::Standing(InUse { until: None, .. }) => {
                format!("GPU {index} has been left alone for a while")
            }
            GpuObstacle::Standing(InUse { .. }) => format!("GPU {index} stays idle"),
            GpuObstacle::Standing(Reserved) => "`interactive.gpus` reserves less".to_owned(),
            GpuObstacle::Standing(Lost { .. }) => format!("GPU {index} answers again"),
            GpuObstacle::Breaker { .. } => format!("the wait for GPU {index} is over"),
            GpuObstacle::TooSmall { .. } | GpuObstacle::RanOut => continue,
        };
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    let when = match ways.as_slice() {
        [] => return "ask for less with `gpus`, or submit it for the CPU".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    };
    if need.count > 1 {
        format!("it starts when {} of them are free at once; for that: {when}", need.count)
    } else {
        format!("it starts when {when}")
    }
}

impl WaitReason {
    /// What would make the job run, for people; absent where nothing has to be done, or the reason says it already.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        let text = match self {
            WaitReason::Paused => "`farmhand resume` lets it go on",
            WaitReason::Held { .. } => "put that right; `farmhand resume` lets it go on",
            WaitReason::Hooks { .. } => "it goes on when they have ended",
            WaitReason::Licence { .. } => "it is tried again then; a free licence is all it needs",
            WaitReason::After { jobs } if jobs.len() == 1 => "it starts when that one is done",
            WaitReason::After { .. } => "it starts when all of them are done",
            WaitReason::AfterFailed { job } => {
                return Some(format!("have it done with `farmhand retry {job}`, or cancel this one"));
            }
            WaitReason::MaxTasks { .. } => "raise the job's `limits.max_tasks` to run more of it at once",
            WaitReason::Workers { .. } => "it starts when a task of the batch ends; `workers` allows it more",
            WaitReason::BackOff { .. } => "it starts by itself then; put right meanwhile what it says",
            WaitReason::NoSlot { .. } => {
                "it starts when a task ends; `node.slots` allows more at once, a higher priority goes first"
            }
            WaitReason::Behind { .. } => "give this one a higher priority to have it go first",
            WaitReason::Threads { holders, .. } | WaitReason::Memory { holders, .. }
                if holders.is_empty() =>
            {
                "it starts when this machine has that much to spare; `farmhand node` shows who uses what"
            }
            WaitReason::Threads { .. } => {
                "it starts when one of them ends; with `threads` it would need fewer"
            }
            WaitReason::Memory { .. } => "it starts when one of them ends",
            WaitReason::Gpus { need, gpus } => return Some(gpu_remedy(need, gpus)),
            WaitReason::Limit { name, holders, .. } => {
                let when = if holders.is_empty() { "" } else { "it starts when one of them ends; " };
                return Some(format!("{when}how many there are is said in `limits.{name}`"));
            }
            WaitReason::TooBig { what: Resource::Memory, .. } => {
                "ask for less with `memory`, or give renders more with `node.memory`"
            }
            WaitReason::TooBig { what: Resource::Gpus | Resource::GpuMemory, .. } => {
                "ask for less with `gpus`, or reserve less of this machine with `interactive.gpus`"
            }
            WaitReason::Closed(Closed::Schedule { .. }) => {
                "`interactive.schedule` says when renders may start"
            }
            WaitReason::Closed(Closed::Activity { .. }) => {
                "with `interactive.pause_on_activity = false` it would start now"
            }
            WaitReason::Breaker { .. } => "put right what it says; one task is let through then to see",
            WaitReason::NoPlugin { .. } => "`farmhand plugin list` says what serves, and what is wrong",
            WaitReason::Stopping => "the next daemon starts it",
            WaitReason::AllRunning { .. }
            | WaitReason::NoTool { .. }
            | WaitReason::Next
            | WaitReason::Ended => {
                return None;
            }
        };
        Some(text.to_owned())
    }
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WaitReason::Paused => f.write_str("paused"),
            WaitReason::Held { reason } => write!(f, "held for a person: {reason}"),
            WaitReason::Hooks { moment } => write!(f, "runs its {moment} hooks"),
            WaitReason::Licence { licence, until, reason } => {
                write!(f, "waits for the licence `{licence}` until {until}: {reason}")
            }
            WaitReason::After { jobs: before } => write!(f, "waits for {} to be done", jobs(before)),
            WaitReason::AfterFailed { job } => {
                write!(f, "comes after job {job}, which ended without being done")
            }
            WaitReason::AllRunning { attempts: live } if live.is_empty() => {
                f.write_str("all its frames are given out")
            }
            WaitReason::AllRunning { attempts: live } => {
                write!(f, "all its frames are being rendered ({})", attempts(live))
            }
            WaitReason::Workers { batch, workers } => {
                let tasks = count(u64::from(*workers), "task");
                write!(f, "its batch {} ({}) has its limit of {tasks} at once", batch.id, batch.name)
            }
            WaitReason::MaxTasks { limit } => {
                write!(f, "has its limit of {} at once", count(u64::from(*limit), "task"))
            }
            WaitReason::BackOff { until, reason } => write!(f, "tries again at {until}: {reason}"),
            WaitReason::NoSlot { slots: 1, holders } => {
                write!(f, "the one slot is taken by {}", jobs(holders))
            }
            WaitReason::NoSlot { slots, holders } => {
                write!(f, "all {slots} slots are taken by {}", jobs(holders))
            }
            WaitReason::Behind { job } => write!(f, "job {job} goes first"),
            WaitReason::Threads { needed, free, holders } => {
                let needed = count(u64::from(*needed), "thread");
                write!(f, "needs {needed}, {free} free{}", held_by("others are", holders))
            }
            WaitReason::Memory { needed, free, holders } => {
                let (needed, free) = (Bytes(*needed), Bytes(*free));
                write!(f, "needs {needed} of memory, {free} free{}", held_by("the rest is", holders))
            }
            WaitReason::Gpus { need, gpus } if gpus.is_empty() => {
                write!(f, "needs {need}: this node has none")
            }
            WaitReason::Gpus { need, gpus } => {
                let gpus = gpus.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                write!(f, "needs {need}: {gpus}")
            }
            WaitReason::Limit { name, max, holders } if holders.is_empty() => {
                write!(f, "needs one of {max} `{name}`, and none is left")
            }
            WaitReason::Limit { name, max: 1, holders } => {
                write!(f, "needs the one `{name}`, held by {}", some(holders))
            }
            WaitReason::Limit { name, max, holders } => {
                write!(f, "needs one of {max} `{name}`, all held by {}", some(holders))
            }
            WaitReason::TooBig { what: Resource::Memory, needed, most } => {
                let (needed, most) = (Bytes(*needed), Bytes(*most));
                write!(f, "needs {needed} of memory, and renders never have more than {most} here")
            }
            WaitReason::TooBig { what: Resource::Gpus, needed, most: 0 } => {
                write!(f, "needs {}, and renders never have one here", count(*needed, "GPU"))
            }
            WaitReason::TooBig { what: Resource::Gpus, needed, most } => {
                write!(f, "needs {}, and renders never have more than {most} here", count(*needed, "GPU"))
            }
            WaitReason::TooBig { what: Resource::GpuMemory, needed, most } => {
                let (needed, most) = (Bytes(*needed), Bytes(*most));
                write!(f, "needs {needed} on a GPU, and renders never have more than {most} on one here")
            }
            WaitReason::Closed(closed) => write!(f, "{closed}"),
            WaitReason::Breaker { plugin, reason, until, .. } => {
                write!(f, "{plugin} takes no tasks on this node until {until}: {reason}")
            }
            WaitReason::NoPlugin { reason, .. } | WaitReason::NoTool { reason } => f.write_str(reason),
            WaitReason::Stopping => f.write_str("the daemon is stopping"),
            WaitReason::Next => f.write_str("starts next"),
            WaitReason::Ended => f.write_str("has ended"),
        }
    }
}

#[cfg(test)]
mod tests;
