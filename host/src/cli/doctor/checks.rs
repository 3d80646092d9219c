//! The checks: each finds one thing out and, where something is wrong with it, names the remedy.

use super::super::daemon::Found;
use super::super::error::CliError;
use super::super::human;
use super::super::node::{cores, is_nearly_full, standing};
use super::{Findings, disk};
use crate::config::Config;
use farmhand_model::node::GpuStanding;
use farmhand_model::view::{GpuView, LimitView, NodeView, PluginView, ToolView};
use farmhand_model::why::{Bytes, WaitReason};
use farmhand_runner::{CgroupMode, IoClass};
use serde::Serialize;
use std::path::Path;

/// Below this, renders and the database soon stop.
const TOO_LITTLE_SPACE: u64 = 256 << 20;
/// Below this, somebody should know.
const LITTLE_SPACE: u64 = 4 << 30;

/// How one thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Health {
    Good,
    /// It works; somebody may want it otherwise.
    Warn,
    /// It does not work.
    Bad,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    pub(super) name: String,
    pub(super) health: Health,
    pub(super) detail: String,
    pub(super) remedy: Option<String>,
}

impl Check {
    pub(super) fn good(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { name: name.into(), health: Health::Good, detail: detail.into(), remedy: None }
    }

    pub(super) fn warn(
        name: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { health: Health::Warn, remedy: Some(remedy.into()), ..Self::good(name, detail) }
    }

    pub(super) fn bad(name: impl Into<String>, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { health: Health::Bad, remedy: Some(remedy.into()), ..Self::good(name, detail) }
    }
}

pub(super) fn program() -> Check {
    let version = env!("CARGO_PKG_VERSION");
    match std::env::current_exe() {
        Ok(path) => Check::good("farmhand", format!("{version} at {}", path.display())),
        Err(error) => Check::bad(
            "farmhand",
            format!("{version}, which cannot tell where it is ({error}) and so cannot start renders"),
            "put the program where its user may read it",
        ),
    }
}

pub(super) fn configuration(config: &Config) -> Check {
    match &config.file {
        Some(file) => Check::good("configuration", file.display().to_string()),
        None => Check::good("configuration", "defaults; no farmhand.toml was found, and none is needed"),
    }
}

pub(super) fn daemon(config: &Config, found: &Result<Found, CliError>) -> Check {
    match found {
        Ok(found) => {
            let ours = env!("CARGO_PKG_VERSION");
            let mut text = format!("{} answers at {}", found.version, found.client.url());
            if let Some(announced) = &found.announcement {
                text.push_str(&format!(
                    ", process {} since {}",
                    announced.pid,
                    human::local(announced.started)
                ));
                if announced.one_shot {
                    text.push_str(", as long as the `farmhand render` that started it");
                }
            }
            if found.version == ours {
                Check::good("daemon", text)
            } else {
                Check::warn(
                    "daemon",
                    format!("{text}; this program is {ours}"),
                    "restart it; running renders go on",
                )
            }
        }
        Err(error) if config.url.is_some() => {
            Check::bad("daemon", error.to_string(), "start it there, or take `server.url` out")
        }
        Err(_) => {
            Check::warn("daemon", "none runs", "`farmhand serve` starts one; `farmhand render` needs none")
        }
    }
}

/// How renders stand behind other programs, as the configuration has it.
pub(super) fn manners(config: &Config) -> Check {
    let disk = match config.io {
        IoClass::Normal => "the same on disks",
        IoClass::Low => "after others on disks",
        IoClass::Idle => "on disks only while nobody else wants them",
    };
    let cpu = match config.nice {
        0 => "at the daemon's own priority".to_owned(),
        nice => format!("nicer by {nice}"),
    };
    let cgroups = match config.cgroups {
        CgroupMode::Off => "without cgroups of their own",
        CgroupMode::Auto | CgroupMode::Own => {
            "each in a cgroup of its own where the daemon may make some, which its log says at its start"
        }
    };
    Check::good("renders run", format!("{cpu}, {disk}, {cgroups}"))
}

