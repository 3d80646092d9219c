//! Renders scenes of glow, a made-up renderer that is run as
//!
//! ```text
//! glow --frames 1-10 --threads 4 --quality 50 --output PATTERN SCENE
//! ```

use farmhand_sdk::prelude::*;
use serde::Deserialize;
use serde_json::json;

/// The plugin.
pub struct Glow;

/// What a job may set.
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

/// What glow prints, and what it means. The first row that a line fits counts.
static LINES: [Line; 4] = [
    line("frame {frame} {percent}%", Means::Progress),
    line("wrote {path}", Means::Done),
    line("LICENCE: {message}", Means::fault(Severity::Transient, Cause::Licence).about("glow")),
    line("texture missing: {path}", Means::fault(Severity::FrameFatal, Cause::MissingFile)),
];

impl Plugin for Glow {
    type Reader = Matcher;

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

    fn build_command(task: &Task) -> Result<Command, PluginError> {
        let options: Options = task.job.kept_options()?;
        // glow writes into the task's staging directory; the host moves each image on once it is verified.
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
}

farmhand_sdk::export!(Glow);

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> Task {
        let job = Job {
            scene: "/show/a.glow".into(),
            output: Some("/show/out/a_####.png".into()),
            raw_options: [("quality".to_owned(), json!(70))].into_iter().collect(),
            ..Job::default()
        };
        Task {
            job,
            frames: FrameRuns::range(1, 3),
            threads: 4,
            staging: "/show/out/.s/7".into(),
            ..Task::default()
        }
    }

    #[test]
    fn runs_glow_on_the_tasks_frames() {
        let command = Glow::build_command(&task()).unwrap();
        let line = "--frames 1-3 --threads 4 --quality 70 --output /show/out/.s/7/a_####.png /show/a.glow";
        assert_eq!(command.args.join(" "), line);
        assert_eq!(command.outputs.len(), 3);
    }

    #[test]
    fn reads_what_glow_prints() {
        let log = "frame 2 10%\nwrote /show/out/.s/7/a_0002.png\nLICENCE: no seat for glow\ntexture missing: /t/a.tx";
        let log: Vec<String> = log.lines().map(str::to_owned).collect();
        let fault = |severity, cause, message: &str, frame, about: &str| {
            Event::Fault(Fault { severity, cause, message: message.into(), frame, about: Some(about.into()) })
        };
        let image = Image {
            frame: 2,
            path: "/show/out/.s/7/a_0002.png".into(),
            place: Some("/show/out/a_0002.png".into()),
        };
        let expected = [
            Event::FrameStarted(2),
            Event::Progress(0.1),
            Event::FrameDone(image),
            fault(Severity::Transient, Cause::Licence, "no seat for glow", None, "glow"),
            fault(Severity::FrameFatal, Cause::MissingFile, "texture missing: /t/a.tx", Some(2), "/t/a.tx"),
        ];
        assert_eq!(Glow::reader(&task()).read(&log).unwrap(), expected);
    }
}
