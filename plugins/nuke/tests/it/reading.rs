//! Nuke's output, line by line: frames, images, views and what is glued together.

use crate::{job, task};
use farmhand_nuke::Nuke;
use farmhand_sdk::prelude::*;
use serde_json::{Value, json};

fn read(task: &Task, log: &str) -> Vec<Event> {
    let mut reader = Nuke::reader(task);
    let mut events = reader.read(&log.lines().map(str::to_owned).collect::<Vec<_>>()).unwrap();
    reader.finish(&mut events);
    events.retain(|event| !matches!(event, Event::Fact(fact) if fact.name == "device"));
    events
}

fn images(events: &[Event]) -> Vec<(i32, &str, &str)> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::FrameDone(one) => {
                Some((one.frame, one.path.as_str(), one.place.as_deref().unwrap_or("stays")))
            }
            _ => None,
        })
        .collect()
}

fn at(level: u32, output: Option<&str>, options: Value) -> Task {
    let mut job = job(options);
    job.output = output.map(str::to_owned);
    task(job, level)
}

#[test]
fn nukes_own_lines_tell_frames_progress_and_images() {
    let log = "Nuke 15.1v1, 64 bit, built Jun  6 2024.\n[10:47.47] Warning: Autosave file for /a.nk is newer\n.1\n.2.3\
               Writing /o/a b.1001.exr took 0.13 seconds\nFrame 1001 (1 of 2)\n.5Writing /o/a b.1002.exr took 0.10 \
               seconds\nFrame 1002 (2 of 2)\n.2\nTotal render time: 1.26 seconds";
    let events = read(&at(1, None, json!({})), log);
    let image =
        |frame: i32| Event::FrameDone(Image { frame, path: format!("/o/a b.{frame}.exr"), place: None });
    assert_eq!(
        events,
        [
            Event::fact("dcc-version", "15.1v1"),
            Event::warning("Warning: Autosave file for /a.nk is newer"),
            Event::FrameStarted(1001),
            Event::Progress(0.1),
            Event::Progress(0.3),
            Event::Progress(1.0),
            image(1001),
            Event::FrameStarted(1002),
            Event::Progress(0.5),
            Event::Progress(1.0),
            image(1002),
            Event::Progress(0.2),
        ]
    );
}

#[test]
fn an_image_written_in_place_goes_to_the_output() {
    let log = "Writing /o/beauty.2001.exr took 1 seconds\nFrame 1001 (1 of 2)\nWriting /out/Beauty.1002.exr took 1 \
               seconds\nFrame 1002 (2 of 2)";
    let events = read(&at(1, Some("/out/{layer}.####.exr"), json!({})), log);
    assert_eq!(
        images(&events),
        [(1001, "/o/beauty.2001.exr", "/out/Beauty.1001.exr"), (1002, "/out/Beauty.1002.exr", "stays"),],
        "Nuke's frame counts, whatever number a script puts into the name"
    );
}

#[test]
fn a_frame_comes_out_once_all_its_views_are_there() {
    let views = json!({ "views": ["left", "right"] });
    let task = at(1, Some("/out/{view}/a.####.dpx"), views);
    let one_by_one = "EXECUTING VIEW \"left\"\nWriting /o/a_l.1001.dpx took 1 seconds\nEXECUTING VIEW \"right\"\n\
                      Writing /o/a_r.1001.dpx took 1 seconds\nFrame 1001 (1 of 2)";
    let expected = [
        (1001, "/o/a_l.1001.dpx", "/out/left/a.1001.dpx"),
        (1001, "/o/a_r.1001.dpx", "/out/right/a.1001.dpx"),
    ];
    assert_eq!(images(&read(&task, one_by_one)), expected);
    let view_after_view = "EXECUTING VIEW \"left\"\nWriting /o/a_l.1001.dpx took 1 seconds\nFrame 1001 (1 of 2)\n\
                           EXECUTING VIEW \"right\"\nWriting /o/a_r.1001.dpx took 1 seconds\nFrame 1001 (1 of 2)";
    assert_eq!(images(&read(&task, view_after_view)), expected);
    let half = "EXECUTING VIEW \"left\"\nWriting /o/a_l.1001.dpx took 1 seconds\nFrame 1001 (1 of 2)";
    assert_eq!(images(&read(&task, half)), [], "half a frame is no frame");
    let by_name = "Writing /o/left/a.1001.dpx took 1 seconds\nWriting /o/right/a.1001.dpx took 1 seconds\nFrame 1001 (1 of 2)";
    assert_eq!(
        images(&read(&task, by_name)).iter().map(|one| one.2).collect::<Vec<_>>(),
        ["/out/left/a.1001.dpx", "/out/right/a.1001.dpx"]
    );
}

