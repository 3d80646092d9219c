//! One line of Blender's log, and the fault that it is. The lines are those that farms have seen.

use crate::cases::FARM;
use farmhand_blender::Blender;
use farmhand_sdk::prelude::*;
use serde_json::json;

fn read(lines: &[&str]) -> Vec<Event> {
    let task = Task {
        job: Job { output: Some("/out/a_####.png".into()), ..Job::default() },
        staging: "/st".into(),
        ..Task::default()
    };
    read_for(&task, lines)
}

fn read_for(task: &Task, lines: &[&str]) -> Vec<Event> {
    let mut reader = Blender::reader(task);
    let mut events = reader.read(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>()).unwrap();
    reader.finish(&mut events);
    events.retain(|event| !matches!(event, Event::Fact(fact) if fact.name == "peak-memory"));
    events
}

fn faults(lines: &[&str]) -> Vec<Fault> {
    read(lines)
        .into_iter()
        .filter_map(|event| if let Event::Fault(fault) = event { Some(fault) } else { None })
        .collect()
}

#[test]
fn every_known_failure_is_told() {
    use Cause::{Crash, Disk, Gpu, Memory, MissingFile, Other, Plugin, Scene, Script};
    use Severity::{FrameFatal, Transient, WorkerFatal};
    for (line, severity, cause) in [
        ("System is out of GPU memory", WorkerFatal, Memory),
        ("System is out of GPU and shared host memory", WorkerFatal, Memory),
        ("CUDA error: Out of memory in cuLaunchKernel(), line 12", WorkerFatal, Memory),
        ("CUDA error at cuCtxCreate: Out of memory", Transient, Memory),
        ("Out of memory in CUDA queue enqueue (integrator_init_from_camera)", WorkerFatal, Memory),
        ("Invalid value in cuMemcpy2DUnaligned_v2(&param) (device_impl.cpp:1)", WorkerFatal, Memory),
        ("CUDA error: Invalid value in cuTexRefSetAddress(", WorkerFatal, Memory),
        ("CUDA error: Launch exceeded timeout in cuCtxSynchronize()", Transient, Gpu),
        ("CUDA error: Launch failed in cuCtxSynchronize(), line 1", Transient, Gpu),
        ("CUDA error: Illegal address in cuCtxSynchronize(), line 1", Transient, Gpu),
        ("Error: CUDA error", WorkerFatal, Gpu),
        ("Error: Could not allocate shadow atlas. Most likely out of GPU memory.", WorkerFatal, Memory),
        ("Calloc returns null: len=1 in x, total 2", WorkerFatal, Memory),
        ("Malloc returns null: len=1 in x, total 2", WorkerFatal, Memory),
        ("terminate called after throwing an instance of 'std::bad_alloc'", WorkerFatal, Memory),
        ("St9bad_alloc", WorkerFatal, Memory),
        ("scandir: Cannot allocate memory", WorkerFatal, Memory),
        ("CUDA device supported only with compute capability 3.0 or up, found 2.1.", WorkerFatal, Gpu),
        ("CUDA kernel compilation failed, see console for details.", WorkerFatal, Gpu),
        ("nvcc fatal   : Value 'sm_86' is not defined", WorkerFatal, Gpu),
        ("Error   : EXCEPTION_ACCESS_VIOLATION", FrameFatal, Crash),
        ("Segmentation fault (core dumped)", FrameFatal, Crash),
        ("Writing: /tmp/shot.crash.txt", FrameFatal, Crash),
        ("Fatal Python error: Py_Initialize: unable to load the file system codec", WorkerFatal, Other),
        ("ModuleNotFoundError: No module named 'encodings'", WorkerFatal, Other),
        ("boost::filesystem::create_directory: Permission denied: \"/home/x\"", WorkerFatal, Disk),
        ("blender: error while loading shared libraries: libXi.so.6", WorkerFatal, Other),
        ("Warning: Unable to open '/a/lib.blend': No such file or directory", FrameFatal, MissingFile),
        ("Info: Cannot find lib '/a/lib.blend'", FrameFatal, MissingFile),
        (
            "Info: LIB: Collection: 'X' missing from '/a/lib.blend', parent '<direct>'",
            FrameFatal,
            MissingFile,
        ),
        (
            "Warning: 1 libraries and 2 linked data-blocks are missing (including 0 ObjectData)",
            FrameFatal,
            MissingFile,
        ),
        ("Error: Cannot read file '/a.blend': No such file or directory", FrameFatal, MissingFile),
        ("Error: Cannot read file \"/a.blend\": Permission denied", FrameFatal, MissingFile),
        ("Error: Failed to read blend file '/a.blend', not a blend file", FrameFatal, Scene),
        ("Error: file could not be loaded, exiting!", FrameFatal, MissingFile),
        ("Couldn't create directory for file /out/a.png: Permission denied", FrameFatal, Disk),
        ("Couldn't touch file /out/a.png: Permission denied", FrameFatal, Disk),
        ("Error: Render error (No space left on device) cannot save: '/st/a.png'", WorkerFatal, Disk),
        ("Error: Render error (Permission denied) cannot save: '/st/a.png'", FrameFatal, Disk),
        ("Error: Render error (No such file or directory) cannot save: '/st/a.png'", FrameFatal, Disk),
        ("Error writing render result, (see console)", Transient, Disk),
        ("Error: engine not found 'OCTANE'", FrameFatal, Scene),
        ("Error: script failed, file: 'fix.py', exiting.", FrameFatal, Script),
        ("Error: script failed, file: 'farmhand_prelude.py', exiting.", FrameFatal, Plugin),
        ("Error: Cannot render, no camera", FrameFatal, Scene),
        ("Error initializing video stream", FrameFatal, Scene),
        ("Error: width not divisible by 2", FrameFatal, Scene),
        ("unknown argument, loading as file: -zz", FrameFatal, Plugin),
        ("Error: not a number '-f / --render-frame 1,x'.", FrameFatal, Plugin),
        ("Build without OpenImageDenoiser", WorkerFatal, Other),
        ("X11: Unable to open a display", WorkerFatal, Gpu),
        (
            "Error: A graphics card and driver with support for OpenGL 4.3 or higher is required.",
            WorkerFatal,
            Gpu,
        ),
        (
            "Failed to create headless GPU context: No EGL_MESA_platform_surfaceless extension",
            WorkerFatal,
            Gpu,
        ),
        ("Error: Found no Cycles device of the specified type", WorkerFatal, Gpu),
    ] {
        // As it stands, as a status of old versions, and as a line of new ones.
        for line in [line.to_owned(), format!("00:01.234  render           | ERROR {line}")] {
            let seen = faults(&[&line]);
            assert_eq!(seen.len(), 1, "{line}: {seen:?}");
            assert_eq!((seen[0].severity, seen[0].cause), (severity, cause), "{line}: {seen:?}");
            assert!(seen[0].message.len() > 20, "{line}: a message for a person: {seen:?}");
        }
    }
}

