//! A plugin that renders nothing: it runs `true` or a shell script, and the exit code settles the frames. It is for
//! benchmarks of the orchestrator and for end-to-end tests; it is not built into farmhand.

use farmhand_sdk::prelude::*;
use serde::Deserialize;
use serde_json::json;

/// The plugin.
pub struct Noop;

#[derive(Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Program {
    #[default]
    True,
    Sh,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Options {
    program: Program,
    script: Option<String>,
}

impl Plugin for Noop {
    type Reader = NoopReader;

    fn describe() -> Descriptor {
        Descriptor {
            name: "noop".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: "Runs `true` or a shell script where others render: for benchmarks and tests.".into(),
            extensions: vec!["noop".into()],
            supports: "*".into(),
            tools: vec![ToolSpec::named("true", &["true"]), ToolSpec::named("sh", &["sh"])],
            levels: vec![
                Level::new("first", "Runs the program.", &["true", "sh"], FrameShape::Any),
                Level::new(
                    "second",
                    "Runs the program again, as a level of its own.",
                    &["true", "sh"],
                    FrameShape::Any,
                ),
            ],
            options_schema: json!({
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "program": {
                        "title": "Program",
                        "description": "`true` ends at once; `sh` runs the script.",
                        "enum": ["true", "sh"],
                        "default": "true",
                    },
                    "script": {
                        "title": "Script",
                        "description": "For `sh`. {first}, {last}, {frames}, {frame} (= {first}), {level}, {try}, \
                                        {staging} and {scratch} are filled in.",
                        "type": "string",
                    },
                },
            }),
        }
    }

    fn validate(job: &Job) -> Result<PreparedJob, Vec<Problem>> {
        let options: Options = job.options().map_err(|problem| vec![problem])?;
        match (options.program, options.script) {
            (Program::Sh, None) => Err(vec![Problem::new("/options/script", "program `sh` needs a script")]),
            (Program::True, Some(_)) => Err(vec![Problem::new(
                "/options/script",
                "program `true` takes no script; set `program` to `sh`",
            )]),
            _ => match job.without_frame_hooks() {
                problems if problems.is_empty() => Ok(job.prepared()),
                problems => Err(problems),
            },
        }
    }

    fn build_command(task: &Task) -> Result<Command, PluginError> {
        let options: Options = task.job.options().map_err(|problem| PluginError::new(problem.message))?;
        let command = match options.program {
            Program::True => Command::new("true"),
            Program::Sh => {
                Command::new("sh").arg("-c").arg(filled(&options.script.unwrap_or_default(), task))
            }
        };
        Ok(command.verify(Verify::ExitCode))
    }

    fn reader(_task: &Task) -> NoopReader {
        NoopReader
    }
}

fn filled(script: &str, task: &Task) -> String {
    let first = task.frames.first().unwrap_or_default().to_string();
    script
        .replace("{first}", &first)
        .replace("{frame}", &first)
        .replace("{last}", &task.frames.last().unwrap_or_default().to_string())
        .replace("{frames}", &task.frames.to_string())
        .replace("{level}", &task.level.to_string())
        .replace("{try}", &task.try_number.to_string())
        .replace("{staging}", &task.staging)
        .replace("{scratch}", &task.scratch)
}

/// Passes on what a script asks for: `frame N`, `progress 0.5`, `warning TEXT`, `transient TEXT`, `fatal TEXT`,
/// `broken TEXT`.
pub struct NoopReader;

impl Reader for NoopReader {
    fn line(&mut self, line: &str, events: &mut Vec<Event>) {
        let Some((word, rest)) = line.split_once(' ') else { return };
        events.extend(match word {
            "frame" => rest.parse().ok().map(Event::FrameStarted),
            "progress" => rest.parse().ok().map(Event::Progress),
            "warning" => Some(Event::warning(rest)),
            "transient" => Some(Event::fault(Severity::Transient, Cause::Other, rest)),
            "fatal" => Some(Event::fault(Severity::FrameFatal, Cause::Other, rest)),
            "broken" => Some(Event::fault(Severity::WorkerFatal, Cause::Other, rest)),
            _ => None,
        });
    }
}

farmhand_sdk::export!(Noop);

#[cfg(test)]
mod tests {
    use super::*;

    fn job(options: &serde_json::Value) -> Job {
        Job { raw_options: options.as_object().unwrap().clone(), ..Job::default() }
    }

    #[test]
    fn a_script_knows_its_task() {
        let task = Task {
            job: job(&json!({ "program": "sh", "script": "echo {frames} {first} {last} > {staging}/x" })),
            frames: FrameRuns::new(vec![
                FrameRun { first: 1, last: 3, step: 1 },
                FrameRun { first: 7, last: 7, step: 1 },
            ]),
            staging: "/st".into(),
            ..Task::default()
        };
        let command = Noop::build_command(&task).unwrap();
        assert_eq!((command.tool.as_str(), command.verify), ("sh", Verify::ExitCode));
        assert_eq!(command.args, ["-c", "echo 1-3,7 1 7 > /st/x"]);
    }

    #[test]
    fn a_script_and_its_program_go_together() {
        assert!(Noop::validate(&job(&json!({}))).is_ok());
        assert_eq!(
            Noop::validate(&job(&json!({ "program": "sh" }))).unwrap_err()[0].field,
            "/options/script"
        );
        assert_eq!(Noop::validate(&job(&json!({ "script": "x" }))).unwrap_err()[0].field, "/options/script");
        assert_eq!(
            Noop::validate(&job(&json!({ "program": "rm" }))).unwrap_err()[0].field,
            "/options/program"
        );
    }

    #[test]
    fn the_reader_says_what_the_script_says() {
        let lines = ["frame 3", "progress 0.5", "transient busy", "noise", "frame x"].map(String::from);
        let events = NoopReader.read(&lines).unwrap();
        assert_eq!(
            events,
            [
                Event::FrameStarted(3),
                Event::Progress(0.5),
                Event::fault(Severity::Transient, Cause::Other, "busy"),
            ]
        );
    }
}
