//! The engine over real trees, aged by their times and never by waiting.

use super::*;
use farmhand_model::dcc::{Decision, Outcome, Verdict};
use farmhand_model::{
    AttemptId, AttemptRecord, AttemptState, Change, EndedBy, FrameSet, JobId, JobRecord, JobStatus, Seconds,
    Timestamp,
};
use farmhand_store::Store;
use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: u64 = 24 * 3600;
const HEADER: &str = "\"\"\"\nfarmhand Nuke render script\nGenerated: 2026-11-22 08:45:00 UTC\n\"\"\"\n";

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(since.as_millis() as i64)
}

fn days_ago(days: u64) -> Timestamp {
    now().plus_millis(-((days * DAY * 1000) as i64))
}

/// A directory to make a mess in.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// As the engine names it.
    fn path(&self, path: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(path)
    }

    /// A file that was changed last so many days ago, in directories as old.
    fn file(&self, path: &str, days: u64, text: &str) -> &Self {
        let full = self.path(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(&full, text).unwrap();
        self.age(path, days);
        let mut dir = Path::new(path).parent();
        while let Some(path) = dir.filter(|path| !path.as_os_str().is_empty()) {
            self.age(path.to_str().unwrap(), days);
            dir = path.parent();
        }
        self
    }

    fn age(&self, path: &str, days: u64) {
        let time = SystemTime::now() - Duration::from_secs(days * DAY);
        File::open(self.path(path)).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
    }

    /// Every file and link that is there, by its path in the tree.
    fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut left = vec![self.path("")];
        while let Some(dir) = left.pop() {
            for entry in fs::read_dir(dir).unwrap().flatten() {
                match entry.file_type().unwrap().is_dir() {
                    true => left.push(entry.path()),
                    false => found.push(entry.path()),
                }
            }
        }
        let short = |path: PathBuf| path.strip_prefix(self.path("")).unwrap().display().to_string();
        let mut found: Vec<String> = found.into_iter().map(short).collect();
        found.sort();
        found
    }

    fn sweep(&self, dry_run: bool, request: &CleanupRequest, live: LiveAttempts) -> CleanupReport {
        let policy = CleanupPolicy { history_days: 90, logs_days: 30, scripts_days: 7 };
        // A moment later, so that what was just made counts as made before.
        let cutoffs = Cutoffs::new(request, policy, now().plus_millis(1000));
        let report = CleanupReport::new(dry_run, live);
        sweep_roots(report, &[self.path("")], &cutoffs, &self.path("data"))
    }

    fn clean(&self) -> CleanupReport {
        self.sweep(false, &CleanupRequest::default(), LiveAttempts::default())
    }
}

#[track_caller]
fn row(report: &CleanupReport, kind: CleanupKind) -> (u64, u64) {
    let row = report.rows.iter().find(|row| row.kind == kind).unwrap();
    assert!(row.paths.len() as u64 <= row.count);
    (row.count, row.bytes)
}

