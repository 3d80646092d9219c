//! What `POST /batches` takes, and everything that is wrong with one, all of it at once: each field is read on its own.

use crate::farm::Submission;
use crate::refused::{in_words, pointer, unknown};
use farmhand_model::batch::{BatchSettings, NotifyWish, ReportWish};
use farmhand_model::dcc::Problem;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;

/// Jobs that are submitted together, accepted whole or not at all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchHead {
    /// What people call it.
    pub name: String,
    /// Who submits it, and its jobs where they do not say.
    #[serde(default)]
    pub user: Option<String>,
    /// The file or directory that it was made from.
    #[serde(default)]
    pub source: Option<String>,
    /// Tasks of all its jobs at once; 0: one less than the node has cores for renders. Default 0.
    #[serde(default)]
    pub workers: u32,
    /// Tries that transient faults may cost a frame, besides the first, in jobs that do not say. Default 3.
    #[serde(default = "three")]
    pub max_retries: u32,
    /// Seconds that one attempt may take, in jobs that do not say; 0: no limit. Default 0.
    #[serde(default)]
    pub timeout_seconds: u32,
    /// Whether the other jobs begin although one has failed. Default true.
    #[serde(default = "yes")]
    pub continue_on_error: bool,
    /// Whether what an earlier submission completed is skipped, and what it left is gone on with. Default true.
    #[serde(default = "yes")]
    pub resume_on_failure: bool,
    /// Start over this once: all is rendered, also what is complete and what is there.
    #[serde(default)]
    pub fresh: bool,
    /// Submit new jobs paused.
    #[serde(default)]
    pub paused: bool,
    /// The report to write at its end.
    #[serde(default)]
    pub report: Option<ReportWish>,
    /// Whom to tell of its end or its first failure.
    #[serde(default)]
    pub notify: Vec<NotifyWish>,
}

fn three() -> u32 {
    BatchSettings::default().max_retries
}

fn yes() -> bool {
    true
}

/// A batch as a person submits it.
#[derive(Debug, Clone, PartialEq, ToSchema, Serialize)]
pub struct BatchSubmission {
    /// All but its jobs.
    #[serde(flatten)]
    pub head: BatchHead,
    /// Its jobs, as `POST /jobs` takes them, each with a name of its own. Their `after` may also name jobs of the batch.
    pub jobs: Vec<BatchJob>,
}

/// A job of a batch: what `POST /jobs` takes, and in `after` names of the batch's jobs too.
#[derive(Debug, Clone, PartialEq, ToSchema, Serialize)]
pub struct BatchJob {
    /// The job.
    #[serde(flatten)]
    pub job: Submission,
    /// Jobs of the batch that must be done before, by name: the strings of `after`.
    #[serde(skip)]
    #[schema(ignore)]
    pub after: Vec<String>,
}

impl BatchHead {
    /// Every field.
    pub(crate) const FIELDS: &'static [&'static str] = &[
        "name",
        "user",
        "source",
        "workers",
        "max_retries",
        "timeout_seconds",
        "continue_on_error",
        "resume_on_failure",
        "fresh",
        "paused",
        "report",
        "notify",
    ];

    /// How it runs.
    #[must_use]
    pub fn settings(&self) -> BatchSettings {
        BatchSettings {
            workers: self.workers,
            max_retries: self.max_retries,
            timeout_seconds: self.timeout_seconds,
            continue_on_error: self.continue_on_error,
            resume_on_failure: self.resume_on_failure,
        }
    }
}

impl BatchSubmission {
    /// Most jobs of a batch.
    pub const MOST: usize = 10_000;

    /// Reads one.
    ///
    /// # Errors
    /// Everything that is wrong with it, by JSON pointers.
    pub fn parse(value: Value) -> Result<Self, Vec<Problem>> {
        let Value::Object(mut map) = value else { return Err(vec![problem("", "a batch is an object")]) };
        let mut problems = Vec::new();
        let jobs = map.remove("jobs");
        let known = [BatchHead::FIELDS, &["jobs"]].concat();
        problems.extend(check_fields::<BatchHead>(&map, "", &known, &json!({"name": "a"})));
        if !map.contains_key("name") {
            problems.push(problem("/name", "`name` is needed and missing"));
        }
        let jobs = match jobs {
            Some(Value::Array(jobs)) => jobs,
            Some(_) => {
                problems.push(problem("/jobs", "expected a list of jobs"));
                Vec::new()
            }
            None => {
                problems.push(problem("/jobs", "`jobs` is needed and missing"));
                Vec::new()
            }
        };
        let listed = problems.iter().all(|problem| problem.field != "/jobs").then_some(jobs.len());
        let names: Vec<Option<String>> = jobs.iter().map(name_of).collect();
        let jobs: Vec<Option<BatchJob>> = (jobs.into_iter().enumerate())
            .map(|(index, job)| BatchJob::parse(job, &format!("/jobs/{index}"), &mut problems))
            .collect();
        problems.extend(listed.and_then(wrong_count));
        problems.extend(check_names(&names, &jobs));
        let head: Option<BatchHead> = serde_json::from_value(Value::Object(map)).ok();
        problems.extend(head.iter().flat_map(check_head));
        let jobs: Option<Vec<BatchJob>> = jobs.into_iter().collect();
        if let Some(jobs) = &jobs
            && problems.is_empty()
            && let Some(index) = circle(jobs)
        {
            let message = "it comes after itself by way of the jobs that it comes after";
            problems.push(problem(&format!("/jobs/{index}/after"), message));
        }
        match (head, jobs) {
            (Some(head), Some(jobs)) if problems.is_empty() => Ok(Self { head, jobs }),
            _ => Err(problems),
        }
    }
}

