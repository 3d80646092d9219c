//! Programs that are told something: they read it from their standard input, do what they like with it, and say by their
//! exit code whether they did. No shell, a time limit, and nothing of them is left behind.

use crate::EnvSpec;
use crate::os;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// Bytes of the output's end that an error quotes.
const QUOTED: usize = 2000;

/// Runs a program with `input` as its standard input and waits for its end, and for that of what it leaves behind with
/// its output open.
///
/// # Errors
/// It did not start, ran over its limit, or ended with anything but exit code 0; with the last line that it said.
pub async fn run_told(program: &Path, env: &EnvSpec, input: &[u8], limit: Duration) -> Result<(), String> {
    let mut command = std::process::Command::new(program);
    match env {
        EnvSpec::Only(set) => {
            command.env_clear().envs(set.iter().map(|(name, value)| (name, value)));
        }
        EnvSpec::Inherit { remove, set } => {
            remove.iter().for_each(|name| {
                command.env_remove(name);
            });
            command.envs(set.iter().map(|(name, value)| (name, value)));
        }
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    os::set_apart(&mut command);
    let spawned = Command::from(command).kill_on_drop(true).spawn();
    let mut child = spawned.map_err(|error| format!("{} did not start: {error}", program.display()))?;
    let apart = child.id().map(os::SetApart::new);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // Whoever does not read it need not.
            let _ = stdin.write_all(input).await;
        }
    };
    let work = async {
        let ((), said, complaints, status) =
            tokio::join!(write, last_bytes(stdout), last_bytes(stderr), child.wait());
        (said, complaints, status)
    };
    let ended = tokio::time::timeout(limit, work).await;
    let (said, complaints, status) =
        ended.map_err(|_| format!("it ran over its time limit of {} s", limit.as_secs()))?;
    // It was waited for: its number may soon be somebody else's.
    if let Some(apart) = apart {
        apart.leave();
    }
    let status = status.map_err(|error| format!("nobody knows how it ended: {error}"))?;
    if status.success() {
        return Ok(());
    }
    match last_line(&complaints).or_else(|| last_line(&said)) {
        Some(line) => Err(format!("it ended with {status}: {line}")),
        None => Err(format!("it ended with {status}")),
    }
}

/// Reads to the end and keeps the last bytes.
async fn last_bytes(from: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut from) = from else { return kept };
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        kept.extend_from_slice(&buffer[..read]);
        let more = kept.len().saturating_sub(QUOTED);
        kept.drain(..more);
    }
    kept
}

fn last_line(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
    Some(line.trim().chars().filter(|c| !c.is_control()).collect())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn script(dir: &Path, text: &str) -> std::path::PathBuf {
        let path = dir.join("tell.sh");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a program");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("one that runs");
        path
    }

    #[tokio::test]
    async fn it_is_told_by_its_input_and_its_environment() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let text = format!("cat > {0}; printf ' %s' \"$WHAT\" >> {0}", out.display());
        let program = script(dir.path(), &text);
        let env =
            EnvSpec::Inherit { remove: Vec::new(), set: vec![("WHAT".to_owned(), "$(end)".to_owned())] };
        run_told(&program, &env, b"{\"a\": 1}", Duration::from_secs(60)).await.unwrap();
        assert_eq!(std::fs::read_to_string(out).unwrap(), "{\"a\": 1} $(end)");
    }

    #[tokio::test]
    async fn what_goes_wrong_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let tell = async |text: &str, limit| {
            let program = script(dir.path(), text);
            run_told(&program, &EnvSpec::default(), &[b'x'; 100_000], limit).await.unwrap_err()
        };
        let minute = Duration::from_secs(60);
        let error = tell("echo no such channel >&2; exit 3", minute).await;
        assert!(error.contains("exit status: 3") && error.ends_with(": no such channel"), "{error}");
        let error = tell("sleep 1000 & sleep 1000", Duration::from_millis(50)).await;
        assert!(error.contains("time limit"), "{error}");
        let error = run_told(&dir.path().join("none"), &EnvSpec::default(), b"", minute).await.unwrap_err();
        assert!(error.contains("did not start"), "{error}");
    }
}
