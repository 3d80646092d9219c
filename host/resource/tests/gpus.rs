//! The monitor against the stand-in for the driver's library, through the real `nvml-wrapper`. On Linux, where a library
//! can tell which file it was loaded from, and so which test it belongs to.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

use farmhand_nvml_standin::{ALL_CALLS, Gpu, Kind, Process, StandIn, State, code};
use farmhand_resource::gpu::{GpuMonitor, GpuProcessKind, GpuReading, GpuState, MonitorSettings, probe};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A machine of the test's own.
struct Machine {
    standin: StandIn,
    _dir: TempDir,
}

impl Machine {
    fn new(state: &State) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let standin = StandIn::install(dir.path(), state).unwrap();
        Self { standin, _dir: dir }
    }

    fn becomes(&self, state: &State) {
        self.standin.answer(state).unwrap();
    }

    async fn probe(&self) -> GpuReading {
        probe(Some(self.standin.library().to_owned())).await
    }

    async fn monitor(&self) -> GpuMonitor {
        GpuMonitor::start(self.settings()).await
    }

    /// All of it quick: what happens is waited for by what is read.
    fn settings(&self) -> MonitorSettings {
        MonitorSettings {
            library: Some(self.standin.library().to_owned()),
            interval: Duration::from_millis(2),
            limit: Duration::from_secs(20),
            retry: Duration::from_millis(2),
        }
    }
}

/// The first reading from now on that is as asked.
async fn until(monitor: &GpuMonitor, met: impl Fn(&GpuReading) -> bool) -> Arc<GpuReading> {
    Arc::clone(&*monitor.readings().wait_for(|reading| met(reading)).await.unwrap())
}

fn lost(reading: &GpuReading) -> Vec<(usize, &str)> {
    let gpus = reading.gpus.iter().enumerate();
    gpus.filter_map(|(index, gpu)| Some((index, gpu.figures.as_ref().err()?.as_str()))).collect()
}

#[tokio::test]
async fn one_two_and_eight_gpus_are_found_in_the_order_of_the_bus() {
    for count in [1, 2, 8] {
        let mut state = State::with_gpus(count);
        // The driver need not have them in that order.
        state.gpus.reverse();
        let reading = Machine::new(&state).probe().await;
        let driver = Some("570.86.15".to_owned());
        assert_eq!(reading.state, GpuState::Found { count: count as usize, driver, unnamed: vec![] });
        for (index, seen) in (0..).zip(&reading.gpus) {
            let expect = Gpu::new(index);
            assert_eq!((seen.gpu.index, &seen.gpu.uuid), (index, &expect.uuid));
            assert_eq!((&seen.gpu.name, &seen.pci_bus_id), (&expect.name, &expect.bus_id));
            assert_eq!(seen.gpu.memory_bytes, expect.memory_total);
            let figures = seen.figures.as_ref().unwrap();
            assert_eq!(figures.memory_used_bytes, expect.memory_used);
            assert_eq!((figures.utilisation, figures.temperature), (Some(0.0), Some(35)));
            assert_eq!(figures.processes, []);
        }
        assert_eq!(reading.gpus.len(), count as usize);
    }
}

#[tokio::test]
async fn processes_are_listed_with_what_the_driver_says_of_them() {
    let draws = Process { kind: Kind::Graphics, utilisation: Some(3), ..Process::compute(20, 90 << 20) };
    let both = Process { utilisation: Some(40), ..Process::compute(10, 2 << 30) };
    let silent = Process { memory: None, ..Process::compute(30, 0) };
    let gpu = Gpu { utilisation: 43, ..Gpu::new(0) };
    let gpu = gpu.with(draws).with(both.clone()).with(Process { kind: Kind::Graphics, ..both }).with(silent);
    let reading = Machine::new(&State { gpus: vec![gpu], ..State::default() }).probe().await;
    let figures = reading.gpus[0].figures.as_ref().unwrap();
    let seen: Vec<_> = figures
        .processes
        .iter()
        .map(|process| (process.pid, process.kind, process.memory_bytes, process.utilisation))
        .collect();
    let expect = [
        (10, GpuProcessKind::Compute, Some(2 << 30), Some(0.4)),
        (20, GpuProcessKind::Graphics, Some(90 << 20), Some(0.03)),
        (30, GpuProcessKind::Compute, None, None),
    ];
    assert_eq!(seen, expect);
    assert_eq!(figures.utilisation, Some(0.43));
}

#[tokio::test]
async fn what_is_wrong_with_the_driver_is_a_state() {
    let check = async |state: State, expect: fn(&GpuState) -> bool| {
        let reading = Machine::new(&state).probe().await;
        assert!(expect(&reading.state), "{:?}", reading.state);
        assert_eq!(reading.gpus, []);
    };
    let failing = |code| State { init: Some(code), ..State::with_gpus(2) };
    check(failing(code::DRIVER_NOT_LOADED), |state| matches!(state, GpuState::NoDriver { .. })).await;
    check(
        failing(code::LIB_RM_VERSION_MISMATCH),
        |state| matches!(state, GpuState::NoDriver { reason } if reason.contains("mismatch")),
    )
    .await;
    check(failing(code::UNKNOWN), |state| matches!(state, GpuState::Failed { .. })).await;
    check(State::default(), |state| *state == GpuState::NoGpus).await;
    let missing = probe(Some("/nowhere/libnvidia-ml.so".into())).await;
    let GpuState::Failed { reason } = missing.state else { panic!("{:?}", missing.state) };
    assert!(reason.contains("/nowhere/libnvidia-ml.so"), "it is named: {reason}");
}