#[test]
fn generated_scripts_go_with_their_directory_and_nobody_elses() {
    let tree = Tree::new();
    tree.file("show/comp.nk", 99, "")
        .file("show/py/comp/render_Write1_f001_1719428123.py", 8, HEADER)
        .file("show/py/comp/render_Write1_f002-010_1719428124.py", 9, HEADER)
        .file("show/py/other/render_Write1_f001_1719428123.py", 8, HEADER)
        .file("show/py/other/render_Write1_f002_1719428125.py", 6, HEADER)
        .file(
            "show/py/other/render_Write1_f003_1719428126.py",
            8,
            "# my own tool, after what\n# the farmhand plugin makes\n",
        )
        .file("show/py/other/render_tools.py", 8, HEADER)
        .file("show/py/render_Write1_f001_1719428123.py", 8, HEADER)
        .file("show/render_Write1_f001_1719428123.py", 8, HEADER)
        .file("show/py/other/late/render_Write1_f001_1719428123.py", 8, HEADER)
        .file(
            "show/py/other/long/render_Write1_f001_1719428123.py",
            8,
            &format!("{}\nfarmhand x", " ".repeat(4096)),
        );
    for (name, days) in [("empty", 9), ("over", 9), ("begun", 1)] {
        fs::create_dir(tree.path("show/py").join(name)).unwrap();
        tree.age(&format!("show/py/{name}"), days);
    }
    tree.file("show/over.nk", 99, "").file("show/begun.nk", 99, "");
    let before = tree.files();

    let planned = tree.sweep(true, &CleanupRequest::default(), LiveAttempts::default());
    assert_eq!(tree.files(), before, "a dry run only tells");
    let report = tree.clean();

    assert_eq!(planned.rows, report.rows);
    assert!(planned.dry_run && !report.dry_run && report.problems.is_empty(), "{report:?}");
    assert_eq!(row(&report, CleanupKind::Scripts), (4, 3 * HEADER.len() as u64));
    assert_eq!(
        tree.files(),
        [
            "show/begun.nk",
            "show/comp.nk",
            "show/over.nk",
            "show/py/other/late/render_Write1_f001_1719428123.py",
            "show/py/other/long/render_Write1_f001_1719428123.py",
            "show/py/other/render_Write1_f002_1719428125.py",
            "show/py/other/render_Write1_f003_1719428126.py",
            "show/py/other/render_tools.py",
            "show/py/render_Write1_f001_1719428123.py",
            "show/render_Write1_f001_1719428123.py",
        ]
    );
    assert!(!tree.path("show/py/comp").exists(), "emptied by this");
    assert!(!tree.path("show/py/over").exists(), "its scripts have removed themselves");
    assert!(tree.path("show/py/begun").exists(), "its first script may be about to come");
    assert!(tree.path("show/py/empty").exists(), "of no script");
    assert_eq!(tree.clean().total(), (0, 0));
}

#[test]
fn the_newest_five_temporary_scenes_of_each_scene_stay() {
    let tree = Tree::new();
    let scene = |name: &str, number: u64| {
        format!("show/.farmhand/scenes/render_{name}_{}_all_{number}.ma", 1_719_428_000 + number)
    };
    for number in 1..=8 {
        tree.file(&scene("shot", number), 100 - number, "1234");
    }
    // Seven of another scene, of which two are beyond the five and one of those is too young.
    for (number, days) in [(1, 10), (2, 6), (3, 5), (4, 4), (5, 3), (6, 2), (7, 1)] {
        tree.file(&scene("shot_b", number), days, "12");
    }
    tree.file("show/.farmhand/scenes/notes.ma", 99, "");

    let report = tree.clean();

    assert_eq!(row(&report, CleanupKind::Scenes), (4, 3 * 4 + 2));
    let kept: Vec<String> = (4..=8)
        .map(|number| scene("shot", number))
        .chain((2..=7).map(|number| scene("shot_b", number)))
        .chain(["show/.farmhand/scenes/notes.ma".to_owned()])
        .collect();
    let mut kept = kept;
    kept.sort();
    assert_eq!(tree.files(), kept);
}

