//! The configuration as the program uses it: every value of its own type, everything decided that can be decided
//! without looking at the machine.

use super::error::{ConfigError, Place};
use super::layer::Settings;
use super::load::is_secret;
use super::value::{Value, parse_address};
use crate::cleanup::CleanupPolicy;
use crate::farm::{OnStop, Schedule};
use crate::notify::Webhook;
use farmhand_model::{Bytes, Limit, PathMap, Seconds};
use farmhand_resource::gpu::standing::GpuRules;
use farmhand_runner::{CgroupMode, IoClass};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// How changes in the plugins directory are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchChoice {
    /// The operating system says so.
    Notify,
    /// By looking once a second.
    Poll,
    /// Not at all.
    Off,
}

/// How the daemon's own log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Whether somebody works at this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workstation {
    /// Where a desktop runs here.
    Auto,
    /// Somebody does.
    On,
    /// It only renders.
    Off,
}

/// What stays with the artist who works at this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InteractiveConfig {
    /// Whether there is one.
    pub workstation: Workstation,
    /// Share of the cores that renders get at most; absent: by whether it is a workstation.
    pub cores_percent: Option<u32>,
    /// Memory that is kept from renders; absent: by whether it is a workstation.
    pub keep_memory_mb: Option<u64>,
    /// Hours in which renders may start.
    pub schedule: Schedule,
    /// Whether nothing starts while somebody uses the machine.
    pub pause_on_activity: bool,
    /// How long nobody must have used it.
    pub idle_minutes: u32,
}

/// What one plugin may use and see.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginConfig {
    /// Handed to it as JSON.
    pub config: serde_json::Map<String, serde_json::Value>,
    /// Directories that it may read text files under.
    pub read: Vec<PathBuf>,
    /// Variables of the daemon's environment that it may read, by name.
    pub env: Vec<String>,
    /// Memory of one instance; absent: as for all.
    pub memory_mb: Option<u64>,
    /// Running time of one call; absent: as for all.
    pub call_ms: Option<u64>,
    /// Log kept of one call; absent: as for all.
    pub log_kb: Option<u64>,
    /// Lines a second that reach the daemon's own log; absent: as for all.
    pub log_lines_per_second: Option<u64>,
    /// Failed calls in a row after which a version is rolled back, 0 for never; absent: as for all.
    pub rollback_after: Option<u64>,
    /// Past attempts that a new version must decide as before; absent: it need not.
    pub gate: Option<u32>,
}

/// The configuration.
#[derive(Debug)]
pub struct Config {
    /// The file that was read; absent: none was found.
    pub file: Option<PathBuf>,
    /// Every value with the place that it came from.
    pub settings: Settings,
    /// Where the daemon listens.
    pub listen: SocketAddr,
    /// What clients must show.
    pub token: Option<Secret>,
    /// Where it was read from, where that is a file of its own.
    pub token_file: Option<PathBuf>,
    /// Names under which browsers may reach the daemon.
    pub allowed_hosts: Vec<String>,
    /// Where commands look for the daemon; absent: on this machine.
    pub url: Option<String>,
    /// What must not be lost.
    pub data_dir: PathBuf,
    /// Cores that renders may use; absent: all.
    pub cores: Option<u32>,
    /// Tasks at once; absent: by the number of cores.
    pub slots: Option<u32>,
    /// Threads of each task; absent: cores by slots.
    pub threads_per_task: Option<u32>,
    /// Which GPUs people keep from renders.
    pub gpu_rules: GpuRules,
    /// The driver's library; absent: where the system looks for libraries.
    pub gpus_library: Option<PathBuf>,
    /// Memory that renders may use; absent: all but what is kept.
    pub memory: Option<Bytes>,
    /// What stays with the artist.
    pub interactive: InteractiveConfig,
    /// Licences and counters that there are only so many of, by name.
    pub limits: BTreeMap<String, Limit>,
    /// Where plugins are dropped in.
    pub plugins_dir: PathBuf,
    /// How changes there are noticed.
    pub plugins_watch: WatchChoice,
    /// Where runners of scripts are looked for, in this order.
    pub runner_dirs: Vec<PathBuf>,
    /// Compiled plugins.
    pub cache_dir: PathBuf,
    /// What every plugin may use.
    pub all_plugins: PluginConfig,
    /// Single plugins, by name.
    pub plugins: BTreeMap<String, PluginConfig>,
    /// Programs by tool id.
    pub tools: BTreeMap<String, PathBuf>,
    /// Directories that jobs may name; empty: not confined.
    pub roots: Vec<PathBuf>,
    /// How other systems spell paths.
    pub path_map: PathMap,
    /// The studio's own hook scripts.
    pub hooks_dir: Option<PathBuf>,
    /// Time limit of one hook.
    pub hook_seconds: u32,
    /// Whom jobs and batches may have told over HTTP, by name.
    pub webhooks: BTreeMap<String, Webhook>,
    /// What is forgotten and removed, and after how long.
    pub cleanup: CleanupPolicy,
    /// What happens to running renders when the daemon stops.
    pub on_stop: OnStop,
    /// Tries that transient faults may cost a frame, besides the first.
    pub retries: u32,
    /// 0 means no limit.
    pub attempt_seconds: u32,
    /// 0 means no limit.
    pub frame_seconds: u32,
    /// 0 means never.
    pub stall_seconds: u32,
    /// Between asking a process to end and killing it.
    pub grace_seconds: u32,
    /// Log kept of one attempt.
    pub log_cap_mb: u64,
    /// Added to the niceness of renders.
    pub nice: i32,
    /// How their reading and writing stands behind that of others.
    pub io: IoClass,
    /// Whether attempts get cgroups of their own.
    pub cgroups: CgroupMode,
    /// Whether these limit their memory.
    pub memory_limit: bool,
    /// Filter of the daemon's own log.
    pub log_level: String,
    /// How it is written.
    pub log_format: LogFormat,
}

