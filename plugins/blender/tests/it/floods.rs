//! What the reader does with many lines: floods, repetition, and progress, which the corpus leaves out.

use farmhand_blender::Blender;
use farmhand_sdk::prelude::*;

fn read(lines: &[&str]) -> Vec<Event> {
    let task = Task {
        job: Job { output: Some("/out/a_####.png".into()), ..Job::default() },
        staging: "/st".into(),
        ..Task::default()
    };
    let mut reader = Blender::reader(&task);
    let mut events = reader.read(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>()).unwrap();
    reader.finish(&mut events);
    events.retain(|event| !matches!(event, Event::Fact(fact) if fact.name == "peak-memory"));
    events
}

#[test]
fn no_flood_of_warnings_hides_a_fault() {
    let mut lines: Vec<String> = (0..5_000).map(|bone| format!("Error: no bone {bone}")).collect();
    lines.push("Fra:7 Mem:1.00M (Peak 2.00M) | Time:00:00.00 | System is out of GPU memory".to_owned());
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let events = read(&lines);
    assert!(events.len() < 300, "{} events", events.len());
    assert!(events.iter().any(|event| matches!(event, Event::Fault(fault) if fault.cause == Cause::Memory)));
}

#[test]
fn progress_and_memory_are_told_when_they_change() {
    let status =
        |memory: &str, doing: &str| format!("Fra:1 Mem:{memory} (Peak 600.00M) | Time:00:01.00 | {doing}");
    let lines = [
        status("100.00M", "Sample 0/200"),
        status("100.50M", "Sample 1/200"),
        status("101.00M", "Sample 2/200"),
        status("500.00M", "Sample 100/200"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(
        read(&lines),
        [
            Event::FrameStarted(1),
            Event::MemoryBytes(100 << 20),
            Event::Progress(0.01),
            Event::MemoryBytes(500 << 20),
            Event::Progress(0.5),
        ]
    );
}

#[test]
fn version_5_is_read_like_the_others() {
    let events = read(&[
        "Blender 5.0.1 (hash a3db93c5b259 built 2025-12-16 01:34:24)",
        "00:00.100  render           | Rendering animation (frames 1..2)",
        "00:00.200  render           | Rendering frame 1",
        "00:00.300  render           | Scene, ViewLayer | Sample 8/16",
        "00:00.327  render           | Saved: '/st/a_0001.png'",
        "00:00.419  render           | Time: 00:01.06 (Saving: 00:00.02)",
        "00:00.419  render           | Skipping existing frame \"/st/a_0002.png\"",
    ]);
    let image = |frame| Image {
        frame,
        path: format!("/st/a_{frame:04}.png"),
        place: Some(format!("/out/a_{frame:04}.png")),
    };
    assert_eq!(
        events,
        [
            Event::fact("dcc-version", "5.0.1"),
            Event::FrameStarted(1),
            Event::Progress(0.5),
            Event::FrameDone(image(1)),
            Event::FrameSkipped(image(2)),
        ]
    );
}

#[test]
fn a_repeated_line_is_told_once() {
    let line = "Error: Could not find bone";
    assert_eq!(read(&[line; 500]), [Event::warning(line)]);
}