/// What is wrong with the number of jobs.
fn wrong_count(jobs: usize) -> Option<Problem> {
    match jobs {
        0 => Some(problem("/jobs", "a batch needs at least one job")),
        _ if jobs <= BatchSubmission::MOST => None,
        _ => {
            let most = BatchSubmission::MOST;
            Some(problem("/jobs", format!("{jobs} jobs; {most} is the most, make several batches")))
        }
    }
}

/// What is wrong with the settings taken together.
fn check_head(head: &BatchHead) -> Vec<Problem> {
    let mut problems = Vec::new();
    if head.name.trim().is_empty() {
        problems.push(problem("/name", "a batch needs a name"));
    }
    for (index, wish) in head.notify.iter().enumerate() {
        if wish.webhook.is_some() == wish.command.is_some() {
            let message = "one of `webhook` and `command`, and not both";
            problems.push(problem(&format!("/notify/{index}"), message));
        }
    }
    problems
}

/// A job's name as it is sent, whatever else is wrong with the job; `None` where it is no text.
fn name_of(job: &Value) -> Option<String> {
    match job.as_object()?.get("name") {
        None | Some(Value::Null) => Some(String::new()),
        Some(Value::String(name)) => Some(name.trim().to_owned()),
        Some(_) => None,
    }
}

/// Each job has a name of its own, and comes after jobs that are there.
fn check_names(names: &[Option<String>], jobs: &[Option<BatchJob>]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, name) in names.iter().enumerate() {
        let at = format!("/jobs/{index}/name");
        match name.as_deref() {
            None => {}
            Some("") => problems.push(problem(&at, "a job of a batch needs a name")),
            Some(name) => {
                if let Some(first) = seen.insert(name, index) {
                    problems.push(problem(&at, format!("job {} has the name `{name}` too", first + 1)));
                }
            }
        }
    }
    // A job whose name is not known may be the one that is meant.
    if names.iter().all(|name| name.as_deref().is_some_and(|name| !name.is_empty())) {
        let known: Vec<&str> = seen.keys().copied().collect();
        for (index, job) in jobs.iter().enumerate() {
            let after = job.iter().flat_map(|job| &job.after);
            for name in after.filter(|name| !seen.contains_key(name.as_str())) {
                problems.push(problem(&format!("/jobs/{index}/after"), unknown("job", name, &known)));
            }
        }
    }
    problems
}

/// A job that comes after itself.
fn circle(jobs: &[BatchJob]) -> Option<usize> {
    let by_name: HashMap<&str, usize> =
        (jobs.iter().enumerate()).filter_map(|(i, job)| Some((job.job.name.as_deref()?.trim(), i))).collect();
    let mut left: Vec<usize> = jobs.iter().map(|job| job.after.len()).collect();
    let mut later: Vec<Vec<usize>> = vec![Vec::new(); jobs.len()];
    for (index, job) in jobs.iter().enumerate() {
        for before in job.after.iter().filter_map(|name| by_name.get(name.as_str())) {
            later[*before].push(index);
        }
    }
    let mut ready: Vec<usize> = (0..left.len()).filter(|index| left[*index] == 0).collect();
    while let Some(index) = ready.pop() {
        for next in std::mem::take(&mut later[index]) {
            left[next] -= 1;
            if left[next] == 0 {
                ready.push(next);
            }
        }
    }
    left.iter().position(|left| *left > 0)
}

