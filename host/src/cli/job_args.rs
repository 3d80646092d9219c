//! The flags that describe a job, for `submit` and `render`, and the submission that they come to.

use super::context::Context;
use super::error::CliError;
use crate::farm::{DigestChoice, GpuRequest, PinnedPlugin, PluginRequest, Submission};
use clap::Args;
use farmhand_model::batch::{NotifyMoment, NotifyWish};
use farmhand_model::hooks::{HookRequest, Moment, OnFailure};
use farmhand_model::job::{Chunking, FrameOrder, JobLimits};
use farmhand_model::{Bytes, FrameSet, JobId};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::str::FromStr;

#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(super) struct JobArgs {
    /// Frames, such as 1-100, 1,5,10-20 or 1-100x5; by default the scene's own range, where it can be read
    #[arg(short, long, value_name = "SET", allow_hyphen_values = true)]
    frames: Option<FrameSet>,
    /// Where the images go, as the DCC understands it: out/shot_####; relative paths start here. By default the scene's
    /// own setting
    #[arg(short, long, value_name = "PATH")]
    output: Option<String>,
    /// Render this layer on its own; may be repeated
    #[arg(short, long = "layer", value_name = "NAME")]
    layers: Vec<String>,
    /// Set an option of the plugin: samples=16, engine=CYCLES, resolution.percentage=50; may be repeated
    #[arg(short = 'O', long = "option", value_name = "NAME=VALUE")]
    options: Vec<JobOption>,
    /// Use this plugin, with a requirement on its version after an @: blender, maya@^2.1
    #[arg(short, long, value_name = "NAME")]
    plugin: Option<String>,
    /// Use the version of the plugin that serves now from beginning to end, however often others are saved
    #[arg(long)]
    pin_plugin: bool,
    /// Use this version of the plugin from beginning to end, by its digest or the beginning of it
    #[arg(long, value_name = "DIGEST", conflicts_with = "pin_plugin")]
    plugin_digest: Option<String>,
    /// Use a DCC version that meets this requirement: ^4.5, >=2024
    #[arg(long, value_name = "REQUIREMENT")]
    dcc_version: Option<String>,
    /// What people call the job; by default the scene's name
    #[arg(long)]
    name: Option<String>,
    /// Who submits it; by default who you are here
    #[arg(long)]
    user: Option<String>,
    /// In which order frames are given out: forward, reverse, or spread (first, last, middle, then in between)
    #[arg(long, value_parser = parse_order, value_name = "ORDER")]
    order: Option<FrameOrder>,
    /// Frames that one process gets: auto, whole, or a number
    #[arg(long, value_parser = parse_chunk, value_name = "FRAMES")]
    chunk: Option<Chunking>,
    /// CPU threads of each task
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    threads: Option<u32>,
    /// Memory of each task: 12GB, 8GiB; by default what the plugin says, or what the job's attempts turn out to take
    #[arg(long, value_name = "SIZE")]
    memory: Option<Bytes>,
    /// GPUs of each task: 2, or 1:12GB for a part of one; 0 for none. By default what the plugin wants
    #[arg(long, value_name = "N[:SIZE]", value_parser = parse_gpus)]
    gpus: Option<GpuRequest>,
    /// Start without the GPUs of --gpus where the node has none for renders
    #[arg(long, requires = "gpus")]
    gpus_optional: bool,
    /// A licence, or a counter of the configuration's [limits], that each task takes; may be repeated
    #[arg(long = "licence", value_name = "NAME")]
    licences: Vec<String>,
    /// 0 to 100; higher goes first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=100))]
    priority: Option<u8>,
    /// Leave frames alone whose images are there and whole
    #[arg(long)]
    skip_existing: bool,
    /// Start once these jobs are done
    #[arg(long, value_name = "JOB", value_delimiter = ',')]
    after: Vec<JobId>,
    /// Use only this level, such as render; may be repeated
    #[arg(long = "level", value_name = "NAME")]
    levels: Vec<String>,
    /// Start at this level and leave out those before it
    #[arg(long, value_name = "NAME")]
    start_level: Option<String>,
    /// Run one of the studio's own scripts: publish.sh@after-job, and what its failure means after a colon:
    /// check.py@after-frame:warn (fail, warn or hold); may be repeated
    #[arg(long = "hook", value_name = "NAME@MOMENT", value_parser = parse_hook)]
    hooks: Vec<HookRequest>,
    /// Tell this webhook of the configuration when the job ends, or with `@failure` when it first fails; a program of the
    /// hooks directory as `command:NAME`; may be repeated
    #[arg(long = "notify", value_name = "WHOM", value_parser = parse_notify)]
    notify: Vec<NotifyWish>,
    /// Tasks at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_tasks: Option<u32>,
    /// Tries that transient faults may cost a frame, besides the first
    #[arg(long, value_name = "N")]
    retries: Option<u32>,
    /// End an attempt after this long; 0 means never
    #[arg(long, value_name = "SECONDS")]
    attempt_seconds: Option<u32>,
    /// End an attempt when one frame takes this long; 0 means never
    #[arg(long, value_name = "SECONDS")]
    frame_seconds: Option<u32>,
    /// End an attempt that shows no sign of life for this long; 0 means never
    #[arg(long, value_name = "SECONDS")]
    stall_seconds: Option<u32>,
    /// Fail the job when more frames than this have failed
    #[arg(long, value_name = "N")]
    max_failed_frames: Option<u32>,
}

