//! A guest that misbehaves costs one call: the error says what it did, and the host goes on.

use crate::support::{Bench, GUEST, assert_fine, describing, job, task};
use farmhand_plugin::{LimitChange, PluginError, PluginErrorKind, PluginSettings, Responsible, Room};
use std::time::Duration;

fn quick(settings: &mut PluginSettings) {
    settings.limits.call = Duration::from_millis(200);
    settings.limits.read = Duration::from_millis(200);
    settings.limits.describe = Duration::from_millis(200);
}

/// What an error is, in a word.
fn kind(error: &PluginError) -> &'static str {
    match error.kind() {
        PluginErrorKind::Timeout { waiting: false, .. } => "time",
        PluginErrorKind::Timeout { waiting: true, .. } => "patience",
        PluginErrorKind::Memory { room: Room::Memory, .. } => "memory",
        PluginErrorKind::TooMuchData { .. } => "data",
        PluginErrorKind::Trap { .. } => "trap",
        PluginErrorKind::Guest { .. } => "guest",
        PluginErrorKind::Invalid { .. } => "invalid",
        other => panic!("{other:?}"),
    }
}

/// What the fixture can do wrong, whatever it was asked for; and words of the error that must come of it.
const WRONGS: [(&str, &str, &str); 8] = [
    ("loop", "time", "ran longer than"),
    ("sleep", "patience", "must not sleep"),
    ("recurse", "trap", "recursed until its stack was full"),
    ("alloc", "memory", "MiB of memory, where 64.0 MiB is the limit"),
    ("panic", "trap", "the fixture panics in red"),
    ("exit", "trap", "called exit"),
    ("huge", "data", "more than 8.0 MiB in one call"),
    ("error", "guest", "the fixture refuses\nFile \"fixture.py\", line 7"),
];