impl Config {
    pub(super) fn from_settings(
        mut settings: Settings,
        file: Option<PathBuf>,
        default_data_dir: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let mut problems = settings.take_problems();
        let data_dir = settings.path("data.dir").or_else(|| default_data_dir.map(Path::to_path_buf));
        if data_dir.is_none() {
            let message = "there is no home directory to keep data in: set it";
            settings.problem(&Place::Default, Some("data.dir"), message);
        }
        let data_dir = data_dir.unwrap_or_default();
        let (token, token_file) = read_token(&mut settings);
        let roots = settings.paths("paths.roots");
        // A value that could not be read has been reported, and its default stands in for it here.
        let listen = settings.text("server.listen").and_then(parse_address).unwrap_or(DEFAULT_LISTEN);
        let webhooks = read_webhooks(&mut settings);
        check_open_address(&mut settings, listen, token.is_some(), !roots.is_empty());
        problems.extend(settings.take_problems());
        if !problems.is_empty() {
            problems.sort_by_key(|problem| match problem.place {
                Place::File { line, column, .. } => (line, column),
                _ => (usize::MAX, 0),
            });
            return Err(ConfigError { problems });
        }
        Ok(Self {
            file,
            listen,
            token,
            token_file,
            allowed_hosts: settings.texts("server.allowed_hosts"),
            url: settings.text("server.url").map(str::to_owned),
            cores: settings.small("node.cores"),
            slots: settings.small("node.slots"),
            threads_per_task: settings.small("node.threads_per_task"),
            gpu_rules: settings.gpu_rules(),
            gpus_library: settings.path("gpus.library"),
            memory: settings.text("node.memory").and_then(|text| text.parse().ok()),
            interactive: settings.interactive(),
            limits: settings.limits(),
            plugins_dir: settings.path("plugins.dir").unwrap_or_else(|| data_dir.join("plugins")),
            plugins_watch: match settings.text("plugins.watch") {
                Some("poll") => WatchChoice::Poll,
                Some("off") => WatchChoice::Off,
                _ => WatchChoice::Notify,
            },
            runner_dirs: runner_dirs(settings.path("plugins.runners"), &data_dir),
            cache_dir: data_dir.join("cache"),
            data_dir,
            all_plugins: settings.plugin("plugins"),
            plugins: settings.plugins(),
            tools: settings.tools(),
            roots,
            path_map: settings.places("paths.map"),
            hooks_dir: settings.path("hooks.dir"),
            hook_seconds: settings.small("hooks.seconds").unwrap_or_default(),
            webhooks,
            cleanup: CleanupPolicy {
                history_days: settings.small("cleanup.history_days").unwrap_or_default(),
                logs_days: settings.small("cleanup.logs_days").unwrap_or_default(),
                scripts_days: settings.small("cleanup.scripts_days").unwrap_or_default(),
            },
            on_stop: if settings.text("render.on_stop") == Some("kill") {
                OnStop::Kill
            } else {
                OnStop::Keep
            },
            retries: settings.small("render.retries").unwrap_or_default(),
            attempt_seconds: settings.small("render.attempt_seconds").unwrap_or_default(),
            frame_seconds: settings.small("render.frame_seconds").unwrap_or_default(),
            stall_seconds: settings.small("render.stall_seconds").unwrap_or_default(),
            grace_seconds: settings.small("render.grace_seconds").unwrap_or_default(),
            log_cap_mb: settings.count("render.log_cap_mb").unwrap_or_default(),
            nice: settings.small("render.nice").and_then(|nice| i32::try_from(nice).ok()).unwrap_or_default(),
            io: match settings.text("render.io") {
                Some("normal") => IoClass::Normal,
                Some("idle") => IoClass::Idle,
                _ => IoClass::Low,
            },
            cgroups: match settings.text("render.cgroups") {
                Some("own") => CgroupMode::Own,
                Some("off") => CgroupMode::Off,
                _ => CgroupMode::Auto,
            },
            memory_limit: settings.text("render.memory_limit") == Some("on"),
            log_level: settings.text("log.level").unwrap_or("info").to_owned(),
            log_format: if settings.text("log.format") == Some("json") {
                LogFormat::Json
            } else {
                LogFormat::Text
            },
            settings,
        })
    }

