//! Plugins that are scripts: saved, broken, mended, packed; what their authors are told, and what they may see.
//!
//! The runners are built by the project's set-up (`scripts/build-runners`), next to where cargo builds.

use crate::support::{Bench, job, task};
use farmhand_model::dcc::{Decision, JobContext, ReaderEvent};
use farmhand_model::{GpuNeed, Needs};
use farmhand_plugin::{
    Form, Grant, Language, LoadedPlugin, PluginError, PluginErrorKind, PluginSettings, Responsible, Room,
    pack,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where the project's set-up builds the runners: beside the directory that this test was built in.
pub fn runners() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let dir = test.ancestors().nth(3).unwrap().join("runners");
    for language in ["python.wasm", "javascript.wasm"] {
        assert!(
            dir.join(language).is_file(),
            "{language} is not in {}; run scripts/build-runners",
            dir.display()
        );
    }
    dir
}

fn with_runners(settings: &mut PluginSettings) {
    settings.runners = vec![runners()];
}

async fn bench() -> Bench {
    Bench::start(with_runners, vec![]).await
}

async fn watching(files: &[(&str, &[u8])]) -> Bench {
    Bench::watching_as(files, with_runners).await
}

async fn load(bench: &Bench, name: &str, text: &str) -> Result<Arc<LoadedPlugin>, PluginError> {
    write(bench, name, text);
    bench.host.load_file(&bench.path(name)).await
}

fn write(bench: &Bench, name: &str, text: &str) {
    let path = bench.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
}

/// The smallest plugin of each language, in this version.
pub fn smallest(version: &str) -> [(&'static str, String); 2] {
    let python = format!(
        r#"import farmhand
from farmhand import Command, Match, done

class Tiny(farmhand.Plugin):
    version = "{version}"
    extensions = ["tiny"]
    tools = ["tool"]
    lines = [Match(r"^wrote (?P<path>.+)", done)]

    def build_command(self, task):
        return Command("tool", "--frames", task.frames, task.job.scene)
"#
    );
    let javascript = format!(
        r#"import {{ Command, Plugin, done, match }} from "farmhand";

export default class Tiny extends Plugin {{
  version = "{version}";
  extensions = ["tiny"];
  tools = ["tool"];
  lines = [match(/^wrote (?<path>.+)/, done)];

  buildCommand(task) {{
    return new Command("tool", ["--frames", task.frames, task.job.scene]);
  }}
}}
"#
    );
    [("tiny.py", python), ("tiny.js", javascript)]
}

#[tokio::test]
async fn ten_lines_are_a_plugin() {
    let bench = bench().await;
    for (name, text) in smallest("1.2.3") {
        let plugin = load(&bench, name, &text).await.unwrap();
        let descriptor = plugin.descriptor();
        assert_eq!((descriptor.name.as_str(), descriptor.version.to_string().as_str()), ("tiny", "1.2.3"));
        assert_eq!(
            (descriptor.extensions.as_slice(), descriptor.levels.len()),
            (&["tiny".to_owned()][..], 1)
        );
        assert!(!plugin.has_hooks(), "{name} has none, and its calls are spared");
        let command = plugin.build_command(&task("")).await.unwrap();
        assert_eq!(command.args, ["--frames", "1-10", "/show/shot.fix"], "{name}");
        let mut reader = plugin.reader(&task("")).await.unwrap();
        let events = reader.read(&["noise".into(), "wrote /out/a.0003.png".into()]).await.unwrap();
        assert!(
            matches!(events.as_slice(), [ReaderEvent::FrameDone(image)] if image.frame == 3),
            "{name}: {events:?}"
        );
    }
}

#[tokio::test]
async fn a_script_says_what_its_tasks_need() {
    let bench = bench().await;
    let [(_, python), (_, javascript)] = smallest("1.0.0");
    let python = format!(
        "{python}
    def needs(self, job, level):
        gpus = farmhand.GpuNeed(2, 5 * 2**30, required=False) if job.layers else None
        return farmhand.Needs(memory_bytes=2**35 + level, gpus=gpus)
"
    );
    let javascript = javascript.replace("import { Command", "import { GpuNeed, Needs, Command").replace(
        "  buildCommand(task)",
        "  needs(job, level) {
    const gpus = job.layers.length > 0 ? new GpuNeed({ count: 2, memoryBytes: 5 * 2 ** 30, required: false }) : null;
    return new Needs({ memoryBytes: 2 ** 35 + level, gpus });
  }

  buildCommand(task)",
    );
    for (name, text) in [("tiny.py", python), ("tiny.js", javascript)] {
        let plugin = load(&bench, name, &text).await.unwrap();
        let gpus = GpuNeed { count: 2, memory_bytes: Some(5 << 30), required: false };
        let needs = plugin.needs(&job(""), 1).await.unwrap();
        assert_eq!(needs, Needs { memory_bytes: Some((1 << 35) + 1), gpus: Some(gpus) }, "{name}");
        let plain = JobContext { layers: Vec::new(), ..job("") };
        let needs = plugin.needs(&plain, 0).await.unwrap();
        assert_eq!(needs, Needs { memory_bytes: Some(1 << 35), gpus: None }, "{name}");
    }
    for (name, text) in smallest("1.0.0") {
        let plugin = load(&bench, name, &text).await.unwrap();
        assert_eq!(plugin.needs(&job(""), 0).await.unwrap(), Needs::default(), "{name}");
    }
}

