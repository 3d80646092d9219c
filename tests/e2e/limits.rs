//! What there is only so much of: counters of `[limits]`, and the cores that renders leave to an artist. The tasks are
//! shell scripts that wait at a gate, so that who holds what stands still while the test looks.

use crate::harness::{Daemon, prebuilt};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use tempfile::TempDir;

/// A farm with this configuration, and the plugin whose tasks render nothing.
struct Farm {
    dir: TempDir,
    daemon: Daemon,
}

impl Farm {
    fn start(config: &str, arguments: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), config, arguments, &[])
    }

    fn start_in(dir: TempDir, config: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        fs::create_dir_all(dir.path().join("data/plugins")).unwrap();
        fs::write(dir.path().join("shot.noop"), "").unwrap();
        fs::copy(prebuilt("noop"), dir.path().join("data/plugins/noop.wasm")).unwrap();
        let file = dir.path().join("farmhand.toml");
        fs::write(&file, config).unwrap();
        let arguments = [&["--config", file.to_str().unwrap()], arguments].concat();
        let daemon = Daemon::start_in(dir.path(), &arguments, environment);
        Self { dir, daemon }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A job of one task that ends once its gate is open.
    fn submit(&self, gate: &str, more: &Value) -> u64 {
        let script = format!("while [ ! -e {} ]; do sleep 0.02; done", self.path(gate).display());
        let mut job = json!({
            "scene": self.path("shot.noop"), "frames": "1", "options": {"program": "sh", "script": script},
        });
        for (name, value) in more.as_object().unwrap() {
            job[name] = value.clone();
        }
        self.daemon.client.submit(&job)
    }

    fn open(&self, gate: &str) {
        fs::write(self.path(gate), "").unwrap();
    }

    /// Waits until the job's task runs; the task's attempt.
    fn runs(&self, job: u64) -> u64 {
        self.daemon.client.wait_for(&format!("job {job} runs"), || {
            let attempts = self.daemon.client.attempts(job);
            let running = attempts.iter().find(|attempt| attempt["state"] == "running")?;
            running["id"].as_u64()
        })
    }

    /// Waits until the job waits for this kind of reason; the reason.
    fn waits_for(&self, job: u64, kind: &str) -> Value {
        let job = self.daemon.client.wait_for_job(job, kind, |job| job["why"]["reason"]["kind"] == kind);
        assert_eq!(job["status"], "waiting", "{job}");
        job["why"].clone()
    }

    fn ends_well(&self, job: u64) {
        let job = self.daemon.client.wait_for_end(job);
        assert_eq!(job["status"], "done", "{job}");
    }

    /// How the node shows a limit: how many are taken, and by whom.
    fn taken(&self, name: &str) -> (u64, Value) {
        let node = self.daemon.client.read("/api/v1/node");
        let limits = node["limits"].as_array().unwrap();
        let limit = limits.iter().find(|limit| limit["name"] == name).unwrap();
        (limit["used"].as_u64().unwrap(), limit["holders"].clone())
    }
}

#[test]
fn what_holds_a_job_is_told_though_nothing_else_about_it_is_different() {
    let farm = Farm::start("", &["--slots", "1"]);
    let none = json!({});
    let first = farm.submit("first", &none);
    farm.runs(first);
    let (second, third) = (farm.submit("second", &none), farm.submit("third", &none));
    farm.waits_for(third, "no-slot");
    let events = farm.daemon.client.events();

    farm.open("first");
    farm.runs(second);

    // From then on the third job waits for the second one's slot.
    let is_it = |event: &Value| {
        let held = |shared: &Value| {
            let jobs = shared["jobs"].as_array().unwrap();
            let has_third = jobs.iter().any(|run| (run[0].as_u64()..=run[1].as_u64()).contains(&Some(third)));
            has_third && shared["why"]["reason"]["holders"] == json!([second])
        };
        assert!(event["type"] != "job" || event["job"]["id"] != third, "it has no event of its own: {event}");
        event["type"] == "reasons" && event["reasons"].as_array().unwrap().iter().any(held)
    };
    let found = std::iter::from_fn(|| events.recv_timeout(std::time::Duration::from_secs(60)).ok());
    assert!(found.into_iter().any(|event| is_it(&event)), "it was never told");
    farm.open("second");
    farm.open("third");
    farm.ends_well(third);
}

