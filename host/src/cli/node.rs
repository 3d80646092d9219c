//! `farmhand node`: what the daemon's machine has, who holds what of it, and what it keeps from renders now.

use super::context::Context;
use super::error::CliError;
use super::human::{self, localised};
use super::output::{Cell, Table, Tone};
use farmhand_model::Timestamp;
use farmhand_model::needs::{GpuLease, Lease};
use farmhand_model::node::{GpuStanding, LimitPer};
use farmhand_model::view::{DiskView, GpuView, NodeView};
use farmhand_model::why::Bytes;

/// Below this part of a disk, somebody should make room before renders fail for it.
const LITTLE_ROOM: f64 = 0.05;

pub(super) fn run(context: &mut Context) -> Result<(), CliError> {
    let client = context.client()?;
    if context.out.json {
        let node: serde_json::Value = client.get("/node")?;
        return context.out.json(&node);
    }
    let node: NodeView = client.get("/node")?;
    let out = &mut context.out;
    out.table(&facts(&node, human::now()))?;
    for table in [gpus(&node), processes(&node), leases(&node), limits(&node), breakers(&node), disks(&node)]
    {
        out.section(&table)?;
    }
    Ok(())
}

fn facts(node: &NodeView, now: Timestamp) -> Table {
    let mut table = Table::facts();
    let up = human::span(now.since(node.started));
    table.fact("node", format!("{}, farmhand {}, up {up}", node.name, node.version));
    if let Some(closed) = &node.budget.closed {
        let closed = localised(&closed.to_string());
        table.row([Cell::toned("closed", Tone::Dim), Cell::toned(closed, Tone::Warn)]);
    }
    table.fact("slots", format!("{} of {} taken", node.leases.len(), node.slots));
    let threads: u32 = node.leases.iter().map(|lease| lease.lease.threads).sum();
    table.fact("cores", format!("{threads} of {} leased; {}", node.budget.threads, cores(node)));
    table.fact("memory", memory(node));
    table.fact(
        "a task",
        format!("gets {} unless its job says otherwise", threads_text(node.threads_per_task)),
    );
    if node.gpus.is_empty() {
        table.fact("GPUs", &node.gpu_state);
    }
    table
}

fn threads_text(threads: u32) -> String {
    human::count(u64::from(threads), "thread")
}

/// `renders may have 12 of 16 cores (8 physical)`.
pub(super) fn cores(node: &NodeView) -> String {
    let physical = match node.physical_cores {
        Some(physical) if physical != node.logical_cores => format!(" ({physical} physical)"),
        _ => String::new(),
    };
    if node.cores > node.logical_cores {
        // Slots times threads, as they were configured.
        return format!("renders may have {} threads on {} cores{physical}", node.cores, node.logical_cores);
    }
    format!("renders may have {} of {} cores{physical}", node.cores, node.logical_cores)
}

/// An amount that may not be counted at all.
pub(super) fn amount(bytes: u64) -> String {
    if bytes == u64::MAX { "all".to_owned() } else { Bytes(bytes).to_string() }
}

fn memory(node: &NodeView) -> String {
    let leased = node.leases.iter().map(|lease| lease.lease.memory_bytes).fold(0, u64::saturating_add);
    let mut text = format!("{} of {} leased", Bytes(leased), amount(node.budget.memory_bytes));
    if let Some(available) = node.memory_available_bytes {
        text.push_str(&format!("; {} of {} free", Bytes(available), Bytes(node.memory_bytes)));
    }
    text
}

/// Whether renders may have a GPU, and what they do with it, in a few words.
pub(super) fn standing(gpu: &GpuView) -> (String, Tone) {
    let text = localised(&gpu.status.standing.to_string());
    let text = text.strip_prefix("is ").unwrap_or(&text).to_owned();
    let held = gpu.leases.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match (&gpu.status.standing, gpu.leases.len()) {
        (GpuStanding::Lost { .. }, _) => (text, Tone::Bad),
        (GpuStanding::Free, 0) => (text, Tone::Plain),
        (GpuStanding::Free, 1) => (format!("renders attempt {held}"), Tone::Good),
        (GpuStanding::Free, _) => (format!("renders attempts {held}"), Tone::Good),
        (_, 0) => (text, Tone::Warn),
        (_, _) => (format!("{text}; still renders attempt {held}"), Tone::Warn),
    }
}

fn gpus(node: &NodeView) -> Table {
    let mut table = Table::new(&["#GPU", "NAME", "#MEMORY", "#USED", "#BUSY", "#TEMP", "STANDING"]);
    for gpu in &node.gpus {
        let (standing, tone) = standing(gpu);
        table.row([
            Cell::from(gpu.status.gpu.index),
            Cell::from(&gpu.status.gpu.name),
            Cell::from(Bytes(gpu.status.gpu.memory_bytes)),
            Cell::from(gpu.memory_used_bytes.map(|bytes| Bytes(bytes).to_string()).unwrap_or_default()),
            Cell::from(gpu.utilisation.map(|part| format!("{:.0} %", part * 100.0)).unwrap_or_default()),
            Cell::from(gpu.temperature.map(|degrees| format!("{degrees} °C")).unwrap_or_default()),
            Cell::toned(standing, tone),
        ]);
    }
    table
}

