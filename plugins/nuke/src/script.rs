//! The generated script of level 1: where it lies, what its header says, and the task as one JSON text. What it does
//! is in `render.py`.

use crate::names::{self, Names};
use crate::options::{Options, ScriptPlace, Size};
use farmhand_sdk::prelude::*;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// The time in seconds since 1970.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default()
}

/// The generated script. The host removes it once all of the task's images are verified, and leaves it where something
/// failed: it knows more of that than the script itself.
///
/// # Errors
/// The output is no template.
pub fn file(task: &Task, options: &Options, write: &str, now: u64) -> Result<TextFile, PluginError> {
    let name = format!(
        "render_{}_f{:03}_{now}_{}.py",
        path::safe_name(write).replace(' ', "_"),
        task.frames.first().unwrap_or_default(),
        task.attempt
    );
    let path = match options.script_place {
        ScriptPlace::Beside => path::join(&directory(&task.job), &name),
        ScriptPlace::Scratch => name,
    };
    let job = json!({
        "script": names::slashes(&task.job.scene),
        "write": write,
        "frames": frames(task, options)?,
        "views": options.views,
        "size": options.size.map(|size| if size == Size::Proxy { "proxy" } else { "full" }),
        "argv": crate::command::argv(task, options),
        "staging": names::slashes(&task.staging),
        "make_directories": options.make_directories,
        "continue_on_error": options.continue_on_error,
        "path_map": task.job.path_map.iter().map(|rule| {
            [rule.spelled.trim_end_matches('/').to_owned(), names::slashes(&rule.here)]
        }).collect::<Vec<_>>(),
        "hooks": report::frame_hooks(&task.job),
    });
    let contents = include_str!("render.py")
        .replace("@HEADER@", &header(task, write, now))
        .replace("@PRELUDE@", report::PRELUDE.trim_end())
        .replace("@JOB@", &literal(&job));
    Ok(TextFile { path, contents, remove_on_success: true })
}

/// Where the script lies: the host takes a relative path from the scratch directory.
#[must_use]
pub fn full_path(task: &Task, file: &TextFile) -> String {
    names::slashes(&path::join(&task.scratch, &file.path))
}

/// `py/{script}` beside the Nuke script.
#[must_use]
pub fn directory(job: &Job) -> String {
    let (directory, _) = path::split(&job.scene);
    let (stem, _) = path::stem_and_extension(&job.scene);
    path::join(&path::join(directory, "py"), stem)
}

/// Frames with the images of each; a frame without images is one of which only the Write node knows where it goes.
fn frames(task: &Task, options: &Options) -> Result<Vec<Value>, PluginError> {
    let names = task.job.output.as_deref().map(Names::new);
    task.frames
        .iter()
        .map(|frame| {
            let images = match &names {
                Some(names) => names::staged(task, names, &options.views, frame)?,
                None => Vec::new(),
            };
            let image =
                |one: names::Target| json!({ "view": one.view, "path": one.path, "place": one.place });
            Ok(json!({ "frame": frame, "images": images.into_iter().map(image).collect::<Vec<_>>() }))
        })
        .collect()
}

/// The job as JSON in a raw string of Python's, a key and a frame a line, for whoever debugs it. An apostrophe would end
/// the string; JSON has another spelling for it.
fn literal(job: &Value) -> String {
    let line = |(key, value): (&String, &Value)| match value {
        Value::Array(frames) if key == "frames" => {
            let frames: Vec<String> = frames.iter().map(Value::to_string).collect();
            format!("\"frames\": [\n    {}\n]", frames.join(",\n    "))
        }
        value => format!("\"{key}\": {value}"),
    };
    let lines: Vec<String> = job.as_object().into_iter().flatten().map(line).collect();
    format!("r'''{{\n{}\n}}'''", lines.join(",\n").replace('\'', "\\u0027"))
}

fn header(task: &Task, write: &str, now: u64) -> String {
    let (_, scene) = path::split(&task.job.scene);
    let frames = if task.frames.len() == 1 { "Frame" } else { "Frames" };
    let lines = [
        "farmhand Nuke render script".to_owned(),
        format!("Generated: {} UTC", date(now)),
        format!("Script: {scene}"),
        format!("Write Node: {write}"),
        format!("{frames}: {}", task.frames),
        format!("Job: {} {}", task.job.id, task.job.name),
        format!("Attempt: {}", task.attempt),
    ];
    // Inside a string of Python's: nothing that ends it, or begins an escape.
    let clean = |c: char| match c {
        '"' => '\'',
        '\\' => '/',
        c if c.is_control() => ' ',
        c => c,
    };
    lines.map(|line| line.chars().map(clean).collect::<String>()).join("\n")
}

/// `2025-06-26 18:15:23`, by the civil calendar: years begin in March here, so that the leap day comes last.
fn date(seconds: u64) -> String {
    let (days, clock) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}:{:02}", clock / 3600, clock / 60 % 60, clock % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_a_date() {
        for (seconds, expected) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_399, "2000-02-28 23:59:59"),
            (951_782_400, "2000-02-29 00:00:00"),
            (1_719_428_123, "2024-06-26 18:55:23"),
            (4_107_542_400, "2100-03-01 00:00:00"),
        ] {
            assert_eq!(date(seconds), expected, "{seconds}");
        }
    }

    #[test]
    fn a_script_lies_where_the_seed_says() {
        let job = Job { scene: "/show/sc010/comp.v2.nk".into(), ..Job::default() };
        let task = Task {
            job,
            frames: FrameRuns::range(24, 24),
            attempt: 9,
            scratch: "/s".into(),
            ..Task::default()
        };
        let place = |options: &Options| {
            let file = file(&task, options, "BeautyPass", 1_719_428_124).unwrap();
            full_path(&task, &file)
        };
        assert_eq!(
            place(&Options::default()),
            "/show/sc010/py/comp.v2/render_BeautyPass_f024_1719428124_9.py"
        );
        let scratch = Options { script_place: ScriptPlace::Scratch, ..Options::default() };
        assert_eq!(place(&scratch), "/s/render_BeautyPass_f024_1719428124_9.py");
    }

    #[test]
    fn a_header_ends_no_string() {
        let job = Job { name: "a\"\"\" + \\u0041\n".into(), scene: "/a.nk".into(), ..Job::default() };
        let header = header(&Task { job, ..Task::default() }, "W", 0);
        assert!(header.contains("Job: 0 a''' + /u0041 \n"), "{header}");
    }
}
