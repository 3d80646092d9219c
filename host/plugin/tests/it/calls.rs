//! What a well-behaved plugin is asked and answers, and many at once.

use crate::support::{Bench, assert_fine, frames, grant, job, options, task};
use farmhand_model::dcc::{Decision, Fact, ImageOutput, Outcome, Output, ReaderEvent};
use farmhand_model::{EndedBy, Seconds};
use farmhand_plugin::{PluginErrorKind, PluginSettings};
use serde_json::json;
use std::path::PathBuf;

pub fn outcome() -> Outcome {
    Outcome {
        exit_code: Some(0),
        signal: None,
        ended_by: EndedBy::Itself,
        seconds: Seconds(1.5),
        frames_done: frames("1-9"),
        frames_missing: frames("10"),
        faults: vec![],
        facts: vec![Fact { name: "device".into(), value: "CPU".into() }],
        usage: Default::default(),
    }
}

fn lines(text: &[&str]) -> Vec<String> {
    text.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn every_function_of_the_contract_answers() {
    let bench = Bench::plain().await;
    let plugin = bench.fixture().await;
    assert_eq!(plugin.descriptor().extensions, ["fix"]);
    assert_eq!((plugin.stamp().version.as_str(), plugin.stamp().generation), ("1.0.0", 0));

    let prepared = plugin.validate(&job("")).await.unwrap().unwrap();
    assert_eq!(prepared.layers, ["beauty"]);
    assert_eq!(prepared.notes, ["job 7 of 1 runs"]);

    let command = plugin.build_command(&task("")).await.unwrap();
    assert_eq!(command.tool, "tool");
    assert_eq!(command.args, ["/show/shot.fix", "1.0.0"]);
    assert_eq!(command.env, [("THREADS".to_owned(), "4 8000000000".to_owned())]);
    assert_eq!(command.files[0].path, PathBuf::from("/scratch/3/render.py"));
    let first = ImageOutput { frame: 1, path: "/out/.staging-3/0001.png".into(), place: None };
    assert_eq!(command.outputs, [Output::Image(first)]);

    let verdict = plugin.judge(&task(""), &outcome()).await.unwrap();
    assert_eq!(verdict.decision, Decision::Retry { after_ms: 250 });
    assert_eq!(verdict.reason, "exit Some(0), signal None, EndedBy::Itself, 1 runs done, 1 facts");
}

#[tokio::test]
async fn a_movie_holds_the_frames_of_the_task() {
    let bench = Bench::plain().await;
    let mut task = task("movie");
    task.frames = frames("1,3,5,20-30");
    let command = bench.fixture().await.build_command(&task).await.unwrap();
    match &command.outputs[0] {
        Output::Movie(movie) => assert_eq!(movie.frames, task.frames),
        Output::Image(image) => panic!("{image:?}"),
    }
}

#[tokio::test]
async fn a_reader_keeps_its_state_from_batch_to_batch() {
    let bench = Bench::plain().await;
    let mut reader = bench.fixture().await.reader(&task("")).await.unwrap();
    let events = reader.read(&lines(&["frame 4", "progress 0.5", "chatter"])).await.unwrap();
    assert_eq!(events, [ReaderEvent::FrameStarted(4), ReaderEvent::Progress(0.5)]);
    let events = reader.read(&lines(&["saved 4", "warn \u{1b}[33mslow\u{1b}[0m"])).await.unwrap();
    let image = ImageOutput { frame: 4, path: "/out/0004.png".into(), place: None };
    assert_eq!(events, [ReaderEvent::FrameDone(image), ReaderEvent::Warning("slow".into())]);
    let events = reader.finish().await.unwrap();
    assert_eq!(events[0], ReaderEvent::Fact(Fact { name: "lines".into(), value: "5".into() }));
}

#[tokio::test]
async fn readers_know_nothing_of_each_other_and_calls_nothing_of_calls() {
    let bench = Bench::plain().await;
    let plugin = bench.fixture().await;
    let (mut one, mut two) =
        (plugin.reader(&task("")).await.unwrap(), plugin.reader(&task("")).await.unwrap());
    one.read(&lines(&["a", "b", "c"])).await.unwrap();
    two.read(&lines(&["a"])).await.unwrap();
    for (reader, count) in [(&mut one, "3"), (&mut two, "1")] {
        let events = reader.finish().await.unwrap();
        assert_eq!(events[0], ReaderEvent::Fact(Fact { name: "lines".into(), value: count.into() }));
    }
    for _ in 0..3 {
        assert_eq!(plugin.judge(&task("count"), &outcome()).await.unwrap().reason, "call 0 of this instance");
    }
}

#[tokio::test]
async fn a_failed_reader_is_dead_and_says_so() {
    let bench = Bench::plain().await;
    let plugin = bench.fixture().await;
    for bad in ["do panic", "do error", "progress nonsense"] {
        let mut reader = plugin.reader(&task("")).await.unwrap();
        reader.read(&lines(&["frame 1"])).await.unwrap();
        reader.read(&lines(&[bad])).await.unwrap_err();
        for error in
            [reader.read(&lines(&["frame 2"])).await.unwrap_err(), reader.finish().await.unwrap_err()]
        {
            assert_eq!(*error.kind(), PluginErrorKind::ReaderGone, "{bad}");
        }
    }
}

#[tokio::test]
async fn options_are_checked_against_the_schema() {
    let bench = Bench::plain().await;
    let plugin = bench.fixture().await;
    assert_eq!(plugin.check_options(&options(json!({"mode": "x", "samples": 4}))), []);
    let problems = plugin.check_options(&options(json!({"sample": 4})));
    assert_eq!(problems[0].field, "/options/sample");
    assert!(problems[0].message.contains("`samples`"), "{problems:?}");
}

#[tokio::test]
#[cfg(unix)]
async fn a_plugin_sees_what_it_was_granted_and_nothing_else() {
    let files = tempfile::tempdir().unwrap();
    let granted = files.path().join("granted");
    std::fs::create_dir(&granted).unwrap();
    std::fs::write(granted.join("granted.txt"), "for you").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", granted.join("link.txt")).unwrap();
    let give = |settings: &mut PluginSettings| {
        settings.grants.insert("fixture".into(), grant(&granted));
    };
    let bench = Bench::start(give, vec![]).await;
    let plugin = bench.fixture().await;
    let verdict = plugin.judge(&task("grants"), &outcome()).await.unwrap();
    let expect =
        r#"{"site":"lon"} Ok("for you") Err("link.txt: not in a directory that this plugin may read")"#;
    assert_eq!(verdict.reason, expect);
    let error = plugin.build_command(&task("outside")).await.unwrap_err();
    assert_eq!(*error.kind(), PluginErrorKind::Guest { message: "reached: ".into(), traceback: None });
}

#[tokio::test]
async fn a_path_that_is_no_text_is_refused_before_the_guest_sees_it() {
    let bench = Bench::plain().await;
    let plugin = bench.fixture().await;
    let mut task = task("");
    task.scratch = not_text();
    let error = plugin.build_command(&task).await.unwrap_err();
    assert!(error.to_string().contains("is not UTF-8"), "{error}");
}

#[cfg(unix)]
fn not_text() -> PathBuf {
    <std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(b"/scratch/\xff".to_vec()).into()
}

#[cfg(windows)]
fn not_text() -> PathBuf {
    <std::ffi::OsString as std::os::windows::ffi::OsStringExt>::from_wide(&[0xd800]).into()
}

/// One thread for everything: guests that never come back must still leave it to the others.
#[tokio::test]
async fn a_hundred_calls_go_on_beside_one_that_loops() {
    let bench = Bench::plain().await;
    let plugin = bench.fixture().await;
    let looping = tokio::spawn({
        let plugin = plugin.clone();
        async move { plugin.build_command(&task("loop")).await }
    });
    let calls: Vec<_> = (0..100)
        .map(|number| {
            let plugin = plugin.clone();
            tokio::spawn(async move {
                let mut task = task("");
                task.threads = number;
                plugin.build_command(&task).await.map(|command| command.env[0].1.clone())
            })
        })
        .collect();
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), format!("{number} 8000000000"));
    }
    assert!(!looping.is_finished(), "the quick calls waited for the one that loops");
    let error = looping.await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), PluginErrorKind::Timeout { waiting: false, .. }), "{error}");
    assert_fine(&plugin).await;
}

/// The scheduler's tasks hold these across their waits, so they must be able to move between threads.
#[tokio::test]
async fn every_call_can_be_spawned() {
    fn can_move<T: Send>(value: T) -> T {
        value
    }
    let bench = Bench::plain().await;
    let plugin = bench.fixture().await;
    can_move(plugin.validate(&job(""))).await.unwrap().unwrap();
    can_move(plugin.judge(&task(""), &outcome())).await.unwrap();
    let mut reader = can_move(plugin.reader(&task(""))).await.unwrap();
    can_move(reader.read(&[])).await.unwrap();
    can_move(reader.finish()).await.unwrap();
    can_move(reader);
}
