//! Passes that `Render` writes and that no line of its log names.

use farmhand_maya::Maya;
use farmhand_sdk::prelude::*;
use serde_json::json;
use std::fs;

#[test]
fn passes_that_no_line_names_are_found_and_placed_beside_their_frame() {
    let dir = tempfile::tempdir().unwrap();
    let staging = dir.path().join("staging");
    fs::create_dir_all(staging.join("albedo")).unwrap();
    for file in
        ["shot.0001.exr", "shot.0002.exr", "albedo/shot_albedo.0001.exr", "shot.0009.exr", "render.log"]
    {
        fs::write(staging.join(file), "").unwrap();
    }
    let options = json!({"renderer": "arnold", "project": "/show"});
    let job = Job {
        scene: "/show/shot.ma".into(),
        output: Some("/show/out/shot.####.exr".into()),
        raw_options: options.as_object().unwrap().clone(),
        ..Job::default()
    };
    let task = Task {
        job,
        frames: FrameRuns::range(1, 2),
        level: 1,
        try_number: 1,
        staging: staging.display().to_string(),
        ..Task::default()
    };
    let mut reader = Maya::reader(&task);
    let named = staging.join("shot.0001.exr");
    let lines =
        [format!("Finished Rendering {}.", named.display()), "Scene /show/shot.ma completed.".to_owned()];
    let mut events = reader.read(&lines).unwrap();
    reader.finish(&mut events);

    let mut placed: Vec<(i32, String)> = events
        .into_iter()
        .filter_map(|event| match event {
            Event::FrameDone(image) => Some((image.frame, image.place.unwrap())),
            _ => None,
        })
        .collect();
    placed.sort();
    assert_eq!(
        placed,
        [
            (1, "/show/out/albedo/shot_albedo.0001.exr".to_owned()),
            (1, "/show/out/shot.0001.exr".to_owned()),
            (2, "/show/out/shot.0002.exr".to_owned()),
        ]
    );
}
