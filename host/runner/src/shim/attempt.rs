//! One attempt from its lock to its report: what ends a process tree, and when.

use super::Reply;
use super::log_writer::LogWriter;
use super::meter::Meter;
use crate::cgroup::AttemptCgroup;
use crate::dir::AttemptDir;
use crate::os::{self, Host, MARKER, Tree, TreeState};
use crate::report::{End, ExitReport, KillReason, Owner, now};
use crate::spec::{EnvSpec, ShimSpec};
use farmhand_model::{EndedBy, Seconds, Timestamp, Usage};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::process::Command;
use std::time::{Duration, Instant};

/// How often a request to end is looked for.
const LOOK: Duration = Duration::from_millis(100);
/// How often a tree that is being killed is killed again.
const KILL_AGAIN: Duration = Duration::from_millis(20);
/// The daemon stops within two seconds, so a render that it takes along has less than that.
const STOP_GRACE: Duration = Duration::from_secs(1);
/// Longer than any report, so that writing it needs no space that the disk may lack by then.
const REPORT_SPACE: usize = 2048;

/// Owns one attempt until its process tree is empty.
pub(super) fn run(host: &Host, dir: &AttemptDir) -> Reply {
    let lock = match own(dir) {
        Ok(lock) => lock,
        Err(refusal) => return Reply::Refused(refusal),
    };
    let started = now();
    let report = match prepare(dir, started) {
        Ok((draft, spec, log)) => run_to_end(host, dir, draft, &spec, log, started),
        Err(message) => {
            let report = ExitReport::bare(End::FailedToStart { message }, started, now());
            // Where the draft could not be made this may fail as well; the daemon still gets the reply.
            let _ = Draft::create(dir).and_then(|draft| draft.publish(dir, &report));
            report
        }
    };
    drop(lock);
    Reply::Done(report)
}

/// The attempt's lock, unless it has ended. A daemon that looks at the directory holds the lock for a moment, so one
/// that is taken is tried again before it counts as somebody else's.
fn own(dir: &AttemptDir) -> Result<File, String> {
    let deadline = Instant::now() + Duration::from_secs(2);
    let lock = loop {
        match dir.try_own() {
            Ok(Some(lock)) => break lock,
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => return Err(format!("{} is owned by another process", dir.path().display())),
            Err(error) => return Err(error.to_string()),
        }
    };
    if dir.exit_file().exists() {
        return Err(format!("{} has ended already", dir.path().display()));
    }
    Ok(lock)
}

/// Everything that can fail before the program starts.
fn prepare(dir: &AttemptDir, started: Timestamp) -> Result<(Draft, ShimSpec, LogWriter), String> {
    let cannot =
        |action: &'static str, path: &std::path::Path, error| dir.error(action, path)(error).to_string();
    let mut draft = Draft::create(dir).map_err(|error| cannot("create", &dir.running_file(), error))?;
    let owner = Owner { shim: os::process_id(std::process::id()), leader: None, started };
    draft.write(&owner).map_err(|error| cannot("write", &dir.running_file(), error))?;
    let spec = dir.command().map_err(|error| error.to_string())?;
    let log = LogWriter::create(&dir.log(), spec.log, Instant::now())
        .map_err(|error| cannot("create", &dir.log(), error))?;
    Ok((draft, spec, log))
}

fn run_to_end(
    host: &Host,
    dir: &AttemptDir,
    mut draft: Draft,
    spec: &ShimSpec,
    mut log: LogWriter,
    started: Timestamp,
) -> ExitReport {
    let mut cgroup = spec.cgroup.as_ref().and_then(|spec| AttemptCgroup::create(spec).ok());
    let mut tree = host.start(command(dir, spec), spec, cgroup.as_ref());
    if tree.is_err() && cgroup.take().is_some() {
        // Whatever keeps it out of its cgroup, it can run without.
        tree = host.start(command(dir, spec), spec, None);
    }
    let begun = Instant::now();
    let mut watch = Watch::new(spec, Meter::new(dir, cgroup.as_ref(), begun), begun);
    let mut usage = Usage::default();
    let mut out_of_memory = None;
    let end = match tree {
        Err(error) => End::FailedToStart {
            message: format!(
                "cannot start {}: {error}; check that the program is there and may be run, and its working directory",
                spec.program.display()
            ),
        },
        Ok(mut tree) => {
            let shim = os::process_id(std::process::id());
            // Only a dead shim's leftovers are found by this, and there are other ways to find them.
            let _ = draft.write(&Owner { shim, leader: Some(tree.leader()), started });
            watch.until_empty(host, dir, &mut tree, &mut log);
            (usage, out_of_memory) = watch.meter.finish(&tree);
            let exit = tree.leader_exit().unwrap_or_default();
            End::Ran { exit_code: exit.exit_code, signal: exit.signal, by: watch.ended_by }
        }
    };
    let (log_bytes, log_dropped) = log.finish(Instant::now());
    let report = ExitReport {
        end,
        started,
        ended: now(),
        max_rss_bytes: usage.peak_memory_bytes,
        cpu: Seconds(usage.cpu_seconds.unwrap_or(0.0)),
        log_bytes,
        log_dropped,
        leftovers: watch.leftovers,
        usage,
        out_of_memory,
    };
    // The space is there; if the directory is gone all the same, the reply still carries the report.
    let _ = draft.publish(dir, &report);
    report
}

