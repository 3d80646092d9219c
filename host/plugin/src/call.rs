//! One bounded stay in a guest: an instance of its own, armed right before each call, dropped after any error.
//!
//! Two limits hold at once. Running time is counted in epoch ticks, so that a busy machine is not the guest's
//! fault; the outer timeout ends what ticks cannot see, a guest that waits in a host function.

use crate::bindings::{
    Hooked, HookedPre, Needing, NeedingPre, Plugin, PluginPre, ScriptRunner, ScriptRunnerPre,
};
use crate::engine::TICK;
use crate::error::{PluginError, PluginErrorKind};
use crate::limits::{Limits, OverLimit};
use crate::logring::{LogLevel, LogLine};
use crate::observer::{CallObserver, CallReport, LogRate};
use crate::script::ScriptText;
use crate::sight::Grants;
use crate::state::{OutOfTime, PluginState};
use farmhand_model::PluginStamp;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime::{Engine, Store, Trap, UpdateDeadline, WasmBacktrace};

/// Live resource handles of one instance: the few that the contract needs, with room for a careless guest.
const HANDLES: usize = 10_000;
/// Frames of a backtrace that an error keeps.
const FRAMES: usize = 8;

/// Log lines of one call that reach the daemon's own log: the last ones.
const DAEMON_LINES: usize = 20;

/// Bounds how many guests run at once. Waiting here is never billed to a guest.
#[derive(Debug)]
pub(crate) struct Gatekeeper(Semaphore);

impl Gatekeeper {
    pub(crate) fn new(calls: usize) -> Self {
        Self(Semaphore::new(calls.max(1)))
    }

    pub(crate) async fn permit(&self) -> Result<SemaphorePermit<'_>, PluginErrorKind> {
        let closed = |_| PluginErrorKind::Host { message: "the plugin host is closed".into() };
        self.0.acquire().await.map_err(closed)
    }
}

/// Whom a session belongs to, for its errors and its log.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) name: String,
    pub(crate) stamp: Option<PluginStamp>,
    /// What of its log reaches the daemon's.
    pub(crate) log_rate: Arc<LogRate>,
    /// Told of its calls, once it has a stamp.
    pub(crate) observers: Vec<Arc<dyn CallObserver>>,
}

/// What an instance is made with.
pub(crate) struct Setup<'a> {
    pub(crate) caller: Caller,
    pub(crate) grants: Arc<Grants>,
    pub(crate) limits: &'a Limits,
    /// What a runner is to run.
    pub(crate) script: Option<Arc<ScriptText>>,
}

/// Which exports of a component a session calls.
pub(crate) trait World: Sized {
    /// A component that has been checked to have them.
    type Pre;
    fn engine(pre: &Self::Pre) -> &Engine;
    fn instantiate(
        pre: &Self::Pre,
        store: &mut Store<PluginState>,
    ) -> impl Future<Output = wasmtime::Result<Self>> + Send;
}

impl World for Plugin {
    type Pre = PluginPre<PluginState>;

    fn engine(pre: &Self::Pre) -> &Engine {
        pre.engine()
    }

    async fn instantiate(pre: &Self::Pre, store: &mut Store<PluginState>) -> wasmtime::Result<Self> {
        pre.instantiate_async(store).await
    }
}

impl World for Hooked {
    type Pre = HookedPre<PluginState>;

    fn engine(pre: &Self::Pre) -> &Engine {
        pre.engine()
    }

    async fn instantiate(pre: &Self::Pre, store: &mut Store<PluginState>) -> wasmtime::Result<Self> {
        pre.instantiate_async(store).await
    }
}

impl World for Needing {
    type Pre = NeedingPre<PluginState>;

    fn engine(pre: &Self::Pre) -> &Engine {
        pre.engine()
    }

    async fn instantiate(pre: &Self::Pre, store: &mut Store<PluginState>) -> wasmtime::Result<Self> {
        pre.instantiate_async(store).await
    }
}

impl World for ScriptRunner {
    type Pre = ScriptRunnerPre<PluginState>;

    fn engine(pre: &Self::Pre) -> &Engine {
        pre.engine()
    }

    async fn instantiate(pre: &Self::Pre, store: &mut Store<PluginState>) -> wasmtime::Result<Self> {
        pre.instantiate_async(store).await
    }
}

/// One instance in a store of its own.
pub(crate) struct Session<W = Plugin> {
    caller: Caller,
    store: Store<PluginState>,
    plugin: W,
    alive: bool,
    /// When the call that came last began.
    started: Instant,
    /// What making the instance took, until a report has told.
    instantiate: Option<Duration>,
}