#[tokio::test]
async fn figures_that_a_gpu_does_not_have_are_absent_and_one_that_may_not_be_asked_hides_no_other() {
    let mut state = State::with_gpus(3);
    for call in ["nvmlDeviceGetUtilizationRates", "nvmlDeviceGetComputeRunningProcesses_v3"] {
        state.gpus[0].errors.insert(call.into(), code::NO_PERMISSION);
    }
    state.gpus[1].errors.insert(ALL_CALLS.into(), code::NO_PERMISSION);
    let reading = Machine::new(&state).probe().await;
    let uuids: Vec<&str> = reading.gpus().map(|gpu| gpu.uuid.as_str()).collect();
    assert_eq!(uuids, [&state.gpus[0].uuid, &state.gpus[2].uuid]);
    let figures = reading.gpus[0].figures.as_ref().unwrap();
    assert_eq!((figures.utilisation, figures.temperature), (None, Some(35)));
    let told = reading.state.to_string();
    assert!(told.ends_with("one more does not say what it is: this user may not ask it"), "{told}");
}

#[tokio::test]
async fn a_gpu_that_is_lost_keeps_its_place_and_comes_back_to_it() {
    let whole = State::with_gpus(3);
    let machine = Machine::new(&whole);
    let monitor = machine.monitor().await;
    assert_eq!(lost(&monitor.reading()), []);
    let mut broken = whole.clone();
    broken.gpus[1] = broken.gpus[1].clone().lost();
    machine.becomes(&broken);
    let reading = until(&monitor, |reading| !lost(reading).is_empty()).await;
    assert_eq!(lost(&reading), [(1, "it has fallen off the bus")]);
    let indexes: Vec<u32> = reading.gpus().map(|gpu| gpu.index).collect();
    assert_eq!(indexes, [0, 1, 2]);
    // Where only some calls say so, it is lost as well.
    let mut half = whole.clone();
    half.gpus[2].errors.insert("nvmlDeviceGetTemperature".into(), code::GPU_IS_LOST);
    machine.becomes(&half);
    let reading = until(&monitor, |reading| lost(reading).iter().any(|(index, _)| *index == 2)).await;
    assert_eq!(lost(&reading), [(2, "it has fallen off the bus")]);
    // A driver that drops it from its list moves the others; farmhand does not.
    let mut shorter = whole.clone();
    shorter.gpus.remove(0);
    machine.becomes(&shorter);
    let reading = until(&monitor, |reading| lost(reading).iter().any(|(index, _)| *index == 0)).await;
    assert_eq!(lost(&reading), [(0, "the driver does not list it any more")]);
    machine.becomes(&whole);
    let reading = until(&monitor, |reading| lost(reading).is_empty()).await;
    assert!(reading.gpus().map(|gpu| &gpu.uuid).eq(whole.gpus.iter().map(|gpu| &gpu.uuid)));
}

#[tokio::test]
async fn a_driver_that_comes_later_and_goes_again_is_followed() {
    let not_loaded = State { init: Some(code::DRIVER_NOT_LOADED), ..State::with_gpus(2) };
    let machine = Machine::new(&not_loaded);
    let monitor = machine.monitor().await;
    assert!(matches!(monitor.reading().state, GpuState::NoDriver { .. }));
    machine.becomes(&State::with_gpus(2));
    until(&monitor, |reading| reading.gpus.len() == 2 && lost(reading).is_empty()).await;
    let mut all_lost = State { init: Some(code::LIB_RM_VERSION_MISMATCH), ..State::with_gpus(2) };
    all_lost.gpus = all_lost.gpus.into_iter().map(Gpu::lost).collect();
    machine.becomes(&all_lost);
    let reading = until(&monitor, |reading| matches!(reading.state, GpuState::NoDriver { .. })).await;
    assert_eq!(reading.gpus.len(), 2);
    assert!(reading.gpus.iter().all(|gpu| gpu.figures.is_err()), "nobody starts anything on them");
}

#[tokio::test]
async fn a_driver_that_hangs_is_a_state_and_takes_two_threads_at_the_most() {
    let whole = State::with_gpus(1);
    let machine = Machine::new(&whole);
    let settings = MonitorSettings { limit: Duration::from_millis(200), ..machine.settings() };
    let monitor = GpuMonitor::start(settings).await;
    until(&monitor, |reading| lost(reading).is_empty() && reading.gpus.len() == 1).await;
    let hanging = State { hangs: ["nvmlDeviceGetMemoryInfo_v2".to_owned()].into(), ..whole.clone() };
    machine.becomes(&hanging);
    let mut readings = monitor.readings();
    let mut silent = 0;
    while silent < 6 {
        readings.changed().await.unwrap();
        silent += u32::from(matches!(readings.borrow_and_update().state, GpuState::NoAnswer { .. }));
    }
    assert_eq!(lost(&monitor.reading()).len(), 1);
    let asking = std::fs::read_dir("/proc/self/task").unwrap().flatten().filter(|task| {
        std::fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.trim() == "gpu-driver")
    });
    assert!(asking.count() <= 2, "threads that hang do not pile up");
    machine.becomes(&whole);
    until(&monitor, |reading| matches!(reading.state, GpuState::Found { .. })).await;
}

/// Whatever this machine has, the list and the state agree.
#[tokio::test]
async fn this_machine_gives_an_answer() {
    let reading = probe(None).await;
    match reading.state {
        GpuState::Found { count, .. } => assert_eq!(count, reading.gpus.len()),
        _ => assert_eq!(reading.gpus, []),
    }
}
