//! One plugin in full: what the studio grants it, what its calls came to, and what went wrong in its attempts lately.
//! All of it is known somewhere already; here it is put together for whoever looks at one plugin.

use super::parts::Parts;
use super::secrets::{HIDDEN, looks_secret};
use super::{Farm, FarmError, internal};
use farmhand_model::AttemptRecord;
use farmhand_model::plugin_detail::{EnvGrant, FaultFigures, PluginDetail, PluginGrants, PluginLimits};
use farmhand_plugin::{Grant, Limits};
use farmhand_store::EndedFilter;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Attempts of a plugin whose faults are looked at.
const ATTEMPTS: u32 = 200;
/// Among so many newest of all plugins, so that a plugin that is rarely used costs no look at the whole history.
const AMONG: u32 = 5000;

impl Farm {
    /// One plugin in full.
    pub async fn plugin(&self, name: &str) -> Result<PluginDetail, FarmError> {
        let parts: &Parts = &self.inner.parts;
        let plugin = parts.plugins.views().into_iter().find(|view| view.name == name).ok_or_else(|| {
            FarmError::NoPlugin(format!(
                "there is no plugin `{name}`; `farmhand plugin list` shows those that there are"
            ))
        })?;
        let serving = parts.plugins.get(name).ok();
        let language = serving.as_ref().and_then(|serving| serving.language());
        let settings = &parts.settings.plugins;
        let filter =
            EndedFilter { plugin: name.to_owned(), since: None, limit: ATTEMPTS, among: Some(AMONG) };
        let attempts = self.store().ended(filter).await.map_err(internal)?;
        Ok(PluginDetail {
            plugin,
            language: language.map(|language| language.name().to_owned()),
            grants: grants(&settings.grant_of(name)),
            limits: limits(&settings.limits_of(name, language)),
            rollback_after: settings.rollback_after(name),
            gate: parts.settings.gates.get(name).copied(),
            calls_since: parts.clock.started(),
            calls: parts.calls.of(name),
            attempts_seen: attempts.len() as u32,
            faults: faults(&attempts),
        })
    }
}

fn grants(grant: &Grant) -> PluginGrants {
    let env = |name: &String| EnvGrant { name: name.clone(), is_set: std::env::var_os(name).is_some() };
    let mut config = grant.config.clone();
    hide_secrets(&mut config);
    PluginGrants {
        read: grant.read.iter().map(|path| path.display().to_string()).collect(),
        env: grant.env.iter().map(env).collect(),
        config,
    }
}

fn hide_secrets(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if looks_secret(name) {
                    *value = Value::from(HIDDEN);
                } else {
                    hide_secrets(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_secrets),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn limits(limits: &Limits) -> PluginLimits {
    PluginLimits {
        describe_seconds: Duration::as_secs_f64(&limits.describe),
        call_seconds: limits.call.as_secs_f64(),
        read_seconds: limits.read.as_secs_f64(),
        memory_bytes: limits.memory as u64,
        log_bytes: limits.log as u64,
        file_bytes: limits.file,
    }
}

/// By cause and severity, the most frequent first; `attempts` are the newest first.
fn faults(attempts: &[AttemptRecord]) -> Vec<FaultFigures> {
    let mut found: BTreeMap<(String, String), FaultFigures> = BTreeMap::new();
    for attempt in attempts {
        for fault in &attempt.faults {
            let key = (fault.cause.to_string(), fault.severity.to_string());
            let figures = found.entry(key).or_insert_with(|| FaultFigures {
                cause: fault.cause,
                severity: fault.severity,
                count: 0,
                message: fault.message.clone(),
                attempt: attempt.id,
                job: attempt.job,
                at: attempt.started,
            });
            figures.count += 1;
        }
    }
    let mut faults: Vec<FaultFigures> = found.into_values().collect();
    faults.sort_by_key(|figures| std::cmp::Reverse(figures.count));
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::attempt::Steps;
    use farmhand_model::dcc::{Cause, Fault, Severity};
    use farmhand_model::{AttemptId, AttemptState, Boost, FrameSet, JobId, Lease, Timestamp};
    use serde_json::json;

    #[test]
    fn values_that_look_secret_are_hidden_at_any_depth() {
        let config = json!({ "api_token": "x", "servers": [{ "host": "a", "Password": "y" }], "retries": 3 });
        let grant = Grant { config, env: vec!["FARMHAND_SURELY_NOT_SET".into()], ..Grant::default() };
        let seen = grants(&grant);
        let expect =
            json!({ "api_token": HIDDEN, "servers": [{ "host": "a", "Password": HIDDEN }], "retries": 3 });
        assert_eq!(seen.config, expect);
        assert_eq!(seen.env, [EnvGrant { name: "FARMHAND_SURELY_NOT_SET".into(), is_set: false }]);
    }

    fn attempt(id: u64, faults: &[(Cause, Severity, &str)]) -> AttemptRecord {
        let fault = |(cause, severity, message): &(Cause, Severity, &str)| Fault {
            severity: *severity,
            cause: *cause,
            message: (*message).to_owned(),
            frame: None,
            about: None,
        };
        AttemptRecord {
            id: AttemptId(id),
            job: JobId(id * 10),
            layer: None,
            frames: FrameSet::default(),
            level: 0,
            level_name: String::new(),
            try_number: 1,
            lease: Lease::default(),
            boost: Boost::default(),
            plugin: None,
            started: Timestamp(id as i64),
            frames_done: FrameSet::default(),
            faults: faults.iter().map(fault).collect(),
            facts: Vec::new(),
            steps: Steps::default(),
            state: AttemptState::Starting,
        }
    }

    #[test]
    fn faults_are_counted_by_cause_and_the_newest_speaks_for_them() {
        use Severity::{FrameFatal, Transient};
        let attempts = [
            attempt(3, &[(Cause::Licence, Transient, "newest")]),
            attempt(2, &[(Cause::Disk, FrameFatal, "full"), (Cause::Licence, Transient, "older")]),
            attempt(1, &[(Cause::Licence, FrameFatal, "other")]),
        ];
        let seen: Vec<_> = faults(&attempts)
            .into_iter()
            .map(|figures| (figures.cause, figures.severity, figures.count, figures.message, figures.job.0))
            .collect();
        assert_eq!(seen[0], (Cause::Licence, Transient, 2, "newest".to_owned(), 30));
        assert_eq!(seen.len(), 3);
    }
}
