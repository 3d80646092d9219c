//! What `farmhand submit` is given when it is no scene: batch files and directories of shots, and the flags that go with
//! them, made into what the daemon takes.

use super::super::context::Context;
use super::super::error::CliError;
use super::super::job_args::JobArgs;
use crate::batch::{
    Language, Mistakes, Overrides, Resolved, Shots, resolve_file, resolve_shots, resolve_text,
};
use clap::Args;
use farmhand_model::batch::ReportWish;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::str::FromStr;

#[derive(Debug, Clone, Default, PartialEq, Args)]
#[command(next_help_heading = "Batches")]
pub(in crate::cli) struct BatchArgs {
    /// Of a directory: the names of its shots' files [default: *.yaml]
    #[arg(long, value_name = "GLOB")]
    pattern: Option<String>,
    /// Give a variable of batch files a value, before what they say; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<Setting>,
    /// Start over: render also what an earlier submission completed, and what is there
    #[arg(long)]
    fresh: bool,
    /// Tasks of the batch at once; 0 is one less than the node has cores
    #[arg(long, value_name = "N")]
    workers: Option<u32>,
    /// Begin no other job of the batch once one has failed
    #[arg(long)]
    stop_on_error: bool,
    /// Write a report into this directory when the batch has ended
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

/// One `NAME=VALUE`. The value is a text, or a list, a table, a number or a boolean where it reads as JSON and says
/// the same then: `010` and `1.10` stay texts.
#[derive(Debug, Clone, PartialEq)]
struct Setting {
    name: String,
    value: Value,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, such as shot=sh010")?;
        if name.is_empty() || name.contains(['.', '{', '}']) || name.starts_with("env:") {
            return Err(format!("`{name}` is no name of a variable"));
        }
        let read = serde_json::from_str(value).ok().filter(|read: &Value| match read {
            Value::Number(number) => number.to_string() == value,
            Value::String(_) | Value::Null => false,
            _ => true,
        });
        Ok(Self { name: name.to_owned(), value: read.unwrap_or_else(|| value.into()) })
    }
}

/// Whether that is a batch file or a directory of shots, by its name; a `.json` may be either a batch or a job.
pub(in crate::cli) fn is_source(path: &Path) -> bool {
    path.is_dir() || matches!(Language::of(path), Some(Language::Yaml | Language::Toml))
}

/// Whether a text is a batch and not a job: JSON with `jobs`, or no JSON at all.
pub(in crate::cli) fn is_batch_text(text: &str) -> bool {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => value.get("jobs").is_some(),
        Err(_) => !text.trim_start().starts_with('{') || text.contains("\"jobs\""),
    }
}

