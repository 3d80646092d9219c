//! An eye on the WAL. It grows for as long as a reader keeps an old snapshot, and one that nobody watched has
//! filled disks on other farms.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Eight times what a checkpoint normally leaves.
const ALARM_BYTES: u64 = 64 << 20;

/// What to say about the WAL's size.
#[derive(Debug, PartialEq)]
enum Alarm {
    /// It passed the limit, or has doubled since it was last said.
    Grown,
    /// It was large and is not any more.
    Over,
}

/// Measures the WAL after commits, and warns.
pub(crate) struct WalWatch {
    file: PathBuf,
    gauge: Arc<AtomicU64>,
    /// The size at which the next warning is due.
    next: u64,
}

impl WalWatch {
    pub(crate) fn new(file: PathBuf, gauge: Arc<AtomicU64>) -> Self {
        Self { file, gauge, next: ALARM_BYTES }
    }

    pub(crate) fn look(&mut self) {
        let bytes = std::fs::metadata(&self.file).map_or(0, |data| data.len());
        self.gauge.store(bytes, Ordering::Relaxed);
        let megabytes = bytes >> 20;
        match self.judge(bytes) {
            Some(Alarm::Grown) => tracing::warn!(
                file = %self.file.display(),
                "the database's write-ahead log has grown to {megabytes} MiB: some program keeps the database open \
                 for reading; end it (a `sqlite3` shell, a backup, a viewer), and the log shrinks by itself"
            ),
            Some(Alarm::Over) => {
                tracing::info!(file = %self.file.display(), "the write-ahead log is down to {megabytes} MiB again");
            }
            None => {}
        }
    }

    fn judge(&mut self, bytes: u64) -> Option<Alarm> {
        if bytes >= self.next {
            self.next = bytes * 2;
            return Some(Alarm::Grown);
        }
        if self.next > ALARM_BYTES && bytes < ALARM_BYTES / 2 {
            self.next = ALARM_BYTES;
            return Some(Alarm::Over);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warns_once_at_the_limit_and_at_each_doubling_and_says_when_it_is_over() {
        let mut watch = WalWatch::new(PathBuf::new(), Arc::default());
        let steps = [
            (ALARM_BYTES - 1, None),
            (ALARM_BYTES, Some(Alarm::Grown)),
            (ALARM_BYTES + 1, None),
            (ALARM_BYTES * 2 - 1, None),
            (ALARM_BYTES * 2, Some(Alarm::Grown)),
            (ALARM_BYTES / 2, None),
            (ALARM_BYTES / 2 - 1, Some(Alarm::Over)),
            (0, None),
            (ALARM_BYTES, Some(Alarm::Grown)),
        ];
        for (index, (bytes, expect)) in steps.into_iter().enumerate() {
            assert_eq!(watch.judge(bytes), expect, "step {index}");
        }
    }
}
