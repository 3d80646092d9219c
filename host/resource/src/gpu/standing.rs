//! Which GPUs people keep from renders: a reading, who its processes are, what the configuration says and what was
//! before come to a standing for each GPU. No clock and no I/O; the farm asks after every reading.

use super::process::Who;
use super::reading::{GpuFigures, GpuProcess, GpuReading, GpuSeen};
use farmhand_model::dcc::Gpu;
use farmhand_model::why::Bytes;
use farmhand_model::{AttemptId, GpuStanding, GpuStatus, Seconds, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// Steps in which the memory of others counts, in bytes.
const FOREIGN_STEP: u64 = 256 << 20;

/// A GPU as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GpuName {
    /// By its place on the PCI bus, from 0.
    Index(u32),
    /// By its UUID, or how that begins.
    Uuid(String),
}

impl GpuName {
    /// Whether it means this one.
    #[must_use]
    pub fn is(&self, gpu: &Gpu) -> bool {
        match self {
            GpuName::Index(index) => gpu.index == *index,
            GpuName::Uuid(uuid) => gpu.uuid.starts_with(uuid.as_str()),
        }
    }
}

impl fmt::Display for GpuName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GpuName::Index(index) => write!(f, "{index}"),
            GpuName::Uuid(uuid) => f.write_str(uuid),
        }
    }
}

impl FromStr for GpuName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(index) => Ok(GpuName::Index(index)),
            Err(_) if text.len() > 4 && text.starts_with("GPU-") => Ok(GpuName::Uuid(text.to_owned())),
            Err(_) => Err(format!("`{text}` is not a GPU's number from 0, nor a UUID such as `GPU-3f2a…`")),
        }
    }
}

/// What the configuration says of living with people.
#[derive(Debug, Clone, PartialEq)]
pub struct GpuRules {
    /// GPUs that renders never get.
    pub reserved: Vec<GpuName>,
    /// Whether renders keep away from GPUs that others use.
    pub auto: bool,
    /// GPU memory of others above which they use a GPU: a desktop's compositor is below. 512 MiB.
    pub memory_bytes: u64,
    /// Share of its time above which they use it. 0.1.
    pub utilisation: f64,
    /// How long a GPU is idle before renders get it back. 300 s.
    pub idle: Seconds,
}

impl Default for GpuRules {
    fn default() -> Self {
        Self {
            reserved: Vec::new(),
            auto: true,
            memory_bytes: 512 << 20,
            utilisation: 0.1,
            idle: Seconds(300.0),
        }
    }
}

impl GpuRules {
    /// Reserved GPUs that this machine does not have.
    pub fn missing<'a>(&'a self, gpus: &'a [Gpu]) -> impl Iterator<Item = &'a GpuName> {
        self.reserved.iter().filter(move |name| !gpus.iter().any(|gpu| name.is(gpu)))
    }
}

/// Whose a process on a GPU is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A render's.
    Attempt(AttemptId, Who),
    /// Somebody else's.
    Other(Who),
    /// It cannot be seen from here: it has just ended, or the driver tells of it by another number, as it does in a
    /// container.
    Unseen,
}

/// What is known of the processes of a reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owners {
    /// By their numbers; one that is not here counts as unseen.
    pub processes: BTreeMap<u32, Owner>,
    /// GPUs that attempts hold, by UUID.
    pub held: BTreeSet<String>,
}

impl Owners {
    fn of(&self, process: &GpuProcess) -> &Owner {
        self.processes.get(&process.pid).unwrap_or(&Owner::Unseen)
    }
}

/// What has to be remembered from one reading to the next.
#[derive(Debug)]
pub struct Standings {
    rules: GpuRules,
    gpus: BTreeMap<String, Past>,
    /// Numbers of renders' processes of the last reading. One that ends may still be listed for a moment.
    ours: BTreeSet<u32>,
    /// What cannot be told from a render that has just ended counts from its second reading on; in the first reading of
    /// all there is nothing that it could be mixed up with.
    first: bool,
}

#[derive(Debug, Default)]
struct Past {
    in_use: Option<(Use, Option<Timestamp>)>,
    suspect: bool,
}

