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
        let engine = Engine::new(&config())?;
        let ticker = Ticker::start(&engine)?;
        Ok(Self { engine, _ticker: ticker })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

fn config() -> Config {
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
