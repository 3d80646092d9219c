use super::*;

#[test]
fn each_says_how_much_it_matters_and_whom_it_is_about() {
    use NoticeSeverity::{Error, Info, Warning};
    let check = |happening: Happening, severity, job: Option<u64>, plugin: Option<&str>, message: &str| {
        let kind = happening.kind().to_owned();
        let notice = happening.noticed(NoticeId(7), Timestamp(9));
        let expect = Notice {
            id: NoticeId(7),
            at: Timestamp(9),
            severity,
            kind,
            job: job.map(JobId),
            batch: None,
            plugin: plugin.map(str::to_owned),
            message: message.to_owned(),
        };
        assert_eq!(notice, expect);
    };
    let failed = |failed, reason: Option<&str>| Happening::JobFailed {
        job: JobId(3),
        name: "shot".into(),
        plugin: "blender".into(),
        failed,
        total: 9,
        reason: reason.map(str::to_owned),
    };
    assert_eq!((failed(2, None).kind(), Happening::StoreWorks.kind()), ("job-failed", "store-works"));
    let about = (Some(3), Some("blender"));
    check(failed(2, None), Error, about.0, about.1, "shot failed: 2 of 9 frames given up");
    check(failed(0, Some("no camera")), Error, about.0, about.1, "shot failed: no camera");
    check(
        failed(9, Some("no camera")),
        Error,
        about.0,
        about.1,
        "shot failed: 9 of 9 frames given up: no camera",
    );
    let done = Happening::JobDone { job: JobId(3), name: "shot".into(), plugin: "blender".into(), frames: 1 };
    check(done, Info, about.0, about.1, "shot is done: 1 frame");
    let frames = "4,6".parse().unwrap();
    let gave_up =
        Happening::FramesFailed { job: JobId(3), name: "shot".into(), plugin: "blender".into(), frames };
    check(gave_up, Warning, about.0, about.1, "shot has given up frames 4,6");
    let breaker = |gpu: Option<&str>| Happening::BreakerOpened {
        plugin: "maya".into(),
        gpu: gpu.map(str::to_owned),
        reason: "no licence".into(),
    };
    check(breaker(None), Error, None, Some("maya"), "maya takes no tasks for a while: no licence");
    check(
        breaker(Some("1")),
        Error,
        None,
        Some("maya"),
        "maya takes no tasks on GPU 1 for a while: no licence",
    );
    let (to, id) = ("webhook chat".to_owned(), "job-3-end-9".to_owned());
    let late = Happening::NotificationLate {
        job: Some(JobId(3)),
        to: to.clone(),
        id: id.clone(),
        reason: "no route".into(),
    };
    check(
        late,
        Warning,
        Some(3),
        None,
        "webhook chat could not be told of job-3-end-9 and is tried again: no route",
    );
    let arrived =
        Happening::NotificationArrived { job: Some(JobId(3)), to: to.clone(), id: id.clone(), tries: 2 };
    check(arrived, Info, Some(3), None, "webhook chat was told of job-3-end-9 at last, at try 2");
    let lost = Happening::NotificationLost { job: None, to, id, tries: 14, reason: "no route".into() };
    check(lost, Error, None, None, "webhook chat was not told of job-3-end-9, after 14 tries: no route");
    let started = |adopted| Happening::DaemonStarted { version: "0.1.0".into(), adopted };
    check(started(0), Info, None, None, "farmhand 0.1.0 started");
    check(started(1), Info, None, None, "farmhand 0.1.0 started and took up 1 render that went on meanwhile");
}

#[test]
fn a_batch_is_told_of_by_its_jobs() {
    use NoticeSeverity::{Error, Info};
    let check = |happening: Happening, severity, message: &str| {
        let notice = happening.noticed(NoticeId(7), Timestamp(9));
        assert_eq!((notice.batch, notice.job), (Some(BatchId(4)), None));
        assert_eq!((notice.severity, notice.message.as_str()), (severity, message));
    };
    let (batch, name) = (BatchId(4), "seq".to_owned());
    let jobs = JobCounts { total: 3, completed: 3, ..JobCounts::default() };
    check(Happening::BatchDone { batch, name: name.clone(), jobs }, Info, "seq is done: 3 jobs");
    let jobs = JobCounts { total: 3, completed: 1, skipped: 2, ..JobCounts::default() };
    let before = "seq is done: 3 jobs, 2 of them complete before";
    check(Happening::BatchDone { batch, name: name.clone(), jobs }, Info, before);
    let jobs = JobCounts { total: 3, completed: 2, failed: 1, ..JobCounts::default() };
    check(
        Happening::BatchFailed { batch, name: name.clone(), jobs },
        Error,
        "seq has ended: 1 of 3 jobs failed",
    );
    let jobs = JobCounts { total: 1, failed: 1, cancelled: 2, ..JobCounts::default() };
    let both = "seq has ended: 1 of 1 job failed, 2 cancelled";
    check(Happening::BatchFailed { batch, name: name.clone(), jobs }, Error, both);
    let jobs = JobCounts { total: 3, completed: 1, skipped: 1, cancelled: 1, ..JobCounts::default() };
    check(Happening::BatchCancelled { batch, name, jobs }, Info, "seq was cancelled: 2 of 3 jobs are done");
}

#[test]
fn notices_of_a_daemon_that_knew_no_batches_are_read() {
    let old = r#"{"id":1,"at":"1970-01-01T00:00:00.000Z","severity":"info","kind":"job-done","job":3,"plugin":null,"message":"x"}"#;
    let notice: Notice = serde_json::from_str(old).unwrap();
    assert_eq!((notice.job, notice.batch), (Some(JobId(3)), None));
}

#[test]
fn the_names_are_as_in_json() {
    for (name, severity) in NoticeSeverity::NAMES {
        assert_eq!(serde_json::json!(severity), name);
    }
    assert!(
        NoticeSeverity::Error > NoticeSeverity::Warning && NoticeSeverity::Warning > NoticeSeverity::Info
    );
}
