//! The sandbox holds: every plugin and every job of `table` does its worst in one daemon that renders with Blender all
//! the while. Each may cost one call, or one file, and must be told of where a person looks; Blender's frames come out
//! one after the other beside them, other jobs end, the API answers, and memory stays within a bound.

mod files;
mod scripts;
mod table;

use crate::harness::{Client, Daemon, Scene, images, job_of, prebuilt};
use files::{Thing, guest};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use table::{ComesTo, FILES, HostileFile, HostileJob, JOBS};

/// What the daemon's memory may peak at, in MiB: itself, a compiler at work, and a few instances at their limit. Measured
/// on two cores: 190.
const PEAK_MIB: u64 = 512;
/// The same where a Python script may have 256 MiB. Measured: 620, and 930 where CPython is compiled in between.
const SCRIPTS_PEAK_MIB: u64 = 1500;
/// How long the daemon may take for any answer, on the slowest machine.
const ANSWER: Duration = Duration::from_secs(20);

/// What may be shown of one file, or of one job and its attempts, in bytes.
const SHOWN: usize = 128 << 10;

/// The prebuilt guest is what its source says.
#[test]
fn the_guest_is_built_from_its_source() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut hasher = Sha256::new();
    for file in [
        "../tests/hostile/guest/Cargo.toml",
        "../tests/hostile/guest/src/lib.rs",
        "../wit/v0/context.wit",
        "../wit/v0/plugin.wit",
        "../wit/v0/types.wit",
    ] {
        hasher.update(std::fs::read(here.join(file)).unwrap());
    }
    let sources: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let built = std::fs::read_to_string(here.join("../tests/hostile/guest.sources")).unwrap();
    assert_eq!(built.trim(), sources, "run tests/hostile/build.sh");
}

