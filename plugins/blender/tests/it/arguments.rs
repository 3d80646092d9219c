//! The command lines, word by word: in Blender their order is part of their meaning.

use farmhand_blender::Blender;
use farmhand_sdk::prelude::*;
use serde_json::{Value, json};

fn task(options: Value, frames: FrameRuns) -> Task {
    let Value::Object(raw_options) = options else { panic!("an object") };
    Task {
        job: Job {
            scene: "/show/sc 010.blend".into(),
            output: Some("/out/a_####.png".into()),
            raw_options,
            ..Job::default()
        },
        frames,
        threads: 4,
        scratch: "/scratch/9".into(),
        staging: "/out/.farmhand/9".into(),
        ..Task::default()
    }
}

const HEAD: [&str; 6] = ["-b", "-Y", "-noaudio", "-t", "4", "/show/sc 010.blend"];
const PRELUDE: [&str; 4] = ["--python-exit-code", "64", "-P", "/scratch/9/farmhand_prelude.py"];

#[test]
fn a_run_is_an_animation() {
    for (run, tail) in [
        (FrameRun { first: 1, last: 48, step: 1 }, ["-s", "1", "-e", "48", "-j", "1", "-a"]),
        (FrameRun { first: -3, last: 9, step: 4 }, ["-s", "-3", "-e", "9", "-j", "4", "-a"]),
        (FrameRun { first: 7, last: 7, step: 1 }, ["-s", "7", "-e", "7", "-j", "1", "-a"]),
    ] {
        let command = Blender::build_command(&task(json!({}), FrameRuns::new(vec![run]))).unwrap();
        let expected: Vec<&str> = HEAD.into_iter().chain(PRELUDE).chain(tail).collect();
        assert_eq!(command.args, expected);
    }
}

#[test]
fn scattered_frames_are_a_list() {
    let runs = FrameRuns::new(vec![
        FrameRun { first: -6, last: -4, step: 1 },
        FrameRun { first: -1, last: -1, step: 1 },
        FrameRun { first: 5, last: 9, step: 2 },
        FrameRun { first: 20, last: 30, step: 1 },
    ]);
    let command = Blender::build_command(&task(json!({}), runs)).unwrap();
    // Negative frames count back from one past frame 0, which the prelude makes the last.
    assert_eq!(command.args[10..], ["-f", "-7..-5,-2,5,7,9,20..30"]);
    assert!(command.files[0].contents.contains(r#"\"relative_frames\":true"#));
}

#[test]
fn a_list_that_fits_on_no_command_line_is_refused() {
    let runs: FrameRuns = (0..20_000).map(|frame| frame * 2).collect();
    let error = Blender::build_command(&task(json!({}), runs)).unwrap_err();
    assert!(error.message.contains("chunk size"), "{error}");
}

#[test]
fn what_the_job_asks_for_stands_before_the_prelude() {
    let options = json!({
        "scene": "Shot 1", "addons": ["rig_tools", "io_mesh.ply"], "python": "/p/fix.py", "python_expr": "1", "autoexec": true,
    });
    let command = Blender::build_command(&task(options, FrameRuns::range(1, 2))).unwrap();
    assert_eq!(command.args[1], "-y");
    let expected = [
        "-S",
        "Shot 1",
        "--addons",
        "rig_tools,io_mesh.ply",
        "--python-exit-code",
        "65",
        "-P",
        "/p/fix.py",
        "--python-expr",
        "1",
        "--python-exit-code",
        "64",
        "-P",
        "/scratch/9/farmhand_prelude.py",
        "-s",
    ];
    assert_eq!(command.args[6..21], expected);
}

#[test]
fn levels_take_more_and_more_away() {
    let at = |level, options| {
        let task = Task { level, ..task(options, FrameRuns::range(1, 2)) };
        let command = Blender::build_command(&task).unwrap();
        let factory = command.args.contains(&"--factory-startup".to_owned());
        let isolated = command.env.contains(&("BLENDER_USER_CONFIG".into(), "/scratch/9".into()));
        let contents = command.files[0].contents.clone();
        let has = move |part: &str| contents.contains(&part.replace('"', "\\\""));
        (factory, isolated, has)
    };
    let asked = json!({ "device": "CUDA", "denoise": true });
    let (factory, isolated, has) = at(0, asked.clone());
    assert!(!factory && !isolated);
    assert!(has(r#""device":"CUDA""#) && has(r#""denoise":true"#) && has(r#""persistent_data":true"#));
    let (factory, isolated, has) = at(1, asked);
    assert!(!factory && !isolated);
    assert!(has(r#""device":"CPU""#) && has(r#""denoise":false"#) && has(r#""persistent_data":false"#));
    let (factory, isolated, has) = at(2, json!({ "device": "CUDA", "allow_cpu": false }));
    assert!(factory && isolated);
    assert!(has(r#""device":"CUDA""#), "the job forbids the CPU at every level");
}

#[test]
fn pythons_own_variables_never_leak_in() {
    let command = Blender::build_command(&task(json!({}), FrameRuns::range(1, 2))).unwrap();
    assert_eq!(command.env, [("PYTHONPATH".into(), String::new()), ("PYTHONHOME".into(), String::new())]);
}

#[test]
fn images_are_promised_where_their_names_are_known() {
    let promised = |output: Option<&str>, options| {
        let mut task = task(options, FrameRuns::range(-1, 0));
        task.job.output = output.map(str::to_owned);
        Blender::build_command(&task).unwrap().outputs
    };
    let image = |frame, path: &str, place: &str| {
        Output::Image(Image { frame, path: path.into(), place: Some(place.into()) })
    };
    assert_eq!(
        promised(Some("/out/a_####.png"), json!({})),
        [
            image(-1, "/out/.farmhand/9/a_-0001.png", "/out/a_-0001.png"),
            image(0, "/out/.farmhand/9/a_0000.png", "/out/a_0000.png"),
        ]
    );
    assert_eq!(promised(Some("/out/a_####"), json!({})), [], "the scene's format is not known before");
    assert_eq!(promised(None, json!({ "format": "PNG" })), [], "the scene's output is not known before");
    assert_eq!(
        promised(Some("/out/a.mov"), json!({})),
        [Output::Movie(Movie {
            path: "/out/.farmhand/9/a.mov".into(),
            place: Some("/out/a.mov".into()),
            frames: FrameRuns::range(-1, 0),
        })]
    );
}
