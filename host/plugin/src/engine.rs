//! wasmtime, set up once: what every component is compiled for and interrupted by.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use wasmtime::{Config, Engine};

/// How often a running guest is looked at. It bounds how long a guest can keep an executor thread to itself.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// A guest's own stack. A recursion that fills it traps in the guest, far from the end of the host's stack.
const GUEST_STACK: usize = 512 << 10;
/// The stack that a guest call runs on: the guest's own and room for host functions above it.
const CALL_STACK: usize = 2 << 20;

/// The engine and its ticker. The ticker stops with it.
pub(crate) struct PluginEngine {
    engine: Engine,
    _ticker: Ticker,
}

impl PluginEngine {
    pub(crate) fn new() -> wasmtime::Result<Self> {
        let engine = Engine::new(&config(AddressSpace::of_this_process()))?;
        let ticker = Ticker::start(&engine)?;
        Ok(Self { engine, _ticker: ticker })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// How much address space there is to be generous with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AddressSpace {
    /// Every memory gets 4 GiB of it, so that reads and writes need no check.
    Plenty,
    /// `ulimit -v` is set, as on login nodes: memories get what they use, and every read and write is checked.
    Limited,
}

impl AddressSpace {
    #[cfg(unix)]
    fn of_this_process() -> Self {
        use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
        match getrlimit(Resource::RLIMIT_AS) {
            Ok((soft, _)) if soft != RLIM_INFINITY => {
                tracing::info!(bytes = soft, "address space is limited; plugins run a little slower for it");
                Self::Limited
            }
            _ => Self::Plenty,
        }
    }

    #[cfg(not(unix))]
    fn of_this_process() -> Self {
        Self::Plenty
    }
}

fn config(space: AddressSpace) -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.epoch_interruption(true);
    config.max_wasm_stack(GUEST_STACK);
    config.async_stack_size(CALL_STACK);
    // Shared memories are not seen by the limiter, so there are none.
    config.shared_memory(false);
    // A trap names functions, and lines where the component has them; a variable of the daemon's environment must
    // not decide that.
    config.wasm_backtrace_details(wasmtime::WasmBacktraceDetails::Enable);
    if space == AddressSpace::Limited {
        config.memory_reservation(0).memory_reservation_for_growth(1 << 20).memory_guard_size(0);
    }
    config
}

/// The thread that moves the epoch on. It holds the engine weakly, so that it never keeps it alive.
struct Ticker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    fn start(engine: &Engine) -> std::io::Result<Self> {
        let (stop, stopped) = channel::<()>();
        let engine = engine.weak();
        let thread = std::thread::Builder::new().name("plugin-epoch".into()).spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => break,
                }
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It ends within a tick and has nothing to report.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime::{Instance, Module, Store};

    #[test]
    fn a_guest_runs_and_grows_in_either_address_space() {
        let wat = r#"(module (memory 1) (func (export "run") (result i32)
            (drop (memory.grow (i32.const 40)))
            (i32.store (i32.const 2621440) (i32.const 7))
            (i32.load (i32.const 2621440))))"#;
        for space in [AddressSpace::Plenty, AddressSpace::Limited] {
            let engine = Engine::new(&config(space)).unwrap();
            let module = Module::new(&engine, wat::parse_str(wat).unwrap()).unwrap();
            let mut store = Store::new(&engine, ());
            store.set_epoch_deadline(1_000_000);
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let run = instance.get_typed_func::<(), i32>(&mut store, "run").unwrap();
            assert_eq!(run.call(&mut store, ()).unwrap(), 7, "{space:?}");
        }
    }

    #[test]
    fn the_ticker_ticks_and_ends_with_its_engine() {
        let plugins = PluginEngine::new().unwrap();
        let engine = plugins.engine().weak();
        let mut store = Store::new(plugins.engine(), ());
        store.set_epoch_deadline(1);
        let wat = r#"(module (func (export "run") (loop (br 0))))"#;
        let module = Module::new(plugins.engine(), wat::parse_str(wat).unwrap()).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
        let trap = run.call(&mut store, ()).unwrap_err();
        assert_eq!(trap.downcast_ref(), Some(&wasmtime::Trap::Interrupt));
        drop((trap, run, store, module, plugins));
        assert!(engine.upgrade().is_none(), "something keeps the engine alive");
    }
}
