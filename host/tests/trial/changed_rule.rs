//! A stored corpus of attempts, replayed through a plugin with one changed rule: exactly what that rule changes is
//! reported. The changed plugin is the prebuilt one with another pattern of the same length in its bytes.

use crate::support::{plugin_host, prebuilt, root};
use farmhand::trial::scenario::{find, play};
use farmhand::trial::{Change, Comparison, Done, Feed, Input, Recorded, Scenario, Unusable, compare, run};
use farmhand_model::dcc::{Decision, Outcome, Severity, TaskContext, Tool, Verdict};
use farmhand_model::{AttemptId, AttemptRecord, AttemptState, EndedBy, JobId, Timestamp};
use farmhand_plugin::{LoadedPlugin, PluginHost};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

/// When the attempts of the store started: plugins know the time of day, and generated scripts have it in their names.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(since.as_millis() as i64)
}

/// A plugin with `pattern` changed to `other`, wherever it has it.
async fn changed(host: &PluginHost, dir: &Path, name: &str, pattern: &str, other: &str) -> Arc<LoadedPlugin> {
    assert_eq!(pattern.len(), other.len());
    let mut bytes = std::fs::read(prebuilt(name)).unwrap();
    let places: Vec<usize> =
        (0..bytes.len() - pattern.len()).filter(|at| bytes[*at..].starts_with(pattern.as_bytes())).collect();
    assert!(!places.is_empty(), "{name} has no {pattern}");
    for at in places {
        bytes[at..at + other.len()].copy_from_slice(other.as_bytes());
    }
    let path = dir.join(format!("{name}.wasm"));
    std::fs::write(&path, bytes).unwrap();
    host.load_file(&path).await.unwrap()
}

/// What the daemon would have kept of a scenario that had been rendered.
struct Store {
    dir: TempDir,
    attempts: Vec<(String, AttemptRecord)>,
}

impl Store {
    async fn of(plugin: &LoadedPlugin, scenarios: &[Scenario]) -> Self {
        let mut store = Self { dir: tempfile::tempdir().unwrap(), attempts: Vec::new() };
        for (id, scenario) in (1..).map(AttemptId).zip(scenarios) {
            store.add(plugin, scenario, id).await;
        }
        store
    }

    async fn add(&mut self, plugin: &LoadedPlugin, scenario: &Scenario, id: AttemptId) {
        let given = &scenario.given;
        let descriptor = plugin.descriptor();
        let dir = self.dir.path().join(id.to_string());
        std::fs::create_dir_all(dir.join("scratch")).unwrap();
        let mut task = given.task(Arc::new(given.job.clone()), descriptor).unwrap();
        let tool = |id: &String| Tool { id: id.clone(), path: Path::new("/opt").join(id), version: None };
        task.tools = descriptor.levels[task.level as usize].tools.iter().map(tool).collect();
        task.scratch = dir.join("scratch");
        let input = Input {
            task: task.clone(),
            log: given.log.clone().unwrap(),
            end: given.end,
            done: Done::Verified(given.done.clone()),
            host_faults: Vec::new(),
        };
        let trial = run(plugin, &input, Feed::Batches).await;
        std::fs::write(dir.join("log"), input.log.iter().map(|line| format!("{line}\n")).collect::<String>())
            .unwrap();
        std::fs::write(dir.join("attempt.json"), manifest(plugin, &task).await).unwrap();
        let record = AttemptRecord {
            id,
            job: JobId(1),
            layer: task.layer.clone(),
            frames: task.frames.clone(),
            level: task.level,
            level_name: descriptor.levels[task.level as usize].name.clone(),
            try_number: task.try_number,
            lease: farmhand_model::Lease { threads: task.threads, ..Default::default() },
            boost: Default::default(),
            plugin: Some(plugin.stamp().clone()),
            started: now(),
            frames_done: given.done.clone(),
            faults: Vec::new(),
            facts: Vec::new(),
            state: AttemptState::Ended {
                at: now(),
                verdict: trial.verdict.unwrap(),
                outcome: trial.outcome,
                consequence: String::new(),
            },
            steps: Default::default(),
        };
        self.attempts.push((scenario.name(), record));
    }