#[test]
fn what_sounds_bad_and_is_not_is_no_fault() {
    for line in [
        "could not get a list of mounted file-systems",
        "EGL Error (0x3001): EGL_NOT_INITIALIZED",
        "Managed to successfully fallback to surfaceless EGL rendering!",
        "No frames rendered, skipped to not overwrite",
        "Fra:1 Mem:9.41M (Peak 9.59M) | Time:00:00.00 | Mem:0.00M, Peak:0.00M | S, L | Synchronizing object | CUDA error",
    ] {
        let events = read(&[line]);
        let quiet = |event: &Event| matches!(event, Event::FrameStarted(_) | Event::MemoryBytes(_));
        assert!(events.iter().all(quiet), "{line}: {events:?}");
    }
}

#[test]
fn nothing_is_believed_after_the_gpu_ran_out_of_memory() {
    let events = read(&[
        "Fra:3 Mem:9.41M (Peak 9.59M) | Time:00:00.00 | S, L | Sample 1/2",
        "Saved: '/st/a_0003.png'",
        "Fra:4 Mem:9.41M (Peak 9.59M) | Time:00:00.00 | S, L | System is out of GPU memory",
        "Saved: '/st/a_0004.png'",
        "Fra:5 Mem:9.41M (Peak 9.59M) | Time:00:00.00 | S, L | Sample 2/2",
        "Saved: '/st/a_0005.png'",
    ]);
    let done: Vec<i32> = events
        .iter()
        .filter_map(|event| if let Event::FrameDone(image) = event { Some(image.frame) } else { None })
        .collect();
    assert_eq!(done, [3]);
    // Every image that was written and is not believed is named: the host finds those files in staging.
    let doubted: Vec<_> = events
        .iter()
        .filter_map(
            |event| if let Event::Fault(fault) = event { Some((fault.cause, fault.frame)) } else { None },
        )
        .collect();
    let memory = |frame| (Cause::Memory, Some(frame));
    assert_eq!(doubted, [memory(4), memory(4), memory(5)]);
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
fn a_traceback_is_one_warning_and_the_last_of_a_chain_counts() {
    let events = read(&[
        "Traceback (most recent call last):",
        "  File \"/a/rig.py\", line 2, in f",
        "    x()",
        "KeyError: 'arm'",
        "",
        "During handling of the above exception, another exception occurred:",
        "",
        "Traceback (most recent call last):",
        "  File \"/a/rig.py\", line 5, in g",
        "Fra:2 Mem:1.00M (Peak 2.00M) | Time:00:00.00 | Initializing",
        "ValueError: no arm",
        "",
        "Saved: '/st/a_0002.png'",
    ]);
    let warnings: Vec<&Event> = events.iter().filter(|event| matches!(event, Event::Warning(_))).collect();
    assert_eq!(
        warnings,
        [&Event::warning("Python raised ValueError: no arm (/a/rig.py, line 5, in g); Blender went on")]
    );
    assert!(events.iter().any(|event| matches!(event, Event::FrameDone(_))), "{events:?}");
}

#[test]
fn a_repeated_line_is_told_once() {
    let line = "Error: Could not find bone";
    assert_eq!(read(&[line; 500]), [Event::warning(line)]);
}

#[test]
fn an_image_elsewhere_is_a_fact_and_no_frame() {
    let events = read(&["Saved: /side/Image0001.png", "Saved: '/out/a_0001.png'"]);
    assert_eq!(events, [Event::fact("side-output", "/side/Image0001.png")]);
}

#[test]
fn a_missing_image_is_what_the_job_says_it_is() {
    let line = "Warning: Image file /a/wood.png does not exist";
    assert_eq!(read(&[line]), [Event::warning(line)]);
    let strict = Task {
        job: Job {
            raw_options: json!({ "missing_images": "fail" }).as_object().unwrap().clone(),
            ..Job::default()
        },
        ..Task::default()
    };
    assert!(matches!(read_for(&strict, &[line])[0], Event::Fault(_)));
}

#[test]
fn an_own_output_tells_where_images_go() {
    let task = Task { staging: format!("{FARM}/st"), ..Task::default() };
    let events =
        read_for(&task, &["farmhand: own-output=/pics/v#1/look_###.jpg", "Saved: '/farm/st/look_007.jpg'"]);
    let place = Some("/pics/v#1/look_007.jpg".to_owned());
    assert_eq!(events[1], Event::FrameDone(Image { frame: 7, path: "/farm/st/look_007.jpg".into(), place }));
}