#[tokio::test]
async fn a_saved_script_serves_and_a_broken_one_shows_its_line() {
    for (at, (name, good)) in smallest("1.0.0").into_iter().enumerate() {
        let bench = watching(&[(name, good.as_bytes())]).await;
        let mut events = bench.host.subscribe();
        bench.until_serving(&mut events, "tiny", "1.0.0").await;
        // The command's own line loses its end.
        let broken =
            good.replace("task.job.scene)", "task.job.scene").replace("task.job.scene]", "task.job.scene");
        bench.save(name, broken.as_bytes());
        let degraded =
            bench.until(&mut events, "tiny", |view| view.is_some_and(|view| view.failure.is_some())).await;
        let failure = degraded.unwrap().failure.unwrap();
        assert!(failure.contains("SyntaxError"), "{failure}");
        let line = broken.lines().position(|line| line.contains("task.frames")).unwrap() + 1;
        let places = [format!("{name}\", line {line}"), format!("{name}, line {line}")];
        assert!(failure.contains(&places[at]), "{} in {failure}", places[at]);
        assert_eq!(bench.host.get("tiny").unwrap().stamp().version, "1.0.0", "the last good one serves");
        bench.save(name, smallest("1.1.0")[at].1.as_bytes());
        bench.until_serving(&mut events, "tiny", "1.1.0").await;
        std::fs::remove_file(bench.plugin_file(name)).unwrap();
        bench.until(&mut events, "tiny", |view| view.is_none()).await;
    }
}

#[tokio::test]
async fn an_exception_names_the_scripts_own_file_and_line() {
    let bench = bench().await;
    let python = smallest("1.0.0")[0].1.replace("return Command(", "return Comand(");
    let javascript = smallest("1.0.0")[1].1.replace("return new Command(", "return new Comand(");
    for (name, text, line, words) in
        [("tiny.py", python, 11, "tiny.py\", line 11"), ("tiny.js", javascript, 10, "tiny.js, line 10")]
    {
        assert!(text.lines().nth(line - 1).unwrap().contains("Comand("), "{text}");
        let plugin = load(&bench, name, &text).await.unwrap();
        let error = plugin.build_command(&task("")).await.unwrap_err();
        let PluginErrorKind::Guest { message, traceback } = error.kind() else { panic!("{error}") };
        assert!(message.contains("Comand"), "{message}");
        assert!(traceback.as_ref().is_some_and(|traceback| traceback.contains(words)), "{error}");
        assert_eq!(error.responsible(), Responsible::Author);
    }
}