/// One `NAME=VALUE`: dots in the name nest, and the value is JSON where it can be read as such.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct JobOption {
    path: Vec<String>,
    value: Value,
}

impl FromStr for JobOption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, such as samples=16")?;
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            return Err(format!("`{name}` is no name of an option"));
        }
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        Ok(Self { path, value })
    }
}

fn parse_order(text: &str) -> Result<FrameOrder, String> {
    match text {
        "forward" => Ok(FrameOrder::Forward),
        "reverse" => Ok(FrameOrder::Reverse),
        "spread" => Ok(FrameOrder::Spread),
        _ => Err("write forward, reverse or spread".to_owned()),
    }
}

fn parse_chunk(text: &str) -> Result<Chunking, String> {
    match (text, text.parse()) {
        ("auto", _) => Ok(Chunking::Auto),
        ("whole", _) => Ok(Chunking::Whole),
        (_, Ok(frames)) if frames > 0 => Ok(Chunking::Fixed(frames)),
        _ => Err("write auto, whole, or a number from 1".to_owned()),
    }
}

fn parse_gpus(text: &str) -> Result<GpuRequest, String> {
    let (count, memory) = match text.split_once(':') {
        Some((count, memory)) => (count, Some(memory.parse::<Bytes>().map_err(|error| error.to_string())?)),
        None => (text, None),
    };
    let count =
        count.parse().map_err(|_| "write a number such as 2, or 1:12GB for a part of a GPU".to_owned())?;
    Ok(GpuRequest { count, memory, required: true })
}

/// `chat`, `chat@failure`, `command:tell.sh@end`.
fn parse_notify(text: &str) -> Result<NotifyWish, String> {
    let (whom, on) = match text.rsplit_once('@') {
        None | Some((_, "end")) => (text.strip_suffix("@end").unwrap_or(text), NotifyMoment::End),
        Some((whom, "failure" | "first-failure")) => (whom, NotifyMoment::FirstFailure),
        Some((_, other)) => return Err(format!("`{other}` is no moment; there are `end` and `failure`")),
    };
    if whom.is_empty() || whom == "command:" {
        return Err(
            "a webhook of the configuration is expected, or `command:` and a program's name".to_owned()
        );
    }
    let (webhook, command) = match whom.strip_prefix("command:") {
        Some(command) => (None, Some(command.to_owned())),
        None => (Some(whom.to_owned()), None),
    };
    Ok(NotifyWish { on: vec![on], webhook, command })
}