#[test]
fn staging_of_dead_attempts_goes_once_it_is_old_all_through() {
    let tree = Tree::new();
    tree.file("out/.farmhand/7/beauty/0001.png", 8, "123")
        .file("out/.farmhand/8/0001.png", 8, "123")
        .file("out/.farmhand/9/0001.png", 6, "123")
        .file("out/.farmhand/notes/0001.png", 8, "123")
        .file("out/.farmhand/010/0001.png", 8, "123")
        .file("alone/.farmhand/11/0001.png", 8, "123")
        .file("out/.0001.png.farmhand-7", 8, "12")
        .file("out/.0002.png.farmhand-8", 8, "12")
        .file("out/.0003.png.farmhand-9", 1, "12")
        .file("out/.shot.json.farmhand-part", 8, "1")
        .file("out/.shot2.json.farmhand-part", 10, "1")
        .file("out/0001.png", 8, "12345");
    tree.age("out/.farmhand/9", 9);
    let live = LiveAttempts { attempts: vec![AttemptId(8)], since: Some(days_ago(9)) };

    let report = tree.sweep(false, &CleanupRequest::default(), live);

    assert_eq!(row(&report, CleanupKind::Staging), (4, 3 + 3 + 2 + 1));
    assert_eq!(
        tree.files(),
        [
            "out/.0002.png.farmhand-8",
            "out/.0003.png.farmhand-9",
            "out/.farmhand/010/0001.png",
            "out/.farmhand/8/0001.png",
            "out/.farmhand/9/0001.png",
            "out/.farmhand/notes/0001.png",
            "out/.shot.json.farmhand-part",
            "out/0001.png",
        ]
    );
    assert!(!tree.path("alone/.farmhand").exists());
}