    /// Every attempt through a plugin, by the name of its scenario.
    async fn replayed(
        &self,
        plugin: &LoadedPlugin,
        then: Option<&LoadedPlugin>,
    ) -> Vec<(String, Comparison)> {
        let mut all = Vec::new();
        for (name, record) in &self.attempts {
            let recorded =
                Recorded::read(&self.dir.path().join(record.id.to_string()), record).await.unwrap();
            all.push((name.clone(), compare(plugin, &recorded, then, now()).await));
        }
        all
    }
}

/// `attempt.json`, as the daemon writes it.
async fn manifest(plugin: &LoadedPlugin, task: &TaskContext) -> Vec<u8> {
    let command = plugin.build_command(task).await.unwrap();
    let program = task.tools.iter().find(|tool| tool.id == command.tool).unwrap().path.clone();
    for file in &command.files {
        if file.path.starts_with(&task.scratch) {
            std::fs::write(&file.path, &file.contents).unwrap();
        }
    }
    let mut env = command.env;
    if !task.gpus.is_empty() {
        let uuids: Vec<&str> = task.gpus.iter().map(|gpu| gpu.uuid.as_str()).collect();
        if !env.iter().any(|(name, _)| name == "CUDA_VISIBLE_DEVICES") {
            env.push(("CUDA_VISIBLE_DEVICES".to_owned(), uuids.join(",")));
        }
        env.retain(|(name, _)| name != "CUDA_DEVICE_ORDER");
        env.push(("CUDA_DEVICE_ORDER".to_owned(), "PCI_BUS_ID".to_owned()));
    }
    serde_json::to_vec(&json!({
        "task": task, "plugin": plugin.stamp(), "program": program, "args": command.args, "env": env,
        "cwd": command.cwd.unwrap_or_else(|| task.scratch.clone()), "outputs": command.outputs,
        "verify": command.verify, "remove_on_success": [], "started": now(),
    }))
    .unwrap()
}

/// Name, what changed, and the decisions, of those attempts that change.
fn changes(all: &[(String, Comparison)]) -> Vec<String> {
    let changed = all.iter().filter(|(_, comparison)| !comparison.changes.is_empty());
    let line = |(name, comparison): &(String, Comparison)| {
        let what: Vec<&str> = comparison.changes.iter().map(Change::name).collect();
        let (then, now) = (&comparison.then.decision, &comparison.now.decision);
        format!("{name}: {}: {then} -> {now}", what.join(" "))
    };
    changed.map(line).collect()
}

#[tokio::test]
async fn a_changed_rule_over_a_stored_corpus_is_reported_exactly() {
    let scenarios = find(&root().join("tests/corpus/nuke")).unwrap();
    let host = plugin_host().await;
    let nuke = host.load_file(&prebuilt("nuke")).await.unwrap();
    let store = Store::of(&nuke, &scenarios).await;
    let dir = tempfile::tempdir().unwrap();

    let same = store.replayed(&nuke, None).await;
    assert_eq!(changes(&same), Vec::<String>::new(), "the version that decided changes nothing");
    assert_eq!(same.len(), scenarios.len());

    let other =
        changed(&host, dir.path(), "nuke", "No space left on device", "No spice left on device").await;
    let all = store.replayed(&other, None).await;
    assert_eq!(changes(&all), ["disk-full: faults verdict: quarantine-node -> fall-back"]);
    let (_, disk_full) = all.iter().find(|(name, _)| name == "disk-full").unwrap();
    assert!(!disk_full.events_compared, "the old version is not there");

    let all = store.replayed(&other, Some(&nuke)).await;
    assert_eq!(changes(&all), ["disk-full: events faults verdict: quarantine-node -> fall-back"]);
}