fn parse_hook(text: &str) -> Result<HookRequest, String> {
    let hint = || {
        let moments: Vec<_> = Moment::ALL.iter().map(|moment| moment.name()).collect();
        format!(
            "write NAME@MOMENT, where MOMENT is one of {}, and after a colon fail, warn or hold",
            moments.join(", ")
        )
    };
    let (name, rest) = text.rsplit_once('@').ok_or_else(hint)?;
    let (at, on_failure) = rest.split_once(':').unwrap_or((rest, "fail"));
    let at = Moment::ALL.into_iter().find(|moment| moment.name() == at).ok_or_else(hint)?;
    let on_failure = match on_failure {
        "fail" => OnFailure::Fail,
        "warn" => OnFailure::Warn,
        "hold" => OnFailure::Hold,
        _ => return Err(hint()),
    };
    Ok(HookRequest { name: name.to_owned(), at, on_failure })
}

impl JobArgs {
    /// The job that these flags describe, for this scene.
    pub(super) fn submission(&self, context: &Context, scene: &Path) -> Result<Submission, CliError> {
        let user = self.user.clone().or_else(|| std::env::var("USER").ok()).filter(|user| !user.is_empty());
        Ok(Submission {
            scene: text_of(context.absolute(scene))?,
            frames: self.frames.clone(),
            name: self.name.clone(),
            user,
            plugin: self.plugin_request(),
            dcc_version: self.dcc_version.clone(),
            layers: self.layers.clone(),
            output: self.output.as_deref().map(|output| absolute_output(context, output)).transpose()?,
            options: nested(&self.options)?,
            priority: self.priority.unwrap_or(50),
            after: self.after.clone(),
            order: self.order.unwrap_or_default(),
            chunk: self.chunk.unwrap_or_default(),
            threads: self.threads,
            memory: self.memory,
            gpus: self.gpus.clone().map(|gpus| GpuRequest { required: !self.gpus_optional, ..gpus }),
            licences: self.licences.clone(),
            skip_existing: self.skip_existing,
            limits: JobLimits {
                max_tasks: self.max_tasks,
                retries: self.retries,
                attempt_seconds: self.attempt_seconds,
                frame_seconds: self.frame_seconds,
                stall_seconds: self.stall_seconds,
                max_failed_frames: self.max_failed_frames,
            },
            levels: self.levels.clone(),
            start_level: self.start_level.clone(),
            hooks: self.hooks.clone(),
            notify: self.notify.clone(),
            paused: false,
        })
    }
}

impl JobArgs {
    /// What these flags say, and nothing that they leave open: fields of a job, for each job of a batch.
    pub(super) fn given(&self, context: &Context) -> Result<Map<String, Value>, CliError> {
        let scene = Path::new("/scene");
        let fields = |args: &JobArgs| match serde_json::to_value(args.submission(context, scene)?) {
            Ok(Value::Object(fields)) => Ok(fields),
            Ok(_) => Ok(Map::new()),
            Err(error) => Err(CliError::failed(format!("cannot write the job: {error}"))),
        };
        let mut given = difference(fields(self)?, &fields(&JobArgs::default())?);
        // A flag that says what is so anyway is there all the same: a file may say something else.
        if let Some(user) = &self.user {
            given.insert("user".to_owned(), user.clone().into());
        }
        if let Some(priority) = self.priority {
            given.insert("priority".to_owned(), priority.into());
        }
        for (name, value) in
            [("order", self.order.map(serde_json::to_value)), ("chunk", self.chunk.map(serde_json::to_value))]
        {
            if let Some(Ok(value)) = value {
                given.insert(name.to_owned(), value);
            }
        }
        Ok(given)
    }

    fn plugin_request(&self) -> Option<PluginRequest> {
        let digest = match &self.plugin_digest {
            Some(digest) => DigestChoice::Digest(digest.clone()),
            None if self.pin_plugin => DigestChoice::Serving,
            None => return self.plugin.clone().map(PluginRequest::Named),
        };
        Some(PluginRequest::Pinned(PinnedPlugin { name: self.plugin.clone(), digest }))
    }
}