/// Who uses a GPU.
#[derive(Debug, Clone, PartialEq)]
struct Use {
    by: String,
    /// The one who uses most of it, with how much memory.
    lead: Option<(u32, u64)>,
}

impl Use {
    /// The same process with about as much memory: not worth telling anew.
    fn is_like(&self, other: &Use) -> bool {
        match (self.lead, other.lead) {
            (Some((pid, bytes)), Some((other, before))) => {
                pid == other && bytes.abs_diff(before) <= before / 10
            }
            (None, None) => self.by == other.by,
            _ => false,
        }
    }
}

impl Standings {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(rules: GpuRules) -> Self {
        Self { rules, gpus: BTreeMap::new(), ours: BTreeSet::new(), first: true }
    }

    /// Whether renders may have each GPU of this reading.
    pub fn next(&mut self, reading: &GpuReading, owners: &Owners, now: Timestamp) -> Vec<GpuStatus> {
        let statuses = reading.gpus.iter().map(|seen| {
            let standing = self.standing(seen, owners, now);
            GpuStatus { gpu: seen.gpu.clone(), standing, foreign_bytes: foreign_bytes(seen, owners) }
        });
        let statuses = statuses.collect();
        let listed = reading.gpus.iter().filter_map(|seen| seen.figures.as_ref().ok());
        let ours =
            listed.flat_map(|figures| &figures.processes).filter(|process| self.is_ours(process, owners));
        self.ours = ours.map(|process| process.pid).collect();
        self.first = reading.gpus.is_empty() && self.first;
        statuses
    }

    fn standing(&mut self, seen: &GpuSeen, owners: &Owners, now: Timestamp) -> GpuStanding {
        let figures = match &seen.figures {
            Ok(figures) => figures,
            Err(reason) => return GpuStanding::Lost { reason: reason.clone() },
        };
        if self.rules.reserved.iter().any(|name| name.is(&seen.gpu)) {
            return GpuStanding::Reserved;
        }
        if !self.rules.auto {
            return GpuStanding::Free;
        }
        let certain = self.used_by(figures, owners, |owner| matches!(owner, Owner::Other(_)));
        let is_held = owners.held.contains(&seen.gpu.uuid);
        let doubtful = if is_held { None } else { self.doubtful_use(figures, owners) };
        let mut past = self.gpus.remove(&seen.gpu.uuid).unwrap_or_default();
        let was_suspect = std::mem::replace(&mut past.suspect, doubtful.is_some()) || self.first;
        let used = certain.or(doubtful.filter(|_| was_suspect));
        past.in_use = match (used, past.in_use.take()) {
            (Some(used), Some((before, _))) if used.is_like(&before) => Some((before, None)),
            (Some(used), _) => Some((used, None)),
            (None, Some((before, until))) => {
                let until = until.unwrap_or(now + self.rules.idle);
                (now < until).then_some((before, Some(until)))
            }
            (None, None) => None,
        };
        let standing = match &past.in_use {
            Some((used, until)) => GpuStanding::InUse { by: used.by.clone(), until: *until },
            None => GpuStanding::Free,
        };
        self.gpus.insert(seen.gpu.uuid.clone(), past);
        standing
    }

    fn is_ours(&self, process: &GpuProcess, owners: &Owners) -> bool {
        match owners.of(process) {
            Owner::Attempt(..) => true,
            Owner::Other(_) => false,
            Owner::Unseen => self.ours.contains(&process.pid),
        }
    }

    /// What others do on a GPU, of processes that count.
    fn used_by(&self, figures: &GpuFigures, owners: &Owners, counts: impl Fn(&Owner) -> bool) -> Option<Use> {
        let theirs = figures.processes.iter().filter(|process| !self.is_ours(process, owners));
        let theirs: Vec<&GpuProcess> = theirs.filter(|process| counts(owners.of(process))).collect();
        let memory = |process: &GpuProcess| process.memory_bytes.unwrap_or(0);
        let all: u64 = theirs.iter().map(|process| memory(process)).sum();
        if all > self.rules.memory_bytes {
            let lead = theirs.iter().max_by_key(|process| memory(process))?;
            let mut by = format!("{} holds {}", named(lead, owners), Bytes(memory(lead)));
            let others =
                theirs.iter().filter(|process| process.pid != lead.pid && memory(process) > 0).count();
            if others > 0 {
                by.push_str(&format!(", {others} more hold {}", Bytes(all - memory(lead))));
            }
            return Some(Use { by, lead: Some((lead.pid, all)) });
        }
        let busy: f64 = theirs.iter().filter_map(|process| process.utilisation).sum();
        if busy > self.rules.utilisation {
            let share = |process: &GpuProcess| process.utilisation.unwrap_or(0.0);
            let lead = theirs.iter().max_by(|one, other| share(one).total_cmp(&share(other)))?;
            return Some(Use {
                by: format!("{} keeps it busy", named(lead, owners)),
                lead: Some((lead.pid, 0)),
            });
        }
        None
    }

