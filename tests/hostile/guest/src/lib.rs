//! The guest of the hostile suite: one component that does harm as it is told.
//!
//! Its name, and what it does wrong while it describes itself, are read from [`SPEC`], which the suite patches in the
//! compiled bytes. What it does wrong in any other call is the job's option `do`, written `PLACE:WHAT`. Told nothing,
//! it renders: it copies its scene, which is an image, to where each frame belongs.

use exports::farmhand::dcc::dcc::{
    Command, Descriptor, Event, Guest, GuestReader, Job, Outcome, PluginError, PreparedJob, Problem, Task,
    Verdict,
};
use farmhand::dcc::host;
use farmhand::dcc::types::{
    Cause, Decision, EnvVar, Fact, Fault, FrameRun, FrameShape, Image, Level, Output, Severity, ToolSpec,
    VerifyRule,
};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

wit_bindgen::generate!({ world: "plugin", path: "../../../wit/v0" });

/// What every text of it carries: a terminal's escape, and markup.
const POISON: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}<img src=x onerror=alert(1)>\u{202e}";

/// `name=…;do=…`, padded with spaces: the suite writes another of the same length over it.
#[unsafe(no_mangle)]
pub static SPEC: [u8; 120] = *b"HOSTILE{name=hostile;do=}                                                                                               ";

/// The value of a key in [`SPEC`]. Read through volatile loads, so that the compiler cannot fold the default in.
fn spec(key: &str) -> String {
    let bytes = SPEC.iter().map(|byte| unsafe { std::ptr::read_volatile(byte) }).collect();
    let text = String::from_utf8(bytes).unwrap_or_default();
    let pairs = text.trim_end().trim_start_matches("HOSTILE{").trim_end_matches('}');
    let value = pairs.split(';').filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == key);
    value.map(|(_, value)| value.to_owned()).unwrap_or_default()
}

/// What the job has it do at this place; nothing where that is another's. No JSON parser: the suite writes it without
/// escapes.
fn told(job: &Job, place: &str) -> String {
    let options = job.options();
    let value = options.split_once("\"do\":\"").and_then(|(_, rest)| rest.split_once('"'));
    let what = value.and_then(|(told, _)| told.strip_prefix(place)?.strip_prefix(':'));
    what.unwrap_or_default().to_owned()
}

static DEEPEST: AtomicU64 = AtomicU64::new(u64::MAX);

fn recurse(depth: u64) -> u64 {
    // Nothing here lives in memory, so that it is the call stack that fills up.
    if depth == DEEPEST.load(Ordering::Relaxed) { depth } else { recurse(depth + 1).rotate_left(1) ^ depth }
}

/// A string of a length that no memory of this guest has.
fn gigabyte() -> &'static str {
    // SAFETY: none. The host is handed a place and a length, and must not believe them.
    unsafe { std::str::from_utf8_unchecked(std::slice::from_raw_parts(black_box(16 as *const u8), 1 << 30)) }
}

fn refuse(message: String) -> Result<(), PluginError> {
    Err(PluginError { message, traceback: None })
}

/// What any call can do wrong, whatever its answer would be. Comes back where it is none of these.
fn misbehave(what: &str) -> Result<(), PluginError> {
    match what {
        "loop" => loop {
            black_box(());
        },
        "recurse" => {
            black_box(recurse(0));
        }
        "memory" => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(black_box(Vec::<u8>::with_capacity(1 << 20)));
            }
        }
        "string" => host::log(host::LogLevel::Info, gigabyte()),
        "megabytes" => host::log(host::LogLevel::Info, &"x".repeat(12 << 20)),
        "panic" => panic!("{POISON} the guest panics"),
        "exit" => std::process::exit(0),
        "sleep" => std::thread::sleep(std::time::Duration::from_secs(3600)),
        "flood" => {
            for line in 0..200_000 {
                host::log(host::LogLevel::Error, &format!("{POISON} line {line} of a flood"));
                if line % 10 == 0 {
                    println!("{POISON} print {line} of a flood");
                }
            }
            return refuse(format!("{POISON} flooded {}", "x".repeat(2 << 20)));
        }
        "outside" => return refuse(format!("reached: [{}]", outside())),
        "paths" => {
            let endless = format!("/{}", "a/".repeat(1 << 20));
            let found = [
                host::file_exists(&endless).is_ok(),
                host::directory_exists(&endless).is_ok(),
                host::read_file(&endless).is_ok(),
                host::read_part(&endless, u64::MAX, u32::MAX).is_ok(),
                host::list_files(&endless).is_ok(),
                host::list_files("/").is_ok(),
                host::read_file("/proc/self/environ").is_ok(),
                host::read_part("/dev/zero", 0, u32::MAX).is_ok(),
            ];
            return refuse(format!("found: {}", found.iter().filter(|found| **found).count()));
        }
        _ => {}
    }
    Ok(())
}