#[test]
fn a_limit_per_task_is_held_by_one_after_the_other_over_a_crash_too() {
    let mut farm = Farm::start("[limits]\nnuke_render = 1\n", &["--slots", "3"]);
    let licence = json!({"licences": ["nuke_render"]});
    let first = farm.submit("one", &licence);
    let attempt = farm.runs(first);
    let second = farm.submit("two", &licence);
    let other = farm.submit("three", &json!({}));

    // The one that needs none passes by, and the one that waits says who has it.
    farm.runs(other);
    let why = farm.waits_for(second, "limit");
    let reason = &why["reason"];
    assert_eq!((&reason["name"], &reason["max"]), (&json!("nuke_render"), &json!(1)), "{why}");
    assert_eq!(reason["holders"], json!([{"attempt": attempt, "job": first}]), "{why}");
    assert_eq!(farm.taken("nuke_render"), (1, json!([first])));

    // The render goes on without the daemon, and so does its licence.
    farm.daemon.kill();
    farm.daemon.restart();
    assert_eq!(farm.runs(first), attempt);
    assert_eq!(farm.waits_for(second, "limit")["reason"], *reason);

    farm.open("one");
    farm.ends_well(first);
    farm.runs(second);
    assert_eq!(farm.taken("nuke_render"), (1, json!([second])));
    farm.open("two");
    farm.open("three");
    farm.ends_well(second);
    farm.ends_well(other);
    assert_eq!(farm.taken("nuke_render"), (0, json!([])));
}

#[test]
fn a_limit_per_node_is_taken_once_however_many_tasks_run() {
    let config = "[limits]\nmaya = { max = 1, per = \"node\" }\n";
    let farm = Farm::start(config, &["--slots", "2"]);
    let licence = json!({"licences": ["maya"]});

    let both = [farm.submit("one", &licence), farm.submit("one", &licence)];
    for job in both {
        farm.runs(job);
    }

    assert_eq!(farm.taken("maya"), (1, json!(both)));
    farm.open("one");
    for job in both {
        farm.ends_well(job);
    }
    assert_eq!(farm.taken("maya"), (0, json!([])));
}

#[test]
fn renders_leave_a_share_of_a_workstations_cores_to_its_artist() {
    // The harness says in the environment that nobody works here, and a share that is set counts all the same.
    let farm = Farm::start("[interactive]\ncores_percent = 50\n", &["--slots", "2"]);
    let node = farm.daemon.client.read("/api/v1/node");
    let cores = node["cores"].as_u64().unwrap();
    let usable = std::thread::available_parallelism().unwrap().get() as u64;
    assert_eq!(cores, (usable / 2).max(1), "{node}");
    assert_eq!(node["budget"]["threads"], cores, "{node}");

    // More than there are is as many as there are, for each of them.
    let all = json!({"threads": 4096});
    let first = farm.submit("one", &all);
    let attempt = farm.runs(first);
    let second = farm.submit("two", &all);
    let why = farm.waits_for(second, "threads");
    assert_eq!(
        why["reason"],
        json!({
            "kind": "threads", "needed": cores, "free": 0,
            "holders": [{"attempt": attempt, "job": first}],
        }),
        "{why}"
    );
    farm.open("one");
    farm.runs(second);
    farm.ends_well(first);
    farm.open("two");
    farm.ends_well(second);
}

#[test]
fn nothing_starts_outside_of_the_hours_that_an_artist_gives() {
    // The day after tomorrow: far enough from now for any test, in any time zone.
    let day = jiff::Zoned::now().date().weekday().wrapping_add(2);
    let day = format!("{day:?}")[..3].to_lowercase();
    let farm = Farm::start(&format!("[interactive]\nschedule = [\"{day}\"]\n"), &[]);

    let job = farm.submit("one", &json!({}));
    let why = farm.waits_for(job, "closed");

    let node = farm.daemon.client.read("/api/v1/node");
    assert_eq!(node["budget"]["closed"]["by"], "schedule", "{node}");
    assert!(why["text"].as_str().unwrap().contains("by its schedule"), "{why}");
    assert!(why["remedy"].as_str().unwrap().contains("interactive.schedule"), "{why}");
    assert_eq!(farm.daemon.client.attempts(job), Vec::<Value>::new());
}

#[test]
#[cfg(target_os = "linux")]
fn nothing_starts_while_somebody_uses_the_machine() {
    let dir = tempfile::tempdir().unwrap();
    // A stand-in for logind that knows one session, in use.
    let loginctl = dir.path().join("bin/loginctl");
    fs::create_dir(dir.path().join("bin")).unwrap();
    let session =
        "Name=anna\\nSeat=seat0\\nType=x11\\nClass=user\\nState=active\\nIdleHint=no\\nLockedHint=no\\n";
    let script = format!(
        "#!/bin/sh\ncase $1 in list-sessions) echo '1 1000 anna seat0';; show-session) printf '{session}';; esac\n"
    );
    fs::write(&loginctl, script).unwrap();
    fs::set_permissions(&loginctl, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", dir.path().join("bin").display(), std::env::var("PATH").unwrap());
    let config = "[interactive]\npause_on_activity = true\nidle_minutes = 1\n";
    let farm = Farm::start_in(dir, config, &[], &[("PATH", &path)]);

    let job = farm.submit("one", &json!({}));
    let why = farm.waits_for(job, "closed");

    assert_eq!(why["reason"]["by"], "activity", "{why}");
    assert_eq!(why["reason"]["what"], "keyboard or mouse of anna on seat0", "{why}");
    assert!(why["remedy"].as_str().unwrap().contains("pause_on_activity"), "{why}");
    assert_eq!(farm.daemon.client.attempts(job), Vec::<Value>::new());
}