impl BatchJob {
    /// Reads one; adds what is wrong with it.
    pub(crate) fn parse(value: Value, at: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        let Value::Object(mut map) = value else {
            problems.push(problem(at, "a job is an object"));
            return None;
        };
        let before = problems.len();
        let mut after = Vec::new();
        if let Some(Value::Array(items)) = map.get_mut("after") {
            items.retain(|item| match item {
                Value::String(name) => {
                    after.push(name.clone());
                    false
                }
                _ => true,
            });
        }
        problems.extend(check_fields::<Submission>(&map, at, Submission::FIELDS, &json!({"scene": "a"})));
        if !map.contains_key("scene") {
            problems.push(problem(&format!("{at}/scene"), "`scene` is needed and missing"));
        }
        if problems.len() > before {
            return None;
        }
        match serde_json::from_value(Value::Object(map)) {
            Ok(job) => Some(Self { job, after }),
            Err(error) => {
                problems.push(problem(at, error.to_string()));
                None
            }
        }
    }
}

fn problem(field: &str, message: impl Into<String>) -> Problem {
    Problem { field: field.to_owned(), message: message.into() }
}

/// Reads each field on its own into a `T` that has `base` besides.
fn check_fields<T: DeserializeOwned>(
    map: &Map<String, Value>,
    at: &str,
    known: &[&str],
    base: &Value,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, value) in map {
        if !known.contains(&name.as_str()) {
            let name_in_pointer = name.replace('~', "~0").replace('/', "~1");
            problems.push(problem(&format!("{at}/{name_in_pointer}"), unknown("field", name, known)));
            continue;
        }
        let mut probe = base.clone();
        probe[name.as_str()] = value.clone();
        if let Err(error) = serde_path_to_error::deserialize::<_, T>(probe) {
            let inner = pointer(error.path());
            // Types that are read in one go tell no path below themselves.
            let inner = if inner.is_empty() { format!("/{name}") } else { inner };
            problems.push(problem(&format!("{at}{inner}"), in_words(&error.inner().to_string())));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_known() {
        let known = |error: serde_json::Error| -> Vec<String> {
            error.to_string().split('`').skip(3).step_by(2).map(str::to_owned).collect()
        };
        let error = serde_json::from_value::<Submission>(json!({"scene": "a", "?": 1})).unwrap_err();
        assert_eq!(known(error), Submission::FIELDS);
        let error = serde_json::from_value::<BatchHead>(json!({"name": "a", "?": 1})).unwrap_err();
        assert_eq!(known(error), BatchHead::FIELDS);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let check = |batch: Value, expect: &[(&str, &str)]| {
            let problems = BatchSubmission::parse(batch.clone()).map(|_| ()).unwrap_err();
            let found: Vec<_> = problems.iter().map(|p| (p.field.as_str(), p.message.as_str())).collect();
            assert_eq!(found, expect, "{batch}");
        };
        check(json!([]), &[("", "a batch is an object")]);
        check(
            json!({}),
            &[("/name", "`name` is needed and missing"), ("/jobs", "`jobs` is needed and missing")],
        );
        check(json!({"name": "a", "jobs": []}), &[("/jobs", "a batch needs at least one job")]);
        check(
            json!({"name": "a", "worker": 3, "max_retries": -1, "jobs": [
                {"scene": "/a", "frams": "1"},
                {"priority": "high", "limits": {"max_taks": 1}},
                7,
            ]}),
            &[
                ("/worker", "unknown field `worker`; did you mean `workers`?"),
                ("/max_retries", "invalid value: integer `-1`, expected a whole number from 0 to 4294967295"),
                ("/jobs/0/frams", "unknown field `frams`; did you mean `frames`?"),
                ("/jobs/1/priority", "invalid type: string \"high\", expected a whole number from 0 to 255"),
                ("/jobs/1/limits/max_taks", "unknown field `max_taks`; did you mean `max_tasks`?"),
                ("/jobs/1/scene", "`scene` is needed and missing"),
                ("/jobs/2", "a job is an object"),
                ("/jobs/0/name", "a job of a batch needs a name"),
                ("/jobs/1/name", "a job of a batch needs a name"),
            ],
        );
        check(
            json!({"name": "b", "jobs": [{"scene": "/a", "name": "a", "after": ["b"]}]}),
            &[("/jobs/0/after", "unknown job `b`; did you mean `a`?")],
        );
        check(
            json!({"name": " ", "notify": [{}], "jobs": [
                {"scene": "/a", "name": "a"},
                {"scene": "/b", "name": "a", "after": ["b"]},
                {"scene": "/c"},
            ]}),
            &[
                ("/jobs/1/name", "job 1 has the name `a` too"),
                ("/jobs/2/name", "a job of a batch needs a name"),
                ("/name", "a batch needs a name"),
                ("/notify/0", "one of `webhook` and `command`, and not both"),
            ],
        );
        check(
            json!({"name": "a", "jobs": [
                {"scene": "/a", "name": "a"},
                {"scene": "/b", "name": "b", "after": ["c", "a", 7]},
                {"scene": "/c", "name": "c", "after": ["b"]},
            ]}),
            &[("/jobs/1/after", "it comes after itself by way of the jobs that it comes after")],
        );
    }
}
