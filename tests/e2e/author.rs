//! The commands of plugin authors: what `plugin new` makes is used, built, watched and swapped into a running daemon.
//!
//! The runners of scripts are those of the target directory, where `scripts/build-runners` puts them.

use crate::harness::{Daemon, farmhand};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// What tests compile and build is kept from run to run: the Python runner alone takes many seconds.
fn kept(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("author").join(name);
    fs::create_dir_all(&path).unwrap();
    path
}

fn plugin(data: &Path, arguments: &[&str]) -> Output {
    let mut command = farmhand();
    command.env("FARMHAND_DATA_DIR", data).env("CARGO_TARGET_DIR", kept("rust-target"));
    command.arg("plugin").args(arguments).output().unwrap()
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// That a command succeeds; its standard output.
fn well(output: &Output) -> String {
    assert!(output.status.success(), "{}", told(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json_of(output: &Output) -> Value {
    serde_json::from_str(&well(output)).unwrap_or_else(|_| panic!("{}", told(output)))
}

/// A new plugin in a directory.
fn new(dir: &Path, name: &str, lang: &str) -> PathBuf {
    let dir_text = dir.to_str().unwrap();
    well(&plugin(&kept("data"), &["new", name, "--lang", lang, "--dir", dir_text]));
    dir.join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Runs a project's own unit tests.
fn unit_tests(project: &Path, line: &str) -> Output {
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().unwrap());
    command.args(words).current_dir(project).env("CARGO_TARGET_DIR", kept("rust-target")).output().unwrap()
}

fn works_as_generated(name: &str, lang: &str, tests: &str) {
    let dir = tempfile::tempdir().unwrap();
    let (project, data) = (new(dir.path(), name, lang), kept("data"));

    let tested = json_of(&plugin(&data, &["test", text(&project), "--json"]));
    assert_eq!((&tested["passed"], &tested["plugin"]["name"]), (&json!(true), &json!(name)), "{tested}");
    assert_eq!(tested["scenarios"].as_array().unwrap().len(), 3, "{tested}");

    let units = unit_tests(&project, tests);
    assert!(units.status.success(), "{}", told(&units));
    let ran = told(&units);
    assert!(ran.contains("Ran 4 tests") || ran.contains("pass 4"), "{ran}");

    // Packed with its runner it is the same version.
    let built = json_of(&plugin(&data, &["build", text(&project), "--json"]));
    let component = dir.path().join(format!("{name}.wasm"));
    assert_eq!(built["path"], json!(component), "{built}");
    assert_eq!(built["plugin"]["digest"], tested["plugin"]["digest"], "{built}");
    let checked = json_of(&plugin(&data, &["check", text(&component), "--json"]));
    assert_eq!(checked["form"], "packed", "{checked}");
    assert_eq!(checked["plugin"]["digest"], tested["plugin"]["digest"], "{checked}");
}

#[test]
fn a_new_python_plugin_works_as_generated() {
    works_as_generated("my-renderer", "python", "python3 -m unittest");
}

#[test]
fn a_new_javascript_plugin_works_as_generated() {
    works_as_generated("command", "js", "node --test");
}

#[test]
fn nothing_is_overwritten_and_names_are_checked() {
    let dir = tempfile::tempdir().unwrap();
    let project = new(dir.path(), "houdini", "python");
    fs::write(project.join("plugin.py"), "mine").unwrap();
    let again = plugin(&kept("data"), &["new", "houdini", "--dir", text(dir.path())]);
    assert!(told(&again).contains("is there already") && !again.status.success(), "{}", told(&again));
    assert_eq!(fs::read_to_string(project.join("plugin.py")).unwrap(), "mine");
    let wrong = plugin(&kept("data"), &["new", "../Houdini", "--dir", text(dir.path())]);
    assert_eq!(wrong.status.code(), Some(2), "{}", told(&wrong));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

/// Where Rust's WebAssembly target is not installed, what is missing is said; where it is, the component is used.
#[test]
fn a_new_rust_plugin_works_as_generated() {
    // One place, so that the crates below it are compiled once.
    let dir = kept("rust");
    let _ = fs::remove_dir_all(dir.join("lux"));
    let (project, data) = (new(&dir, "lux", "rust"), kept("data"));
    // The crates that this checkout was built with, so that nothing has to be looked up anywhere.
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock"), project.join("Cargo.lock"))
        .unwrap();

    let units = unit_tests(&project, "cargo test --quiet");
    assert!(units.status.success() && told(&units).contains("2 passed"), "{}", told(&units));

    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().unwrap();
    let sysroot = PathBuf::from(String::from_utf8(sysroot.stdout).unwrap().trim());
    let built = plugin(&data, &["build", text(&project), "--json"]);
    if !sysroot.join("lib/rustlib/wasm32-wasip2").is_dir() {
        assert!(told(&built).contains("rustup target add wasm32-wasip2"), "{}", told(&built));
        return;
    }
    let built = json_of(&built);
    assert_eq!(built["path"], json!(project.join("lux.wasm")), "{built}");
    assert!(built["bytes"].as_u64().unwrap() < 1 << 20, "small comes first: {built}");
    let scenarios = project.join("scenarios");
    let component = project.join("lux.wasm");
    let arguments = ["test", text(&component), "--scenarios", text(&scenarios), "--json"];
    let tested = json_of(&plugin(&data, &arguments));
    assert_eq!((&tested["passed"], &tested["plugin"]), (&json!(true), &built["plugin"]), "{tested}");

    // The compiler's own words.
    let lib = project.join("src/lib.rs");
    let source = fs::read_to_string(&lib).unwrap();
    fs::write(&lib, source.replace("type Reader = Matcher;", "type Reader = Matchr;")).unwrap();
    let failed = plugin(&data, &["build", text(&project)]);
    assert!(!failed.status.success());
    assert!(told(&failed).contains("cannot find type `Matchr`"), "{}", told(&failed));
}

#[test]
fn a_script_that_does_not_load_is_not_built() {
    let dir = tempfile::tempdir().unwrap();
    let project = new(dir.path(), "houdini", "js");
    fs::write(project.join("plugin.js"), "import { Plugin } from 'farmhand';\nexport default class {\n")
        .unwrap();
    let out = dir.path().join("out.wasm");
    let failed = plugin(&kept("data"), &["build", text(&project), "--out", text(&out)]);
    assert!(!failed.status.success() && told(&failed).contains("plugin.js"), "{}", told(&failed));
    assert!(!out.exists());
}

#[test]
fn the_doctor_says_which_runners_are_there_and_how_to_get_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let runners = |config: &str| -> Vec<Value> {
        let file = dir.path().join("farmhand.toml");
        fs::write(&file, config).unwrap();
        let mut command = farmhand();
        command.env("FARMHAND_DATA_DIR", kept("data")).args(["doctor", "--json", "--config"]).arg(file);
        // Whether it fails depends on the programs of the machine that tests run on.
        let told: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
        let of_runner = |check: &&Value| check["name"].as_str().unwrap().ends_with(" runner");
        told["checks"].as_array().unwrap().iter().filter(of_runner).cloned().collect()
    };
    let there = runners("");
    let names: Vec<_> = there.iter().map(|check| (&check["name"], &check["health"])).collect();
    assert_eq!(
        names,
        [(&json!("Python runner"), &json!("good")), (&json!("JavaScript runner"), &json!("good"))]
    );
    let empty = dir.path().join("runners");
    fs::create_dir(&empty).unwrap();
    fs::write(empty.join("python.wasm"), "no component").unwrap();
    let elsewhere = runners(&format!("[plugins]\nrunners = {empty:?}\n"));
    let healths: Vec<_> = elsewhere.iter().map(|check| &check["health"]).collect();
    assert_eq!(healths, [&json!("bad"), &json!("warn")], "{elsewhere:?}");
    for check in &elsewhere {
        let (detail, remedy) = (check["detail"].as_str().unwrap(), check["remedy"].as_str().unwrap());
        assert!(detail.contains(text(&empty)) && remedy.contains("scripts/build-runners"), "{check}");
    }
}

/// A running `farmhand plugin watch`; it ends with the test.
struct Watcher {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Watcher {
    fn start(data: &Path, project: &Path, path: Option<String>) -> Self {
        let mut command = farmhand();
        command.env("FARMHAND_DATA_DIR", data).args(["plugin", "watch", "--json"]).arg(project);
        if let Some(path) = path {
            command.env("PATH", path);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// What came of the next reload.
    fn next(&mut self) -> Value {
        let line = self.lines.next().expect("it goes on until it is told to end").unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Ends it as Ctrl-C does.
    fn end(mut self) -> std::process::ExitStatus {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serving(daemon: &Daemon, name: &str) -> Value {
    let plugins = daemon.client.read("/api/v1/plugins");
    let slot = plugins.as_array().unwrap().iter().find(|plugin| plugin["name"] == name).cloned();
    slot.map(|slot| slot["serving"].clone()).unwrap_or_default()
}

#[test]
fn each_save_goes_live_and_a_broken_one_leaves_the_last_good_one_serving() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path(), &[]);
    let project = new(dir.path(), "houdini", "js");
    let main = project.join("plugin.js");
    let good = fs::read_to_string(&main).unwrap();
    let mut watcher = Watcher::start(daemon.data_dir(), &project, None);

    let first = watcher.next();
    assert_eq!((&first["live"], &first["error"]), (&json!(true), &Value::Null), "{first}");
    assert_eq!(serving(&daemon, "houdini")["digest"], first["plugin"]["digest"], "{first}");
    for part in ["check", "test", "load"] {
        assert!(first["milliseconds"][part].is_u64(), "{first}");
    }

    fs::write(&main, good.replace("name = \"houdini\";", "name = \"houdini\";\n  version = \"0.2.0\";"))
        .unwrap();
    let second = watcher.next();
    assert_eq!((&second["live"], &second["plugin"]["version"]), (&json!(true), &json!("0.2.0")), "{second}");
    assert_eq!(serving(&daemon, "houdini")["digest"], second["plugin"]["digest"], "{second}");
    assert_ne!(first["plugin"]["digest"], second["plugin"]["digest"]);

    // A mistake that the gate finds, and one that only a scenario finds.
    for (from, to, expect) in
        [("buildCommand(task) {", "buildCommand(task {", "plugin.js"), ("--quality", "--qualty", "command")]
    {
        fs::write(&main, good.replace(from, to)).unwrap();
        let broken = watcher.next();
        assert!(broken["error"].as_str().unwrap_or_default().contains(expect), "{broken}");
        assert_eq!(broken["live"], false, "{broken}");
        let (told, is) = (&broken["serving"]["version"]["digest"], &second["plugin"]["digest"]);
        assert_eq!((told, &serving(&daemon, "houdini")["digest"]), (is, is), "{broken}");
    }

    fs::write(&main, &good).unwrap();
    let repaired = watcher.next();
    assert_eq!(
        (&repaired["live"], &repaired["plugin"]["digest"]),
        (&json!(true), &first["plugin"]["digest"])
    );
    assert!(watcher.end().success());
    // Only what counts was copied: neither tests nor scenarios nor the SDK.
    let installed = daemon.plugins_dir().join("houdini");
    assert!(installed.join("plugin.js").is_file());
    for name in ["tests", "scenarios", "node_modules"] {
        assert!(!installed.join(name).exists(), "{name}");
    }
    let left: Vec<_> = fs::read_dir(daemon.plugins_dir()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_plugin_in_the_plugins_directory_is_watched_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path(), &[]);
    let project = new(&daemon.plugins_dir(), "houdini", "js");
    let mut watcher = Watcher::start(daemon.data_dir(), &project, None);
    let live = watcher.next();
    assert_eq!(live["live"], true, "{live}");
    assert_eq!(serving(&daemon, "houdini")["digest"], live["plugin"]["digest"]);
    assert!(project.join("tests").is_dir(), "nothing was copied over it");
    // Packed beside it, the same plugin would be there twice.
    let built = plugin(daemon.data_dir(), &["build", text(&project)]);
    assert!(told(&built).contains("--out"), "{}", told(&built));
}

#[test]
fn without_a_daemon_a_save_is_checked_and_tested_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (data, project) = (kept("data"), new(dir.path(), "houdini", "js"));
    let mut watcher = Watcher::start(&data, &project, None);
    let checked = watcher.next();
    assert_eq!((&checked["live"], &checked["error"]), (&json!(false), &Value::Null), "{checked}");
    assert!(checked["milliseconds"]["test"].is_u64(), "{checked}");
    assert!(!data.join("plugins/houdini").exists());
    assert!(watcher.end().success());
}

/// A toolchain that never finishes, and tells when a build begins and ends: through the pipes `one` and `two`.
fn endless_toolchain(dir: &Path) -> String {
    let program = |name: &str, text: &str| {
        let path = dir.join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let here = dir.display();
    program("rustc", &format!("echo {here}"));
    program(
        "cargo",
        &format!(
            "[ \"$1\" = build ] || {{ echo \"$PWD/Cargo.toml\"; exit; }}\n\
             pipe=two\n\
             mkdir {here}/begun 2>/dev/null && pipe=one\n\
             exec 3>{here}/$pipe\n\
             echo began >&3\n\
             (sleep 100; echo ended >&3) &\n\
             wait"
        ),
    );
    for pipe in ["one", "two"] {
        nix::unistd::mkfifo(&dir.join(pipe), nix::sys::stat::Mode::S_IRWXU).unwrap();
    }
    format!("{here}:{}", std::env::var("PATH").unwrap())
}

#[test]
fn a_save_during_a_build_kills_all_of_it_and_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    let project = dir.path().join("lux");
    fs::create_dir_all(project.join("src")).unwrap();
    fs::write(project.join("Cargo.toml"), "[package]\nname = \"lux\"\n").unwrap();
    fs::write(project.join("src/lib.rs"), "").unwrap();
    let path = endless_toolchain(dir.path());
    let watcher = Watcher::start(&dir.path().join("data"), &project, Some(path));

    let began = |pipe: &str| {
        // Opening it waits for the build that writes into it.
        let mut lines = BufReader::new(fs::File::open(dir.path().join(pipe)).unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        assert_eq!(line, "began\n");
        lines
    };
    let rest = |mut lines: BufReader<fs::File>| {
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        rest
    };
    let first = began("one");
    fs::write(project.join("src/lib.rs"), "// saved").unwrap();
    let second = began("two");
    // The pipe ends with the last process that holds it.
    assert_eq!(rest(first), "", "a part of the first build was left to its own end");
    assert!(watcher.end().success());
    assert_eq!(rest(second), "", "a part of the second build outlived the command");
}
