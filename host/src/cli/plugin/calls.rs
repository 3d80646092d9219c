//! What calls of a plugin cost, gathered while it is tried.

use crate::cli::human;
use crate::cli::output::{Cell, Table};
use farmhand_plugin::{CallObserver, CallReport};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// One call.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Call {
    pub(super) function: &'static str,
    /// With the making of its instance.
    pub(super) milliseconds: f64,
    /// The most that its instance held.
    pub(super) memory_bytes: usize,
    pub(super) log_lines: u64,
    pub(super) failed: bool,
}

/// Gathers calls until they are taken.
#[derive(Debug, Default)]
pub(super) struct Calls(Mutex<Vec<Call>>);

impl Calls {
    pub(super) fn take(&self) -> Vec<Call> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl CallObserver for Calls {
    fn called(&self, report: &CallReport<'_>) {
        let time = report.instantiate.unwrap_or_default() + report.run;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Call {
            function: report.function,
            milliseconds: time.as_secs_f64() * 1000.0,
            memory_bytes: report.memory,
            log_lines: report.log_lines,
            failed: report.error.is_some(),
        });
    }
}

/// By function: how many, how long, how much.
pub(super) fn table(calls: &[Call]) -> Table {
    let mut functions: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    for call in calls {
        functions.entry(call.function).or_default().push(call);
    }
    let mut table = Table::new(&["FUNCTION", "#CALLS", "#MEDIAN", "#SLOWEST", "#MEMORY", "#LOG LINES"]);
    for (function, mut calls) in functions {
        calls.sort_by(|one, other| one.milliseconds.total_cmp(&other.milliseconds));
        let time = |at: usize| calls.get(at).map(|call| milliseconds(call.milliseconds)).unwrap_or_default();
        let memory = calls.iter().map(|call| call.memory_bytes).max().unwrap_or_default();
        let lines: u64 = calls.iter().map(|call| call.log_lines).sum();
        table.row([
            Cell::from(function),
            Cell::from(calls.len()),
            Cell::from(time(calls.len() / 2)),
            Cell::from(time(calls.len() - 1)),
            Cell::from(human::bytes(memory as u64)),
            Cell::from(lines),
        ]);
    }
    table
}

/// `0.12 ms`, `31 ms`.
pub(super) fn milliseconds(time: f64) -> String {
    if time < 10.0 { format!("{time:.2} ms") } else { format!("{time:.0} ms") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Style;

    #[test]
    fn calls_are_summed_by_function() {
        let call = |function, milliseconds, memory_bytes, log_lines| Call {
            function,
            milliseconds,
            memory_bytes,
            log_lines,
            failed: false,
        };
        let calls = [
            call("judge", 0.05, 1 << 20, 0),
            call("build-command", 12.4, 30 << 20, 2),
            call("judge", 0.25, 2 << 20, 1),
            call("judge", 0.1, 1 << 20, 1),
        ];
        let expect = "\
FUNCTION       CALLS   MEDIAN  SLOWEST   MEMORY  LOG LINES
build-command      1    12 ms    12 ms   30 MiB          2
judge              3  0.10 ms  0.25 ms  2.0 MiB          2
";
        assert_eq!(table(&calls).render(Style::Plain), expect);
    }
}
