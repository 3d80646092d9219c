//! The replay gate: before a new version of a plugin takes over, the plugin's last attempts are replayed through it, and
//! one that decides any of them otherwise does not serve. A person can confirm such a version; whoever asks this gate
//! has looked for that first.
//!
//! It is asked in the background while what served before goes on serving, and it is bounded: what cannot be replayed
//! within its time is left out, the oldest attempts first, and its answer says so.

use super::parts::Clock;
use crate::trial::{Change, Comparison, Recorded, compare};
use farmhand_model::{PluginStamp, Timestamp};
use farmhand_plugin::{LoadGate, LoadedPlugin};
use farmhand_store::{EndedFilter, Store};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Time for all the attempts together. A saved plugin waits for it, so it is as long as a person waits for a save.
const PATIENCE: Duration = Duration::from_secs(30);
/// The newest attempts of all plugins among which those of one are looked for.
const AMONG: u32 = 50_000;
/// Attempts that a refusal names.
const NAMED: usize = 3;

/// Replays past attempts through every new version of the plugins that are configured so.
pub(super) struct ReplayGate {
    store: Store,
    attempts_dir: PathBuf,
    /// How many attempts, by plugin.
    attempts: BTreeMap<String, u32>,
    clock: Clock,
}

impl fmt::Debug for ReplayGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayGate").field("attempts", &self.attempts).finish_non_exhaustive()
    }
}

impl ReplayGate {
    /// A gate for these plugins, each with the number of attempts to replay.
    pub(super) fn new(store: Store, data_dir: &Path, attempts: BTreeMap<String, u32>) -> Self {
        let attempts_dir = data_dir.join("attempts");
        Self { store, attempts_dir, attempts, clock: Clock::start() }
    }

    /// What the version that serves says today counts as what was decided, so that a change which was confirmed once is
    /// no change any more, nor is a scene that has been saved since.
    async fn replay(
        &self,
        candidate: &LoadedPlugin,
        serving: Option<&LoadedPlugin>,
        limit: u32,
    ) -> Result<(), String> {
        let stamp = candidate.stamp();
        let filter = EndedFilter { plugin: stamp.name.clone(), since: None, limit, among: Some(AMONG) };
        let records = self.store.ended(filter).await.map_err(|error| {
            format!("its past attempts cannot be read, which it must pass: {error}; {}", remedy(stamp))
        })?;
        let until = Instant::now() + PATIENCE;
        let mut seen = Seen::default();
        for record in records {
            let dir = self.attempts_dir.join(record.id.to_string());
            let one = async {
                let recorded = Recorded::read(&dir, &record).await.ok()?;
                let now = self.clock.now();
                let alone = compare(candidate, &recorded, None, now).await;
                if !decides(&alone) {
                    return Some((alone, recorded.started));
                }
                Some((compare(candidate, &recorded, serving, now).await, recorded.started))
            };
            match tokio::time::timeout_at(until, one).await {
                Ok(Some((comparison, started))) => seen.add(&comparison, started),
                // Nothing is kept of it.
                Ok(None) => {}
                Err(_) => {
                    seen.out_of_time = true;
                    break;
                }
            }
        }
        seen.answer(stamp)
    }
}

impl LoadGate for ReplayGate {
    fn guards(&self, plugin: &str) -> bool {
        self.attempts.contains_key(plugin)
    }

    fn examine<'a>(
        &'a self,
        candidate: &'a Arc<LoadedPlugin>,
        serving: Option<&'a Arc<LoadedPlugin>>,
    ) -> BoxFuture<'a, Result<(), String>> {
        async move {
            match self.attempts.get(&candidate.stamp().name) {
                Some(limit) => self.replay(candidate, serving.map(AsRef::as_ref), *limit).await,
                None => Ok(()),
            }
        }
        .boxed()
    }
}

fn decides(comparison: &Comparison) -> bool {
    comparison.changes.iter().any(Change::decides)
}

/// What the replays have shown so far.
#[derive(Default)]
struct Seen {
    replayed: usize,
    /// One line of each that changes, the newest first.
    changed: Vec<String>,
    /// When the oldest that changes started.
    oldest: Option<Timestamp>,
    out_of_time: bool,
}