    /// Key, value as shown, and place of everything that is set; secrets are hidden.
    pub fn shown(&self) -> impl Iterator<Item = (&str, String, &Place)> {
        self.settings.iter().map(|(key, setting)| {
            let value = if is_secret(key) { "(hidden)".to_owned() } else { setting.value.to_string() };
            (key, value, &setting.place)
        })
    }
}

/// Where a build, an installation, and a person without rights to either put runners.
fn runner_dirs(configured: Option<PathBuf>, data_dir: &Path) -> Vec<PathBuf> {
    if let Some(configured) = configured {
        return vec![configured];
    }
    let program = std::env::current_exe().and_then(|program| program.canonicalize()).ok();
    let beside = program.as_deref().and_then(Path::parent);
    let above = beside.and_then(Path::parent);
    let installed = [
        beside.map(|dir| dir.join("runners")),
        above.map(|dir| dir.join("runners")),
        above.map(|dir| dir.join("share/farmhand/runners")),
    ];
    installed.into_iter().flatten().chain([data_dir.join("runners")]).collect()
}

/// As the reference of the key has it.
const GATE_ATTEMPTS: u32 = 50;

/// Of a webhook.
const SHORTEST_SECRET: usize = 16;

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7878);

/// The token itself, or the file that holds it, whichever the later layer sets.
fn read_token(settings: &mut Settings) -> (Option<Secret>, Option<PathBuf>) {
    let inline = settings.text("server.token").map(|token| Secret::new(token.to_owned()));
    let Some(path) = settings.path("server.token_file") else {
        return (inline, None);
    };
    let place = settings.place("server.token_file");
    if inline.is_some() {
        match settings.place("server.token").layer().cmp(&place.layer()) {
            Ordering::Greater => return (inline, None),
            Ordering::Less => {}
            Ordering::Equal => {
                let message = "`server.token` is set too; keep one of them";
                settings.problem(&place, Some("server.token_file"), message);
                return (inline, None);
            }
        }
    }
    match std::fs::read_to_string(&path) {
        Ok(text) => (Some(Secret::new(text.trim().to_owned())), Some(path)),
        Err(error) => {
            settings.problem(&place, Some("server.token_file"), format!("cannot be read: {error}"));
            (None, Some(path))
        }
    }
}

/// What other machines can reach must ask who they are, and must not be able to read and write everywhere.
/// Webhooks, with their secrets read.
fn read_webhooks(settings: &mut Settings) -> BTreeMap<String, Webhook> {
    let mut found = BTreeMap::new();
    let mut problems = Vec::new();
    for (key, setting) in settings.iter() {
        let (Some(name), Value::Webhook(value)) = (key.strip_prefix("notify."), &setting.value) else {
            continue;
        };
        let secret = match &value.secret_file {
            None => value.secret.clone(),
            Some(file) => match std::fs::read_to_string(file) {
                Ok(text) => Some(text.trim().to_owned()),
                Err(error) => {
                    problems.push((
                        setting.place.clone(),
                        key.to_owned(),
                        format!("cannot read {file}: {error}"),
                    ));
                    continue;
                }
            },
        };
        if secret.as_ref().is_some_and(|secret| secret.len() < SHORTEST_SECRET) {
            let message = format!("a secret has at least {SHORTEST_SECRET} characters");
            problems.push((setting.place.clone(), key.to_owned(), message));
        }
        found.insert(name.to_owned(), Webhook { url: value.url.clone(), secret: secret.map(Secret::new) });
    }
    for (place, key, message) in problems {
        settings.problem(&place, Some(&key), message);
    }
    found
}

fn check_open_address(settings: &mut Settings, listen: SocketAddr, has_token: bool, has_roots: bool) {
    if listen.ip().is_loopback() {
        return;
    }
    let place = settings.place("server.listen");
    let reached = format!("other machines can reach {listen}, so it needs");
    if !has_token {
        let message = format!("{reached} a token: set `server.token_file`, or listen on 127.0.0.1");
        settings.problem(&place, Some("server.listen"), message);
    }
    if !has_roots {
        let message = format!(
            "{reached} `paths.roots`: the directories that jobs may read and write; or listen on 127.0.0.1"
        );
        settings.problem(&place, Some("server.listen"), message);
    }
}

