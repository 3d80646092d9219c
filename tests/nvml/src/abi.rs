//! The library's side: the C functions, with the layouts of NVIDIA's `nvml.h`. Each reads the state anew.
#![expect(unsafe_code, reason = "what a C library exports is called with raw pointers")]

use crate::install::state_beside;
use crate::state::{ALL_CALLS, Gpu, Kind, State, code};
use std::ffi::{c_char, c_uint, c_ulonglong};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const SUCCESS: c_uint = 0;
const INVALID_ARGUMENT: c_uint = 2;
const NOT_FOUND: c_uint = 6;
const INSUFFICIENT_SIZE: c_uint = 7;
/// Of memory that the driver does not know.
const NOT_AVAILABLE: c_ulonglong = c_ulonglong::MAX;
/// Between two looks at whether a call still hangs.
const LOOK: Duration = Duration::from_millis(5);

/// A GPU's place in the state, and one: a handle is never null.
type Handle = *mut std::ffi::c_void;

/// `nvmlPciInfo_t`.
#[repr(C)]
pub struct PciInfo {
    bus_id_legacy: [c_char; 16],
    domain: c_uint,
    bus: c_uint,
    device: c_uint,
    device_id: c_uint,
    subsystem_id: c_uint,
    bus_id: [c_char; 32],
}

/// `nvmlMemory_v2_t`.
#[repr(C)]
pub struct Memory {
    version: c_uint,
    total: c_ulonglong,
    reserved: c_ulonglong,
    free: c_ulonglong,
    used: c_ulonglong,
}

/// `nvmlUtilization_t`.
#[repr(C)]
pub struct Utilization {
    gpu: c_uint,
    memory: c_uint,
}

/// `nvmlProcessInfo_v2_t`, which is what `nvmlProcessInfo_t` became.
#[repr(C)]
pub struct ProcessInfo {
    pid: c_uint,
    used_memory: c_ulonglong,
    gpu_instance: c_uint,
    compute_instance: c_uint,
}

/// `nvmlProcessUtilizationSample_t`.
#[repr(C)]
pub struct Sample {
    pid: c_uint,
    time: c_ulonglong,
    sm: c_uint,
    memory: c_uint,
    encoder: c_uint,
    decoder: c_uint,
}

/// The state, once this call does not hang.
fn state(call: &str) -> Result<State, c_uint> {
    loop {
        let text = std::fs::read(state_file().ok_or(code::UNKNOWN)?).map_err(|_| code::UNKNOWN)?;
        let state: State = serde_json::from_slice(&text).map_err(|_| code::UNKNOWN)?;
        if !state.hangs.contains(call) {
            return Ok(state);
        }
        std::thread::sleep(LOOK);
    }
}

/// Where this very library was loaded from says the system's list of mappings: the file that holds this function.
fn state_file() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("NVML_STANDIN_STATE") {
        return Some(path.into());
    }
    let own = state_file as fn() -> Option<PathBuf> as usize;
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| {
        let range = line.split(' ').next().and_then(|range| range.split_once('-'));
        range.is_some_and(|(from, to)| {
            let number = |text| usize::from_str_radix(text, 16).unwrap_or(0);
            (number(from)..number(to)).contains(&own)
        })
    })?;
    let path = line.get(line.find('/')?..)?;
    Some(state_beside(path.as_ref()))
}

fn gpu(call: &str, handle: Handle) -> Result<Gpu, c_uint> {
    at(call, (handle as usize).wrapping_sub(1))
}

fn at(call: &str, place: usize) -> Result<Gpu, c_uint> {
    let gpu = state(call)?.gpus.into_iter().nth(place).ok_or(INVALID_ARGUMENT)?;
    match gpu.errors.get(call).or_else(|| gpu.errors.get(ALL_CALLS)) {
        Some(error) => Err(*error),
        None => Ok(gpu),
    }
}

fn returned(result: Result<(), c_uint>) -> c_uint {
    result.err().unwrap_or(SUCCESS)
}

