//! Batches by the command line, as their users have them: files and directories of shots, their settings, how far they
//! are, and how they end. The tasks are those of a plugin that runs scripts, so that each test decides what they do.

use crate::harness::{Daemon, farmhand, prebuilt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// How long an event may take on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A show: a scene that needs no renderer, and a daemon.
struct Show {
    dir: tempfile::TempDir,
    daemon: Daemon,
}

impl Show {
    fn new(arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("data/plugins")).unwrap();
        fs::copy(prebuilt("noop"), dir.path().join("data/plugins/noop.wasm")).unwrap();
        fs::write(dir.path().join("shot.noop"), "a scene").unwrap();
        let daemon = Daemon::start(dir.path(), arguments);
        Self { dir, daemon }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn lines(&self, name: &str) -> Vec<String> {
        fs::read_to_string(self.path(name)).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// The command line, in the directory of the show.
    fn command(&self, line: &str) -> Command {
        let mut command = farmhand();
        command.current_dir(self.dir.path()).arg("--server").arg(&self.daemon.url).args(line.split(' '));
        command
    }

    fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    /// What it printed, of a command that must succeed.
    fn ok(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(output.status.success(), "{line}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.ok(&format!("{line} --json"))).unwrap()
    }

    fn begin(&self, line: &str) -> Child {
        let mut command = self.command(line);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn batch(&self, id: u64) -> Value {
        self.daemon.client.read(&format!("/api/v1/batches/{id}"))
    }

    fn wait_for_batch(&self, id: u64, what: &str, met: impl Fn(&Value) -> bool) -> Value {
        self.daemon.client.wait_for(&format!("batch {id}: {what}"), || {
            let (status, batch) = self.daemon.client.get(&format!("/api/v1/batches/{id}"));
            (status == 200 && met(&batch)).then_some(batch)
        })
    }
}

fn said(output: &Output) -> String {
    format!(
        "{:?}\n{}\n{}",
        output.status.code(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A batch whose jobs run these scripts.
fn batch_of(settings: &str, scripts: &[(&str, &str)]) -> String {
    let mut text = format!(
        "name: seq\n{settings}\ndefaults:\n  frames: 1\n  levels: [first]\n  options: {{program: sh}}\njobs:\n"
    );
    for (name, script) in scripts {
        text.push_str(&format!(
            "  - name: {name}\n    scene: shot.noop\n    options: {{script: {}}}\n",
            json!(script)
        ));
    }
    text
}

fn states(batch: &Value) -> Vec<(String, String)> {
    let entries = batch["entries"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    entries.iter().map(|entry| (text(&entry["name"]), text(&entry["state"]))).collect()
}

fn counts(batch: &Value) -> BTreeMap<String, u64> {
    let jobs = batch["jobs"].as_object().unwrap();
    let all = jobs.iter().map(|(name, count)| (name.clone(), count.as_u64().unwrap()));
    all.filter(|(_, count)| *count > 0).collect()
}

fn some(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
    counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[test]
fn a_batch_file_is_rendered_with_the_seeds_defaults() {
    let show = Show::new(&["--slots", "2"]);
    show.write("seq.yaml", "name: seq\njobs:\n  - matrix: {shot: [a, b, c]}\n    name: ${shot}\n    scene: shot.noop\n    frames: 1-4\n    options: {program: sh, script: 'true # ${shot}'}\n");
    let events = show.daemon.client.events();
    let output = show.run("submit seq.yaml --wait");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains("batch 1 seq is completed: 3 completed; 12/12 frames (100 %)"), "{}", said(&output));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("batch 1: seq, 3 jobs: 3 new"), "{told}");

    let batch = show.batch(1);
    let settings = json!({"workers": 0, "max_retries": 3, "timeout_seconds": 0, "continue_on_error": true, "resume_on_failure": true});
    assert_eq!(batch["settings"], settings);
    let cores = std::thread::available_parallelism().unwrap().get() as u64;
    assert_eq!(batch["workers"].as_u64().unwrap(), cores.saturating_sub(1).max(1), "one less than the cores");
    assert_eq!((&batch["percent"], &batch["success_rate"]), (&json!(100.0), &json!(1.0)));
    assert_eq!(counts(&batch), some(&[("completed", 3), ("total", 3)]));
    let job = show.daemon.client.read("/api/v1/jobs/1");
    assert_eq!(job["spec"]["limits"]["retries"], 3, "{job}");
    assert_eq!(job["spec"]["limits"]["attempt_seconds"], Value::Null, "no limit: {job}");
    assert_eq!(job["batch"], json!({"id": 1, "name": "seq"}));
    let is_end =
        |event: &Value| event["batch"]["status"] == "completed" && event["batch"]["frames"]["done"] == 12;
    let mut told = std::iter::from_fn(|| events.recv_timeout(PATIENCE).ok());
    assert!(told.any(|event| is_end(&event)), "its end is told as an event");

    assert!(show.ok("batches").contains("completed"));
    assert!(show.ok("batch 1").contains("success"));
    assert_eq!(show.json("batches")["items"][0]["id"], 1);
}

#[test]
fn toml_json_and_standard_input_are_batches_too() {
    let show = Show::new(&["--slots", "2"]);
    let toml = "name = \"two\"\n[[jobs]]\nname = \"b\"\nscene = \"shot.noop\"\nframes = 2\n";
    show.write(
        "one.json",
        r#"{"name": "one", "jobs": [{"name": "a", "scene": "shot.noop", "frames": "1"}]}"#,
    );
    show.write("two.toml", toml);
    assert_eq!(show.run("submit one.json two.toml --wait").status.code(), Some(0));
    let names: Vec<Value> = (1..=2).map(|id| show.batch(id)["name"].clone()).collect();
    assert_eq!(names, ["one", "two"]);

    let mut child =
        show.command("submit - --wait").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let text = b"name: three\njobs: [{scene: shot.noop, frames: 3}]\n";
    child.stdin.take().unwrap().write_all(text).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    assert_eq!(show.batch(3)["source"], "standard input");
}

#[test]
fn mistakes_have_places_and_nothing_is_submitted() {
    let show = Show::new(&[]);
    show.write("good.yaml", "name: good\njobs: [{scene: shot.noop, frames: 1}]\n");
    show.write("bad.yaml", "name: bad\nworker: 3\njobs:\n  - scene: shot.noop\n    frams: 1\n  - scene: ${nope}\n    priority: 500\n");
    let output = show.run("submit good.yaml bad.yaml");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    for line in [
        "bad.yaml:2:1: unknown field `worker`; did you mean `workers`?",
        "bad.yaml:5:5: unknown field `frams`; did you mean `frames`?",
        "bad.yaml:6:12: unknown variable `nope`",
        "bad.yaml:7:15: ",
    ] {
        assert!(told.contains(line), "{line:?} is not in:\n{told}");
    }
    // What only the daemon can tell has its place too, and of several files all are looked at first.
    show.write("gone.yaml", "name: gone\njobs:\n  - scene: gone.noop\n    frames: 1\n  - scene: shot.noop\n    frames: 1\n    options: {program: perl}\n");
    let output = show.run("submit good.yaml gone.yaml");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("gone.yaml:3:12: ") && told.contains("gone.yaml:7:24: "), "{told}");
    assert_eq!(show.json("batches")["items"], json!([]));
    assert_eq!(show.json("jobs")["items"], json!([]));
}

#[test]
fn a_directory_of_shots_is_a_job_for_each() {
    let show = Show::new(&["--slots", "2"]);
    show.write("shots/sh020.yaml", "scene: ../shot.noop\nframes: 2\n");
    show.write("shots/sh010.yaml", "scene: ../shot.noop\nframes: 1-3\n");
    show.write("shots/notes.txt", "not a shot");
    let plan = show.json("submit shots/ --pattern *.yaml --output renders/ --dry-run");
    let jobs = plan["jobs"].as_array().unwrap();
    let names: Vec<_> = jobs.iter().map(|job| job["name"].as_str().unwrap()).collect();
    assert_eq!((plan["name"].as_str(), names), (Some("shots"), vec!["sh010", "sh020"]));
    let output = show.path("renders/sh010/sh010_####");
    assert_eq!(jobs[0]["output"], output.display().to_string());
    assert_eq!(show.json("batches")["items"], json!([]), "a dry run keeps nothing");

    assert!(show.ok("submit shots --workers 1 --priority 70 --wait").contains("2 completed"));
    let batch = show.batch(1);
    assert_eq!((&batch["workers"], &batch["name"]), (&json!(1), &json!("shots")));
    assert_eq!(show.daemon.client.read("/api/v1/jobs/1")["priority"], 70);
}

#[test]
fn variables_come_from_the_file_the_environment_and_the_command_line() {
    let show = Show::new(&[]);
    show.write(
        "seq.yaml",
        "name: ${env:SHOW}-${seq}\nvariables: {seq: s1}\njobs: [{name: a, scene: shot.noop, frames: 1}]\n",
    );
    let name = |line: &str| {
        let output = show.command(line).env("SHOW", "demo").output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["name"].clone()
    };
    assert_eq!(name("submit seq.yaml --dry-run --json"), "demo-s1");
    assert_eq!(name("submit seq.yaml --dry-run --json --set seq=s2"), "demo-s2");
}

#[test]
fn workers_are_the_tasks_at_once() {
    let show = Show::new(&["--slots", "4"]);
    fs::create_dir(show.path("running")).unwrap();
    let script = format!(
        "cd {}; mkdir running/{{frame}}; ls running | wc -l >> seen; sleep 0.05; rmdir running/{{frame}}",
        show.dir.path().display()
    );
    let text =
        batch_of("workers: 2", &[("a", &script)]).replace("frames: 1", "frames: 1-12\n  chunk: {fixed: 1}");
    show.write("seq.yaml", &text);
    show.ok("submit seq.yaml --wait");
    let seen: Vec<u32> = show.lines("seen").iter().map(|line| line.trim().parse().unwrap()).collect();
    assert_eq!((seen.len(), seen.iter().max()), (12, Some(&2)), "{seen:?}");
}

#[test]
fn faults_that_pass_cost_as_many_tries_as_it_says() {
    let show = Show::new(&["--slots", "2"]);
    let script = |name: &str| {
        format!(
            "echo try >> {}; echo transient the licence server is away; exit 1",
            show.path(name).display()
        )
    };
    show.write("usual.yaml", &batch_of("", &[("a", &script("usual"))]));
    show.write("once.yaml", &batch_of("max_retries: 1", &[("b", &script("once"))]));
    let output = show.run("submit usual.yaml once.yaml --wait");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!((show.lines("usual").len(), show.lines("once").len()), (4, 2));
}

#[test]
fn an_attempt_ends_after_its_timeout() {
    let show = Show::new(&[]);
    show.write("seq.yaml", &batch_of("max_retries: 0\ntimeout_seconds: 1", &[("a", "exec sleep 600")]));
    let output = show.run("submit seq.yaml --wait");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let attempts = show.daemon.client.attempts(1);
    assert_eq!(attempts[0]["outcome"]["ended_by"], json!("time-limit"), "{attempts:?}");
}

#[test]
fn the_others_go_on_after_a_failure_unless_it_says_so() {
    let show = Show::new(&["--slots", "1"]);
    let scripts = [("a", "echo fatal no camera; exit 1"), ("b", "true"), ("c", "exit 0")];
    show.write("on.yaml", &batch_of("max_retries: 0", &scripts));
    let output = show.run("submit on.yaml --wait");
    assert_eq!(output.status.code(), Some(4), "partial: {}", said(&output));
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("a (job 1) failed: 1 frame: no camera"),
        "{}",
        said(&output)
    );
    assert_eq!(counts(&show.batch(1)), some(&[("total", 3), ("completed", 2), ("failed", 1)]));

    show.write("stop.yaml", &batch_of("max_retries: 0\ncontinue_on_error: false", &scripts));
    let output = show.run("submit stop.yaml --fresh --wait");
    assert_eq!(output.status.code(), Some(1), "failed: {}", said(&output));
    assert_eq!(counts(&show.batch(2)), some(&[("total", 3), ("cancelled", 2), ("failed", 1)]));
}

#[test]
fn a_batch_is_paused_resumed_cancelled_and_retried() {
    let show = Show::new(&["--slots", "1"]);
    let wait = format!("until [ -e {} ]; do sleep 0.02; done", show.path("gate").display());
    show.write("seq.yaml", &batch_of("paused: true", &[("a", &wait), ("b", &format!("{wait}; true"))]));
    let waiting = show.begin("submit seq.yaml --wait");
    let batch = show.wait_for_batch(1, "is paused", |batch| batch["status"] == "paused");
    assert_eq!(counts(&batch), some(&[("pending", 2), ("total", 2)]));

    assert!(show.ok("batch resume b1").contains("batch 1 seq is"));
    show.wait_for_batch(1, "runs", |batch| batch["jobs"]["running"] == 1 && batch["status"] == "running");
    let running = show.json("batch 1 --state running");
    assert_eq!(states(&running), [("a".to_owned(), "running".to_owned())]);
    show.ok("batch cancel 1");
    let output = waiting.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(5), "cancelled: {}", said(&output));
    let refused = show.run("batch pause 1");
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("farmhand batch retry 1"),
        "{}",
        said(&refused)
    );

    fs::write(show.path("gate"), "").unwrap();
    show.ok("batch retry 1");
    assert!(show.ok("batch 1 --wait").contains("2 completed"));
}