/// GPUs that are reserved and not there.
pub(super) fn reserved_gpus(config: &Config, findings: &Findings) -> Vec<Check> {
    let gpus: Vec<_> = findings.node.gpus.iter().map(|view| view.status.gpu.clone()).collect();
    let missing = config.gpu_rules.missing(&gpus).map(|name| {
        Check::warn(
            "GPU",
            format!("`interactive.gpus` names {name}, which this machine does not have"),
            "take it out, or name one of those above by its number or UUID",
        )
    });
    missing.collect()
}

pub(super) fn machine(findings: &Findings) -> Vec<Check> {
    let Findings { node, plugins } = findings;
    let mut checks = share(node);
    checks.extend(node.gpus.iter().map(gpu));
    if node.gpus.is_empty() {
        checks.push(Check::good("GPU", &node.gpu_state));
    }
    checks.extend(plugins.iter().map(plugin));
    checks.extend(tools(&node.tools));
    for breaker in &node.breakers {
        let text = format!("takes no tasks until {}: {}", human::local(breaker.until), breaker.reason);
        checks.push(Check::bad(
            &breaker.plugin,
            text,
            "put right what it says; one task is let through then to see",
        ));
    }
    checks
}

/// How much of the machine renders may have, and when.
fn share(node: &NodeView) -> Vec<Check> {
    let memory = match node.render_memory_bytes {
        u64::MAX => format!("{} of memory, which is not counted", Bytes(node.memory_bytes)),
        bytes => format!("{} of {} memory", Bytes(bytes), Bytes(node.memory_bytes)),
    };
    let mut checks = vec![Check::good(
        "machine",
        format!(
            "{}: {}, {memory}, {} of {} each",
            node.name,
            cores(node),
            human::count(u64::from(node.slots), "slot"),
            human::count(u64::from(node.threads_per_task), "thread"),
        ),
    )];
    if let Some(closed) = &node.budget.closed {
        let remedy = WaitReason::Closed(closed.clone()).remedy().unwrap_or_default();
        checks.push(Check::warn("renders", human::localised(&closed.to_string()), remedy));
    }
    if !node.limits.is_empty() {
        let limit = |limit: &LimitView| format!("{} of {} {} taken", limit.used, limit.limit.max, limit.name);
        checks.push(Check::good("limits", node.limits.iter().map(limit).collect::<Vec<_>>().join(", ")));
    }
    for disk in node.disks.iter().filter(|disk| is_nearly_full(disk)) {
        let free = format!("{} of {} free", human::bytes(disk.free_bytes), human::bytes(disk.total_bytes));
        checks.push(Check::warn("disk", format!("{}: {free}", disk.paths.join(", ")), "make room"));
    }
    checks
}

fn gpu(gpu: &GpuView) -> Check {
    let name = format!("GPU {}", gpu.status.gpu.index);
    let (standing, _) = standing(gpu);
    let bus = gpu.pci_bus_id.as_deref().map(|id| format!(" at {id}")).unwrap_or_default();
    let text = format!("{}, {}{bus}; {standing}", gpu.status.gpu.name, Bytes(gpu.status.gpu.memory_bytes));
    match gpu.status.standing {
        GpuStanding::Lost { .. } => Check::bad(
            name,
            text,
            "see what the kernel's log says of it; most come back with a reset or a reboot",
        ),
        _ => Check::good(name, text),
    }
}

fn plugin(view: &PluginView) -> Check {
    let name = format!("plugin {}", view.name);
    let serving = view
        .serving
        .as_ref()
        .map(|stamp| format!("{} ({}, {})", stamp.version, view.source, stamp.digest.short()));
    match (serving, &view.failure) {
        (Some(serving), None) => Check::good(name, serving),
        (Some(serving), Some(failure)) => Check::warn(
            name,
            format!("{serving} serves, with trouble: {failure}"),
            "correct that file, or take it out",
        ),
        (None, failure) => {
            let failure = failure.as_deref().unwrap_or("it never loaded");
            Check::bad(name, failure, "correct that file, or take it out")
        }
    }
}