fn command(dir: &AttemptDir, spec: &ShimSpec) -> Command {
    let mut command = Command::new(&spec.program);
    command.args(&spec.args).current_dir(spec.cwd.clone().unwrap_or_else(|| dir.scratch()));
    match &spec.env {
        EnvSpec::Only(variables) => {
            command.env_clear().envs(variables.iter().map(|(name, value)| (name, value)));
        }
        EnvSpec::Inherit { remove, set } => {
            for name in remove {
                command.env_remove(name);
            }
            command.envs(set.iter().map(|(name, value)| (name, value)));
        }
    }
    command.env(MARKER, dir.path());
    command
}

/// `running.json`, which becomes `exit.json`: the space for the report is taken before the program can fill the disk.
struct Draft {
    file: File,
}

impl Draft {
    fn create(dir: &AttemptDir) -> io::Result<Self> {
        Ok(Self { file: File::create(dir.running_file())? })
    }

    /// JSON may end in white space, so the padding is part of it.
    fn write(&mut self, content: &impl serde::Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(content)?;
        text.resize(text.len().max(REPORT_SPACE), b' ');
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&text)
    }

    fn publish(mut self, dir: &AttemptDir, report: &ExitReport) -> io::Result<()> {
        self.write(report)?;
        std::fs::rename(dir.running_file(), dir.exit_file())
    }
}

/// How far the ending of a tree has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The first process does its work.
    Running,
    /// The first process is gone and others are not; they may go on until then.
    Lingering(Instant),
    /// Everyone was asked to end, and will be killed then.
    Asked(Instant),
    /// Everyone is killed, again and again until nobody is left.
    Killing(Instant),
}

/// Decides when a process tree has to end, and why.
struct Watch<'a> {
    meter: Meter<'a>,
    phase: Phase,
    time_limit: Option<Instant>,
    grace: Duration,
    linger: Duration,
    next_look: Instant,
    ended_by: EndedBy,
    leftovers: u32,
}

impl<'a> Watch<'a> {
    fn new(spec: &ShimSpec, meter: Meter<'a>, now: Instant) -> Self {
        Self {
            meter,
            phase: Phase::Running,
            time_limit: spec.time_limit.and_then(|limit| now.checked_add(duration(limit))),
            grace: duration(spec.grace),
            linger: duration(spec.linger),
            next_look: now + LOOK,
            ended_by: EndedBy::Itself,
            leftovers: 0,
        }
    }

    fn until_empty(&mut self, host: &Host, dir: &AttemptDir, tree: &mut Tree<'_>, log: &mut LogWriter) {
        loop {
            let timeout = self.next_deadline().saturating_duration_since(Instant::now());
            let state = tree.step(timeout, &mut |output| log.write(output, Instant::now()));
            let now = Instant::now();
            match state {
                Ok(TreeState::Empty) => return,
                Ok(TreeState::LeaderGone) if self.phase == Phase::Running => {
                    self.phase = Phase::Lingering(now + self.linger);
                }
                Ok(TreeState::LeaderGone | TreeState::Running) => {}
                // Waiting itself fails only where the machine is out of memory: as long as the tree may live, all
                // that can be done is to try again, slowly.
                Err(_) => std::thread::sleep(LOOK),
            }
            self.meter.look_if_due(tree, now);
            self.advance(host, dir, tree, now);
        }
    }

    fn next_deadline(&self) -> Instant {
        match self.phase {
            Phase::Running => self.time_limit.map_or(self.next_look, |limit| limit.min(self.next_look)),
            Phase::Lingering(until) => until.min(self.next_look),
            Phase::Asked(until) | Phase::Killing(until) => until,
        }
    }

    fn advance(&mut self, host: &Host, dir: &AttemptDir, tree: &mut Tree<'_>, now: Instant) {
        match self.phase {
            Phase::Running => {
                if self.time_limit.is_some_and(|limit| now >= limit) {
                    self.ask(tree, now, EndedBy::TimeLimit);
                } else if let Some(reason) = self.look(host, dir, now) {
                    if reason == KillReason::DaemonStop {
                        self.grace = self.grace.min(STOP_GRACE);
                    }
                    self.ask(tree, now, reason.into());
                }
            }
            Phase::Lingering(until) => {
                // The first process has ended by itself, whatever happens to the rest.
                if now >= until || self.look(host, dir, now).is_some() {
                    self.leftovers = self.ask(tree, now, EndedBy::Itself);
                }
            }
            Phase::Asked(until) | Phase::Killing(until) if now >= until => {
                tree.kill();
                self.phase = Phase::Killing(now + KILL_AGAIN);
            }
            Phase::Asked(_) | Phase::Killing(_) => {}
        }
    }

    fn ask(&mut self, tree: &mut Tree<'_>, now: Instant, ended_by: EndedBy) -> u32 {
        self.meter.look(tree, now);
        self.ended_by = ended_by;
        self.phase = Phase::Asked(now + self.grace);
        tree.terminate()
    }

    fn look(&mut self, host: &Host, dir: &AttemptDir, now: Instant) -> Option<KillReason> {
        if host.stop_requested() {
            return Some(dir.kill_request().unwrap_or(KillReason::DaemonStop));
        }
        if now < self.next_look {
            return None;
        }
        self.next_look = now + LOOK;
        dir.kill_request()
    }
}

fn duration(span: Seconds) -> Duration {
    Duration::try_from_secs_f64(span.0).unwrap_or(Duration::MAX / 4)
}