#[tokio::test]
async fn a_folder_is_one_plugin_with_modules_and_data() {
    let bench = bench().await;
    let python = "import farmhand, json\nimport rules\n\nclass Tiny(farmhand.Plugin):\n    extensions = ['tiny']\n    \
                  tools = ['tool']\n    def build_command(self, task):\n        return farmhand.Command('tool', \
                  *rules.arguments())\n";
    let rules = "def arguments():\n    return ['-x']\n";
    write(&bench, "folder/rules.py", rules);
    write(&bench, "folder/plugin.py", python);
    let plugin = bench.host.load_file(&bench.path("folder")).await.unwrap();
    assert_eq!(plugin.build_command(&task("")).await.unwrap().args, ["-x"]);
    // Another module is another version.
    std::fs::write(bench.path("folder/rules.py"), "def arguments():\n    return ['-y']\n").unwrap();
    let other = bench.host.load_file(&bench.path("folder")).await.unwrap();
    assert_ne!(other.stamp().digest, plugin.stamp().digest);
    assert_eq!(other.build_command(&task("")).await.unwrap().args, ["-y"]);
    assert_eq!(plugin.build_command(&task("")).await.unwrap().args, ["-x"], "a version never changes");

    let javascript = "import { Command, Plugin } from 'farmhand';\nimport { args } from './rules.js';\nexport default class \
                      Tiny extends Plugin {\n  extensions = ['tiny'];\n  tools = ['tool'];\n  buildCommand() { return new \
                      Command('tool', args); }\n}\n";
    write(&bench, "other/rules.js", "export const args = ['-z'];\n");
    write(&bench, "other/plugin.js", javascript);
    let plugin = bench.host.load_file(&bench.path("other")).await.unwrap();
    assert_eq!(plugin.build_command(&task("")).await.unwrap().args, ["-z"]);
}

#[tokio::test]
async fn a_packed_script_is_the_same_version_anywhere() {
    let bench = bench().await;
    for (name, text) in smallest("1.0.0") {
        let script = load(&bench, name, &text).await.unwrap();
        let packed = pack(&bench.path(name), &[runners()]).unwrap();
        let path = bench.path("tiny.wasm");
        std::fs::write(&path, packed).unwrap();
        let plugin = bench.host.load_file(&path).await.unwrap();
        assert_eq!(plugin.stamp().digest, script.stamp().digest);
        assert_eq!(plugin.build_command(&task("")).await.unwrap().args[0], "--frames");
        let inspection = bench.host.inspect(&path).unwrap();
        assert!(matches!(inspection.form, Form::Packed(_)), "{inspection:?}");
        assert_eq!(inspection.files, [name]);
    }
}

#[tokio::test]
async fn without_its_runner_a_script_says_how_to_get_it() {
    let bench = Bench::start(|settings| settings.runners = vec!["/nowhere/runners".into()], vec![]).await;
    for (name, text) in smallest("1.0.0") {
        let error = load(&bench, name, &text).await.unwrap_err();
        let said = error.to_string();
        for words in ["runner", "/nowhere/runners", "scripts/build-runners"] {
            assert!(said.contains(words), "{said}");
        }
        assert_eq!(error.responsible(), Responsible::Operator);
    }
    // A runner alone is no plugin.
    let error = bench.host.load_file(&runners().join("javascript.wasm")).await.unwrap_err();
    assert!(error.to_string().contains("without a script"), "{error}");
}

/// A Python plugin whose `build_command` does this.
fn python_that(body: &str) -> String {
    format!(
        "import farmhand\n\nclass Tiny(farmhand.Plugin):\n    extensions = ['tiny']\n    tools = ['tool']\n    def \
         build_command(self, task):\n        {body}\n        return farmhand.Command('tool', str(value))\n"
    )
}

/// A JavaScript plugin whose `buildCommand` does this.
fn javascript_that(body: &str) -> String {
    format!(
        "import {{ Command, Plugin, host }} from 'farmhand';\nexport default class Tiny extends Plugin {{\n  extensions = \
         ['tiny'];\n  tools = ['tool'];\n  buildCommand(task) {{\n    {body}\n    return new Command('tool', \
         [String(value)]);\n  }}\n}}\n"
    )
}