/// A program that is missing is no more than a remark where others are there: few machines have every DCC.
fn tools(tools: &[ToolView]) -> Vec<Check> {
    let any = tools.iter().any(|tool| tool.path.is_some());
    let check = |tool: &ToolView| match (&tool.path, &tool.problem) {
        (Some(path), None) => Check::good(
            &tool.id,
            format!("{} at {path}", tool.version.as_deref().unwrap_or("of unknown version")),
        ),
        (_, problem) => {
            // The finder's own words end in what to do, after the last semicolon.
            let problem = problem.as_deref().unwrap_or("it was not found");
            let (what, remedy) =
                problem.rsplit_once("; ").unwrap_or((problem, "install it, or name it under [tools]"));
            if any { Check::warn(&tool.id, what, remedy) } else { Check::bad(&tool.id, what, remedy) }
        }
    };
    tools.iter().map(check).collect()
}

pub(super) fn directories(config: &Config) -> Vec<Check> {
    let mut checks = vec![data_directory(&config.data_dir)];
    if config.plugins_dir.is_dir() {
        checks.push(Check::good("plugins directory", config.plugins_dir.display().to_string()));
    } else if config.plugins_dir.exists() {
        let text = format!("{} is no directory", config.plugins_dir.display());
        checks.push(Check::bad("plugins directory", text, "set `plugins.dir` to one"));
    } else {
        let text = format!("{} is made with the first start", config.plugins_dir.display());
        checks.push(Check::good("plugins directory", text));
    }
    if let Some(file) = config.token_file.as_deref().filter(|file| disk::others_can_read(file)) {
        let text = format!("others on this machine can read {}", file.display());
        checks.push(Check::warn("token", text, format!("chmod 600 {}", file.display())));
    }
    if config.roots.is_empty() {
        checks.push(Check::warn(
            "paths",
            "jobs may name any path that the daemon's user may read and write",
            "right for one artist's machine; set `paths.roots` to confine them",
        ));
    }
    for root in &config.roots {
        let text = root.display().to_string();
        checks.push(match std::fs::metadata(root) {
            Ok(data) if data.is_dir() => Check::good("root", text),
            Ok(_) => Check::bad("root", format!("{text} is no directory"), "correct `paths.roots`"),
            Err(error) => {
                Check::bad("root", format!("{text}: {error}"), "mount it, or correct `paths.roots`")
            }
        });
    }
    checks
}