    /// What may be others' use of a GPU that no attempt holds, or the last of a render that has just ended.
    fn doubtful_use(&self, figures: &GpuFigures, owners: &Owners) -> Option<Use> {
        if let Some(used) = self.used_by(figures, owners, |_| true) {
            return Some(used);
        }
        let busy = figures.utilisation.is_some_and(|share| share > self.rules.utilisation);
        if !busy || figures.processes.iter().any(|process| self.is_ours(process, owners)) {
            return None;
        }
        let most = figures.processes.iter().max_by_key(|process| process.memory_bytes);
        let by = match most {
            Some(most) => format!("it is busy, and {} is on it", named(most, owners)),
            None => "it is busy, and no render is on it".to_owned(),
        };
        Some(Use { by, lead: most.map(|most| (most.pid, 0)) })
    }
}

/// Memory of others on a GPU, up to the next step: a desktop's takes a little more and a little less all the time, which
/// is nothing new to anybody.
fn foreign_bytes(seen: &GpuSeen, owners: &Owners) -> u64 {
    let processes = seen.figures.iter().flat_map(|figures| &figures.processes);
    let theirs = processes.filter(|process| matches!(owners.of(process), Owner::Other(_)));
    theirs.filter_map(|process| process.memory_bytes).sum::<u64>().next_multiple_of(FOREIGN_STEP)
}