#[tokio::test]
async fn a_changed_command_is_reported_and_a_moment_in_it_is_not() {
    let scenarios = find(&root().join("tests/corpus/nuke")).unwrap();
    let some: Vec<Scenario> = scenarios.into_iter().filter(|one| one.name() == "script-ok").collect();
    let host = plugin_host().await;
    let nuke = host.load_file(&prebuilt("nuke")).await.unwrap();
    let store = Store::of(&nuke, &some).await;
    let dir = tempfile::tempdir().unwrap();
    // The names of generated scripts hold the time, which is another one in each run.
    assert_eq!(changes(&store.replayed(&nuke, None).await), Vec::<String>::new());

    let other = changed(&host, dir.path(), "nuke", "NUKE_TEMP_DIR", "NUKE_TIMP_DIR").await;
    let all = store.replayed(&other, None).await;
    assert_eq!(changes(&all), ["script-ok: command: accept -> accept"]);
    let difference = all[0].1.changes[0].difference();
    assert!(difference.contains("- with NUKE_TEMP_DIR=") && difference.contains("+ with NUKE_TIMP_DIR="));
}

#[tokio::test]
async fn what_the_host_or_a_hook_decided_is_not_the_plugins() {
    let scenarios = find(&root().join("tests/corpus/nuke")).unwrap();
    let some: Vec<Scenario> = scenarios.into_iter().filter(|one| one.name() == "disk-full").collect();
    let host = plugin_host().await;
    let nuke = host.load_file(&prebuilt("nuke")).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let other =
        changed(&host, dir.path(), "nuke", "No space left on device", "No spice left on device").await;
    let check = async |change: fn(&mut Outcome, &mut Verdict)| {
        let mut store = Store::of(&nuke, &some).await;
        let AttemptState::Ended { outcome, verdict, .. } = &mut store.attempts[0].1.state else { panic!() };
        change(outcome, verdict);
        changes(&store.replayed(&other, None).await)
    };
    assert_eq!(
        check(|outcome, _| outcome.ended_by = EndedBy::Cancel).await,
        ["disk-full: faults: quarantine-node -> quarantine-node"]
    );
    let by_hook = check(|_, verdict| {
        verdict.decision = Decision::FailJob;
        verdict.reason = "after-task hook publish: exit code 1".to_owned();
    });
    assert_eq!(by_hook.await, ["disk-full: faults: fail-job -> fail-job"]);
    // An image that the host did not believe is still not believed, and is no change.
    let not_believed = check(|outcome, _| {
        let mut fault = outcome.faults[0].clone();
        fault.severity = Severity::Transient;
        fault.message = "its image cannot be believed: the file is empty".to_owned();
        outcome.faults.push(fault);
    });
    assert_eq!(not_believed.await, ["disk-full: faults verdict: quarantine-node -> retry 5000"]);
}

#[tokio::test]
async fn what_is_not_kept_any_more_is_said() {
    let scenarios = find(&root().join("tests/corpus/nuke")).unwrap();
    let nuke = plugin_host().await.load_file(&prebuilt("nuke")).await.unwrap();
    let mut store = Store::of(&nuke, &scenarios[..1]).await;
    let dir = store.dir.path().join("1");
    std::fs::remove_file(dir.join("log")).unwrap();
    let record = &store.attempts[0].1;
    assert_eq!(Recorded::read(&dir, record).await.unwrap_err(), Unusable::NoLog);
    std::fs::remove_dir_all(&dir).unwrap();
    assert_eq!(Recorded::read(&dir, record).await.unwrap_err(), Unusable::NoLog);
    store.attempts[0].1.state = AttemptState::Starting;
    assert_eq!(Recorded::read(&dir, &store.attempts[0].1).await.unwrap_err(), Unusable::Runs);
}

/// The whole corpus plays as scenarios, so that one that is copied into a plugin's folder works there.
#[tokio::test]
async fn an_unmet_expectation_fails_its_scenario() {
    let scenarios = find(&root().join("tests/corpus/nuke")).unwrap();
    let nuke = plugin_host().await.load_file(&prebuilt("nuke")).await.unwrap();
    let mut scenario = scenarios.into_iter().find(|one| one.name() == "disk-full").unwrap();
    assert!(play(&scenario, &nuke, now()).await.unwrap().passed());
    scenario.expectations.values_mut().for_each(|text| text.push('.'));
    assert!(!play(&scenario, &nuke, now()).await.unwrap().passed());
    scenario.expectations.clear();
    let played = play(&scenario, &nuke, now()).await.unwrap();
    assert!(!played.passed(), "a scenario that expects nothing shows nothing");
    assert_eq!(played.answers.len(), 1);
}
