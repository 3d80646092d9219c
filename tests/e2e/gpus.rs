//! GPUs, from the driver's library to the process's environment: a stand-in for the library says what GPUs there are and
//! who uses them, and the tasks are shell scripts that write down what they see and wait at a gate.

use crate::harness::{Daemon, farmhand, prebuilt};
use farmhand_nvml_standin::{Gpu, Process, StandIn, State};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};
use tempfile::TempDir;

/// A farm on a machine with these GPUs.
struct Farm {
    dir: TempDir,
    gpus: StandIn,
    daemon: Daemon,
}

impl Farm {
    fn start(state: &State, config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("data/plugins")).unwrap();
        fs::write(dir.path().join("shot.noop"), "").unwrap();
        fs::copy(prebuilt("noop"), dir.path().join("data/plugins/noop.wasm")).unwrap();
        let gpus = StandIn::install(dir.path(), state).unwrap();
        let file = dir.path().join("farmhand.toml");
        fs::write(&file, format!("[gpus]\nlibrary = {:?}\n{config}\n", gpus.library())).unwrap();
        let daemon = Daemon::start(dir.path(), &["--config", file.to_str().unwrap()]);
        Self { dir, gpus, daemon }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A job of one task that writes down what it sees of GPUs, and ends once its gate is open. The gate has its name.
    fn submit(&self, name: &str, more: &Value) -> u64 {
        let script = format!(
            "echo \"$$ ${{CUDA_VISIBLE_DEVICES-unset}} ${{CUDA_DEVICE_ORDER-unset}}\" > {seen}.part; \
             mv {seen}.part {seen}; while [ ! -e {gate} ]; do sleep 0.02; done",
            seen = self.path(&format!("{name}.seen")).display(),
            gate = self.path(name).display(),
        );
        let mut job = json!({
            "name": name, "scene": self.path("shot.noop"), "frames": "1",
            "options": {"program": "sh", "script": script},
        });
        for (name, value) in more.as_object().unwrap() {
            job[name] = value.clone();
        }
        self.daemon.client.submit(&job)
    }

    fn open(&self, gate: &str) {
        fs::write(self.path(gate), "").unwrap();
    }

    /// Waits until the job's task runs; its attempt, its process, and what that sees: the visible GPUs and their order.
    fn runs(&self, job: u64, name: &str) -> (u64, u32, String) {
        self.daemon.client.wait_for(&format!("{name} runs"), || {
            let attempts = self.daemon.client.attempts(job);
            let running = attempts.iter().find(|attempt| attempt["state"] == "running")?;
            let seen = fs::read_to_string(self.path(&format!("{name}.seen"))).ok()?;
            let (pid, seen) = seen.trim_end().split_once(' ')?;
            Some((running["id"].as_u64()?, pid.parse().ok()?, seen.to_owned()))
        })
    }

    fn why(&self, job: u64) -> Value {
        self.daemon.client.read(&format!("/api/v1/jobs/{job}/why"))
    }

    /// Waits until this is what the job waits for, in words for people.
    fn waits(&self, job: u64, expect: &str) {
        self.daemon.client.wait_for(&format!("job {job} waits because {expect:?}"), || {
            (self.why(job)["text"] == expect).then_some(())
        });
    }

    fn ends_well(&self, job: u64) -> Value {
        let ended = self.daemon.client.wait_for_end(job);
        assert_eq!(ended["status"], "done", "{ended}");
        self.daemon.client.attempts(job).pop().unwrap()
    }

    /// The node's GPUs once they are as asked.
    fn node_gpus(&self, what: &str, met: impl Fn(&Value) -> bool) -> Value {
        self.daemon.client.wait_for(what, || {
            let gpus = self.daemon.client.read("/api/v1/node")["gpus"].clone();
            met(&gpus).then_some(gpus)
        })
    }
}

/// Somebody else's process, for as long as it is held.
struct Foreign {
    process: Child,
}

impl Foreign {
    fn start() -> Self {
        Self { process: Command::new("sleep").arg("1000").spawn().unwrap() }
    }

    fn on_gpu(&self) -> Process {
        Process::compute(self.process.id(), 3_200_000_000)
    }