#[tokio::test]
async fn only_what_is_granted_is_seen() {
    let granted = |settings: &mut PluginSettings| {
        with_runners(settings);
        let grant = Grant {
            env: vec!["PATH".into()],
            config: serde_json::json!({"site": "lon"}),
            ..Grant::default()
        };
        settings.grants.insert("tiny".into(), grant);
    };
    let bench = Bench::start(granted, vec![]).await;
    let path = std::env::var("PATH").unwrap();
    for (name, text, expect) in [
        ("tiny.py", python_that("value = farmhand.host.env('PATH')"), path.as_str()),
        ("tiny.py", python_that("value = farmhand.host.env('HOME')"), "None"),
        ("tiny.py", python_that("value = farmhand.host.config()['site']"), "lon"),
        ("tiny.py", python_that("import os; value = len(os.environ)"), "0"),
        ("tiny.js", javascript_that("const value = host.env('PATH');"), path.as_str()),
        ("tiny.js", javascript_that("const value = host.config().site;"), "lon"),
    ] {
        let plugin = load(&bench, name, &text).await.unwrap();
        let command = plugin.build_command(&task("")).await.unwrap_or_else(|error| panic!("{text}\n{error}"));
        assert_eq!(command.args, [expect], "{text}");
    }
    for text in [
        "value = open('/etc/hostname').read()",
        "import socket; value = socket.create_connection(('127.0.0.1', 1))",
    ] {
        let plugin = load(&bench, "tiny.py", &python_that(text)).await.unwrap();
        let error = plugin.build_command(&task("")).await.unwrap_err();
        assert!(matches!(error.kind(), PluginErrorKind::Guest { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_script_that_misbehaves_costs_one_call() {
    let quick = |settings: &mut PluginSettings| {
        with_runners(settings);
        settings.limits.call = Duration::from_millis(500);
    };
    let bench = Bench::start(quick, vec![]).await;
    for (name, text, expect) in [
        ("tiny.py", python_that("while True: pass"), "time"),
        ("tiny.js", javascript_that("while (true) {} const value = 1;"), "time"),
        ("tiny.py", python_that("value = [bytearray(1 << 20) for _ in range(1000)]"), "memory"),
        (
            "tiny.js",
            javascript_that("const value = []; for (;;) value.push(new Uint8Array(1 << 20));"),
            "memory",
        ),
        ("tiny.py", python_that("value = (lambda f: f(f))(lambda f: f(f))"), "guest"),
        ("tiny.js", javascript_that("const f = () => f() + 1; const value = f();"), "guest"),
        ("tiny.py", python_that("import sys; sys.exit(3)"), "guest"),
    ] {
        let plugin = load(&bench, name, &text).await.unwrap();
        let error = plugin.build_command(&task("")).await.unwrap_err();
        let kind = match error.kind() {
            PluginErrorKind::Timeout { waiting: false, .. } => "time",
            PluginErrorKind::Memory { room: Room::Memory, .. } => "memory",
            // An interpreter that runs out of memory may say so itself.
            PluginErrorKind::Guest { message, .. } if message.contains("emory") => "memory",
            PluginErrorKind::Guest { .. } => "guest",
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(kind, expect, "{text}: {error}");
        let outcome = crate::calls::outcome();
        let verdict = plugin.judge(&task(""), &outcome).await.unwrap();
        assert_eq!(verdict.decision, Decision::FailFrames, "the next call is as good as ever");
    }
}

#[tokio::test]
async fn names_and_forms_are_recognised() {
    let bench = bench().await;
    for (name, text) in smallest("1.0.0") {
        load(&bench, name, &text).await.unwrap();
        let inspection = bench.host.inspect(&bench.path(name)).unwrap();
        assert_eq!(inspection.form, Form::Script(Language::of_file(Path::new(name)).unwrap()));
    }
    let error = load(&bench, "empty.py", "").await.unwrap_err();
    assert!(error.to_string().contains("Plugin"), "{error}");
}