/// What of the outside world can be reached; all of it should be refused.
fn outside() -> String {
    let reached = [
        ("files", std::fs::read("/etc/passwd").is_ok() || std::fs::read_dir("/").is_ok()),
        ("its directory", std::fs::read_dir(".").is_ok() || std::fs::File::open("/dev/null").is_ok()),
        ("writing", std::fs::write("/tmp/farmhand-hostile", "x").is_ok()),
        ("environment", std::env::vars().next().is_some()),
        ("arguments", std::env::args().next().is_some()),
        ("connections", std::net::TcpStream::connect("127.0.0.1:22").is_ok()),
        ("listening", std::net::TcpListener::bind("127.0.0.1:0").is_ok()),
        ("datagrams", std::net::UdpSocket::bind("127.0.0.1:0").is_ok()),
        ("processes", std::process::Command::new("sh").spawn().is_ok()),
        ("threads", std::thread::Builder::new().spawn(|| ()).is_ok()),
        ("input", std::io::stdin().lines().next().is_some()),
        ("files of the host", host::read_file("/etc/passwd").is_ok()),
        ("variables of the host", host::env("PATH").is_some()),
        ("configuration", host::config() != "{}"),
    ];
    reached.into_iter().filter(|(_, reached)| *reached).map(|(what, _)| what).collect::<Vec<_>>().join(", ")
}

struct Hostile;

