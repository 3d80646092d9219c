//! From the places where settings may be written to a `Config`: which file, then the layers in order.

use super::error::{ConfigError, ConfigProblem, Place};
use super::keys;
use super::layer::Settings;
use super::typed::Config;
use super::value::Base;
use std::path::{Path, PathBuf};

/// What a configuration depends on besides its file: handed in, so that a test can say what it is.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The environment; variables that are not Unicode are left out.
    pub variables: Vec<(String, String)>,
    /// The working directory.
    pub current_dir: PathBuf,
    /// The home directory, where there is one.
    pub home: Option<PathBuf>,
    /// Where this user's configuration files are, such as `~/.config/farmhand`.
    pub config_dir: Option<PathBuf>,
    /// Where this user's data is, such as `~/.local/share/farmhand`.
    pub data_dir: Option<PathBuf>,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> std::io::Result<Self> {
        let dirs = directories::ProjectDirs::from("", "", "farmhand");
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Ok(Self {
            variables,
            current_dir: std::env::current_dir()?,
            home: directories::UserDirs::new().map(|dirs| dirs.home_dir().to_path_buf()),
            config_dir: dirs.as_ref().map(|dirs| dirs.config_dir().to_path_buf()),
            data_dir: dirs.as_ref().map(|dirs| dirs.data_dir().to_path_buf()),
        })
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A flag of the command line that sets a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// As the person wrote it, such as `--listen`.
    pub name: &'static str,
    /// Such as `server.listen`.
    pub key: &'static str,
    /// The value.
    pub text: String,
}

/// Reads everything and makes it a configuration, or says everything that is wrong.
///
/// The file is `explicit` (`--config`), or what `FARMHAND_CONFIG` names, or the first that is there of
/// `farmhand.toml` in the working directory, in the user's configuration directory and in `/etc/farmhand`. Files are
/// not merged: one is read, or none.
pub fn load(around: &Surroundings, explicit: Option<&Path>, flags: &[Flag]) -> Result<Config, ConfigError> {
    let base = Base { dir: &around.current_dir, home: around.home.as_deref() };
    let mut settings = Settings::defaults();
    let file = chosen_file(around, explicit)?;
    if let Some(path) = &file {
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        settings.add_file(path, &text, around.home.as_deref());
    }
    let variables = around.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    settings.add_environment(variables, base);
    for flag in flags {
        settings.add_flag(flag.name, flag.key, &flag.text, base);
    }
    Config::from_settings(settings, file, around.data_dir.as_deref())
}

fn chosen_file(around: &Surroundings, explicit: Option<&Path>) -> Result<Option<PathBuf>, ConfigError> {
    let named = match (explicit, around.variable("FARMHAND_CONFIG")) {
        (Some(path), _) => Some((path, Place::Flag("--config".to_owned()))),
        (None, Some("")) | (None, None) => None,
        (None, Some(path)) => Some((Path::new(path), Place::Environment("FARMHAND_CONFIG".to_owned()))),
    };
    if let Some((path, place)) = named {
        let path = around.current_dir.join(path);
        if !path.is_file() {
            let message = format!("{} is not there, or is no file", path.display());
            return Err(ConfigError { problems: vec![ConfigProblem { place, key: None, message }] });
        }
        return Ok(Some(path));
    }
    let dirs =
        [Some(around.current_dir.as_path()), around.config_dir.as_deref(), Some(Path::new("/etc/farmhand"))];
    Ok(dirs.into_iter().flatten().map(|dir| dir.join("farmhand.toml")).find(|path| path.is_file()))
}

fn unreadable(path: &Path, error: &std::io::Error) -> ConfigError {
    let place = Place::File { path: path.to_path_buf(), line: 1, column: 1 };
    let message = format!("cannot be read: {error}");
    ConfigError { problems: vec![ConfigProblem { place, key: None, message }] }
}