#[tokio::test]
async fn misbehaving_in_a_call_costs_that_call() {
    let bench = Bench::start(quick, vec![]).await;
    let plugin = bench.fixture().await;
    for (mode, expect, words) in WRONGS {
        let error = plugin.build_command(&task(mode)).await.unwrap_err();
        assert_eq!(kind(&error), expect, "{mode}: {error}");
        let text = error.to_string();
        assert!(text.contains(words), "{mode}: {text}");
        assert!(text.starts_with("plugin fixture 1.0.0 (generation 0, "), "{text}");
        assert!(text.contains(" in build-command"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert_eq!(error.responsible(), Responsible::Author);
        assert_eq!(text.ends_with("; it said last:\n  about to refuse"), mode == "error", "{text}");
        assert_fine(&plugin).await;
    }
}

#[tokio::test]
async fn misbehaving_while_being_loaded_costs_that_file() {
    let bench = Bench::start(quick, vec![]).await;
    for (mode, expect, words) in WRONGS {
        let error = bench.load(&describing(mode)).await.unwrap_err();
        assert_eq!(kind(&error), expect, "{mode}: {error}");
        let text = error.to_string();
        assert!(text.contains(words) && text.contains("plugin candidate.wasm in describe"), "{mode}: {text}");
    }
    assert_fine(&bench.fixture().await).await;
}

#[tokio::test]
async fn misbehaving_in_a_reader_costs_that_reader() {
    let bench = Bench::start(quick, vec![]).await;
    let plugin = bench.fixture().await;
    let mut beside = plugin.reader(&task("")).await.unwrap();
    for (mode, expect, _) in WRONGS {
        let mut reader = plugin.reader(&task(mode)).await.unwrap();
        let error = reader.read(&["line".to_owned()]).await.unwrap_err();
        assert_eq!(kind(&error), expect, "{mode}: {error}");
        assert_eq!(error.function(), Some("reader.read"));
    }
    let error = plugin.reader(&task("new-loop")).await.unwrap_err();
    assert_eq!((kind(&error), error.function()), ("time", Some("reader.new")));
    assert_eq!(beside.read(&["frame 1".to_owned()]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_flood_of_lines_is_cut_and_survived() {
    let bench = Bench::plain().await;
    let plugin = bench.fixture().await;
    for mode in ["log", "stdout", "longline"] {
        plugin.build_command(&task(mode)).await.unwrap();
    }
    // The lines before an error come with it: the newest, without escapes, and a count of the rest.
    let mut reader = plugin.reader(&task("")).await.unwrap();
    let lines = ["do log", "do panic"].map(str::to_owned);
    let error = reader.read(&lines).await.unwrap_err();
    assert_eq!(error.log().len(), 20);
    assert!(error.log_dropped() > 90_000, "{}", error.log_dropped());
    let flood = error.log().iter().filter(|line| line.text.ends_with("of a flood")).count();
    assert!(flood > 10, "{:?}", error.log());
    assert!(error.log().iter().all(|line| !line.text.contains(char::is_control)), "{:?}", error.log());
}

#[tokio::test]
async fn handles_to_host_objects_run_out() {
    let bench = Bench::plain().await;
    let plugin = bench.fixture().await;
    let error = plugin.build_command(&task("tools")).await.unwrap_err();
    assert_eq!(kind(&error), "trap", "{error}");
    assert_fine(&plugin).await;
}

#[tokio::test]
async fn commands_that_cannot_be_run_are_refused() {
    let bench = Bench::plain().await;
    let plugin = bench.fixture().await;
    for (mode, words) in [
        ("no-tool", "names the tool ``; this task has tool"),
        ("strange-tool", "names the tool `sh`"),
        ("nul", "contains a NUL byte"),
        ("bad-env", "`A=B` is no name of an environment variable"),
        ("escape", "`../../outside.py` is neither inside the scratch directory nor in that of the scene"),
        ("absolute", "`/etc/cron.d/evil` is neither inside the scratch directory nor in that of the scene"),
        ("far-frame", "shows frame 99999, which this task does not render"),
        ("all-frames", "has frames that this task does not render"),
        ("zero-step", "1-2x0 is no run of frames"),
    ] {
        let error = plugin.build_command(&task(mode)).await.unwrap_err();
        assert_eq!(kind(&error), "invalid", "{mode}");
        assert!(error.to_string().contains(words), "{mode}: {error}");
    }
}

#[tokio::test]
async fn answers_to_validate_are_held_to_the_schema() {
    let bench = Bench::plain().await;
    let plugin = bench.fixture().await;
    for (mode, words) in [
        ("bad-options", "options are JSON, but no object"),
        ("foreign-options", "do not fit its schema: /options/colour: there is no option `colour`"),
        ("no-problem", "refused without a problem being named"),
    ] {
        let error = plugin.validate(&job(mode)).await.unwrap_err();
        assert!(error.to_string().contains(words), "{mode}: {error}");
    }
    let problems = plugin.validate(&job("error")).await.unwrap().unwrap_err();
    assert_eq!(
        (problems[0].field.as_str(), problems[0].message.as_str()),
        ("/options/mode", "the fixture refuses")
    );
}

#[tokio::test]
async fn the_operator_sets_the_limits() {
    let generous = |settings: &mut PluginSettings| {
        let change =
            LimitChange { hostcall: Some(64 << 20), memory: Some(128 << 20), ..LimitChange::default() };
        settings.plugin_limits.insert("fixture".into(), change);
    };
    let bench = Bench::start(generous, vec![]).await;
    let plugin = bench.fixture().await;
    plugin.build_command(&task("huge")).await.unwrap();
    let error = plugin.build_command(&task("alloc")).await.unwrap_err();
    assert!(error.to_string().contains("128.0 MiB is the limit"), "{error}");
    // The limits of a component's own size hold before it is looked at.
    let tight = |settings: &mut PluginSettings| settings.limits.component = 1000;
    let bench = Bench::start(tight, vec![]).await;
    let error = bench.load(GUEST).await.unwrap_err();
    let size = GUEST.len() as u64;
    assert_eq!(*error.kind(), PluginErrorKind::TooLarge { bytes: size, limit: 1000 });
}