fn data_directory(dir: &Path) -> Check {
    let name = "data directory";
    let shown = dir.display();
    let choose = "choose another with `data.dir` or --data-dir";
    let existing = dir.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(dir);
    if !existing.is_dir() {
        return Check::bad(name, format!("{} is no directory", existing.display()), choose);
    }
    if let Err(error) = disk::try_to_write(existing) {
        return Check::bad(name, format!("{} cannot be written: {error}", existing.display()), choose);
    }
    if let Some(kind) = disk::network_file_system(existing) {
        let text = format!("{shown} is on {kind}, where SQLite cannot keep its promises");
        return Check::bad(name, text, "set `data.dir` to a directory on a local disk");
    }
    match disk::free_bytes(existing) {
        Some(free) if free < TOO_LITTLE_SPACE => {
            Check::bad(name, format!("{shown}: {} free", human::bytes(free)), "make room")
        }
        Some(free) if free < LITTLE_SPACE => {
            Check::warn(name, format!("{shown}: {} free", human::bytes(free)), "make room soon")
        }
        Some(free) => Check::good(name, format!("{shown}: {} free", human::bytes(free))),
        None => Check::good(name, shown.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::node::tests::workstation;
    use super::*;
    use farmhand_model::node::Closed;
    use farmhand_model::versions::VersionStanding;
    use farmhand_model::{Digest, PluginStamp, Timestamp};

    #[test]
    fn plugins_by_state() {
        let check = |serving: bool, failure: Option<&str>, health: Health, detail: &str| {
            let stamp = PluginStamp {
                name: "blender".to_owned(),
                version: "0.1.0".to_owned(),
                digest: Digest("a1b2c3d4e5f6a7b8".to_owned()),
                generation: 1,
            };
            let view = PluginView {
                name: "blender".to_owned(),
                state: String::new(),
                source: "built-in".to_owned(),
                serving: serving.then_some(stamp),
                summary: None,
                extensions: Vec::new(),
                levels: Vec::new(),
                options_schema: None,
                failure: failure.map(str::to_owned),
                standing: VersionStanding::default(),
                changed: Timestamp(0),
            };
            let check = plugin(&view);
            assert_eq!((check.health, check.detail.as_str()), (health, detail));
        };
        check(true, None, Health::Good, "0.1.0 (built-in, a1b2c3d4e5f6)");
        let degraded = "0.1.0 (built-in, a1b2c3d4e5f6) serves, with trouble: it traps";
        check(true, Some("it traps"), Health::Warn, degraded);
        check(false, Some("it traps"), Health::Bad, "it traps");
    }

    #[test]
    fn the_machine_and_what_renders_may_have_of_it() {
        let mut node = workstation();
        let details = |node: &NodeView| share(node).into_iter().map(|check| check.detail).collect::<Vec<_>>();
        let machine = "ws07: renders may have 12 of 16 cores (8 physical), 48 GB of 64 GB memory, 2 slots of 4 threads each";
        assert_eq!(
            details(&node),
            [machine, "1 of 1 nuke_render taken", "/renders: 1.0 GiB of 1.0 TiB free"]
        );
        node.budget.closed = Some(Closed::Schedule { until: Timestamp(0) });
        let closed = &share(&node)[1];
        assert_eq!((closed.name.as_str(), closed.health), ("renders", Health::Warn));
        assert_eq!(gpu(&node.gpus[0]).detail, "RTX A5000, 24 GB; reserved for interactive use");
        node.gpus[1].status.standing = GpuStanding::Lost { reason: "it fell off the bus".to_owned() };
        node.gpus[1].pci_bus_id = Some("00000000:3B:00.0".to_owned());
        let lost = gpu(&node.gpus[1]);
        assert_eq!((lost.name.as_str(), lost.health), ("GPU 1", Health::Bad));
        assert_eq!(lost.detail, "RTX A5000, 24 GB at 00000000:3B:00.0; does not answer: it fell off the bus");
    }

    #[test]
    fn a_missing_program_is_bad_only_where_all_are_missing() {
        let tool = |id: &str, path: Option<&str>| ToolView {
            plugin: "p".to_owned(),
            id: id.to_owned(),
            path: path.map(str::to_owned),
            version: Some("3.4.1".to_owned()),
            problem: path.is_none().then(|| "maya was not found: looked on PATH; install it".to_owned()),
        };
        let healths = |list: &[ToolView]| tools(list).iter().map(|check| check.health).collect::<Vec<_>>();
        let (blender, maya) = (tool("blender", Some("/usr/bin/blender")), tool("maya", None));
        assert_eq!(healths(&[blender.clone(), maya.clone()]), [Health::Good, Health::Warn]);
        assert_eq!(healths(std::slice::from_ref(&maya)), [Health::Bad]);
        assert_eq!(tools(&[blender])[0].detail, "3.4.1 at /usr/bin/blender");
        let missing = &tools(&[maya])[0];
        assert_eq!(missing.detail, "maya was not found: looked on PATH");
        assert_eq!(missing.remedy.as_deref(), Some("install it"));
    }

    #[test]
    fn a_data_directory_that_is_not_there_yet_is_judged_by_where_it_would_be() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        assert_ne!(data_directory(&dir.path().join("not/there/yet")).health, Health::Bad);
        std::fs::write(dir.path().join("file"), "").expect("written");
        let check = data_directory(&dir.path().join("file"));
        assert_eq!(check.health, Health::Bad);
        assert!(check.detail.ends_with("is no directory"), "{}", check.detail);
    }
}
