//! Who is told of what became of jobs and batches: webhooks over real HTTP, and the studio's programs.

use crate::harness::{Daemon, Message, Receiver, prebuilt};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const SECRET: &str = "0123456789abcdef0123456789";
/// Longer than anything here takes; reached only when a test has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// A studio with a webhook `chat`, a directory of hooks, and a scene that needs no renderer.
struct Studio {
    dir: tempfile::TempDir,
    daemon: Daemon,
}

impl Studio {
    fn new(webhook: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir_all(path("hooks")).unwrap();
        fs::create_dir_all(path("data/plugins")).unwrap();
        fs::write(path("shot.noop"), "").unwrap();
        // As an editor leaves it, with a line's end.
        fs::write(path("chat.secret"), format!("{SECRET}\n")).unwrap();
        let secret = path("chat.secret");
        let config = format!(
            "[hooks]\ndir = \"hooks\"\n[notify]\nchat = {{ url = {webhook:?}, secret_file = {secret:?} }}\n"
        );
        fs::write(path("farmhand.toml"), config).unwrap();
        fs::copy(prebuilt("noop"), path("data/plugins/noop.wasm")).unwrap();
        let config = path("farmhand.toml").display().to_string();
        let daemon = Daemon::start(dir.path(), &["--config", &config, "--slots", "1"]);
        Self { dir, daemon }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn job(&self, name: &str, script: &str, notify: &Value) -> Value {
        json!({
            "name": name, "scene": self.path("shot.noop"), "frames": "1-2", "chunk": "whole", "notify": notify,
            "options": {"program": "sh", "script": script}, "limits": {"retries": 0}, "user": "ada",
        })
    }

    fn batch(&self, batch: &Value) -> u64 {
        let (status, body) = self.daemon.client.post("/api/v1/batches", batch);
        assert_eq!(status, 201, "{body}");
        body["id"].as_u64().unwrap()
    }

    /// A program of the hooks directory that writes a line for each message to whoever listens: the event, and its input.
    fn tells(&self, name: &str, before: &str) -> mpsc::Receiver<(String, Value)> {
        let pipe = self.path("told");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let text = format!(
            "#!/bin/sh\nset -eu\n{before}\ninput=$(cat)\nprintf '%s\\n' \"$FARMHAND_EVENT $FARMHAND_KIND \
             $FARMHAND_NUMBER $FARMHAND_STATUS|$input\" > {pipe:?}\n"
        );
        self.program(name, &text);
        // Open for writing too, so that it never ends.
        let lines = BufReader::new(fs::File::options().read(true).write(true).open(&pipe).unwrap()).lines();
        let (sender, told) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let (what, input) = line.split_once('|').unwrap();
                if sender.send((what.to_owned(), serde_json::from_str(input).unwrap())).is_err() {
                    return;
                }
            }
        });
        told
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.path("hooks").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Waits for a notice that says this.
    fn noticed(&self, text: &str) -> Value {
        self.daemon.client.wait_for(&format!("a notice that says {text:?}"), || {
            let notices = self.daemon.client.read("/api/v1/notices");
            let all = notices["items"].as_array().unwrap();
            all.iter().find(|notice| notice["message"].as_str().unwrap().contains(text)).cloned()
        })
    }
}

/// A block of the users' guide.
fn from_the_guide(language: &str) -> String {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reports.md");
    let guide = fs::read_to_string(guide).unwrap();
    let (_, rest) = guide.split_once("### Verify a signature").expect("the guide's section");
    let (_, block) = rest.split_once(&format!("```{language}\n")).expect("a block");
    block.split_once("```").expect("its end").0.to_owned()
}

/// What the guide's Python says of a message.
fn signed_by_python(message: &Message, secret: &str, body: &[u8]) -> bool {
    let script = format!(
        "{}\nimport sys\nsys.exit(0 if is_ours(sys.argv[1], sys.argv[2], sys.stdin.buffer.read()) else 1)\n",
        from_the_guide("python")
    );
    let mut python = Command::new("python3")
        .args(["-c", &script, secret, message.header("farmhand-signature")])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(body).unwrap();
    let code = python.wait().unwrap().code();
    assert!(code == Some(0) || code == Some(1), "{code:?}");
    code == Some(0)
}

/// What the guide's shell says of a message.
fn signed_by_shell(message: &Message, secret: &str, dir: &Path) -> bool {
    fs::write(dir.join("body"), &message.body).unwrap();
    let ran = Command::new("sh")
        .args(["-c", &from_the_guide("sh")])
        .current_dir(dir)
        .env("SECRET", secret)
        .env("SIGNATURE", message.header("farmhand-signature"))
        .output()
        .unwrap();
    String::from_utf8_lossy(&ran.stdout).trim() == "ours"
}