impl<W: World> Session<W> {
    /// Makes the instance, which runs guest code already: that is billed as `function`, whose first call follows.
    pub(crate) async fn open(
        pre: &W::Pre,
        setup: Setup<'_>,
        function: &'static str,
        limit: Duration,
    ) -> Result<Self, PluginError> {
        let Setup { caller, grants, limits, script } = setup;
        let mut store = new_store(W::engine(pre), PluginState::new(grants, limits, script), limits);
        let started = Instant::now();
        arm(&mut store, limit);
        match bounded(limit, W::instantiate(pre, &mut store)).await {
            Ok(plugin) => {
                let instantiate = Some(started.elapsed());
                Ok(Self { caller, store, plugin, alive: true, started, instantiate })
            }
            Err(broken) => {
                let kind = what_broke(broken, limit, &store);
                Err(conclude(&caller, &store, function, kind, Some(started.elapsed()), Duration::ZERO))
            }
        }
    }

    /// Calls the guest. After an error the session takes no more calls.
    pub(crate) async fn call<T>(
        &mut self,
        function: &'static str,
        limit: Duration,
        call: impl for<'a> FnOnce(&'a W, &'a mut Store<PluginState>) -> BoxFuture<'a, wasmtime::Result<T>>,
    ) -> Result<T, PluginError> {
        if !self.alive {
            return Err(self.error(function, PluginErrorKind::ReaderGone));
        }
        // A call that is dropped half-way leaves the instance in the middle of it, so it counts as dead until it
        // has come back.
        self.alive = false;
        self.started = Instant::now();
        arm(&mut self.store, limit);
        match bounded(limit, call(&self.plugin, &mut self.store)).await {
            Ok(answer) => {
                self.alive = true;
                Ok(answer)
            }
            Err(broken) => {
                let kind = what_broke(broken, limit, &self.store);
                Err(self.error(function, kind))
            }
        }
    }

    /// An error of this session's plugin, with what it logged. It ends the call.
    pub(crate) fn error(&mut self, function: &'static str, kind: PluginErrorKind) -> PluginError {
        let instantiate = self.instantiate.take();
        conclude(&self.caller, &self.store, function, kind, instantiate, self.started.elapsed())
    }

    /// The call came to a good end: what the guest logged goes to the daemon's own log, and observers are told.
    pub(crate) fn settled(&mut self, function: &'static str) {
        let (lines, dropped) = self.store.data().log.drain();
        trace(&self.caller, &lines);
        if dropped > 0 {
            tracing::warn!(plugin = %self.caller.name, dropped, "the plugin logged more than is kept");
        }
        let memory = self.store.data().limiter.memory();
        tell(&self.caller, |stamp| CallReport {
            stamp,
            function,
            instantiate: self.instantiate,
            run: self.started.elapsed(),
            memory,
            log_lines: lines.len() as u64 + dropped,
            error: None,
        });
        self.instantiate = None;
    }

    /// Takes no more calls.
    pub(crate) fn end(&mut self) {
        self.alive = false;
    }

    /// The host data of the store, to hand resources in.
    pub(crate) fn state(&mut self) -> &mut PluginState {
        self.store.data_mut()
    }
}

fn new_store(engine: &Engine, state: PluginState, limits: &Limits) -> Store<PluginState> {
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(limits.hostcall);
    store.set_max_component_handles(HANDLES);
    store.epoch_deadline_callback(|mut context| {
        let budget = &mut context.data_mut().budget;
        if budget.ticks_left == 0 {
            return Err(OutOfTime.into());
        }
        budget.ticks_left -= 1;
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
    });
    store
}

/// Starts the clock of a call. A store's clock runs from its creation otherwise, and would bill the time that the
/// call waited.
fn arm(store: &mut Store<PluginState>, limit: Duration) {
    // The first tick comes after less than a whole one.
    store.data_mut().budget.ticks_left = limit.as_millis().div_ceil(TICK.as_millis()) as u64;
    store.set_epoch_deadline(1);
}

/// The whole time of a call, waiting included. Far longer than its running time: on a node whose renders use every
/// core, a guest that is quick by its own clock can be slow by the wall's.
fn patience(limit: Duration) -> Duration {
    limit * 4 + Duration::from_secs(4)
}

enum Broken {
    Error(wasmtime::Error),
    OutOfPatience,
}

async fn bounded<T>(limit: Duration, call: impl Future<Output = wasmtime::Result<T>>) -> Result<T, Broken> {
    match tokio::time::timeout(patience(limit), call).await {
        Ok(answer) => answer.map_err(Broken::Error),
        Err(_) => Err(Broken::OutOfPatience),
    }
}