impl Seen {
    fn add(&mut self, comparison: &Comparison, started: Timestamp) {
        self.replayed += 1;
        if decides(comparison) {
            self.changed.push(comparison.summary());
            self.oldest = Some(started);
        }
    }

    /// Lets the version pass, or says why not and what to do.
    fn answer(&self, stamp: &PluginStamp) -> Result<(), String> {
        let Self { replayed, changed, out_of_time, .. } = self;
        let seconds = PATIENCE.as_secs();
        let within = if *out_of_time { format!(" (as many as {seconds} s allowed)") } else { String::new() };
        if *replayed == 0 && *out_of_time {
            return Err(format!("no past attempt could be replayed within {seconds} s; {}", remedy(stamp)));
        }
        if changed.is_empty() {
            tracing::info!(plugin = %stamp.name, digest = stamp.digest.short(), replayed, out_of_time,
                "decides past attempts as before");
            return Ok(());
        }
        let mut named = changed[..changed.len().min(NAMED)].join("; ");
        if changed.len() > NAMED {
            named.push_str(&format!("; and {} more", changed.len() - NAMED));
        }
        let since = self.oldest.map(day).unwrap_or_default();
        Err(format!(
            "changes {} of {replayed} past verdicts{within}: {named}; look with `farmhand plugin replay FILE --since \
             {since}`, then {}",
            changed.len(),
            remedy(stamp)
        ))
    }
}

/// The day on which it was, in this machine's time zone: as `--since` takes it.
fn day(at: Timestamp) -> String {
    let time = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    time.to_zoned(jiff::tz::TimeZone::system()).date().to_string()
}

fn remedy(stamp: &PluginStamp) -> String {
    format!("`farmhand plugin confirm {} {}` lets it serve", stamp.name, stamp.digest.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::Decided;
    use farmhand_model::{AttemptId, Digest, JobId};

    /// The same day everywhere.
    const NOON: Timestamp = Timestamp(12 * 3_600_000);

    fn stamp() -> PluginStamp {
        PluginStamp {
            name: "maya".to_owned(),
            version: "1.1.0".to_owned(),
            digest: Digest("a1b2c3".to_owned()),
            generation: 0,
        }
    }

    fn comparison(attempt: u64, changes: Vec<Change>) -> Comparison {
        let decided = |decision: &str| Decided { decision: decision.to_owned(), reason: String::new() };
        Comparison {
            attempt: AttemptId(attempt),
            job: JobId(1),
            layer: None,
            frames: "1".parse().unwrap(),
            level: "render".to_owned(),
            plugin: stamp(),
            then: decided("retry 0"),
            now: decided("fail-frames"),
            events_compared: false,
            changes,
        }
    }

    fn answer(changed: u64, out_of_time: bool) -> Result<(), String> {
        let mut seen = Seen { out_of_time, ..Seen::default() };
        // What only reads otherwise decides nothing.
        seen.add(&comparison(90, vec![Change::Command("x".into()), Change::Reason("x".into())]), NOON);
        for attempt in 0..changed {
            seen.add(&comparison(50 - attempt, vec![Change::Verdict("x".into())]), NOON);
        }
        seen.answer(&stamp())
    }

    #[test]
    fn a_refusal_says_what_changes_and_what_to_do() {
        assert_eq!(answer(0, false), Ok(()));
        assert_eq!(answer(0, true), Ok(()), "what could be replayed in time is the same");
        assert_eq!(
            answer(1, false).unwrap_err(),
            "changes 1 of 2 past verdicts: attempt 50: retry 0 -> fail-frames; look with `farmhand plugin replay \
             FILE --since 1970-01-01`, then `farmhand plugin confirm maya a1b2c3` lets it serve"
        );
        let many = answer(5, true).unwrap_err();
        assert!(
            many.starts_with("changes 5 of 6 past verdicts (as many as 30 s allowed): attempt 50"),
            "{many}"
        );
        assert!(many.contains("attempt 48: retry 0 -> fail-frames; and 2 more; look with"), "{many}");
        let none = Seen { out_of_time: true, ..Seen::default() }.answer(&stamp()).unwrap_err();
        assert!(none.starts_with("no past attempt could be replayed within 30 s"), "{none}");
    }
}