#[test]
fn a_webhook_is_signed_tried_again_and_carried_on_by_the_next_daemon_and_arrives_once() {
    let receiver = Receiver::start(500);
    let mut studio = Studio::new(&receiver.url);
    let wish = json!([{"webhook": "chat"}]);
    let id = studio.daemon.client.submit(&studio.job("shot", "true", &wish));

    let first = receiver.next();
    assert_eq!((first.path.as_str(), first.answer), ("/hooks/renders", 500));
    assert_eq!(first.header("content-type"), "application/json");
    assert_eq!(first.header("farmhand-event"), "end");
    assert!(first.header("user-agent").starts_with("farmhand/"));
    let told = first.json();
    assert_eq!(told["id"], first.header("farmhand-delivery"), "{told}");
    assert_eq!(
        (&told["kind"], &told["number"], &told["status"], &told["user"], &told["frames"]["done"]),
        (&json!("job"), &json!(id), &json!("done"), &json!("ada"), &json!(2)),
        "{told}"
    );
    assert_eq!(told["text"], format!("job {id} (shot) is done: 2 of 2 frames"));

    let again = receiver.next();
    assert_eq!((again.answer, &again.body), (500, &first.body), "the very same, another time");
    let notice = studio.noticed("webhook chat could not be told of job-1-end-");
    assert_eq!((&notice["severity"], &notice["job"]), (&json!("warning"), &json!(id)), "{notice}");
    let message = notice["message"].as_str().unwrap();
    assert!(message.contains("answered 500") && message.contains("the tracker says so"), "{message}");
    assert!(!message.contains("/hooks/renders"), "what may be secret in the address is not told: {message}");

    studio.daemon.kill();
    receiver.answer(204);
    studio.daemon.restart();
    let arrived = std::iter::repeat_with(|| receiver.next()).find(|message| message.answer == 204).unwrap();
    assert_eq!(arrived.body, first.body);
    for message in [&first, &arrived] {
        assert!(signed_by_python(message, SECRET, &message.body));
        assert!(!signed_by_python(message, "another secret entirely", &message.body));
        assert!(!signed_by_python(message, SECRET, b"{}"), "another body");
        assert!(signed_by_shell(message, SECRET, studio.dir.path()));
        assert!(!signed_by_shell(message, "another secret entirely", studio.dir.path()));
    }

    // It is written down that it has arrived: had it come once more, it would be before the next one.
    studio.noticed("webhook chat was told of job-1-end-");
    studio.daemon.kill();
    studio.daemon.restart();
    let next = studio.daemon.client.submit(&studio.job("next", "true", &wish));
    let message = receiver.next().json();
    assert_eq!((&message["number"], &message["name"]), (&json!(next), &json!("next")), "{message}");
}

#[test]
fn a_batch_tells_of_its_first_failure_while_it_runs_and_of_its_end_once_each() {
    let studio = Studio::new("http://127.0.0.1:9/nobody");
    let tried = studio.path("tried");
    // A program that fails is tried again.
    let told = studio.tells(
        "tell.sh",
        &format!("[ -e {tried:?} ] || {{ : > {tried:?}; echo 'no chat today' >&2; exit 3; }}"),
    );
    let gate = studio.path("gate");
    assert!(Command::new("mkfifo").arg(&gate).status().unwrap().success());
    let jobs = json!([
        studio.job("breaks", "echo 'fatal no such rig'; exit 1", &json!([])),
        studio.job("fails-too", "exit 1", &json!([])),
        studio.job("waits", &format!("read line < {}", gate.display()), &json!([])),
    ]);
    let wish = json!([{"command": "tell.sh", "on": ["end", "first-failure"]}]);
    let id = studio.batch(&json!({"name": "monday", "jobs": jobs, "max_retries": 0, "notify": wish}));

    let (what, input) = told.recv_timeout(PATIENCE).expect("the first failure is told while the batch runs");
    assert_eq!(what, format!("first-failure batch {id} running"));
    assert_eq!((&input["event"], &input["name"]), (&json!("first-failure"), &json!("monday")), "{input}");
    assert!(input["text"].as_str().unwrap().starts_with("batch 1 (monday) has failures: "), "{input}");
    assert_eq!(input["finished"], Value::Null, "{input}");
    let notice = studio.noticed("command tell.sh could not be told of batch-1-first-failure");
    assert!(notice["message"].as_str().unwrap().contains("no chat today"), "{notice}");

    fs::write(&gate, "go\n").unwrap();
    let (what, input) = told.recv_timeout(PATIENCE).expect("its end is told");
    assert_eq!(what, format!("end batch {id} partial"), "the second failure is not told");
    assert_eq!(input["failed_jobs"].as_array().map(Vec::len), Some(2), "{input}");
    assert_eq!((&input["frames"]["done"], &input["frames"]["failed"]), (&json!(2), &json!(4)), "{input}");
    assert!(input["finished"].is_string(), "{input}");
    let text = input["text"].as_str().unwrap();
    assert!(text.contains("1 of 3 jobs complete, 2 failed"), "{text}");
}

#[test]
fn only_whom_the_studio_has_named_can_be_told() {
    let studio = Studio::new("http://127.0.0.1:9/nobody");
    studio.program("tell.sh", "#!/bin/sh\n");
    let refused = |wish: Value| {
        let (status, problem) =
            studio.daemon.client.post("/api/v1/jobs", &studio.job("shot", "true", &json!([wish])));
        assert_eq!(status, 422, "{problem}");
        let error = &problem["errors"][0];
        let word = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        (word("pointer"), word("message"))
    };
    let (field, message) = refused(json!({"webhook": "https://evil.example/x"}));
    assert!(field == "/notify/0/webhook" && message.contains("there are: chat"), "{field} {message}");
    let (field, _) = refused(json!({"command": "../../bin/sh"}));
    assert_eq!(field, "/notify/0/command");
    let (field, _) = refused(json!({"command": "none.sh"}));
    assert_eq!(field, "/notify/0/command");
    let (field, message) = refused(json!({"command": "tell.sh", "webhook": "chat"}));
    assert!(field == "/notify/0" && message.contains("not both"), "{field} {message}");
}