/// What is not the same in the second; tables field by field.
fn difference(fields: Map<String, Value>, usual: &Map<String, Value>) -> Map<String, Value> {
    let changed = |(name, value): (String, Value)| match (value, usual.get(&name)) {
        (value, Some(usual)) if value == *usual => None,
        (Value::Object(fields), Some(Value::Object(usual))) => Some((name, difference(fields, usual).into())),
        (value, _) => Some((name, value)),
    };
    fields.into_iter().filter_map(changed).collect()
}

fn text_of(path: PathBuf) -> Result<String, CliError> {
    path.into_os_string().into_string().map_err(|path| {
        CliError::Usage(format!("{} is not valid Unicode, which jobs must be", path.display()))
    })
}

/// Relative outputs start at the working directory, as everything else in a shell. `//` is Blender's own word for the
/// directory of the scene, and stays.
fn absolute_output(context: &Context, output: &str) -> Result<String, CliError> {
    if output.starts_with("//") {
        return Ok(output.to_owned());
    }
    let path = std::path::absolute(context.absolute(Path::new(output)))
        .map_err(|source| CliError::Io { context: format!("`{output}` is no path"), source })?;
    text_of(path)
}

fn nested(options: &[JobOption]) -> Result<Map<String, Value>, CliError> {
    let mut root = Map::new();
    for option in options {
        let mut table = &mut root;
        let clash = || CliError::Usage(format!("--option {} is given twice", option.path.join(".")));
        let (last, parents) = option.path.split_last().ok_or_else(clash)?;
        for name in parents {
            let inner = table.entry(name).or_insert_with(|| Value::Object(Map::new()));
            table = inner.as_object_mut().ok_or_else(clash)?;
        }
        if table.insert(last.clone(), option.value.clone()).is_some() {
            return Err(clash());
        }
    }
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn options_nest_and_are_json_where_they_can_be() {
        let check = |texts: &[&str], expect: Result<Value, &str>| {
            let options: Vec<JobOption> = texts.iter().map(|text| text.parse().expect(text)).collect();
            let made = nested(&options).map(Value::Object).map_err(|error| error.to_string());
            assert_eq!(made, expect.map_err(str::to_owned), "{texts:?}");
        };
        check(&[], Ok(json!({})));
        check(
            &["samples=16", "engine=CYCLES", "denoise=true", "empty=", "version=\"4\""],
            Ok(json!({"samples": 16, "engine": "CYCLES", "denoise": true, "empty": "", "version": "4"})),
        );
        check(
            &["resolution.x=1920", "resolution.y=1080", "list=[1,2]", "expression=a=b"],
            Ok(json!({"resolution": {"x": 1920, "y": 1080}, "list": [1, 2], "expression": "a=b"})),
        );
        check(&["a=1", "a=2"], Err("--option a is given twice"));
        check(&["a=1", "a.b=2"], Err("--option a.b is given twice"));
    }

    #[test]
    fn a_plugin_is_pinned_where_that_is_asked_for() {
        let pinned = |name: Option<&str>, digest| {
            Some(PluginRequest::Pinned(PinnedPlugin { name: name.map(str::to_owned), digest }))
        };
        let check = |args: JobArgs, expect| assert_eq!(args.plugin_request(), expect);
        let maya = || Some("maya".to_owned());
        check(JobArgs::default(), None);
        let named = JobArgs { plugin: maya(), ..JobArgs::default() };
        check(named, Some(PluginRequest::Named("maya".to_owned())));
        check(JobArgs { pin_plugin: true, ..JobArgs::default() }, pinned(None, DigestChoice::Serving));
        let digest = Some("0a1b".to_owned());
        check(
            JobArgs { plugin: maya(), plugin_digest: digest, ..JobArgs::default() },
            pinned(Some("maya"), DigestChoice::Digest("0a1b".to_owned())),
        );
    }

    #[test]
    fn only_what_flags_say_goes_over_a_batch() {
        let global = crate::cli::Global { config: None, server: None, token: None, json: false };
        let context = Context::new(global).unwrap();
        let check = |args: JobArgs, expect: Value| {
            assert_eq!(args.given(&context).map(Value::Object).unwrap(), expect);
        };
        check(JobArgs::default(), json!({}));
        check(
            JobArgs {
                priority: Some(50),
                options: vec!["samples=1".parse().unwrap()],
                retries: Some(1),
                skip_existing: true,
                ..JobArgs::default()
            },
            json!({"priority": 50, "options": {"samples": 1}, "limits": {"retries": 1}, "skip_existing": true}),
        );
    }

    #[test]
    fn what_is_no_option_is_refused() {
        let check = |text: &str, expect: &str| assert_eq!(text.parse::<JobOption>(), Err(expect.to_owned()));
        check("samples", "write NAME=VALUE, such as samples=16");
        check("=16", "`` is no name of an option");
        check("a..b=1", "`a..b` is no name of an option");
    }

    #[test]
    fn whom_to_tell_is_a_webhook_or_a_program() {
        let check = |text: &str, expect: Option<(Option<&str>, Option<&str>, NotifyMoment)>| {
            let got = parse_notify(text).ok();
            let got = got.as_ref().map(|wish| (wish.webhook.as_deref(), wish.command.as_deref(), wish.on[0]));
            assert_eq!(got, expect, "{text}");
        };
        check("chat", Some((Some("chat"), None, NotifyMoment::End)));
        check("chat@end", Some((Some("chat"), None, NotifyMoment::End)));
        check("chat@failure", Some((Some("chat"), None, NotifyMoment::FirstFailure)));
        check("command:tell.sh@failure", Some((None, Some("tell.sh"), NotifyMoment::FirstFailure)));
        check("chat@midnight", None);
        check("command:", None);
        check("@end", None);
    }

    #[test]
    fn hooks_name_their_moment_and_what_their_failure_means() {
        let check = |text: &str, expect: Option<(&str, Moment, OnFailure)>| {
            let got = parse_hook(text).ok();
            let expect =
                expect.map(|(name, at, on_failure)| HookRequest { name: name.into(), at, on_failure });
            assert_eq!(got, expect, "{text}");
        };
        check("publish.sh@after-job", Some(("publish.sh", Moment::AfterJob, OnFailure::Fail)));
        check("check.py@after-frame:warn", Some(("check.py", Moment::AfterFrame, OnFailure::Warn)));
        check("me@home@before-task:hold", Some(("me@home", Moment::BeforeTask, OnFailure::Hold)));
        check("publish.sh", None);
        check("publish.sh@noon", None);
        check("publish.sh@after-job:panic", None);
    }

    #[test]
    fn gpus_are_whole_or_a_part() {
        let check = |text: &str, expect: Option<(u32, Option<u64>)>| {
            let got = parse_gpus(text).ok().map(|gpus| (gpus.count, gpus.memory.map(|Bytes(bytes)| bytes)));
            assert_eq!(got, expect, "{text}");
        };
        check("2", Some((2, None)));
        check("0", Some((0, None)));
        check("1:12GB", Some((1, Some(12_000_000_000))));
        check("1: 8 GiB", Some((1, Some(8 << 30))));
        check("1:12", None);
        check(":12GB", None);
        check("-1", None);
    }

    #[test]
    fn chunks_and_orders() {
        assert_eq!(parse_chunk("auto"), Ok(Chunking::Auto));
        assert_eq!(parse_chunk("whole"), Ok(Chunking::Whole));
        assert_eq!(parse_chunk("12"), Ok(Chunking::Fixed(12)));
        assert!(parse_chunk("0").is_err() && parse_chunk("-1").is_err() && parse_chunk("all").is_err());
        assert_eq!(parse_order("spread"), Ok(FrameOrder::Spread));
        assert!(parse_order("random").is_err());
    }
}
