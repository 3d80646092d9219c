//! What a guest may use, and the limiter that holds its memories and tables to it.
//!
//! Time is not limited here: `call` does that.

use crate::script::Language;
use std::time::Duration;
use wasmtime::ResourceLimiter;

/// What one plugin may use. The operator sets it; a plugin cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Running time of `describe`, start-up included.
    pub describe: Duration,
    /// Running time of `validate`, `build-command` and `judge`, start-up included.
    pub call: Duration,
    /// Running time of one batch of lines in a reader.
    pub read: Duration,
    /// All linear memories of one instance together, in bytes.
    pub memory: usize,
    /// All tables of one instance together, in elements of 8 bytes.
    pub table_elements: usize,
    /// Log and printed text kept of one call, in bytes.
    pub log: usize,
    /// Lines a second that reach the daemon's own log.
    pub log_lines_per_second: u32,
    /// Data that one call may hand to the host, in bytes.
    pub hostcall: usize,
    /// A file that `read-file` hands out, in bytes.
    pub file: u64,
    /// The component's own size, in bytes.
    pub component: u64,
}

impl Default for Limits {
    /// Sized for plugins in Rust and QuickJS, whose calls take well under a millisecond. CPython wants 256 MiB.
    fn default() -> Self {
        Self {
            describe: Duration::from_millis(250),
            call: Duration::from_secs(2),
            read: Duration::from_millis(500),
            memory: 64 << 20,
            table_elements: 100_000,
            log: 64 << 10,
            log_lines_per_second: 50,
            hostcall: 8 << 20,
            file: 4 << 20,
            component: 64 << 20,
        }
    }
}

/// What CPython needs at the least: its snapshot alone fills most of what a small plugin gets.
const PYTHON_MEMORY: usize = 256 << 20;
/// A pure-Python `describe` runs the whole script first.
const SCRIPT_DESCRIBE: Duration = Duration::from_millis(500);

/// What is different for one plugin; absent: as for all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LimitChange {
    /// See [`Limits::memory`].
    pub memory: Option<usize>,
    /// See [`Limits::call`]; a batch of lines gets a quarter of it.
    pub call: Option<Duration>,
    /// See [`Limits::log`].
    pub log: Option<usize>,
    /// See [`Limits::log_lines_per_second`].
    pub log_lines_per_second: Option<u32>,
    /// See [`Limits::hostcall`].
    pub hostcall: Option<usize>,
}

impl Limits {
    /// The same for a plugin in this language: where an interpreter runs too, there is more of what it needs.
    #[must_use]
    pub fn for_language(&self, language: Option<Language>) -> Self {
        let mut limits = self.clone();
        if language.is_some() {
            limits.describe = limits.describe.max(SCRIPT_DESCRIBE);
        }
        if language == Some(Language::Python) {
            limits.memory = limits.memory.max(PYTHON_MEMORY);
        }
        limits
    }

    /// The same with one plugin's own.
    #[must_use]
    pub fn changed(self, change: &LimitChange) -> Self {
        Self {
            memory: change.memory.unwrap_or(self.memory),
            call: change.call.unwrap_or(self.call),
            read: change.call.map_or(self.read, |call| call / 4),
            log: change.log.unwrap_or(self.log),
            log_lines_per_second: change.log_lines_per_second.unwrap_or(self.log_lines_per_second),
            hostcall: change.hostcall.unwrap_or(self.hostcall),
            ..self
        }
    }
}

/// Core instances of one component; CPython components have more than thirty.
const CORE_INSTANCES: usize = 200;
/// Linear memories, and tables, of one component.
const MEMORIES: usize = 32;

/// What a guest asked for too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Bytes of linear memory.
    Memory,
    /// Elements of tables.
    Table,
}

/// The error that stops a guest which asks for too much. It survives as the root cause of wasmtime's error.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("asked for {asked} where {limit} is the limit ({room:?})")]
pub(crate) struct OverLimit {
    pub(crate) room: Room,
    pub(crate) asked: usize,
    pub(crate) limit: usize,
}