#[test]
fn what_a_live_attempt_may_have_made_stays_however_short_the_time() {
    let tree = Tree::new();
    let script = |frame: u32| format!("show/py/comp/render_Write1_f{frame:03}_1719428123.py");
    tree.file(&script(1), 3, HEADER).file(&script(2), 1, HEADER).file(&script(3), 0, HEADER);
    let request = CleanupRequest { older_than_seconds: Some(0), ..CleanupRequest::default() };
    let live = LiveAttempts { attempts: vec![AttemptId(1)], since: Some(days_ago(2)) };

    let report = tree.sweep(false, &request, live);
    assert_eq!(row(&report, CleanupKind::Scripts).0, 1);
    assert_eq!(tree.files(), [script(2), script(3)]);

    assert_eq!(row(&tree.sweep(false, &request, LiveAttempts::default()), CleanupKind::Scripts).0, 2);
    assert_eq!(tree.files(), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn a_hostile_tree_loses_nothing_but_what_is_ours() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let outside = Tree::new();
    let script = "py/comp/render_Write1_f001_1719428123.py";
    outside.file(script, 99, HEADER).file(".farmhand/7/0001.png", 99, "image").file(
        "precious.txt",
        99,
        "farmhand",
    );
    let tree = Tree::new();
    tree.file("a/py/keep.txt", 99, "").file("b/.farmhand/7/0001.png", 99, "image").file("c/x.nk", 99, "");
    symlink(outside.path(""), tree.path("elsewhere")).unwrap();
    symlink(outside.path("py/comp"), tree.path("a/py/comp")).unwrap();
    symlink(outside.path("py"), tree.path("c/py")).unwrap();
    symlink(outside.path(".farmhand"), tree.path("c/.farmhand")).unwrap();
    symlink(outside.path("precious.txt"), tree.path("a/py/render_Write1_f001_1719428123.py")).unwrap();
    symlink(outside.path("precious.txt"), tree.path("b/.farmhand/7/link.png")).unwrap();
    symlink(outside.path(".farmhand/7"), tree.path("b/.farmhand/9")).unwrap();
    symlink(outside.path("precious.txt"), tree.path("b/.x.png.farmhand-3")).unwrap();
    symlink("loop", tree.path("b/loop")).unwrap();
    fs::create_dir_all(tree.path("a/py/dir/render_Write1_f001_1719428123.py")).unwrap();
    // A link is as young as its making, so that the staging that holds one has to be old by the limit.
    let request = CleanupRequest { older_than_seconds: Some(0), ..CleanupRequest::default() };
    tree.file("locked/py/comp/render_Write1_f001_1719428123.py", 99, HEADER);
    fs::set_permissions(tree.path("locked/py/comp"), fs::Permissions::from_mode(0o000)).unwrap();
    // Whoever runs the tests as root can read everything.
    let is_locked = fs::read_dir(tree.path("locked/py/comp")).is_err();

    let report = tree.sweep(false, &request, LiveAttempts::default());

    if is_locked {
        fs::set_permissions(tree.path("locked/py/comp"), fs::Permissions::from_mode(0o755)).unwrap();
    }
    assert_eq!(row(&report, CleanupKind::Staging), (1, 5), "{report:?}");
    assert_eq!(row(&report, CleanupKind::Scripts).0, u64::from(!is_locked), "{report:?}");
    assert_eq!(report.problems.len(), usize::from(is_locked), "{report:?}");
    assert_eq!(outside.files(), [".farmhand/7/0001.png", "precious.txt", script]);
    for link in ["elsewhere", "a/py/comp", "c/py", "c/.farmhand", "b/.farmhand/9", "b/.x.png.farmhand-3"] {
        assert!(tree.path(link).symlink_metadata().is_ok(), "{link}");
    }
    assert!(tree.path("a/py/dir/render_Write1_f001_1719428123.py").is_dir());
}

#[test]
fn a_root_may_be_any_directory_of_ours_and_the_data_directory_is_never_entered() {
    let tree = Tree::new();
    let script = "show/py/comp/render_Write1_f001_1719428123.py";
    tree.file(script, 8, HEADER).file("data/attempts/3/py/x/render_W_f1_1719428123.py", 8, HEADER);
    let cutoffs = Cutoffs::new(
        &CleanupRequest { older_than_seconds: Some(DAY), ..CleanupRequest::default() },
        CleanupPolicy::default(),
        now(),
    );
    let sweep = |roots: &[&str]| {
        let roots: Vec<PathBuf> = roots.iter().map(|root| tree.path(root)).collect();
        let report = CleanupReport::new(true, LiveAttempts::default());
        sweep_roots(report, &roots, &cutoffs, &tree.path("data"))
    };
    for roots in [&["show/py/comp"][..], &["show/py"], &["show"], &[""], &["show", "", "show/py"]] {
        assert_eq!(row(&sweep(roots), CleanupKind::Scripts).0, 1, "{roots:?}");
    }
    let report = sweep(&["gone"]);
    assert!(
        report.problems[0].starts_with("cannot look at ") && report.problems[0].contains("gone"),
        "{report:?}"
    );
}

#[test]
fn each_kind_has_its_own_time_unless_one_is_asked_for() {
    let policy = CleanupPolicy { history_days: 90, logs_days: 30, scripts_days: 0 };
    let at = Timestamp(1_000_000_000_000);
    let check = |request: CleanupRequest, expect: [Option<i64>; 5]| {
        let cutoffs = Cutoffs::new(&request, policy, at);
        let found = CleanupKind::ALL.map(|kind| cutoffs.of(kind).map(|time| (at.0 - time.0) / 1000));
        assert_eq!(found, expect, "{request:?}");
    };
    let day = DAY as i64;
    check(CleanupRequest::default(), [None, None, None, Some(30 * day), Some(90 * day)]);
    let seconds = |older_than_seconds| CleanupRequest { older_than_seconds, ..CleanupRequest::default() };
    check(seconds(Some(60)), [Some(60); 5]);
    check(seconds(Some(0)), [Some(0); 5]);
    let only =
        |only, older_than_seconds| CleanupRequest { only, older_than_seconds, ..CleanupRequest::default() };
    check(only(vec![CleanupKind::Logs], None), [None, None, None, Some(30 * day), None]);
    check(only(vec![CleanupKind::Scripts], None), [None; 5]);
    check(only(vec![CleanupKind::Scripts], Some(5)), [Some(5), None, None, None, None]);
    Cutoffs::new(&seconds(Some(u64::MAX)), policy, at).of(CleanupKind::Logs).unwrap();
}

fn job(id: u64, status: JobStatus, finished: Option<Timestamp>, dir: &Path) -> Change {
    let record: JobRecord = serde_json::from_value(serde_json::json!({
        "id": id,
        "spec": {
            "name": "shot", "user": null, "scene": dir.join("shot.nk"),
            "plugin": { "name": "nuke", "version": null }, "dcc_version": null, "frames": "1-10", "layers": [],
            "output": dir.join("out/{layer}/shot_####"), "options": {}, "priority": 50, "after": [],
            "order": "forward", "chunk": "auto", "threads": null, "skip_existing": false,
            "limits": farmhand_model::job::JobLimits::default(),
        },
        "status": status, "submitted": days_ago(200), "started": null, "finished": finished, "failure": null,
        "notes": [], "requeued": [], "failed": [], "counts": farmhand_model::view::FrameCounts::default(),
        "costs": farmhand_model::job::JobCosts::default(),
    }))
    .unwrap();
    Change::Job(Box::new(record))
}

fn attempt(id: u64, job: u64, live: bool) -> Change {
    let ended = AttemptState::Ended {
        at: days_ago(100),
        outcome: Outcome {
            exit_code: Some(0),
            signal: None,
            ended_by: EndedBy::Itself,
            seconds: Seconds(1.0),
            frames_done: FrameSet::new(),
            frames_missing: FrameSet::new(),
            faults: Vec::new(),
            facts: Vec::new(),
            usage: Default::default(),
        },
        verdict: Verdict { decision: Decision::Accept, reason: "done".to_owned() },
        consequence: String::new(),
    };
    Change::Attempt(Box::new(AttemptRecord {
        id: AttemptId(id),
        job: JobId(job),
        layer: None,
        frames: FrameSet::range(1, 10),
        level: 0,
        level_name: "script".to_owned(),
        try_number: 1,
        lease: farmhand_model::Lease { threads: 1, ..farmhand_model::Lease::default() },
        boost: Default::default(),
        plugin: None,
        started: days_ago(100),
        frames_done: FrameSet::new(),
        faults: Vec::new(),
        facts: Vec::new(),
        state: if live { AttemptState::Starting } else { ended },
        steps: Default::default(),
    }))
}

/// A store with an old job, one that runs and one that ended lately, and what all of them left.
async fn farm(tree: &Tree) -> Store {
    tree.file("data/attempts/1/log", 31, "12345")
        .file("data/attempts/1/scratch/script.py", 40, "12")
        .file("data/attempts/2/log", 99, "live, and silent for long")
        .file("data/attempts/3/log", 29, "young")
        .file("data/attempts/4/log", 99, "123")
        .file("data/attempts/4/staging/0001.png", 99, "the only copy of an image")
        .file("data/attempts/5/log", 99, "1")
        .file("data/attempts/5/staging/.keep", 99, "")
        .file("data/hooks/1-before-job/publish.py/log", 99, "12")
        .file("data/hooks/2-before-job/publish.py.json", 0, "young")
        .file("data/hooks/notes/log", 99, "")
        .file("data/attempts/notes/log", 99, "")
        .file("data/attempts/6", 99, "no directory")
        .file("show/py/shot/render_Write1_f001_1719428123.py", 101, HEADER)
        .file("show/out/.farmhand/3/0001.png", 9, "123")
        .file("show/out/.farmhand/2/0001.png", 200, "of the live one")
        .file("other/py/shot/render_Write1_f001_1719428123.py", 101, HEADER);
    fs::remove_file(tree.path("data/attempts/5/staging/.keep")).unwrap();
    tree.age("data/attempts/5/staging", 99);
    let (store, _) = Store::open(&tree.path("data/farmhand.db")).unwrap();
    let dir = tree.path("show");
    let changes = vec![
        job(1, JobStatus::Done, Some(days_ago(100)), &dir),
        job(2, JobStatus::Running, None, &dir),
        job(3, JobStatus::Failed, Some(days_ago(80)), &dir),
        attempt(1, 1, false),
        attempt(2, 2, true),
        attempt(3, 3, false),
        attempt(4, 3, false),
        attempt(5, 3, false),
    ];
    store.commit(changes).await.unwrap();
    store
}

#[tokio::test]
async fn a_clean_up_takes_logs_history_and_what_jobs_left_but_nothing_that_lives() {
    let tree = Tree::new();
    let store = farm(&tree).await;
    let before = tree.files();
    let policy = CleanupPolicy { history_days: 90, logs_days: 30, scripts_days: 7 };
    let data_dir = tree.path("data");
    let ground = Ground { store: &store, data_dir: &data_dir, policy, jobs: &tokio::sync::Mutex::default() };
    let request = CleanupRequest::default();

    let planned = run(ground, &request, true, now()).await.unwrap();
    assert_eq!(tree.files(), before);
    assert!(store.job(JobId(1)).await.unwrap().is_some());
    let report = run(ground, &request, false, now()).await.unwrap();

    assert_eq!(planned.rows, report.rows);
    assert!(report.problems.is_empty(), "{report:?}");
    assert_eq!(row(&report, CleanupKind::Logs), (4, 7 + 3 + 1 + 2), "{report:?}");
    assert_eq!(row(&report, CleanupKind::Scripts).0, 1);
    assert_eq!(row(&report, CleanupKind::Staging), (1, 3));
    assert_eq!(row(&report, CleanupKind::History).0, 1);
    assert!(store.job(JobId(1)).await.unwrap().is_none());
    assert!(store.job(JobId(2)).await.unwrap().is_some() && store.job(JobId(3)).await.unwrap().is_some());
    let kept: Vec<String> =
        tree.files().into_iter().filter(|file| !file.starts_with("data/farmhand.db")).collect();
    assert_eq!(
        kept,
        [
            "data/attempts/2/log",
            "data/attempts/3/log",
            "data/attempts/4/staging/0001.png",
            "data/attempts/6",
            "data/attempts/notes/log",
            "data/hooks/2-before-job/publish.py.json",
            "data/hooks/notes/log",
            "other/py/shot/render_Write1_f001_1719428123.py",
            "show/out/.farmhand/2/0001.png",
        ]
    );

    let again = run(ground, &request, false, now()).await.unwrap();
    assert_eq!(again.total(), (0, 0), "{again:?}");
    let rooted = CleanupRequest { roots: vec![tree.path("")], ..request };
    let report = run(ground, &rooted, false, now()).await.unwrap();
    assert_eq!(report.total().0, 1, "only what no job has named was left: {report:?}");
}

#[tokio::test]
async fn an_attempt_that_somebody_runs_is_kept_even_where_the_database_does_not_know_it() {
    let tree = Tree::new();
    let store = farm(&tree).await;
    tree.file("data/attempts/99/lock", 99, "").file("data/attempts/99/log", 99, "1");
    tree.file("data/hooks/9-after-job/publish.py/lock", 99, "");
    let held = ["data/attempts/99/lock", "data/hooks/9-after-job/publish.py/lock"].map(|lock| {
        let lock = File::options().write(true).open(tree.path(lock)).unwrap();
        lock.try_lock().unwrap();
        lock
    });
    let data_dir = tree.path("data");
    let policy = CleanupPolicy { logs_days: 30, ..CleanupPolicy::default() };
    let ground = Ground { store: &store, data_dir: &data_dir, policy, jobs: &tokio::sync::Mutex::default() };

    run(ground, &CleanupRequest::default(), false, now()).await.unwrap();
    assert!(tree.path("data/attempts/99/log").exists() && tree.path("data/hooks/9-after-job").exists());
    drop(held);
    run(ground, &CleanupRequest::default(), false, now()).await.unwrap();
    assert!(!tree.path("data/attempts/99").exists() && !tree.path("data/hooks/9-after-job").exists());
    assert!(store.job(JobId(1)).await.unwrap().is_some(), "never means never");
}