impl BatchArgs {
    /// What the flags say of each batch and of each of its jobs.
    fn overrides(&self, context: &Context, job: &JobArgs) -> Result<Overrides, CliError> {
        let mut job = job.given(context)?;
        // Of the whole: whose it is, what it is called, and whom to tell.
        let mut head: Map<String, Value> = ["name", "user", "notify"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), job.remove(name)?)))
            .collect();
        if let Some(user) = head.get("user") {
            job.insert("user".to_owned(), user.clone());
        }
        if let Some(workers) = self.workers {
            head.insert("workers".to_owned(), workers.into());
        }
        if self.stop_on_error {
            head.insert("continue_on_error".to_owned(), false.into());
        }
        if let Some(dir) = &self.report {
            let wish: Result<ReportWish, _> = serde_json::from_value(json!({"dir": context.absolute(dir)}));
            let wish = wish.and_then(serde_json::to_value);
            let wish =
                wish.map_err(|error| CliError::Usage(format!("--report {}: {error}", dir.display())))?;
            head.insert("report".to_owned(), wish);
        }
        if self.fresh {
            head.insert("fresh".to_owned(), true.into());
        }
        let variables = self.set.iter().map(|set| (set.name.clone(), set.value.clone())).collect();
        let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
        Ok(Overrides { head, job, user, variables })
    }

    /// Reads all of them; everything that is wrong with any.
    pub(super) fn read(
        &self,
        context: &Context,
        sources: &[PathBuf],
        stdin: Option<&str>,
        job: &JobArgs,
    ) -> Result<Vec<Resolved>, CliError> {
        let mut overrides = self.overrides(context, job)?;
        let output = overrides.job.remove("output");
        if self.pattern.is_some() && !sources.iter().any(|source| source.is_dir()) {
            return Err(CliError::Usage("--pattern goes with a directory of shots".to_owned()));
        }
        if output.is_some() && !sources.iter().all(|source| source.is_dir()) {
            let message =
                "--output goes with a scene or a directory of shots; a batch file says it for each job";
            return Err(CliError::Usage(message.to_owned()));
        }
        if sources.len() > 1 && overrides.head.contains_key("name") {
            return Err(CliError::Usage("--name goes with one batch; there are several".to_owned()));
        }
        let env = |name: &str| std::env::var(name).ok();
        let mut read = Vec::new();
        let mut wrong = Vec::new();
        for source in sources {
            let resolved = match stdin {
                Some(text) => {
                    let json = text.trim_start().starts_with('{');
                    let language = if json { Language::Json } else { Language::Yaml };
                    resolve_text(text, language, &context.absolute(Path::new("")), &overrides, &env)
                }
                None if source.is_dir() => {
                    let pattern = self.pattern.clone().unwrap_or_else(|| "*.yaml".to_owned());
                    let output = output.as_ref().and_then(Value::as_str).map(PathBuf::from);
                    let shots = Shots { dir: source.clone(), pattern, output };
                    resolve_shots(&shots, &overrides, &env)
                }
                None => resolve_file(source, &overrides, &env),
            };
            match resolved {
                Ok(resolved) => read.push(resolved),
                Err(mistakes) => wrong.push(mistakes),
            }
        }
        if wrong.is_empty() { Ok(read) } else { Err(refused(&wrong)) }
    }
}

/// All that is wrong with some batches: a line each, as compilers have it.
pub(super) fn refused(wrong: &[Mistakes]) -> CliError {
    let count: usize = wrong.iter().map(Mistakes::count).sum();
    let head = if count == 1 { String::new() } else { format!("{count} things are wrong\n") };
    let lines: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    CliError::Batch(format!("{head}{}", lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_keep_how_they_are_written() {
        let check = |text: &str, expect: Result<(&str, Value), &str>| {
            let found = text.parse::<Setting>().map(|set| (set.name, set.value));
            let expect = expect.map(|(name, value)| (name.to_owned(), value)).map_err(str::to_owned);
            assert_eq!(found, expect, "{text}");
        };
        check("shot=sh010", Ok(("shot", json!("sh010"))));
        check("shot=010", Ok(("shot", json!("010"))));
        check("version=1.10", Ok(("version", json!("1.10"))));
        check("samples=64", Ok(("samples", json!(64))));
        check("denoise=true", Ok(("denoise", json!(true))));
        check("shots=[\"a\", \"b\"]", Ok(("shots", json!(["a", "b"]))));
        check("note=a=b", Ok(("note", json!("a=b"))));
        check("empty=", Ok(("empty", json!(""))));
        check("shot", Err("write NAME=VALUE, such as shot=sh010"));
        check("a.b=1", Err("`a.b` is no name of a variable"));
    }

    #[test]
    fn batches_and_jobs_are_told_apart() {
        let check = |text: &str, expect: bool| assert_eq!(is_batch_text(text), expect, "{text}");
        check(r#"{"scene": "/a.blend"}"#, false);
        check(r#"{"name": "a", "jobs": []}"#, true);
        check("name: a\njobs: []", true);
        check(r#"{"scene": "/a.blend""#, false);
        check(r#"{"name": "a", "jobs": [}"#, true);
        assert!(is_source(Path::new("a.yml")) && is_source(Path::new("b.TOML")));
        assert!(!is_source(Path::new("a.json")) && !is_source(Path::new("a.blend")));
    }
}
