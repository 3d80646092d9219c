//! Runs one program of a hook in a shim, like a render: with its whole process tree, a time limit and a log.

use crate::farm::parts::Parts;
use farmhand_model::EndedBy;
use farmhand_runner::{
    AttemptDir, DirState, End, ExitReport, KillReason, LogFiles, RunningAttempt, ShimSpec,
};
use std::path::{Path, PathBuf};
use tokio::sync::watch;

/// Bytes of the log's end that an error quotes.
const QUOTED: u64 = 2_000;

/// Tells a hook that its job or attempt is over.
pub(in crate::farm) type Killed = watch::Receiver<Option<EndedBy>>;

/// Runs it in a directory of its own and waits for its end. What an earlier run left there is ended and removed.
pub(super) async fn run(
    parts: &Parts,
    place: PathBuf,
    spec: ShimSpec,
    killed: &Killed,
) -> Result<(), String> {
    clear(&place).await?;
    let dir = AttemptDir::create(place).map_err(|error| error.to_string())?;
    dir.write_command(&spec).map_err(|error| error.to_string())?;
    let mut running = parts.shims.start(&dir).await.map_err(|error| error.to_string())?;
    let mut killed = killed.clone();
    let report = loop {
        tokio::select! {
            report = running.wait() => break report,
            Ok(()) = killed.changed() => {
                if killed.borrow().is_some() {
                    dir.request_kill(KillReason::Cancel).map_err(|error| error.to_string())?;
                }
            }
        }
    };
    verdict(&report, &dir)
}

fn verdict(report: &ExitReport, dir: &AttemptDir) -> Result<(), String> {
    let failed = match (&report.end, report.ended_by()) {
        (End::FailedToStart { message }, _) => return Err(format!("it did not start: {message}")),
        (_, EndedBy::TimeLimit) => "it ran over its time limit".to_owned(),
        (_, EndedBy::Cancel | EndedBy::DaemonStop) => "it was cancelled".to_owned(),
        _ => match (report.exit_code(), report.signal()) {
            (Some(0), _) => return Ok(()),
            (Some(code), _) => format!("it ended with exit code {code}"),
            (None, Some(signal)) => format!("it ended with signal {signal}"),
            (None, None) => "nobody knows how it ended".to_owned(),
        },
    };
    match last_line(&dir.log()) {
        Some(line) => Err(format!("{failed}: {line}")),
        None => Err(failed),
    }
}

/// The last line that says something.
fn last_line(log: &Path) -> Option<String> {
    let log = LogFiles::open(log).ok()?;
    let mut bytes = Vec::new();
    let mut offset = log.end().saturating_sub(QUOTED);
    while offset < log.end() {
        let piece = log.read(offset, QUOTED as usize).ok()?;
        if piece.bytes.is_empty() {
            break;
        }
        offset = piece.start + piece.bytes.len() as u64;
        bytes.extend(piece.bytes);
    }
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
    Some(line.trim().chars().filter(|c| !c.is_control()).collect())
}

/// A hook that an earlier daemon left running is ended first: it would work against its second run.
async fn clear(place: &Path) -> Result<(), String> {
    if !place.exists() {
        return Ok(());
    }
    let dir = AttemptDir::open(place);
    if matches!(dir.state(), Ok(DirState::Held)) {
        dir.request_kill(KillReason::Cancel).map_err(|error| error.to_string())?;
    }
    if let Ok(mut left) = RunningAttempt::adopt(dir) {
        left.wait().await;
    }
    std::fs::remove_dir_all(place).map_err(|error| format!("cannot remove {}: {error}", place.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_is_quoted_from_its_end_and_not_from_its_head() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        assert_eq!(last_line(&log), None);
        std::fs::write(&log, "starting\nworking\n").unwrap();
        assert_eq!(last_line(&log).as_deref(), Some("working"));
        std::fs::write(dir.path().join("log.00000000000000000017"), "no space\x07 left\n\n").unwrap();
        assert_eq!(last_line(&log).as_deref(), Some("no space left"));
    }
}