/// Whether a key's value must not be shown.
pub(super) fn is_secret(key: &str) -> bool {
    key.split_once('.')
        .and_then(|(section, name)| keys::find(section, name))
        .is_some_and(|key| key.kind == keys::Kind::Secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{InteractiveConfig, Value, Workstation};
    use crate::farm::Schedule;
    use farmhand_model::{Bytes, Limit, LimitPer, Os};
    use farmhand_runner::{CgroupMode, IoClass};
    use std::collections::BTreeMap;

    fn surroundings(dir: &Path, variables: &[(&str, &str)]) -> Surroundings {
        Surroundings {
            variables: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            current_dir: dir.to_path_buf(),
            home: Some(PathBuf::from("/home/tess")),
            config_dir: Some(dir.join("config")),
            data_dir: Some(PathBuf::from("/home/tess/.local/share/farmhand")),
        }
    }

    /// Loads `text` as `farmhand.toml`; the directory's own name does not show in what is wrong.
    fn load_text(text: &str, variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(dir.path().join("farmhand.toml"), text).expect("written");
        load(&surroundings(dir.path(), variables), None, &[]).map_err(|error| {
            let prefix = format!("{}/", dir.path().display());
            error.problems.iter().map(|problem| problem.to_string().replace(&prefix, "")).collect()
        })
    }

    #[test]
    fn an_empty_file_gives_the_defaults() {
        let config = load_text("", &[]).expect("nothing is wrong");
        assert_eq!(config.listen.to_string(), "127.0.0.1:7878");
        assert_eq!(config.data_dir, Path::new("/home/tess/.local/share/farmhand"));
        assert_eq!(config.plugins_dir, Path::new("/home/tess/.local/share/farmhand/plugins"));
        assert_eq!(config.cache_dir, Path::new("/home/tess/.local/share/farmhand/cache"));
        assert!(config.roots.is_empty() && config.token.is_none() && config.plugins.is_empty());
        assert_eq!((config.retries, config.nice, config.stall_seconds), (3, 5, 600));
        assert_eq!((config.io, config.cgroups, config.memory_limit), (IoClass::Low, CgroupMode::Auto, false));
        assert!(config.path_map.is_empty() && config.hooks_dir.is_none());
        assert_eq!(config.hook_seconds, 600);
        assert_eq!((config.memory, config.limits.len()), (None, 0));
        let interactive = InteractiveConfig {
            workstation: Workstation::Auto,
            cores_percent: None,
            keep_memory_mb: None,
            schedule: Schedule::default(),
            pause_on_activity: false,
            idle_minutes: 10,
        };
        assert_eq!(config.interactive, interactive);
        let days = config.cleanup;
        assert_eq!((days.history_days, days.logs_days, days.scripts_days), (90, 30, 7));
    }

    #[test]
    fn a_full_file_is_taken_over() {
        let config = load_text(
            r#"
            [server]
            listen = "0.0.0.0:80"
            token = "0123456789abcdef"
            allowed_hosts = ["render01"]
            [data]
            dir = "/srv/farmhand"
            [node]
            slots = 0x3
            memory = "48 GB"
            [interactive]
            workstation = "on"
            cores_percent = 75
            keep_memory_mb = 4096
            schedule = ["mon-fri 19:00-08:00", "sat-sun"]
            pause_on_activity = true
            idle_minutes = 5
            [limits]
            arnold = 8
            nuke_render = { max = 4, per = "node" }
            "node-locked" = { max = 0x1 }
            [tools]
            blender = "/opt/blender/blender"
            [paths]
            roots = ["/jobs", "~/shots"]
            map = [
                { windows = ["P:/shows", '\\files\shows'], linux = "/mnt/shows" },
                { linux = "/mnt/tex", macos = "/Volumes/tex" },
            ]
            [hooks]
            dir = "hooks"
            [cleanup]
            history_days = 0
            [plugins]
            call_ms = 1_000
            [plugins.blender]
            read = ["/studio/presets"]
            memory_mb = 128
            gate = "replay"
            config = { device = "OPTIX", tries = 2, when = 2026-11-22, nested = { on = [true, 1.5] } }
            [plugins.maya]
            gate = "replay"
            gate_attempts = 7
            [plugins.nuke]
            gate_attempts = 7
            [render]
            on_stop = "kill"
            io = "idle"
            cgroups = "own"
            memory_limit = "on"
            "#,
            &[],
        )
        .expect("nothing is wrong");
        assert_eq!(config.listen.to_string(), "0.0.0.0:80");
        assert_eq!(config.token.as_ref().map(|token| token.reveal()), Some("0123456789abcdef"));
        assert_eq!(config.plugins_dir, Path::new("/srv/farmhand/plugins"));
        assert_eq!((config.slots, config.memory), (Some(3), Some(Bytes(48_000_000_000))));
        let interactive = InteractiveConfig {
            workstation: Workstation::On,
            cores_percent: Some(75),
            keep_memory_mb: Some(4096),
            schedule: Schedule::parse(&["mon-fri 19:00-08:00", "sat-sun"]).expect("hours"),
            pause_on_activity: true,
            idle_minutes: 5,
        };
        assert_eq!(config.interactive, interactive);
        let limit = |max, per| Limit { max, per };
        let limits = [
            ("arnold", limit(8, LimitPer::Task)),
            ("node-locked", limit(1, LimitPer::Task)),
            ("nuke_render", limit(4, LimitPer::Node)),
        ];
        assert_eq!(config.limits, BTreeMap::from(limits.map(|(name, limit)| (name.to_owned(), limit))));
        let shown = |key: &str| config.settings.get(key).map(|setting| setting.value.to_string());
        assert_eq!(shown("node.memory").as_deref(), Some("48 GB"));
        assert_eq!(shown("limits.nuke_render").as_deref(), Some("4 per node"));
        assert_eq!(shown("interactive.schedule").as_deref(), Some("mon-fri 19:00-08:00, sat-sun"));
        assert_eq!(config.tools["blender"], Path::new("/opt/blender/blender"));
        assert_eq!(config.roots, [Path::new("/jobs"), Path::new("/home/tess/shots")]);
        assert_eq!(config.path_map.map("\\\\FILES\\shows\\a.ma", Os::Linux), "/mnt/shows/a.ma");
        let shown = config.settings.get("paths.map").map(|setting| setting.value.to_string());
        assert_eq!(
            shown.as_deref(),
            Some("P:/shows, \\\\files\\shows = /mnt/shows; /mnt/tex = /Volumes/tex")
        );
        assert!(config.hooks_dir.is_some_and(|dir| dir.ends_with("hooks") && dir.is_absolute()));
        assert_eq!((config.cleanup.history_days, config.cleanup.logs_days), (0, 30));
        assert_eq!((config.io, config.cgroups, config.memory_limit), (IoClass::Idle, CgroupMode::Own, true));
        let blender = &config.plugins["blender"];
        assert_eq!(blender.read, [Path::new("/studio/presets")]);
        assert_eq!((blender.memory_mb, blender.call_ms), (Some(128), None));
        let gate = |name: &str| config.plugins[name].gate;
        assert_eq!((gate("blender"), gate("maya"), gate("nuke")), (Some(50), Some(7), None));
        assert_eq!(
            serde_json::Value::Object(blender.config.clone()),
            serde_json::json!({"device": "OPTIX", "tries": 2, "when": "2026-11-22", "nested": {"on": [true, 1.5]}})
        );
    }

    #[test]
    fn says_where_and_what_is_wrong_and_what_is_allowed() {
        let check = |text: &str, expect: &[&str]| {
            assert_eq!(load_text(text, &[]).err().unwrap_or_default(), expect, "{text}");
        };
        check(
            "[server]\nlisen = \"x\"",
            &["farmhand.toml:2:1: server.lisen: unknown key; did you mean `listen`?"],
        );
        check(
            "[sever]\nlisten = \"x\"",
            &["farmhand.toml:1:2: sever: unknown section; did you mean `[server]`?"],
        );
        check("listen = \"x\"", &["farmhand.toml:1:1: listen: belongs under `[server]`"]);
        check(
            "server = 1",
            &["farmhand.toml:1:1: server: is a section: write `[server]` on a line of its own"],
        );
        check(
            "[node]\nretries = 3",
            &["farmhand.toml:2:1: node.retries: unknown key; `retries` belongs under `[render]`"],
        );
        check(
            "[node]\nfrobnicate = 3",
            &[
                "farmhand.toml:2:1: node.frobnicate: unknown key; [node] has cores, memory, slots, threads_per_task",
            ],
        );
        check(
            "[node]\nslots = 0",
            &["farmhand.toml:2:9: node.slots: 0 is not a whole number from 1 to 1024"],
        );
        check(
            "[node]\nslots = \"two\"",
            &[
                "farmhand.toml:2:9: node.slots: a whole number from 1 to 1024 is expected, not the text \"two\"",
            ],
        );
        check(
            "[node]\nslots = 1.5",
            &["farmhand.toml:2:9: node.slots: a whole number from 1 to 1024 is expected, not the number 1.5"],
        );
        check(
            "[paths]\nroots = \"/jobs\"",
            &["farmhand.toml:2:9: paths.roots: a list of paths is expected, not the text \"/jobs\""],
        );
        check(
            "[paths]\nroots = [\"/jobs\", 1]",
            &["farmhand.toml:2:9: paths.roots: a list of texts is expected, not one with the number 1"],
        );
        let map = |map: &str, expect: &str| {
            check(&format!("[paths]\nmap = {map}"), &[&format!("farmhand.toml:2:7: paths.map: {expect}")]);
        };
        map("\"/jobs\"", "a list of tables is expected, not the text \"/jobs\"");
        map(
            "[3]",
            "entry 1: a table such as `{ windows = \"P:/shows\", linux = \"/mnt/shows\" }` is expected, not the number 3",
        );
        map("[{ window = \"P:/\" }]", "entry 1: unknown system `window`; did you mean `windows`?");
        map("[{ linux = 3 }]", "entry 1: `linux` is a path or a list of paths, not the number 3");
        map(
            "[{ linux = [\"/a\", 3] }]",
            "entry 1: `linux` is a path or a list of paths, not one with the number 3",
        );
        map(
            "[{ windows = \"P:/\", linux = \"/p\" }, { linux = \"/p\" }]",
            "entry 2 has the spelling of fewer than two systems; give two of `windows`, `linux` and `macos`",
        );
        map(
            "[{ windows = \"P:/\", linux = \"/p\" }, { windows = \"p:\", linux = \"/q\" }]",
            "entries 1 and 2 contradict each other: on Linux `P:` would be both `/p` and `/q`",
        );
        check(
            "[cleanup]\nlogs_days = -1",
            &["farmhand.toml:2:13: cleanup.logs_days: -1 is not a whole number from 0 to 36500"],
        );
        check(
            "[node]\nmemory = \"48\"",
            &["farmhand.toml:2:10: node.memory: `48` has no unit; write `48 GB` or `48 GiB`"],
        );
        check(
            "[node]\nmemory = 48",
            &[
                "farmhand.toml:2:10: node.memory: an amount of memory such as `48 GB` or `64 GiB` is expected, not the number 48",
            ],
        );
        check(
            "[interactive]\nschedule = [\"sat-sun\", \"mon 19:00\"]",
            &[
                "farmhand.toml:2:12: interactive.schedule: `mon 19:00`, at character 5: `19:00` has no end; write days, hours \
             or both, such as `mon-fri 19:00-08:00`, `sat-sun` or `20:00-06:30`",
            ],
        );
        check(
            "[interactive]\nschedule = \"sat-sun\"\npause_on_activity = \"yes\"\ncores_percent = 0",
            &[
                "farmhand.toml:2:12: interactive.schedule: a list of hours such as `mon-fri 19:00-08:00` or `sat-sun` is \
             expected, not the text \"sat-sun\"",
                "farmhand.toml:3:21: interactive.pause_on_activity: `true` or `false` is expected, not the text \"yes\"",
                "farmhand.toml:4:17: interactive.cores_percent: 0 is not a whole number from 1 to 100",
            ],
        );
        let limit = |limit: &str, expect: &str| {
            check(
                &format!("[limits]\nnuke = {limit}"),
                &[&format!("farmhand.toml:2:8: limits.nuke: {expect}")],
            );
        };
        limit(
            "\"4\"",
            "a number such as `4`, or a table such as `{ max = 4, per = \"node\" }` is expected, not the text \"4\"",
        );
        limit("-1", "-1 is not a whole number from 0 to 4294967295");
        limit("{ per = \"node\" }", "`max` is missing: how many there are");
        limit("{ max = true }", "`max` is a whole number, not `true`");
        limit("{ max = 4, per = \"job\" }", "`per` is \"task\" or \"node\", not the text \"job\"");
        limit("{ max = 4, pre = \"node\" }", "unknown key `pre`; a limit has `max` and `per`");
        check("[limits]\n\"\" = 4", &["farmhand.toml:2:1: limits.: has no name"]);
        check(
            "[plugins.maya]\nred = []",
            &["farmhand.toml:2:1: plugins.maya.red: unknown key; did you mean `read`?"],
        );
        check(
            "[tools]\nblender = 4",
            &["farmhand.toml:2:11: tools.blender: a path is expected, not the number 4"],
        );
        check(
            "[render]\non_stop = \"leave\"\nnice = 99",
            &[
                "farmhand.toml:2:11: render.on_stop: `leave` is not one of `keep`, `kill`",
                "farmhand.toml:3:8: render.nice: 99 is not a whole number from 0 to 19",
            ],
        );
    }

    #[test]
    fn a_file_that_is_no_toml_says_where() {
        let problems = load_text("[server]\nlisten = \n", &[]).expect_err("it is broken");
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("farmhand.toml:2:"), "{problems:?}");
    }

    #[test]
    fn an_open_address_asks_for_a_token_and_roots() {
        let problems = load_text("[server]\nlisten = \"0.0.0.0:7878\"", &[]).expect_err("it is open");
        assert_eq!(
            problems,
            [
                "farmhand.toml:2:10: server.listen: other machines can reach 0.0.0.0:7878, so it needs a token: set \
             `server.token_file`, or listen on 127.0.0.1",
                "farmhand.toml:2:10: server.listen: other machines can reach 0.0.0.0:7878, so it needs `paths.roots`: the \
             directories that jobs may read and write; or listen on 127.0.0.1",
            ]
        );
    }

    #[test]
    fn tokens_come_from_one_place() {
        let problems =
            load_text("[server]\ntoken = \"0123456789abcdef\"\ntoken_file = \"t\"", &[]).expect_err("two");
        assert_eq!(
            problems,
            ["farmhand.toml:3:14: server.token_file: `server.token` is set too; keep one of them"]
        );
        let variables = [("FARMHAND_SERVER_TOKEN", "fedcba9876543210")];
        let config =
            load_text("[server]\ntoken_file = \"t\"", &variables).expect("the environment goes first");
        assert_eq!(config.token.as_ref().map(|token| token.reveal()), Some("fedcba9876543210"));
        let problems = load_text("[server]\ntoken_file = \"missing\"", &[]).expect_err("missing");
        assert!(
            problems[0].starts_with("farmhand.toml:2:14: server.token_file: cannot be read: "),
            "{problems:?}"
        );
    }

    #[test]
    fn a_token_file_is_read_and_trimmed() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(dir.path().join("token"), "0123456789abcdef\n").expect("written");
        let around = surroundings(dir.path(), &[("FARMHAND_SERVER_TOKEN_FILE", "token")]);
        let config = load(&around, None, &[]).expect("nothing is wrong");
        assert_eq!(config.token.as_ref().map(|token| token.reveal()), Some("0123456789abcdef"));
        assert_eq!(config.token_file, Some(dir.path().join("token")));
        assert!(!format!("{config:?}").contains("0123456789abcdef"), "a token is never shown");
    }

    #[test]
    fn the_environment_goes_before_the_file_and_flags_before_both() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(
            dir.path().join("farmhand.toml"),
            "[node]\nslots = 2\ncores = 8\n[render]\nretries = 1\n",
        )
        .expect("written");
        let variables = [
            ("FARMHAND_NODE_SLOTS", "4"),
            ("FARMHAND_RENDER_RETRIES", "5"),
            ("FARMHAND_TOOLS_NUKE", "nuke"),
            ("FARMHAND_LIMITS_NUKE_RENDER", "4"),
            ("FARMHAND_INTERACTIVE_SCHEDULE", "mon-fri 19:00-08:00, sat-sun"),
        ];
        let around = surroundings(dir.path(), &variables);
        let flags = [Flag { name: "--slots", key: "node.slots", text: "6".to_owned() }];
        let config = load(&around, None, &flags).expect("nothing is wrong");
        assert_eq!((config.slots, config.cores, config.retries), (Some(6), Some(8), 5));
        assert_eq!(config.tools["nuke"], dir.path().join("nuke"));
        assert_eq!(config.limits["nuke_render"], Limit { max: 4, per: LimitPer::Task });
        assert_eq!(config.interactive.schedule.to_string(), "mon-fri 19:00-08:00, sat-sun");
        let place = |key: &str| config.settings.get(key).map(|setting| setting.place.to_string());
        assert_eq!(place("node.slots").as_deref(), Some("--slots"));
        assert_eq!(place("render.retries").as_deref(), Some("FARMHAND_RENDER_RETRIES"));
        assert_eq!(place("node.cores"), Some(format!("{}/farmhand.toml:3:9", dir.path().display())));
        assert_eq!(place("render.nice").as_deref(), Some("default"));
    }

    #[test]
    fn wrong_variables_are_refused_and_those_of_others_are_not() {
        let check = |variable: &str, text: &str, expect: &[&str]| {
            assert_eq!(load_text("", &[(variable, text)]).err().unwrap_or_default(), expect, "{variable}");
        };
        check(
            "FARMHAND_NODE_SLOTS",
            "two",
            &["FARMHAND_NODE_SLOTS: node.slots: `two` is not a whole number from 1 to 1024"],
        );
        check(
            "FARMHAND_SEVER_LISTEN",
            "x",
            &["FARMHAND_SEVER_LISTEN: unknown variable; did you mean `FARMHAND_SERVER_LISTEN`?"],
        );
        check(
            "FARMHAND_NODE_GIZMO_COUNTER_LIMIT",
            "1",
            &[
                "FARMHAND_NODE_GIZMO_COUNTER_LIMIT: unknown variable; [node] has cores, memory, slots, threads_per_task",
            ],
        );
        check(
            "FARMHAND_PLUGINS_MAYA_READ",
            "/x",
            &["FARMHAND_PLUGINS_MAYA_READ: one plugin's settings can only be set in a file"],
        );
        check("FARMHAND_ATTEMPT_DIR", "/x", &[]);
        check("FARMHAND_BIN", "/x", &[]);
        check("PATH", "/x", &[]);
    }

    #[test]
    fn one_file_is_chosen() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let write = |name: &str, slots: u32| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().expect("has one")).expect("made");
            std::fs::write(&path, format!("[node]\nslots = {slots}\n")).expect("written");
        };
        let slots = |variables: &[(&str, &str)], explicit: Option<&str>| {
            let around = surroundings(dir.path(), variables);
            load(&around, explicit.map(Path::new), &[])
                .map(|config| config.slots)
                .map_err(|error| error.to_string())
        };
        write("config/farmhand.toml", 1);
        assert_eq!(slots(&[], None), Ok(Some(1)));
        write("farmhand.toml", 2);
        assert_eq!(slots(&[], None), Ok(Some(2)));
        write("other.toml", 3);
        assert_eq!(slots(&[("FARMHAND_CONFIG", "other.toml")], None), Ok(Some(3)));
        write("flag.toml", 4);
        assert_eq!(slots(&[("FARMHAND_CONFIG", "other.toml")], Some("flag.toml")), Ok(Some(4)));
        let missing = format!("--config: {}/none.toml is not there, or is no file", dir.path().display());
        assert_eq!(slots(&[], Some("none.toml")), Err(missing));
    }

    #[test]
    fn secrets_are_known() {
        assert!(is_secret("server.token"));
        assert!(!is_secret("server.token_file") && !is_secret("tools.token"));
    }

    #[test]
    fn values_are_shown_as_they_are_written() {
        let config = load_text("[paths]\nroots = [\"/a\", \"/b\"]", &[]).expect("nothing is wrong");
        let roots = config.settings.get("paths.roots").map(|setting| setting.value.clone());
        assert_eq!(roots, Some(Value::List(vec!["/a".to_owned(), "/b".to_owned()])));
    }
}