#[test]
fn an_image_whose_frame_nuke_never_ended_is_told_by_its_number() {
    let log = "Writing /o/a.1001.exr took 1 seconds\nWriting /o/a.7.exr took 1 seconds";
    assert_eq!(images(&read(&at(1, None, json!({})), log)), [(1001, "/o/a.1001.exr", "stays")]);
    let single = Task { frames: FrameRuns::range(1001, 1001), ..at(2, None, json!({})) };
    assert_eq!(images(&read(&single, "Writing /o/x.exr took 1 seconds")), [(1001, "/o/x.exr", "stays")]);
}

#[test]
fn the_generated_scripts_reports_count_at_its_level_and_nukes_lines_do_not() {
    let log = "Writing /st/a.1001.exr took 1 seconds\nFrame 1001 (1 of 1)\n\n@farmhand {\"event\": \"frame-done\", \
               \"frame\": 1001, \"path\": \"/st/left.a.exr\", \"place\": \"/o/left/a.exr\", \"more\": true}\n\n@farmhand \
               {\"event\": \"frame-done\", \"frame\": 1001, \"path\": \"/st/right.a.exr\", \"place\": \"/o/right/a.exr\", \
               \"more\": false}";
    let task = at(0, None, json!({}));
    let expected = [(1001, "/st/left.a.exr", "/o/left/a.exr"), (1001, "/st/right.a.exr", "/o/right/a.exr")];
    assert_eq!(images(&read(&task, log)), expected);
    let (first, _) = log
        .split_once("\n\n@farmhand {\"event\": \"frame-done\", \"frame\": 1001, \"path\": \"/st/right")
        .unwrap();
    assert_eq!(images(&read(&task, first)), [], "half a frame is no frame");
    let without_place = "@farmhand {\"event\": \"frame-done\", \"frame\": 1001, \"path\": \"/st/a.exr\"}";
    assert!(matches!(read(&task, without_place).as_slice(), [Event::Warning(_)]));
}

#[test]
fn what_the_script_cannot_explain_the_table_may() {
    let report = |message: &str| {
        let json = json!({ "event": "fault", "severity": "frame-fatal", "cause": "other", "message": message,
                           "frame": 1002, "about": null });
        let events = read(&at(0, None, json!({})), &format!("@farmhand {json}"));
        let [Event::Fault(fault)] = events.as_slice() else { panic!("{events:?}") };
        fault.clone()
    };
    let known = report("Read1: Can't read /a/b.exr: No such file or directory");
    assert_eq!(
        (known.cause, known.frame, known.about.as_deref()),
        (Cause::MissingFile, Some(1002), Some("/a/b.exr"))
    );
    let unknown = report("ERROR: nobody knows");
    assert_eq!((unknown.cause, unknown.message.as_str()), (Cause::Other, "ERROR: nobody knows"));
}

#[test]
fn hooks_that_a_level_cannot_run_are_told() {
    let mut hooked = at(1, None, json!({}));
    hooked.job.hook_scripts = vec![HookScript {
        name: "stamp.py".into(),
        path: "/hooks/stamp.py".into(),
        moment: Moment::AfterFrame,
        on_failure: OnFailure::Warn,
    }];
    let told = |task: &Task| {
        read(task, "").iter().any(|event| matches!(event, Event::Warning(text) if text.contains("stamp.py")))
    };
    assert!(told(&hooked));
    assert!(!told(&Task { level: 0, ..hooked }));
}

#[test]
fn a_gpu_that_is_not_there_is_told() {
    let device = |task: &Task| {
        let mut events = Vec::new();
        Nuke::reader(task).finish(&mut events);
        events
    };
    let asked = at(1, None, json!({ "gpu": true }));
    assert_eq!(device(&asked)[0], Event::fact("device", "CPU"));
    assert!(matches!(&device(&asked)[1], Event::Warning(text) if text.contains("given none")));
    let leased = Task { gpus: vec![farmhand_sdk::Gpu::default()], ..asked };
    assert_eq!(device(&leased), [Event::fact("device", "GPU")]);
}

#[test]
fn frames_with_a_step_follow_each_other() {
    let frames = FrameRuns::new(vec![
        FrameRun { first: 1, last: 5, step: 2 },
        FrameRun { first: 9, last: 9, step: 1 },
    ]);
    let task = Task { frames, ..at(1, None, json!({})) };
    let log = ".1\nFrame 1 (1 of 4)\n.1\nFrame 3 (2 of 4)\n.1\nFrame 5 (3 of 4)\n.1\nFrame 9 (4 of 4)\n.1";
    let started: Vec<i32> = read(&task, log)
        .iter()
        .filter_map(|event| if let Event::FrameStarted(frame) = event { Some(*frame) } else { None })
        .collect();
    assert_eq!(started, [1, 3, 5, 9]);
}

#[test]
fn a_traceback_is_one_warning() {
    let log = "Traceback (most recent call last):\n  File \"/site/init.py\", line 3\n    Error: no\nKeyError: 'SHOW'\nafter";
    assert_eq!(
        read(&at(1, None, json!({ "continue_on_error": false })), log),
        [Event::warning("Python raised KeyError: 'SHOW'")]
    );
}