fn what_broke(broken: Broken, limit: Duration, store: &Store<PluginState>) -> PluginErrorKind {
    match broken {
        Broken::OutOfPatience => PluginErrorKind::Timeout { limit, waiting: true },
        Broken::Error(error) => classify(&error, limit, store.hostcall_fuel()),
    }
}

/// The error that a call came to; observers are told of it.
fn conclude(
    caller: &Caller,
    store: &Store<PluginState>,
    function: &'static str,
    kind: PluginErrorKind,
    instantiate: Option<Duration>,
    run: Duration,
) -> PluginError {
    let (lines, dropped) = store.data().log.drain();
    trace(caller, &lines);
    let memory = store.data().limiter.memory();
    let log_lines = lines.len() as u64 + dropped;
    tell(caller, |stamp| CallReport {
        stamp,
        function,
        instantiate,
        run,
        memory,
        log_lines,
        error: Some(&kind),
    });
    PluginError::new(&caller.name, kind)
        .with_stamp(caller.stamp.as_ref())
        .in_call(function, instantiate.unwrap_or_default() + run)
        .with_log((lines, dropped))
}

fn tell<'a>(caller: &'a Caller, report: impl Fn(&'a PluginStamp) -> CallReport<'a>) {
    if let Some(stamp) = &caller.stamp {
        caller.observers.iter().for_each(|observer| observer.called(&report(stamp)));
    }
}

/// What an error out of wasmtime means. Its root cause is what the guest ran into.
fn classify(error: &wasmtime::Error, limit: Duration, hostcall: usize) -> PluginErrorKind {
    if error.is::<OutOfTime>() {
        return PluginErrorKind::Timeout { limit, waiting: false };
    }
    if let Some(OverLimit { room, asked, limit }) = error.downcast_ref() {
        return PluginErrorKind::Memory { room: *room, asked: *asked, limit: *limit };
    }
    // WASI 0.2 does not hand the code over.
    if error.is::<wasmtime_wasi::I32Exit>() {
        return PluginErrorKind::Trap { what: "called exit".into(), frames: Vec::new() };
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return PluginErrorKind::Trap { what: describe_trap(*trap), frames: frames(error) };
    }
    let root = error.root_cause().to_string();
    // wasmtime's error type for this is its own.
    if root.contains("hostcalls has been exhausted") {
        return PluginErrorKind::TooMuchData { limit: hostcall };
    }
    match frames(error) {
        frames if frames.is_empty() => PluginErrorKind::Host { message: format!("{error:#}") },
        frames => PluginErrorKind::Trap { what: root, frames },
    }
}

fn describe_trap(trap: Trap) -> String {
    match trap {
        Trap::UnreachableCodeReached => "panicked or aborted".into(),
        Trap::StackOverflow => "recursed until its stack was full".into(),
        // Languages that keep a stack of their own in linear memory run out of it first.
        Trap::MemoryOutOfBounds => "reached outside its memory, or recursed without an end".into(),
        Trap::IntegerDivisionByZero => "divided by zero".into(),
        other => other.to_string(),
    }
}

fn frames(error: &wasmtime::Error) -> Vec<String> {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else { return Vec::new() };
    let name = |frame: &wasmtime::FrameInfo| {
        let symbol = frame.symbols().first();
        let function = symbol.and_then(|symbol| symbol.name()).or_else(|| frame.func_name());
        let function = function.map_or_else(
            || format!("function {}", frame.func_index()),
            // Without the hash at the end of a Rust name.
            |name| format!("{:#}", rustc_demangle::demangle(name)),
        );
        match symbol.and_then(|symbol| Some((symbol.file()?, symbol.line()?))) {
            Some((file, line)) => format!("{function} ({file}:{line})"),
            None => function,
        }
    };
    backtrace.frames().iter().take(FRAMES).map(name).collect()
}

/// What is ordinary to a plugin is detail to the daemon, and a call can fill only so much of its log.
fn trace(caller: &Caller, lines: &[LogLine]) {
    if lines.is_empty() {
        return;
    }
    let plugin = &caller.name;
    let admitted = caller.log_rate.admit(lines.len().min(DAEMON_LINES), Instant::now());
    if admitted.withheld_before > 0 {
        let withheld = admitted.withheld_before;
        tracing::warn!(%plugin, withheld, "the plugin logs more than its share; lines were left out here");
    }
    for line in &lines[lines.len() - admitted.lines..] {
        match line.level {
            LogLevel::Debug | LogLevel::Info => tracing::debug!(%plugin, "{line}"),
            LogLevel::Warn | LogLevel::Error => tracing::warn!(%plugin, "{line}"),
        }
    }
}
