//! A farmhand plugin for a made-up renderer that is run as
//!
//! ```text
//! glow --frames 1-10 --threads 4 --quality 50 --output PATTERN SCENE
//! ```
//!
//! Put your renderer in its place from the top down; each step says what to change. `farmhand plugin watch` builds on
//! every save and shows the compiler's words.

use farmhand_sdk::prelude::*;
use serde::Deserialize;
use serde_json::json;

/// The plugin.
pub struct Glow;

/// 1. What a job may set; the schema below says the same to farmhand and to the page.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    quality: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { quality: 50 }
    }
}

/// 2. What the renderer prints, and what it means; the first pattern that a line fits counts. A name in braces says what
///    stands there, and `*` is anything: see `Matcher` in the SDK.
static LINES: [Line; 4] = [
    line("frame {frame} {percent}%", Means::Progress),
    line("wrote {path}", Means::Done),
    line("LICENCE: {message}", Means::fault(Severity::Transient, Cause::Licence).about("glow")),
    line("texture missing: {path}", Means::fault(Severity::FrameFatal, Cause::MissingFile)),
];

impl Plugin for Glow {
    type Reader = Matcher;

    /// 3. What this plugin is: which files are scenes of the renderer, and which programs render them. A program is
    ///    looked for on PATH; a `ToolSpec` can say where else.
    fn describe() -> Descriptor {
        Descriptor {
            name: "glow".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: "Renders scenes of glow.".into(),
            extensions: vec!["glow".into()],
            supports: "*".into(),
            tools: vec![ToolSpec::named("glow", &["glow"])],
            levels: vec![Level::new("render", "Renders with glow.", &["glow"], FrameShape::Any)],
            options_schema: json!({
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "quality": {
                        "title": "Quality",
                        "description": "From 1, quick and noisy, to 100.",
                        "type": "integer",
                        "minimum": 1,
                        "maximum": 100,
                        "default": 50,
                    },
                },
            }),
        }
    }

    /// 4. What to run for some frames. The renderer writes into a directory of the task's own (`images.pattern()`, with
    ///    `####` for the frame); farmhand moves each image to its place once it is whole.
    fn build_command(task: &Task) -> Result<Command, PluginError> {
        let options: Options = task.job.kept_options()?;
        let images = task.images("png")?;
        Ok(Command::new("glow")
            .args(["--frames", &task.frames.to_string()])
            .args(["--threads", &task.threads.to_string()])
            .args(["--quality", &options.quality.to_string()])
            .args(["--output", &images.pattern()])
            .arg(&task.job.scene)
            .outputs(images.all()))
    }

    fn reader(task: &Task) -> Matcher {
        Matcher::new(task, &LINES)
    }

    // There is more where you need it: `validate` refuses a job that cannot work, `judge` decides what the end of a
    // process means, and the trait `Hooks` runs something before and after.
}

farmhand_sdk::export!(Glow);

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> Task {
        let job = Job {
            scene: "/show/shot.glow".into(),
            output: Some("/show/out/shot_####.png".into()),
            raw_options: [("quality".to_owned(), json!(70))].into_iter().collect(),
            ..Job::default()
        };
        let frames = FrameRuns::range(1, 3);
        Task { job, frames, threads: 4, staging: "/show/out/.staging/7".into(), ..Task::default() }
    }

    #[test]
    fn the_command_has_the_frames_and_the_options() {
        let command = Glow::build_command(&task()).unwrap();
        assert_eq!(command.args[..6], ["--frames", "1-3", "--threads", "4", "--quality", "70"]);
        assert_eq!(command.outputs.len(), 3);
    }

    #[test]
    fn the_reader_sees_progress() {
        let events = Glow::reader(&task()).read(&["frame 3 42%".to_owned()]).unwrap();
        assert_eq!(events, [Event::FrameStarted(3), Event::Progress(0.42)]);
    }
}