#[test]
fn hostile_plugins_cost_their_own_calls_and_nothing_else() {
    let suite = Suite::start("", &[("hostile.wasm", &guest("hostile", ""))]);
    let farm = &suite.farm;
    let files = FILES.iter().map(|HostileFile { name, thing, told }| {
        let came_to = move || farm.try_file(name, &thing(), told);
        (format!("{name:?}"), Box::new(came_to) as Attempt<'_>)
    });
    let jobs = JOBS.iter().map(|HostileJob { told, comes_to }| {
        let came_to = move || farm.try_job("hostile", told, comes_to);
        ((*told).to_owned(), Box::new(came_to) as Attempt<'_>)
    });
    suite.run(files.chain(jobs).collect(), PEAK_MIB);
}

#[test]
fn a_daemon_starts_among_hostile_files() {
    let farm = Farm::with("", |plugins| {
        for HostileFile { name, thing, .. } in FILES {
            thing().put(&plugins.join(name));
        }
        std::fs::write(plugins.join("hostile.wasm"), guest("hostile", "")).unwrap();
    });
    farm.daemon.keep_cache();
    // A start waits a bounded time only, and the compiler may be at it a little longer.
    let slots = farm.client().wait_for("each file is told of", || {
        let slots = farm.slots();
        let told = |file: &HostileFile| {
            let failures = slots.iter().filter_map(|slot| slot["failure"].as_str());
            failures.into_iter().any(|failure| failure.contains(file.told))
        };
        FILES.iter().all(told).then_some(slots)
    });
    slots.iter().for_each(|slot| harmless(slot).unwrap());
    farm.other_plugins_job();
}

#[test]
fn hostile_scripts_cost_their_own_calls_and_nothing_else() {
    // Half of what is usual, so that all the endless loops end sooner.
    let suite = Suite::start(
        "[plugins]\ncall_ms = 1000\n",
        &[
            ("harm.py", include_bytes!("../hostile/harm.py")),
            ("harm.js", include_bytes!("../hostile/harm.js")),
        ],
    );
    let farm = &suite.farm;
    for name in ["harm-py", "harm-js"] {
        farm.client().wait_for(&format!("{name} serves"), || {
            farm.slot(|slot| slot["name"] == name && slot["state"] == "serving")
        });
    }
    // Compiling CPython takes long, and is done once for all runs of this test.
    farm.daemon.keep_cache();
    let tops = scripts::TOPS.iter().map(|(name, top, told)| {
        let came_to = move || farm.try_file(name, &scripts::text(name, top), told);
        (format!("{name:?}"), Box::new(came_to) as Attempt<'_>)
    });
    let folders = scripts::FOLDERS.iter().map(|(name, fill, told)| {
        let came_to = move || farm.try_file(name, &Thing::Folder(*fill), told);
        (format!("{name:?}"), Box::new(came_to) as Attempt<'_>)
    });
    let jobs = [("harmpy", scripts::PYTHON), ("harmjs", scripts::JAVASCRIPT)].into_iter().flat_map(
        |(plugin, jobs)| {
            jobs.iter().map(move |(told, comes_to)| {
                let came_to = move || farm.try_job(plugin, told, comes_to);
                (format!("{plugin} {told}"), Box::new(came_to) as Attempt<'_>)
            })
        },
    );
    suite.run(tops.chain(folders).chain(jobs).collect(), SCRIPTS_PEAK_MIB);
}

/// Something hostile that is tried: what is wrong with what came of it.
type Attempt<'a> = Box<dyn FnOnce() -> Result<(), String> + 'a>;

/// A daemon that renders, and is asked for something all the while.
struct Suite {
    // Ends before the daemon does.
    probe: Probe,
    farm: Farm,
    render: RefCell<Render>,
    passwd: Vec<u8>,
}

impl Suite {
    fn start(settings: &str, plugins: &[(&str, &[u8])]) -> Self {
        let farm = Farm::new(settings, plugins);
        let render = RefCell::new(Render::start(&farm));
        let probe = Probe::start(&farm.daemon.url);
        Self { farm, render, probe, passwd: std::fs::read("/etc/passwd").unwrap() }
    }

    /// Tries one after the other, with a frame of Blender's after each, and looks at everything at the end.
    #[expect(clippy::print_stdout, reason = "what was measured is worth reading")]
    fn run(&self, all: Vec<(String, Attempt<'_>)>, peak_mib: u64) {
        let mut wrong = Vec::new();
        for (name, attempt) in all {
            let at = Instant::now();
            wrong.extend(attempt().err().map(|error| format!("{name}: {error}")));
            self.render.borrow_mut().next_frame(&self.farm);
            println!("{name}: {:?}, {} MiB at most", at.elapsed(), self.farm.memory("VmHWM"));
        }
        self.render.borrow_mut().finish(&self.farm);
        let (peak, now) = (self.farm.memory("VmHWM"), self.farm.memory("VmRSS"));
        println!("memory: peak {peak} MiB, now {now} MiB; slowest answer {:?}", self.probe.slowest());
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!(std::fs::read("/etc/passwd").unwrap(), self.passwd);
        assert!(
            !Path::new("/etc/farmhand-hostile.png").exists() && !Path::new("/tmp/farmhand-hostile").exists()
        );
        assert!(peak < peak_mib, "{peak} MiB");
    }
}

/// A daemon with a well-behaved plugin, hostile ones, and Blender's.
struct Farm {
    dir: tempfile::TempDir,
    daemon: Daemon,
}

impl Farm {
    fn new(settings: &str, plugins: &[(&str, &[u8])]) -> Self {
        Self::with(settings, |dir| {
            for (name, bytes) in plugins {
                std::fs::write(dir.join(name), bytes).unwrap();
            }
        })
    }

    /// Its plugins directory is filled before it starts.
    fn with(settings: &str, fill: impl FnOnce(&Path)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("show/out")).unwrap();
        std::fs::create_dir_all(at("data/plugins")).unwrap();
        std::fs::write(at("farmhand.toml"), format!("[paths]\nroots = [{:?}]\n{settings}", at("show")))
            .unwrap();
        std::fs::copy(prebuilt("noop"), at("data/plugins/noop.wasm")).unwrap();
        fill(&at("data/plugins"));
        for scene in ["shot.noop", "shot.harmpy", "shot.harmjs"] {
            std::fs::write(at("show").join(scene), "").unwrap();
        }
        // The hostile plugin's scene is what it renders.
        image::RgbImage::new(8, 8)
            .save_with_format(at("show/shot.hostile"), image::ImageFormat::Png)
            .unwrap();
        let config = at("farmhand.toml");
        let daemon = Daemon::start(dir.path(), &["--config", config.to_str().unwrap(), "--slots", "3"]);
        Self { dir, daemon }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn client(&self) -> &Client {
        &self.daemon.client
    }

    fn slots(&self) -> Vec<Value> {
        self.client().read("/api/v1/plugins").as_array().expect("a list").clone()
    }

    fn slot(&self, is_it: impl Fn(&Value) -> bool) -> Option<Value> {
        self.slots().into_iter().find(|slot| is_it(slot))
    }

    /// A figure of the daemon's memory, in MiB.
    fn memory(&self, figure: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.daemon.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'));
        line.unwrap().trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }

    /// Drops a file in, waits for what is said of it, and takes it away again.
    fn try_file(&self, name: &str, thing: &Thing, told: &str) -> Result<(), String> {
        let path = self.daemon.plugins_dir().join(name);
        thing.put(&path);
        let known = ["noop", "hostile", "harm-py", "harm-js", "blender", "maya", "nuke"];
        let is_its = |slot: &Value| !known.contains(&slot["name"].as_str().unwrap_or_default());
        let slot = self.client().wait_for(&format!("{name:?} is told of"), || self.slot(|slot| is_its(slot)));

        let failure = slot["failure"].as_str().unwrap_or_default();
        let is_told = failure.contains(told) && failure.len() < SHOWN;
        let is_refused = slot["state"] == "failed" && slot["serving"].is_null();
        let came_to = match is_told && is_refused {
            true => harmless(&slot),
            false => Err(format!("{slot:#}")),
        };
        self.other_plugins_job();

        thing.take_away(&path);
        self.client().wait_for(&format!("{name:?} is forgotten"), || {
            self.slot(|slot| is_its(slot)).is_none().then_some(())
        });
        came_to
    }

    /// Submits a job of the hostile plugin, and waits for what comes of it.
    fn try_job(&self, plugin: &str, told: &str, comes_to: &ComesTo) -> Result<(), String> {
        let mut job = self.hostile_job(plugin, told);
        job["limits"] = json!({"retries": u8::from(matches!(comes_to, ComesTo::Waits(_)))});
        let (_, answer) = self.client().post("/api/v1/jobs", &job);
        self.end_well(&self.hostile_job(plugin, ""));
        let (id, ended, words) = match (answer["id"].as_u64(), comes_to) {
            (None, ComesTo::Refused(words)) if says(&answer, words) => return harmless(&answer),
            (Some(id), ComesTo::Ends(ended, words)) => (id, *ended, *words),
            (Some(id), ComesTo::Waits(words)) => {
                self.client().wait_for_job(id, "its attempt has ended", |_| {
                    self.client().attempts(id).iter().any(|attempt| attempt["state"] == "ended")
                });
                self.client().act(id, "cancel");
                (id, "cancelled", *words)
            }
            _ => return Err(format!("{answer:#}")),
        };
        let job = self.client().wait_for_end(id);
        let attempts = Value::Array(self.client().attempts(id));
        if job["status"] != ended || !says(&attempts, words) {
            return Err(format!("{job:#} {attempts:#}"));
        }
        let bytes = attempts.to_string().len() + job.to_string().len();
        if bytes > SHOWN {
            return Err(format!("{bytes} bytes are shown"));
        }
        let there = images(&self.output(told));
        if plugin == "hostile" && ended == "done" && there != ["1.png", "2.png"] {
            return Err(format!("frames are done, and there is {there:?}"));
        }
        harmless(&job).and_then(|()| harmless(&attempts))
    }

    fn output(&self, told: &str) -> PathBuf {
        self.path("show/out").join(told.replace(':', "-"))
    }

    fn hostile_job(&self, plugin: &str, told: &str) -> Value {
        let output = self.output(told);
        std::fs::create_dir_all(&output).unwrap();
        if !output.join("way-out").is_symlink() {
            std::os::unix::fs::symlink("/etc", output.join("way-out")).unwrap();
        }
        json!({
            "scene": self.path(&format!("show/shot.{plugin}")),
            "frames": "1-2",
            "output": output,
            "options": {"do": told},
            "chunk": "whole",
        })
    }

    /// A job of another plugin.
    fn other_plugins_job(&self) {
        self.end_well(&json!({"scene": self.path("show/shot.noop"), "frames": "1"}));
    }

    fn end_well(&self, job: &Value) {
        let id = self.client().submit(job);
        let job = self.client().wait_for_end(id);
        assert_eq!(job["status"], "done", "{job:#} {:#?}", self.client().attempts(id));
    }
}

/// Whether any text in it contains these words.
fn says(value: &Value, words: &str) -> bool {
    texts(value).iter().any(|text| text.contains(words))
}

/// That no text in it does anything to a terminal, or says other than it shows. Markup is text to the page.
fn harmless(value: &Value) -> Result<(), String> {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let acts = |c: char| (c.is_control() && c != '\n') || turns(c);
    match texts(value).into_iter().find(|text| text.contains(acts)) {
        Some(text) => Err(format!("this acts on a terminal: {text:?}")),
        None => Ok(()),
    }
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(entries) => {
            entries.iter().flat_map(|(key, value)| [vec![key.as_str()], texts(value)].concat()).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => vec![],
    }
}

/// One process of real Blender that renders a frame whenever it is told to.
struct Render {
    job: u64,
    pace: PathBuf,
    frames: u64,
    /// The plugin that serves it, as it was at the start.
    plugin: Value,
}

impl Render {
    /// Starts it and waits for its first frame.
    fn start(farm: &Farm) -> Self {
        let show = farm.path("show");
        let scene = Scene::default().make(&show, "shot.blend");
        let (script, pace) = (show.join("pace.py"), show.join("pace"));
        // Each frame waits until it is among those that may be rendered.
        let text = format!(
            r#"import bpy, time
def wait(scene, *_):
    while scene.frame_current > int(open({pace:?}).read() or "0"):
        time.sleep(0.02)
bpy.app.handlers.render_pre.append(wait)
"#
        );
        std::fs::write(&script, text).unwrap();
        // Enough for the longer of the suites.
        let last = FILES.len() + JOBS.len() + 3;
        let mut job = job_of(&scene, &format!("1-{last}"), &show.join("out/shot_####"));
        job["options"]["python"] = json!(script);
        job["chunk"] = json!("whole");
        let plugin = farm.slot(|slot| slot["name"] == "blender").expect("built in");
        let mut render = Self { job: 0, pace, frames: 0, plugin };
        render.allow(1);
        render.job = farm.client().submit(&job);
        render.wait_for(farm, 1);
        render
    }

    fn allow(&mut self, frames: u64) {
        self.frames = frames;
        let part = self.pace.with_extension("part");
        std::fs::write(&part, frames.to_string()).unwrap();
        std::fs::rename(&part, &self.pace).unwrap();
    }

    fn wait_for(&self, farm: &Farm, frames: u64) {
        let what = format!("frame {frames} of Blender's is done");
        let is_done = |job: &Value| job["frames"]["done"].as_u64() >= Some(frames);
        let job = farm.client().wait_for_job(self.job, &what, is_done);
        assert!(job["status"] == "running" || job["status"] == "done", "{job:#}");
    }

    /// Has it render one more, and waits until that is verified.
    fn next_frame(&mut self, farm: &Farm) {
        self.allow(self.frames + 1);
        self.wait_for(farm, self.frames);
    }

    /// Has it render the rest, and looks at everything that it made.
    fn finish(&mut self, farm: &Farm) {
        self.allow(u64::from(u32::MAX));
        let job = farm.client().wait_for_end(self.job);
        assert_eq!(job["status"], "done", "{job:#}");
        assert_eq!(farm.client().attempts(self.job).len(), 1, "it was never interrupted");
        let names: Vec<_> =
            images(&farm.path("show/out")).into_iter().filter(|name| name.starts_with("shot_")).collect();
        assert_eq!(names.len() as u64, job["frames"]["total"].as_u64().unwrap());
        for name in names {
            image::open(farm.path("show/out").join(name)).expect("whole");
        }
        let plugin = farm.slot(|slot| slot["name"] == "blender").expect("built in");
        assert_eq!(plugin, self.plugin, "the plugin `blender` serves as it did");
    }
}

/// Asks the daemon for something all the while.
struct Probe {
    slowest: Arc<Mutex<Duration>>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Probe {
    fn start(url: &str) -> Self {
        let config = ureq::Agent::config_builder().timeout_global(Some(ANSWER)).build();
        let (agent, url) = (ureq::Agent::from(config), url.to_owned());
        let (stop, stopped) = channel();
        let slowest = Arc::new(Mutex::new(Duration::ZERO));
        let noted = Arc::clone(&slowest);
        let thread = std::thread::spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(Duration::from_millis(50)) {
                for path in ["node", "plugins", "jobs?limit=5"] {
                    let asked = Instant::now();
                    let answer = agent.get(format!("{url}/api/v1/{path}")).call();
                    answer.expect("an answer in time").body_mut().read_to_string().expect("a body");
                    let mut noted = noted.lock().unwrap();
                    *noted = asked.elapsed().max(*noted);
                }
            }
        });
        Self { slowest, stop: Some(stop), thread: Some(thread) }
    }

    /// How long the slowest answer took so far.
    fn slowest(&self) -> Duration {
        let has_failed = self.thread.as_ref().is_none_or(JoinHandle::is_finished);
        assert!(!has_failed, "an answer did not come in time");
        *self.slowest.lock().unwrap()
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        drop(self.stop.take());
        // Where it has failed, it has said so.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