/// Such as `maya.bin (pid 4711) of anna`.
fn named(process: &GpuProcess, owners: &Owners) -> String {
    let pid = process.pid;
    match owners.of(process) {
        Owner::Other(Who { name, user }) => {
            let name = name.as_deref().unwrap_or("a process");
            let of = user.as_ref().map(|user| format!(" of {user}")).unwrap_or_default();
            format!("{name} (pid {pid}){of}")
        }
        Owner::Attempt(attempt, _) => format!("attempt {attempt} (pid {pid})"),
        Owner::Unseen => format!("a process that cannot be seen from here (pid {pid})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::GpuState;
    use crate::gpu::reading::GpuProcessKind;

    const GB: u64 = 1_000_000_000;

    fn gpu(index: u32) -> Gpu {
        Gpu { index, uuid: format!("GPU-{index}{index}"), name: "A".into(), memory_bytes: 24 * GB }
    }

    fn process(pid: u32, memory: u64, utilisation: Option<f64>) -> GpuProcess {
        GpuProcess { pid, kind: GpuProcessKind::Compute, memory_bytes: Some(memory), utilisation }
    }

    fn busy(utilisation: f64, processes: Vec<GpuProcess>) -> Result<GpuFigures, String> {
        Ok(GpuFigures { utilisation: Some(utilisation), processes, ..GpuFigures::default() })
    }

    fn reading(figures: Vec<Result<GpuFigures, String>>) -> GpuReading {
        let state = GpuState::Found { count: figures.len(), driver: None, unnamed: vec![] };
        let gpus = (0..).zip(figures).map(|(index, figures)| GpuSeen {
            gpu: gpu(index),
            pci_bus_id: format!("00000000:{index:02X}:00.0"),
            figures,
        });
        GpuReading { state, gpus: gpus.collect() }
    }

    /// 1 is a render's process, 2 and 3 are Anna's, and all others cannot be seen.
    fn owners(held: &[&str]) -> Owners {
        let maya = |name: &str| Owner::Other(Who { name: Some(name.into()), user: Some("anna".into()) });
        let processes =
            [(1, Owner::Attempt(AttemptId(7), Who::default())), (2, maya("maya.bin")), (3, maya("Xorg"))];
        Owners { processes: processes.into(), held: held.iter().map(|uuid| (*uuid).to_owned()).collect() }
    }

    fn text(standing: &GpuStanding) -> String {
        match standing {
            GpuStanding::Free => "free".to_owned(),
            GpuStanding::Reserved => "reserved".to_owned(),
            GpuStanding::InUse { by, until: None } => by.clone(),
            GpuStanding::InUse { by, until: Some(until) } => format!("until {} ({by})", until.0),
            GpuStanding::Lost { reason } => format!("lost: {reason}"),
        }
    }

    /// What GPU 0 comes to, reading after reading, ten seconds apart from second 0 on.
    fn check(rules: &GpuRules, turns: &[(Result<GpuFigures, String>, &[&str], &str)]) {
        let mut standings = Standings::new(rules.clone());
        // A reading before the first one that counts: of a machine on which nothing happens.
        standings.next(&reading(vec![busy(0.0, vec![])]), &owners(&[]), Timestamp(-10_000));
        for (turn, (figures, held, expect)) in turns.iter().enumerate() {
            let now = Timestamp(turn as i64 * 10_000);
            let statuses = standings.next(&reading(vec![figures.clone()]), &owners(held), now);
            assert_eq!(text(&statuses[0].standing), *expect, "turn {turn}");
        }
    }

    #[test]
    fn others_use_a_gpu_by_memory_or_by_time_and_it_comes_back() {
        let rules = GpuRules { idle: Seconds(15.0), ..GpuRules::default() };
        let holds = "maya.bin (pid 2) of anna holds 3.2 GB";
        check(
            &rules,
            &[
                // A compositor.
                (busy(0.05, vec![process(3, 300 << 20, Some(0.05))]), &[], "free"),
                (busy(0.0, vec![process(2, 3_200_000_000, None)]), &[], holds),
                // Much the same is not told anew.
                (busy(0.0, vec![process(2, 3_300_000_000, None)]), &[], holds),
                (busy(0.0, vec![]), &[], &format!("until 45000 ({holds})")),
                (busy(0.0, vec![]), &[], &format!("until 45000 ({holds})")),
                (busy(0.0, vec![]), &[], "free"),
                // Together they hold enough.
                (
                    busy(0.0, vec![process(2, 400 << 20, None), process(3, 300 << 20, None)]),
                    &[],
                    "maya.bin (pid 2) of anna holds 419 MB, 1 more hold 314 MB",
                ),
                (
                    busy(0.5, vec![process(2, 100 << 20, Some(0.4))]),
                    &[],
                    "maya.bin (pid 2) of anna keeps it busy",
                ),
                // Seen again while it was about to come back: the wait begins anew.
                (busy(0.0, vec![]), &[], "until 95000 (maya.bin (pid 2) of anna keeps it busy)"),
                (busy(0.0, vec![process(2, 5 * GB, None)]), &[], "maya.bin (pid 2) of anna holds 5 GB"),
                (busy(0.0, vec![]), &[], "until 115000 (maya.bin (pid 2) of anna holds 5 GB)"),
            ],
        );
    }

    #[test]
    fn a_render_is_nobody_else() {
        let held: &[&str] = &["GPU-00"];
        check(
            &GpuRules::default(),
            &[
                (busy(0.99, vec![process(1, 20 * GB, Some(0.9))]), held, "free"),
                // Its process, listed by a number of another namespace.
                (busy(0.99, vec![process(99, 20 * GB, None)]), held, "free"),
                // It has ended; the driver still lists it, and says how busy the GPU was.
                (busy(0.99, vec![process(99, 20 * GB, None)]), &[], "free"),
                (busy(0.0, vec![]), &[], "free"),
                // Known as a render's before, and gone from the list of processes since.
                (busy(0.99, vec![process(1, 20 * GB, None)]), held, "free"),
                // Others beside it count by what is theirs.
                (
                    busy(0.99, vec![process(1, 9 * GB, Some(0.5)), process(2, 2 * GB, Some(0.4))]),
                    held,
                    "maya.bin (pid 2) of anna holds 2 GB",
                ),
            ],
        );
    }

    #[test]
    fn a_render_s_process_that_ends_is_still_its_own() {
        let mut standings = Standings::new(GpuRules::default());
        let listed = reading(vec![busy(0.0, vec![process(1, 9 * GB, None)])]);
        let gone = Owners::default();
        assert_eq!(text(&standings.next(&listed, &owners(&["GPU-00"]), Timestamp(0))[0].standing), "free");
        for second in 1..4 {
            let statuses = standings.next(&listed, &gone, Timestamp(second * 1000));
            assert_eq!(text(&statuses[0].standing), "free", "listed on although it has ended");
        }
    }

    #[test]
    fn what_nobody_can_be_named_for_counts_when_it_lasts() {
        let unseen = "a process that cannot be seen from here (pid 99) holds 3 GB";
        check(
            &GpuRules::default(),
            &[
                (busy(0.0, vec![process(99, 3 * GB, None)]), &[], "free"),
                (busy(0.0, vec![process(99, 3 * GB, None)]), &[], unseen),
            ],
        );
        check(
            &GpuRules::default(),
            &[
                (busy(0.5, vec![]), &[], "free"),
                (busy(0.0, vec![]), &[], "free"),
                (busy(0.5, vec![]), &[], "free"),
                (busy(0.5, vec![]), &[], "it is busy, and no render is on it"),
                (
                    busy(0.5, vec![process(3, 100 << 20, None)]),
                    &[],
                    "it is busy, and Xorg (pid 3) of anna is on it",
                ),
            ],
        );
        // At the start there is no render that it could be.
        let mut standings = Standings::new(GpuRules::default());
        let statuses = standings.next(
            &reading(vec![busy(0.0, vec![process(99, 3 * GB, None)])]),
            &owners(&[]),
            Timestamp(0),
        );
        assert_eq!(text(&statuses[0].standing), unseen);
    }

    #[test]
    fn reserved_and_lost_gpus_are_that() {
        let rules = GpuRules {
            reserved: vec![GpuName::Index(0), GpuName::Uuid("GPU-2".into()), GpuName::Index(9)],
            ..GpuRules::default()
        };
        let lost = || Err("it has fallen off the bus".to_owned());
        let figures = vec![busy(0.0, vec![]), busy(0.0, vec![]), busy(0.0, vec![]), lost()];
        let reading = reading(figures);
        let statuses = Standings::new(rules.clone()).next(&reading, &owners(&[]), Timestamp(0));
        let texts: Vec<String> = statuses.iter().map(|status| text(&status.standing)).collect();
        assert_eq!(texts, ["reserved", "free", "reserved", "lost: it has fallen off the bus"]);
        let gpus: Vec<Gpu> = reading.gpus().cloned().collect();
        assert_eq!(rules.missing(&gpus).collect::<Vec<_>>(), [&GpuName::Index(9)]);
    }

    #[test]
    fn memory_of_others_counts_in_steps() {
        let processes = vec![
            process(1, 5 * GB, None),
            process(2, 200 << 20, None),
            process(3, 57 << 20, None),
            process(9, GB, None),
        ];
        let reading = reading(vec![busy(0.0, processes), busy(0.0, vec![])]);
        let statuses = Standings::new(GpuRules::default()).next(&reading, &owners(&[]), Timestamp(0));
        let bytes: Vec<u64> = statuses.iter().map(|status| status.foreign_bytes).collect();
        assert_eq!(bytes, [512 << 20, 0]);
    }

    #[test]
    fn keeping_away_can_be_switched_off() {
        let rules = GpuRules { auto: false, ..GpuRules::default() };
        check(&rules, &[(busy(0.9, vec![process(2, 9 * GB, Some(0.9))]), &[], "free")]);
    }

    #[test]
    fn gpus_are_named_by_number_or_uuid() {
        let check =
            |text: &str, expect: Option<GpuName>| assert_eq!(text.parse::<GpuName>().ok(), expect, "{text}");
        check("0", Some(GpuName::Index(0)));
        check("GPU-3f2a", Some(GpuName::Uuid("GPU-3f2a".into())));
        check("GPU-", None);
        check("-1", None);
        check("A5000", None);
    }
}
