//! Hooks: an optional export, what it answers, and what of it is not believed.

use crate::support::{Bench, assert_fine, job, task};
use farmhand_model::Seconds;
use farmhand_model::dcc::Outcome;
use farmhand_model::hooks::{HookAction, JobEnd, OnFailure};
use farmhand_plugin::PluginErrorKind;

fn end() -> JobEnd {
    JobEnd { complete: false, frames_done: 9, frames_failed: 1, seconds: Seconds(2.5) }
}

fn outcome() -> Outcome {
    Outcome {
        exit_code: Some(3),
        signal: None,
        ended_by: farmhand_model::EndedBy::Itself,
        seconds: Seconds(1.0),
        frames_done: crate::support::frames("1-10"),
        frames_missing: farmhand_model::FrameSet::new(),
        faults: Vec::new(),
        facts: Vec::new(),
        usage: Default::default(),
    }
}

#[tokio::test]
async fn every_moment_is_asked_with_what_belongs_to_it() {
    let bench = Bench::plain().await;
    let plugin = bench.fixture().await;
    assert!(plugin.has_hooks());
    let names = [
        plugin.before_job(&job("")).await.unwrap(),
        plugin.before_task(&task("")).await.unwrap(),
        plugin.after_task(&task(""), &outcome()).await.unwrap(),
        plugin.after_job(&job(""), end()).await.unwrap(),
    ]
    .map(|hooks| hooks[0].name.clone());
    assert_eq!(names, ["before shot", "before 3", "after Some(3)", "after (false, 9, 1, 2.5)"]);
}

#[tokio::test]
async fn actions_come_as_they_were_given() {
    let bench = Bench::plain().await;
    let hooks = bench.fixture().await.before_job(&job("hook-all")).await.unwrap();
    assert_eq!(hooks[0].on_failure, OnFailure::Hold);
    assert_eq!(
        hooks[0].actions,
        [
            HookAction::MakeDirectory("/show/made".into()),
            HookAction::Write { path: "/show/made/a.txt".into(), contents: "a".into() },
            HookAction::Copy { source: "/show/made/a.txt".into(), target: "/show/b.txt".into() },
            HookAction::Move { source: "/show/b.txt".into(), target: "/show/c.txt".into() },
            HookAction::Run {
                tool: "tool".into(),
                args: vec!["-x".into()],
                env: vec![("A".into(), "1".into())],
                limit: Some(Seconds(5.0)),
            },
            HookAction::Remove("/show/c.txt".into()),
            HookAction::Note("all done".into()),
        ]
    );
}

#[tokio::test]
async fn what_a_hook_may_not_do_is_refused_and_harms_nobody() {
    let bench = Bench::plain().await;
    let plugin = bench.fixture().await;
    for (mode, expect) in [
        ("hook-relative", "`c.txt` is not absolute"),
        ("hook-nul", "is no path of a file"),
        ("hook-many", "5000 actions"),
    ] {
        match plugin.before_job(&job(mode)).await.unwrap_err().kind() {
            PluginErrorKind::Invalid { problems } => assert!(problems[0].contains(expect), "{problems:?}"),
            other => panic!("{mode}: {other:?}"),
        }
    }
    match plugin.validate(&job("no-frames")).await.unwrap_err().kind() {
        PluginErrorKind::Invalid { problems } => assert_eq!(problems, &["the job's frames are gone"]),
        other => panic!("{other:?}"),
    }
    let error = plugin.before_task(&task("loop")).await.unwrap_err();
    assert!(matches!(error.kind(), PluginErrorKind::Timeout { .. }), "{error}");
    assert_fine(&plugin).await;
    let note = &plugin.before_job(&job("")).await.unwrap()[0].actions[0];
    assert_eq!(*note, HookAction::Note("hello".into()), "control characters go");
}
