//! What attempts take, as `farmhand job` shows it.

use super::human;
use super::output::{Cell, Table};
use farmhand_model::view::AttemptView;
use farmhand_model::{Bytes, Timestamp, Usage};

/// Of those attempts that anything was measured of; empty where there are none.
pub(super) fn table(attempts: &[AttemptView], now: Timestamp) -> Option<Table> {
    let measured: Vec<&AttemptView> =
        attempts.iter().filter(|attempt| attempt.usage != Usage::default()).collect();
    if measured.is_empty() {
        return None;
    }
    let mut table = Table::new(&[
        "#ATTEMPT",
        "#PEAK MEMORY",
        "#CPU TIME",
        "#CORES",
        "#READ",
        "#WRITTEN",
        "#GPU MEMORY",
        "#GPU BUSY",
    ]);
    for attempt in measured {
        let usage = attempt.usage;
        let bytes =
            |bytes: Option<u64>| Cell::from(bytes.map(|bytes| Bytes(bytes).to_string()).unwrap_or_default());
        table.row([
            Cell::from(attempt.id),
            bytes(usage.peak_memory_bytes),
            Cell::from(
                usage.cpu_seconds.map(|cpu| human::span(farmhand_model::Seconds(cpu))).unwrap_or_default(),
            ),
            Cell::from(mean_cores(attempt, now).map(|cores| format!("{cores:.1}")).unwrap_or_default()),
            bytes(usage.read_bytes),
            bytes(usage.written_bytes),
            bytes(usage.peak_gpu_memory_bytes),
            Cell::from(
                usage.gpu_utilisation.map(|busy| format!("{:.0} %", busy * 100.0)).unwrap_or_default(),
            ),
        ]);
    }
    table.leave_out_empty();
    Some(table)
}

/// Cores that its processes kept busy while they ran.
fn mean_cores(attempt: &AttemptView, now: Timestamp) -> Option<f64> {
    let ran = match (&attempt.outcome, attempt.steps.running) {
        (Some(outcome), _) => outcome.seconds,
        (None, Some(running)) => now.since(running),
        (None, None) => return None,
    };
    let cpu = attempt.usage.cpu_seconds?;
    (ran.0 > 0.0).then(|| cpu / ran.0)
}

#[cfg(test)]
mod tests {
    use super::super::output::Style;
    use super::super::progress::tests::attempt;
    use super::*;
    use farmhand_model::AttemptId;

    #[test]
    fn what_attempts_took_is_shown_where_it_is_known() {
        let mut ended = attempt();
        ended.usage = Usage {
            peak_memory_bytes: Some(12_000_000_000),
            cpu_seconds: Some(124.0),
            read_bytes: Some(3_000_000),
            written_bytes: Some(0),
            peak_gpu_memory_bytes: Some(3_500_000_000),
            gpu_utilisation: Some(0.934),
        };
        if let Some(outcome) = &mut ended.outcome {
            outcome.seconds = farmhand_model::Seconds(62.0);
        }
        let mut running = attempt();
        running.id = AttemptId(10);
        running.outcome = None;
        running.steps.running = Some(Timestamp(5_000));
        running.usage = Usage { cpu_seconds: Some(30.0), ..Usage::default() };
        let mut unknown = attempt();
        unknown.id = AttemptId(11);
        let expect = "\
ATTEMPT  PEAK MEMORY    CPU TIME  CORES  READ  WRITTEN  GPU MEMORY  GPU BUSY
     10                     30 s    3.0
      7        12 GB  2 min 04 s    2.0  3 MB     0 kB      3.5 GB      93 %
";
        let shown = table(&[unknown.clone(), running, ended], Timestamp(15_000)).expect("a table");
        assert_eq!(shown.render(Style::Plain), expect);
        assert!(table(&[unknown], Timestamp(0)).is_none());
    }
}