fn schema(what: &str) -> String {
    let deep = |depth: usize| {
        let (open, close) = (r#"{"type":"object","not":"#.repeat(depth), "}".repeat(depth));
        format!("{open}{{\"type\":\"object\"}}{close}")
    };
    match what {
        "schema-deep" => deep(100),
        "schema-abyss" => deep(50_000),
        "schema-huge" => {
            let options = (0..20_000).map(|n| format!(r#""o{n}":{{"type":"string"}}"#)).collect::<Vec<_>>();
            format!(r#"{{"type":"object","properties":{{{}}}}}"#, options.join(","))
        }
        // Each doubles the one before: sixty of them are more than there are atoms to write them with.
        "schema-bomb" => {
            let twice = |n: u32| {
                format!(r##""d{}":{{"allOf":[{{"$ref":"#/$defs/d{n}"}},{{"$ref":"#/$defs/d{n}"}}]}}"##, n + 1)
            };
            let all = (0..60).map(twice).collect::<Vec<_>>().join(",");
            format!(r##"{{"type":"object","$defs":{{"d0":{{}},{all}}},"not":{{"$ref":"#/$defs/d60"}}}}"##)
        }
        "schema-pattern" => {
            r#"{"type":"object","properties":{"a":{"type":"string","pattern":"((a{1000}){1000}){1000}"}}}"#
                .into()
        }
        _ => r#"{"type":"object","properties":{"do":{"type":"string"}},"additionalProperties":false}"#.into(),
    }
}

fn tool(id: &str, names: &[&str]) -> ToolSpec {
    let names = names.iter().map(|&name| name.to_owned()).collect();
    ToolSpec { id: id.into(), names, globs: vec![], version_args: vec![] }
}

fn image(frame: i32, path: impl Into<String>, place: Option<String>) -> Image {
    Image { frame, path: path.into(), place }
}

/// Every frame of the runs. They are few.
fn each(runs: &[FrameRun]) -> impl Iterator<Item = i32> + '_ {
    runs.iter().flat_map(|run| (run.first..=run.last).step_by(run.step as usize))
}

/// What the command writes, or says that it writes.
fn outputs(task: &Task, what: &str) -> Vec<Output> {
    let (staging, directory) = (task.staging(), task.job().output().unwrap_or_default());
    let one = |frame: i32, path: String, place: Option<String>| Output::Image(image(frame, path, place));
    let mut outputs: Vec<Output> = each(&task.frames())
        .map(|frame| one(frame, format!("{staging}/{frame}.png"), Some(format!("{directory}/{frame}.png"))))
        .collect();
    let elsewhere = match what {
        "up" => format!("{staging}/../../../../../../etc/passwd"),
        "root" => "/etc/passwd".into(),
        "null" => "/dev/null".into(),
        "disk" => "/dev/sda".into(),
        "share" => r"\\host\share\x.png".into(),
        "poison" => format!("{staging}/{POISON}.png"),
        "link" => format!("{directory}/way-out/passwd"),
        "foreign-frame" => {
            outputs.push(one(99_999, format!("{staging}/99999.png"), None));
            return outputs;
        }
        "place" => {
            outputs.clear();
            outputs.push(one(1, format!("{staging}/1.png"), Some("/etc/farmhand-hostile.png".into())));
            return outputs;
        }
        _ => return outputs,
    };
    vec![one(1, elsewhere, None)]
}

impl Guest for Hostile {
    type Reader = HostileReader;

    fn describe() -> Result<Descriptor, PluginError> {
        let what = spec("do");
        misbehave(&what)?;
        let name = spec("name");
        let mut descriptor = Descriptor {
            extensions: vec![name.clone()],
            name,
            version: "1.0.0".into(),
            summary: format!("{POISON} does harm as it is told"),
            supports: "*".into(),
            tools: vec![tool("sh", &["sh"]), tool("other", &["true"])],
            levels: vec![Level {
                name: "render".into(),
                summary: POISON.into(),
                tools: vec!["sh".into()],
                frames: FrameShape::Any,
            }],
            options_schema: schema(&what),
        };
        match what.as_str() {
            "changing" => descriptor.summary = format!("{:?}", std::time::SystemTime::now()),
            "huge-name" => descriptor.name = "x".repeat(16 << 20),
            "poison" => {
                descriptor.name = format!("a{POISON}");
                descriptor.version = POISON.into();
                descriptor.supports = POISON.into();
                descriptor.levels[0].name = POISON.into();
                descriptor.levels[0].tools = vec![POISON.into()];
            }
            "many" => descriptor.tools[0].globs = vec!["/**/*".into(); 100_000],
            "globs" => descriptor.tools[0].globs = vec!["/**/*".into()],
            _ => {}
        }
        Ok(descriptor)
    }

    fn validate(job: &Job) -> Result<PreparedJob, Vec<Problem>> {
        let what = told(job, "validate");
        if let Err(error) = misbehave(&what) {
            return Err(vec![Problem { field: format!("/{POISON}"), message: error.message }]);
        }
        let mut prepared = PreparedJob {
            layers: job.layers(),
            frames: job.frames(),
            output: job.output(),
            options: job.options(),
            whole: true,
            licences: vec![],
            notes: vec![format!("{POISON} is a note")],
        };
        match what.as_str() {
            "frames" => prepared.frames = vec![FrameRun { first: 1, last: 1_000_000, step: 1 }],
            "endless-frames" => {
                prepared.frames = vec![FrameRun { first: i32::MIN, last: i32::MAX, step: 1 }; 100_000];
            }
            "notes" => prepared.notes = vec!["x".repeat(6 << 20)],
            "layers" => prepared.layers = vec![POISON.into()],
            "options" => prepared.options = format!("{{\"do\":\"{}\"}}", "x".repeat(6 << 20)),
            _ => {}
        }
        Ok(prepared)
    }

    fn build_command(task: &Task) -> Result<Command, PluginError> {
        let job = task.job();
        let what = told(&job, "command");
        misbehave(&what)?;
        let (scene, staging) = (job.scene(), task.staging());
        let link = match told(&job, "reader").as_str() {
            // The image is a link that leads out, or to what never ends.
            "linked" => "rm \"$1/1.png\"; ln -s /etc/passwd \"$1/1.png\"; ",
            "endless" => "rm \"$1/1.png\"; ln -s /dev/zero \"$1/1.png\"; ",
            _ => "",
        };
        let frames: Vec<String> = each(&task.frames()).map(|frame| frame.to_string()).collect();
        let script = match told(&job, "judge").as_str() {
            "" => format!(
                "for frame in {frames}; do cp \"$0\" \"$1/$frame.png\"; done; {link}echo frames {frames}",
                frames = frames.join(" ")
            ),
            // What is to be judged has gone wrong.
            _ => "exit 1".into(),
        };
        let mut args = vec!["-c".into(), script, scene, staging];
        match what.as_str() {
            "long" => args.push("x".repeat(10 << 20)),
            "longer-than-allowed" => args.push("x".repeat(4 << 20)),
            "many" => args.extend(std::iter::repeat_n(String::new(), 2_000_000)),
            "nul" => args.push("a\0b".into()),
            _ => {}
        }
        let mut env = vec![];
        if what == "variables" {
            env.push(EnvVar { name: "HUGE".into(), value: "x".repeat(4 << 20) });
        }
        Ok(Command {
            tool: match what.as_str() {
                "tool" => format!("bash{POISON}"),
                // Described, but not of this level.
                "other-tool" => "other".into(),
                _ => "sh".into(),
            },
            args,
            env,
            cwd: None,
            files: vec![],
            outputs: outputs(task, &what),
            verify: VerifyRule::Images,
        })
    }

    fn judge(task: &Task, outcome: &Outcome) -> Result<Verdict, PluginError> {
        let what = told(&task.job(), "judge");
        misbehave(&what)?;
        let decision = match (what.as_str(), outcome.frames_missing().is_empty()) {
            ("never", _) => Decision::Retry(u32::MAX),
            (_, true) => Decision::Accept,
            (_, false) => Decision::FailFrames,
        };
        let reason = match what.as_str() {
            "silent" => String::new(),
            _ => format!("{POISON} judged {}", "x".repeat(1 << 20)),
        };
        Ok(Verdict { decision, reason })
    }
}

struct HostileReader {
    what: String,
    staging: String,
    directory: String,
}

impl GuestReader for HostileReader {
    fn new(task: &Task) -> Self {
        let job = task.job();
        // Without an answer to refuse with, it can only do what never comes back.
        let _ = misbehave(&told(&job, "reader.new"));
        let directory = job.output().unwrap_or_default();
        Self { what: told(&job, "reader"), staging: task.staging(), directory }
    }

    fn read(&self, _lines: Vec<String>) -> Result<Vec<Event>, PluginError> {
        misbehave(&self.what)?;
        let fault = |frame, n: u32| {
            Event::Fault(Fault {
                severity: Severity::FrameFatal,
                cause: Cause::Crash,
                message: format!("{POISON} fault {n} {}", "x".repeat(10_000)),
                frame,
                about: Some(POISON.into()),
            })
        };
        let done = |frame: i32| {
            let place = (self.what != "unplaced").then(|| format!("{}/{frame}.png", self.directory));
            Event::FrameDone(image(frame, format!("{}/{frame}.png", self.staging), place))
        };
        Ok(match self.what.as_str() {
            "foreign" => (0..10_000).flat_map(|n| [Event::FrameStarted(9000 + n), done(9000 + n)]).collect(),
            "begun" => (0..90_000).map(|n| Event::FrameStarted(1 + n % 2)).collect(),
            "faults" => (0..300).map(|n| fault(None, n)).collect(),
            "facts" => (0..600)
                .map(|n| {
                    let value = format!("{POISON}{}", "x".repeat(10_000));
                    Event::Fact(Fact { name: format!("{POISON} {n}"), value })
                })
                .collect(),
            "contradict" => {
                vec![done(1), fault(Some(1), 1), done(1), Event::FrameSkipped(image(1, "/etc/passwd", None))]
            }
            "nonsense" => vec![Event::Progress(f32::NAN), done(1)],
            "elsewhere" => {
                ["/etc/passwd", "/dev/null", "/dev/sda", r"\\host\share\1.png", "1.png", "/proc/self/mem"]
                    .into_iter()
                    .map(|path| Event::FrameDone(image(1, path, None)))
                    .collect()
            }
            "linked" | "endless" | "unplaced" => vec![done(1)],
            _ => vec![],
        })
    }

    fn finish(&self) -> Result<Vec<Event>, PluginError> {
        Ok(vec![])
    }
}

export!(Hostile);