/// How much of one kind of room a store uses.
#[derive(Debug)]
struct Account {
    room: Room,
    used: usize,
    limit: usize,
    /// The growth that was granted last; given back when it then failed for another reason.
    granted: usize,
}

impl Account {
    fn grow(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let growth = desired.saturating_sub(current);
        let asked = self.used.saturating_add(growth);
        if asked > self.limit {
            return Err(OverLimit { room: self.room, asked, limit: self.limit }.into());
        }
        self.used = asked;
        self.granted = growth;
        Ok(true)
    }

    fn give_back(&mut self) {
        self.used -= std::mem::take(&mut self.granted);
    }
}

/// Sums over all memories and all tables of one store, where wasmtime's own limiter looks at each by itself.
#[derive(Debug)]
pub(crate) struct StoreLimiter {
    memory: Account,
    table: Account,
}

impl StoreLimiter {
    /// Bytes of linear memory that the store holds.
    pub(crate) fn memory(&self) -> usize {
        self.memory.used
    }

    pub(crate) fn new(limits: &Limits) -> Self {
        let account = |room, limit| Account { room, used: 0, limit, granted: 0 };
        Self {
            memory: account(Room::Memory, limits.memory),
            table: account(Room::Table, limits.table_elements),
        }
    }
}

impl ResourceLimiter for StoreLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.memory.grow(current, desired, maximum)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory.give_back();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.table.grow(current, desired, maximum)
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.table.give_back();
        Ok(())
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES
    }

    fn tables(&self) -> usize {
        MEMORIES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime::{Engine, Instance, Module, Store};

    /// Runs `run` of a core module under a limiter and returns what it was refused for.
    fn refused(wat: &str) -> Option<(Room, usize)> {
        let engine = Engine::default();
        let limits = Limits { memory: 4 << 20, table_elements: 1000, ..Limits::default() };
        let mut store = Store::new(&engine, StoreLimiter::new(&limits));
        store.limiter(|limiter| limiter);
        let module = Module::new(&engine, wat::parse_str(wat).unwrap()).unwrap();
        let outcome = Instance::new(&mut store, &module, &[])
            .and_then(|instance| instance.get_typed_func::<(), ()>(&mut store, "run"))
            .and_then(|run| run.call(&mut store, ()));
        let over = *outcome.err()?.downcast_ref::<OverLimit>().expect("a typed refusal");
        Some((over.room, over.asked))
    }

    #[test]
    fn memories_and_tables_are_summed_over_the_store() {
        for (wat, expect) in [
            ("(module (memory 64) (func (export \"run\")))", None),
            ("(module (memory 65) (func (export \"run\")))", Some((Room::Memory, 65 << 16))),
            ("(module (memory 40) (memory 40) (func (export \"run\")))", Some((Room::Memory, 80 << 16))),
            (
                "(module (memory 1) (func (export \"run\") (loop (drop (memory.grow (i32.const 1))) (br 0))))",
                Some((Room::Memory, 65 << 16)),
            ),
            ("(module (table 1001 funcref) (func (export \"run\")))", Some((Room::Table, 1001))),
            (
                "(module (table 1 funcref) (table 1 funcref) (func (export \"run\")
                   (loop (drop (table.grow 0 (ref.null func) (i32.const 100)))
                         (drop (table.grow 1 (ref.null func) (i32.const 100))) (br 0))))",
                Some((Room::Table, 1002)),
            ),
        ] {
            assert_eq!(refused(wat), expect, "{wat}");
        }
    }

    #[test]
    fn a_growth_past_the_memorys_own_maximum_is_not_counted() {
        let wat = "(module (memory 1 2) (memory 1) (func (export \"run\")
            (drop (memory.grow 0 (i32.const 60))) (drop (memory.grow 1 (i32.const 60)))))";
        assert_eq!(refused(wat), None);
    }
}