    /// As it is named to people.
    fn named(&self) -> String {
        let user = Command::new("id").arg("-un").output().unwrap().stdout;
        format!("sleep (pid {}) of {}", self.process.id(), String::from_utf8(user).unwrap().trim())
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const NO_GPU: &str = " PCI_BUS_ID";

fn sees(gpu: u32) -> String {
    format!("{} PCI_BUS_ID", Gpu::new(gpu).uuid)
}

#[test]
fn jobs_share_what_others_leave_of_a_machine_and_a_crash_changes_nothing() {
    let foreign = Foreign::start();
    let mut machine = State::with_gpus(2);
    machine.gpus[0] = Gpu::new(0).with(foreign.on_gpu());
    let mut farm = Farm::start(&machine, "[node]\ncores = 3\nslots = 3\nthreads_per_task = 1");
    let in_use = format!("GPU 0 is in use: {} holds 3.2 GB", foreign.named());

    let names = ["gpu-1", "gpu-2", "gpu-3", "gpu-4"];
    let gpu: Vec<u64> = names.iter().map(|name| farm.submit(name, &json!({"gpus": 1}))).collect();
    let cpu = ["cpu-1", "cpu-2"].map(|name| farm.submit(name, &json!({"threads": 2})));

    // The first has the GPU that nobody else uses, and a job that needs none passes the others by.
    let (first, pid, seen) = farm.runs(gpu[0], "gpu-1");
    assert_eq!(seen, sees(1));
    let (beside, _, seen) = farm.runs(cpu[0], "cpu-1");
    assert_eq!(seen, NO_GPU, "a job that asked for no GPU sees none");
    let waiting = |attempt: u64, job: u64| {
        format!("needs 1 GPU: {in_use}, GPU 1 renders job {job} (attempt {attempt})")
    };
    let no_threads = |free: u32, holders: &[(u64, u64)]| {
        let holders: Vec<String> =
            holders.iter().map(|(job, attempt)| format!("job {job} (attempt {attempt})")).collect();
        format!("needs 2 threads, {free} free; others are held by {}", holders.join(", "))
    };
    let all_is_told = |farm: &Farm| {
        farm.waits(gpu[0], &format!("all its frames are being rendered (attempt {first})"));
        gpu[1..].iter().for_each(|job| farm.waits(*job, &waiting(first, gpu[0])));
        farm.waits(cpu[0], &format!("all its frames are being rendered (attempt {beside})"));
        farm.waits(cpu[1], &no_threads(0, &[(gpu[0], first), (cpu[0], beside)]));
    };
    all_is_told(&farm);

    // The driver tells of the render's process as of any other; farmhand knows it for its own.
    machine.gpus[1] = Gpu { utilisation: 90, ..Gpu::new(1) }.with(Process::compute(pid, 2_000_000_000));
    farm.gpus.answer(&machine).unwrap();
    let is_ours = |gpus: &Value| {
        gpus[1]["processes"][0]["attempt"] == json!(first) && gpus[1]["leases"] == json!([first])
    };
    let gpus = farm.node_gpus("the render is seen on its GPU", is_ours);
    assert_eq!(gpus[0]["standing"], "in-use", "{gpus}");
    assert_eq!(gpus[0]["processes"][0]["name"], "sleep", "{gpus}");
    assert_eq!(gpus[1]["processes"][0]["name"], "sh", "{gpus}");
    assert_eq!((&gpus[0]["leases"], &gpus[1]["standing"]), (&json!([]), &json!("free")), "{gpus}");
    all_is_told(&farm);

    // Without its daemon the render goes on, and the next one finds everything as it was.
    farm.daemon.kill();
    farm.daemon.restart();
    assert_eq!(farm.runs(gpu[0], "gpu-1"), (first, pid, sees(1)));
    assert_eq!(farm.runs(cpu[0], "cpu-1").0, beside);
    all_is_told(&farm);
    farm.node_gpus("an adopted render is still known on its GPU", is_ours);

    // One after the other on the one GPU.
    farm.open("gpu-1");
    let mut ended = farm.ends_well(gpu[0]);
    assert_eq!(ended["gpus"][0]["uuid"], json!(Gpu::new(1).uuid), "{ended}");
    assert_eq!(ended["outcome"]["usage"]["peak_gpu_memory_bytes"], 2_000_000_000u64, "{ended}");
    assert_eq!(ended["outcome"]["usage"]["gpu_utilisation"], 0.9, "{ended}");
    machine.gpus[1] = Gpu::new(1);
    farm.gpus.answer(&machine).unwrap();
    for (place, name) in names.iter().enumerate().skip(1) {
        let (attempt, _, seen) = farm.runs(gpu[place], name);
        assert_eq!(seen, sees(1), "{name}");
        gpu[place + 1..].iter().for_each(|job| farm.waits(*job, &waiting(attempt, gpu[place])));
        if place == 1 {
            // It has the threads of the one before, so that there are still too few for the second job on the CPU.
            farm.waits(cpu[1], &no_threads(0, &[(cpu[0], beside), (gpu[1], attempt)]));
            farm.open("cpu-1");
            farm.ends_well(cpu[0]);
            assert_eq!(farm.runs(cpu[1], "cpu-2").2, NO_GPU);
        }
        farm.open(name);
        let next = farm.ends_well(gpu[place]);
        assert!(next["started"].as_str() >= ended["ended"].as_str(), "one after the other: {ended} {next}");
        ended = next;
    }
    farm.open("cpu-2");
    farm.ends_well(cpu[1]);
    for job in gpu.iter().chain(&cpu) {
        assert_eq!(farm.daemon.client.attempts(*job).len(), 1, "nothing was rendered twice");
    }
    let node = farm.daemon.client.read("/api/v1/node");
    assert_eq!(node["leases"], json!([]), "nothing is leaked");
}

#[test]
fn a_gpu_that_others_have_left_alone_for_a_while_comes_back() {
    let foreign = Foreign::start();
    let mut machine = State::with_gpus(1);
    machine.gpus[0] = Gpu::new(0).with(foreign.on_gpu());
    let farm = Farm::start(&machine, "[interactive]\ngpu_idle_seconds = 1\n[node]\nslots = 2");
    let job = farm.submit("waits", &json!({"gpus": 1}));
    farm.waits(job, &format!("needs 1 GPU: GPU 0 is in use: {} holds 3.2 GB", foreign.named()));
    // One that can do without does not wait for people.
    let modest = farm.submit("modest", &json!({"gpus": {"count": 1, "required": false}}));
    assert_eq!(farm.runs(modest, "modest").2, NO_GPU);
    farm.open("modest");
    farm.ends_well(modest);

    farm.gpus.answer(&State::with_gpus(1)).unwrap();

    assert_eq!(farm.runs(job, "waits").2, sees(0));
    farm.open("waits");
    farm.ends_well(job);
}

#[test]
fn a_gpu_that_falls_off_the_bus_takes_no_more_work_until_it_is_back() {
    let whole = State::with_gpus(2);
    let farm = Farm::start(&whole, "[node]\nslots = 4\nthreads_per_task = 1");
    let one = farm.submit("one", &json!({"gpus": 1}));
    assert_eq!(farm.runs(one, "one").2, sees(0));
    let two = farm.submit("two", &json!({"gpus": 1}));
    let (attempt, _, seen) = farm.runs(two, "two");
    assert_eq!(seen, sees(1));

    let mut broken = whole.clone();
    broken.gpus[0] = Gpu::new(0).lost();
    farm.gpus.answer(&broken).unwrap();
    let gpus = farm.node_gpus("the loss is seen", |gpus| gpus[0]["standing"] == "lost");
    assert_eq!((&gpus[0]["uuid"], &gpus[0]["index"]), (&json!(Gpu::new(0).uuid), &json!(0)), "{gpus}");
    farm.open("one");
    farm.ends_well(one);
    let three = farm.submit("three", &json!({"gpus": 1}));
    farm.waits(
        three,
        &format!(
            "needs 1 GPU: GPU 0 does not answer: it has fallen off the bus, GPU 1 renders job {two} (attempt {attempt})"
        ),
    );

    farm.gpus.answer(&whole).unwrap();
    assert_eq!(farm.runs(three, "three").2, sees(0));
    for (job, name) in [(two, "two"), (three, "three")] {
        farm.open(name);
        farm.ends_well(job);
    }
}

#[test]
fn people_keep_a_gpu_for_themselves_and_metrics_and_doctor_say_so() {
    let mut machine = State::with_gpus(2);
    machine.gpus[0].uuid = "GPU-artist".into();
    let farm = Farm::start(&machine, "[interactive]\ngpus = [\"GPU-artist\", 7]\n[node]\nslots = 2");
    let job = farm.submit("job", &json!({"gpus": 1}));
    assert_eq!(farm.runs(job, "job").2, sees(1), "although the other one is idle");
    let too_many = farm.submit("two", &json!({"gpus": 2}));
    farm.waits(too_many, "needs 2 GPUs, and renders never have more than 1 here");

    let metrics = farm.daemon.client.text("/metrics");
    for line in [
        "farmhand_gpu_standing{gpu=\"0\",uuid=\"GPU-artist\",standing=\"reserved\"} 1".to_owned(),
        format!("farmhand_gpu_leases{{gpu=\"1\",uuid=\"{}\"}} 1", Gpu::new(1).uuid),
    ] {
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }
    let doctor = farmhand().args(["doctor", "--config"]).arg(farm.path("farmhand.toml")).output().unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains("`interactive.gpus` names 7, which this machine does not have"), "{said}");
    farm.open("job");
    farm.ends_well(job);
}

#[test]
fn on_a_machine_without_gpus_the_environment_is_left_alone() {
    let farm = Farm::start(&State::default(), "");
    let job = farm.submit("job", &json!({}));
    assert_eq!(farm.runs(job, "job").2, "unset unset");
    farm.open("job");
    farm.ends_well(job);
    let waits = farm.submit("waits", &json!({"gpus": 1}));
    farm.waits(waits, "needs 1 GPU: this node has none");
}