fn processes(node: &NodeView) -> Table {
    let mut table = Table::new(&["#GPU", "#PID", "PROGRAM", "USER", "#MEMORY", "WHOSE"]);
    for gpu in &node.gpus {
        for process in &gpu.processes {
            let (whose, tone) = match process.attempt {
                Some(attempt) => (format!("attempt {attempt}"), Tone::Plain),
                None => ("not farmhand's".to_owned(), Tone::Warn),
            };
            table.row([
                Cell::from(gpu.status.gpu.index),
                Cell::from(process.pid),
                Cell::from(process.name.as_deref().unwrap_or("?")),
                Cell::from(process.user.as_deref().unwrap_or("?")),
                Cell::from(process.memory_bytes.map(|bytes| Bytes(bytes).to_string()).unwrap_or_default()),
                Cell::toned(whose, tone),
            ]);
        }
    }
    table
}

fn leases(node: &NodeView) -> Table {
    let mut table = Table::new(&["#ATTEMPT", "#JOB", "#THREADS", "#MEMORY", "GPUS", "LICENCES"]);
    for held in &node.leases {
        let Lease { threads, memory_bytes, gpus, licences } = &held.lease;
        table.row([
            Cell::from(held.attempt),
            Cell::from(held.job),
            Cell::from(threads),
            Cell::from(if *memory_bytes == 0 { String::new() } else { Bytes(*memory_bytes).to_string() }),
            Cell::from(gpu_leases(gpus)),
            Cell::from(licences.join(", ")),
        ]);
    }
    table
}