/// Writes a value to where a caller wants it.
fn write<T>(value: T, to: *mut T) -> Result<(), c_uint> {
    if to.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    // SAFETY: it is not null, and callers of these functions hand over room for one value of the documented type.
    unsafe { to.write(value) };
    Ok(())
}

/// Writes a text with its final zero.
fn write_text(text: &str, to: *mut c_char, room: c_uint) -> Result<(), c_uint> {
    if to.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    if text.len() >= room as usize {
        return Err(INSUFFICIENT_SIZE);
    }
    for (place, byte) in text.bytes().chain([0]).enumerate() {
        // SAFETY: callers of these functions hand over `room` bytes, and the text with its zero is no longer.
        unsafe { to.add(place).write(byte as c_char) };
    }
    Ok(())
}

/// Writes a list as NVML hands out lists: where there is too little room, only how many there are.
fn write_list<T>(list: Vec<T>, count: *mut c_uint, to: *mut T) -> Result<(), c_uint> {
    if count.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    // SAFETY: it is not null, and callers hand over the room that they have, in entries.
    let room = unsafe { count.read() } as usize;
    write(list.len() as c_uint, count)?;
    if list.is_empty() {
        return Ok(());
    }
    if room < list.len() || to.is_null() {
        return Err(INSUFFICIENT_SIZE);
    }
    for (place, entry) in list.into_iter().enumerate() {
        // SAFETY: there is room for `room` entries, and the list is no longer than that.
        unsafe { to.add(place).write(entry) };
    }
    Ok(())
}

/// Starts the driver.
// SAFETY: no other library of the process exports this name: it is loaded alone, and looked up in its own handle.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlInit_v2() -> c_uint {
    returned(state("nvmlInit_v2").and_then(|state| state.init.map_or(Ok(()), Err)))
}

/// Ends with it.
// SAFETY: as for `nvmlInit_v2`.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlShutdown() -> c_uint {
    SUCCESS
}

/// The driver's version.
// SAFETY: as for `nvmlInit_v2`.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlSystemGetDriverVersion(to: *mut c_char, room: c_uint) -> c_uint {
    let state = state("nvmlSystemGetDriverVersion");
    returned(state.and_then(|state| write_text(&state.driver, to, room)))
}

/// How many GPUs there are, lost ones too.
// SAFETY: as for `nvmlInit_v2`.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetCount_v2(count: *mut c_uint) -> c_uint {
    let state = state("nvmlDeviceGetCount_v2");
    returned(state.and_then(|state| write(state.gpus.len() as c_uint, count)))
}

/// A handle.
// SAFETY: as for `nvmlInit_v2`.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetHandleByIndex_v2(index: c_uint, handle: *mut Handle) -> c_uint {
    let gpu = at("nvmlDeviceGetHandleByIndex_v2", index as usize);
    returned(gpu.and_then(|_| write(std::ptr::without_provenance_mut(index as usize + 1), handle)))
}

/// Its UUID.
// SAFETY: as for `nvmlInit_v2`.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetUUID(handle: Handle, to: *mut c_char, room: c_uint) -> c_uint {
    returned(gpu("nvmlDeviceGetUUID", handle).and_then(|gpu| write_text(&gpu.uuid, to, room)))
}

/// Its name.
// SAFETY: as for `nvmlInit_v2`.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetName(handle: Handle, to: *mut c_char, room: c_uint) -> c_uint {
    returned(gpu("nvmlDeviceGetName", handle).and_then(|gpu| write_text(&gpu.name, to, room)))
}