/// Typed looks at single settings. The layers have checked each against its kind, so that a value of another kind
/// cannot be there.
impl Settings {
    fn place(&self, key: &str) -> Place {
        self.get(key).map_or(Place::Default, |setting| setting.place.clone())
    }

    fn text(&self, key: &str) -> Option<&str> {
        match &self.get(key)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    fn count(&self, key: &str) -> Option<u64> {
        match self.get(key)?.value {
            Value::Count(number) => Some(number),
            _ => None,
        }
    }

    fn small(&self, key: &str) -> Option<u32> {
        self.count(key).and_then(|number| u32::try_from(number).ok())
    }

    fn switch(&self, key: &str) -> Option<bool> {
        match self.get(key)?.value {
            Value::Switch(on) => Some(on),
            _ => None,
        }
    }

    fn gpu_rules(&self) -> GpuRules {
        let usual = GpuRules::default();
        GpuRules {
            reserved: self.texts("interactive.gpus").iter().filter_map(|gpu| gpu.parse().ok()).collect(),
            auto: self.switch("interactive.gpu_auto").unwrap_or(usual.auto),
            memory_bytes: self.count("interactive.gpu_memory_mb").map_or(usual.memory_bytes, |mb| mb << 20),
            utilisation: self
                .small("interactive.gpu_percent")
                .map_or(usual.utilisation, |percent| f64::from(percent) / 100.0),
            idle: self
                .small("interactive.gpu_idle_seconds")
                .map_or(usual.idle, |seconds| Seconds(f64::from(seconds))),
        }
    }

    fn texts(&self, key: &str) -> Vec<String> {
        match self.get(key).map(|setting| &setting.value) {
            Some(Value::List(items)) => items.clone(),
            _ => Vec::new(),
        }
    }

    fn paths(&self, key: &str) -> Vec<PathBuf> {
        self.texts(key).into_iter().map(PathBuf::from).collect()
    }

    fn places(&self, key: &str) -> PathMap {
        match self.get(key).map(|setting| &setting.value) {
            Some(Value::Places(map)) => map.clone(),
            _ => PathMap::default(),
        }
    }

    fn interactive(&self) -> InteractiveConfig {
        InteractiveConfig {
            workstation: match self.text("interactive.workstation") {
                Some("on") => Workstation::On,
                Some("off") => Workstation::Off,
                _ => Workstation::Auto,
            },
            cores_percent: self.small("interactive.cores_percent"),
            keep_memory_mb: self.count("interactive.keep_memory_mb"),
            schedule: match self.get("interactive.schedule").map(|setting| &setting.value) {
                Some(Value::Hours(schedule)) => schedule.clone(),
                _ => Schedule::default(),
            },
            pause_on_activity: self
                .get("interactive.pause_on_activity")
                .is_some_and(|setting| setting.value == Value::Switch(true)),
            idle_minutes: self.small("interactive.idle_minutes").unwrap_or_default(),
        }
    }

    fn limits(&self) -> BTreeMap<String, Limit> {
        let limit = |value: &Value| match value {
            Value::Limit(limit) => Some(*limit),
            _ => None,
        };
        self.iter()
            .filter_map(|(key, setting)| {
                Some((key.strip_prefix("limits.")?.to_owned(), limit(&setting.value)?))
            })
            .collect()
    }

    fn tools(&self) -> BTreeMap<String, PathBuf> {
        self.iter()
            .filter_map(|(key, _)| Some((key.strip_prefix("tools.")?.to_owned(), self.path(key)?)))
            .collect()
    }

    fn plugins(&self) -> BTreeMap<String, PluginConfig> {
        let names = self.iter().filter_map(|(key, _)| {
            let (name, _) = key.strip_prefix("plugins.")?.rsplit_once('.')?;
            Some(name.to_owned())
        });
        names.map(|name| (name.clone(), self.plugin(&format!("plugins.{name}")))).collect()
    }

    /// What a section says of one plugin, or of all.
    fn plugin(&self, section: &str) -> PluginConfig {
        let key = |of: &str| format!("{section}.{of}");
        let config = match self.get(&key("config")).map(|setting| &setting.value) {
            Some(Value::Table(table)) => table.clone(),
            _ => serde_json::Map::new(),
        };
        PluginConfig {
            config,
            read: self.paths(&key("read")),
            env: self.texts(&key("env")),
            memory_mb: self.count(&key("memory_mb")),
            call_ms: self.count(&key("call_ms")),
            log_kb: self.count(&key("log_kb")),
            log_lines_per_second: self.count(&key("log_lines_per_second")),
            rollback_after: self.count(&key("rollback_after")),
            gate: match self.text(&key("gate")) {
                Some("replay") => Some(self.small(&key("gate_attempts")).unwrap_or(GATE_ATTEMPTS)),
                _ => None,
            },
        }
    }
}