/// `1` for a whole GPU, `1 (8 GB)` for a share of it.
pub(super) fn gpu_leases(gpus: &[GpuLease]) -> String {
    let one = |held: &GpuLease| match held.share_bytes {
        Some(bytes) => format!("{} ({})", held.gpu.index, Bytes(bytes)),
        None => held.gpu.index.to_string(),
    };
    gpus.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn limits(node: &NodeView) -> Table {
    let mut table = Table::new(&["LIMIT", "#USED", "#OF", "PER", "JOBS"]);
    for limit in &node.limits {
        let tone = if limit.used >= limit.limit.max { Tone::Warn } else { Tone::Plain };
        table.row([
            Cell::from(&limit.name),
            Cell::toned(limit.used.to_string(), tone),
            Cell::from(limit.limit.max),
            Cell::from(match limit.limit.per {
                LimitPer::Task => "task",
                LimitPer::Node => "node",
            }),
            Cell::from(limit.holders.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        ]);
    }
    table
}

fn breakers(node: &NodeView) -> Table {
    let mut table = Table::new(&["BREAKER", "OF", "UNTIL", "WHY"]);
    for breaker in &node.breakers {
        table.row([
            Cell::toned(&breaker.plugin, Tone::Bad),
            Cell::from(breaker.gpu.as_deref().unwrap_or("all its tasks")),
            Cell::from(human::local(breaker.until)),
            Cell::from(&breaker.reason),
        ]);
    }
    table
}

/// Whether a disk soon holds nothing more.
pub(super) fn is_nearly_full(disk: &DiskView) -> bool {
    (disk.free_bytes as f64) < disk.total_bytes as f64 * LITTLE_ROOM
}

fn disks(node: &NodeView) -> Table {
    let mut table = Table::new(&["DISK", "#FREE", "#OF", "USED FOR"]);
    for disk in &node.disks {
        let (word, tone) = if is_nearly_full(disk) { ("nearly full", Tone::Bad) } else { ("ok", Tone::Good) };
        table.row([
            Cell::toned(word, tone),
            Cell::from(human::bytes(disk.free_bytes)),
            Cell::from(human::bytes(disk.total_bytes)),
            Cell::from(disk.paths.join(", ")),
        ]);
    }
    table
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::output::Style;
    use super::*;
    use farmhand_model::dcc::Gpu;
    use farmhand_model::node::{Budget, Closed, Limit};
    use farmhand_model::view::{BreakerView, GpuProcessView, LeaseView, LimitView};
    use farmhand_model::{AttemptId, JobId};

    const GB: u64 = 1_000_000_000;

    fn gpu(index: u32) -> Gpu {
        Gpu { index, uuid: format!("GPU-{index}"), name: "RTX A5000".to_owned(), memory_bytes: 24 * GB }
    }

    /// A workstation with an artist at it: GPU 0 is hers, GPU 1 renders.
    pub(in super::super) fn workstation() -> NodeView {
        let mut hers = GpuView::new(gpu(0));
        hers.status.standing = GpuStanding::Reserved;
        hers.memory_used_bytes = Some(3 * GB + 200_000_000);
        hers.utilisation = Some(0.07);
        hers.temperature = Some(48);
        hers.processes = vec![GpuProcessView {
            pid: 4711,
            name: Some("maya.bin".to_owned()),
            user: Some("anna".to_owned()),
            memory_bytes: Some(3 * GB),
            attempt: None,
        }];
        let mut ours = GpuView::new(gpu(1));
        ours.leases = vec![AttemptId(31)];
        let lease = Lease {
            threads: 4,
            memory_bytes: 12 * GB,
            gpus: vec![GpuLease { gpu: gpu(1), share_bytes: Some(8 * GB) }],
            licences: vec!["nuke_render".to_owned()],
        };
        NodeView {
            name: "ws07".to_owned(),
            version: "0.1.0".to_owned(),
            cores: 12,
            physical_cores: Some(8),
            logical_cores: 16,
            memory_bytes: 64 * GB,
            render_memory_bytes: 48 * GB,
            memory_available_bytes: Some(20 * GB),
            disks: vec![
                DiskView {
                    paths: vec!["/var/lib/farmhand".to_owned()],
                    total_bytes: 100 << 30,
                    free_bytes: 50 << 30,
                },
                DiskView { paths: vec!["/renders".to_owned()], total_bytes: 1 << 40, free_bytes: 1 << 30 },
            ],
            slots: 2,
            threads_per_task: 4,
            budget: Budget { threads: 12, memory_bytes: 48 * GB, closed: None },
            limits: vec![LimitView {
                name: "nuke_render".to_owned(),
                limit: Limit { max: 1, per: LimitPer::Node },
                used: 1,
                holders: vec![JobId(7)],
            }],
            gpus: vec![hers, ours],
            gpu_state: "2 GPUs".to_owned(),
            tools: Vec::new(),
            leases: vec![LeaseView { attempt: AttemptId(31), job: JobId(7), lease }],
            breakers: vec![BreakerView {
                plugin: "maya".to_owned(),
                gpu: None,
                reason: "no licence".to_owned(),
                until: Timestamp(3_600_000),
            }],
            started: Timestamp(0),
        }
    }

    #[test]
    fn the_machine_at_a_glance() {
        let mut node = workstation();
        let until = Timestamp(7_200_000);
        node.budget.closed = Some(Closed::Schedule { until });
        let expect = format!(
            "\
node    ws07, farmhand 0.1.0, up 1 h 00 min
closed  this machine renders again from {}, by its schedule
slots   1 of 2 taken
cores   4 of 12 leased; renders may have 12 of 16 cores (8 physical)
memory  12 GB of 48 GB leased; 20 GB of 64 GB free
a task  gets 4 threads unless its job says otherwise
",
            human::local(until)
        );
        assert_eq!(facts(&node, Timestamp(3_600_000)).render(Style::Plain), expect);
    }

    #[test]
    fn who_holds_what() {
        let node = workstation();
        let check = |table: Table, expect: &str| assert_eq!(table.render(Style::Plain), expect);
        check(
            gpus(&node),
            "\
GPU  NAME       MEMORY    USED  BUSY   TEMP  STANDING
  0  RTX A5000   24 GB  3.2 GB   7 %  48 °C  reserved for interactive use
  1  RTX A5000   24 GB                       renders attempt 31
",
        );
        check(
            processes(&node),
            "GPU   PID  PROGRAM   USER  MEMORY  WHOSE\n  0  4711  maya.bin  anna    3 GB  not farmhand's\n",
        );
        check(
            leases(&node),
            "ATTEMPT  JOB  THREADS  MEMORY  GPUS      LICENCES\n     31    7        4   12 GB  1 (8 GB)  nuke_render\n",
        );
        check(limits(&node), "LIMIT        USED  OF  PER   JOBS\nnuke_render     1   1  node  7\n");
        check(
            disks(&node),
            "\
DISK            FREE       OF  USED FOR
ok            50 GiB  100 GiB  /var/lib/farmhand
nearly full  1.0 GiB  1.0 TiB  /renders
",
        );
        let until = human::local(Timestamp(3_600_000));
        let line = format!("maya     all its tasks  {until}  no licence");
        assert!(breakers(&node).render(Style::Plain).ends_with(&format!("{line}\n")));
    }

    #[test]
    fn a_gpu_that_renders_go_on_using_says_both() {
        let mut gpu = GpuView::new(gpu(1));
        let check = |gpu: &GpuView, expect: &str| assert_eq!(standing(gpu).0, expect);
        check(&gpu, "free for renders");
        gpu.leases = vec![AttemptId(31), AttemptId(32)];
        check(&gpu, "renders attempts 31, 32");
        gpu.status.standing = GpuStanding::Lost { reason: "it fell off the bus".to_owned() };
        gpu.leases.pop();
        check(&gpu, "does not answer: it fell off the bus");
        gpu.status.standing = GpuStanding::InUse { by: "maya.bin of anna".to_owned(), until: None };
        check(&gpu, "in use: maya.bin of anna; still renders attempt 31");
    }
}