/// Where it sits.
// SAFETY: as for `nvmlInit_v2`.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetPciInfo_v3(handle: Handle, to: *mut PciInfo) -> c_uint {
    returned(gpu("nvmlDeviceGetPciInfo_v3", handle).and_then(|gpu| {
        let mut bus_id = [0; 32];
        for (to, byte) in bus_id.iter_mut().take(31).zip(gpu.bus_id.bytes()) {
            *to = byte as c_char;
        }
        let number = |at: usize| {
            let part = gpu.bus_id.split([':', '.']).nth(at);
            part.and_then(|part| c_uint::from_str_radix(part, 16).ok()).unwrap_or(0)
        };
        let info = PciInfo {
            bus_id_legacy: [0; 16],
            domain: number(0),
            bus: number(1),
            device: number(2),
            device_id: 0,
            subsystem_id: 0,
            bus_id,
        };
        write(info, to)
    }))
}

/// Its memory.
// SAFETY: as for `nvmlInit_v2`.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetMemoryInfo_v2(handle: Handle, to: *mut Memory) -> c_uint {
    returned(gpu("nvmlDeviceGetMemoryInfo_v2", handle).and_then(|gpu| {
        let memory = Memory {
            version: size_of::<Memory>() as c_uint | 2 << 24,
            total: gpu.memory_total,
            reserved: 0,
            free: gpu.memory_total.saturating_sub(gpu.memory_used),
            used: gpu.memory_used,
        };
        write(memory, to)
    }))
}

/// How busy it is.
// SAFETY: as for `nvmlInit_v2`.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetUtilizationRates(handle: Handle, to: *mut Utilization) -> c_uint {
    let gpu = gpu("nvmlDeviceGetUtilizationRates", handle);
    returned(gpu.and_then(|gpu| write(Utilization { gpu: gpu.utilisation, memory: 0 }, to)))
}

/// How warm it is.
// SAFETY: as for `nvmlInit_v2`.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetTemperature(handle: Handle, _sensor: c_uint, to: *mut c_uint) -> c_uint {
    returned(gpu("nvmlDeviceGetTemperature", handle).and_then(|gpu| write(gpu.temperature, to)))
}

fn processes(gpu: &Gpu, kind: Kind) -> Vec<ProcessInfo> {
    let of_kind = gpu.processes.iter().filter(|process| process.kind == kind);
    of_kind
        .map(|process| ProcessInfo {
            pid: process.pid,
            used_memory: process.memory.unwrap_or(NOT_AVAILABLE),
            gpu_instance: c_uint::MAX,
            compute_instance: c_uint::MAX,
        })
        .collect()
}

/// Who computes on it.
// SAFETY: as for `nvmlInit_v2`.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetComputeRunningProcesses_v3(
    handle: Handle,
    count: *mut c_uint,
    to: *mut ProcessInfo,
) -> c_uint {
    let gpu = gpu("nvmlDeviceGetComputeRunningProcesses_v3", handle);
    returned(gpu.and_then(|gpu| write_list(processes(&gpu, Kind::Compute), count, to)))
}

/// Who draws on it.
// SAFETY: as for `nvmlInit_v2`.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetGraphicsRunningProcesses_v3(
    handle: Handle,
    count: *mut c_uint,
    to: *mut ProcessInfo,
) -> c_uint {
    let gpu = gpu("nvmlDeviceGetGraphicsRunningProcesses_v3", handle);
    returned(gpu.and_then(|gpu| write_list(processes(&gpu, Kind::Graphics), count, to)))
}

/// Who keeps it how busy: one sample each, taken now.
// SAFETY: as for `nvmlInit_v2`.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetProcessUtilization(
    handle: Handle,
    to: *mut Sample,
    count: *mut c_uint,
    _since: c_ulonglong,
) -> c_uint {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as c_ulonglong;
    returned(gpu("nvmlDeviceGetProcessUtilization", handle).and_then(|gpu| {
        let sampled = gpu.processes.iter().filter_map(|process| Some((process.pid, process.utilisation?)));
        let samples: Vec<Sample> = sampled
            .map(|(pid, sm)| Sample { pid, time: now, sm, memory: 0, encoder: 0, decoder: 0 })
            .collect();
        // The real library has no empty list here.
        if samples.is_empty() { Err(NOT_FOUND) } else { write_list(samples, count, to) }
    }))
}
