//! Runs a program to hear its version or whatever else it has to say, with a limit on time and output. Whatever it
//! started is gone afterwards.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

/// A version is in the first few lines; a program that prints for ever stops here.
const OUTPUT_BYTES: u64 = 64 << 10;

/// What a program said.
pub(crate) struct Answer {
    /// Standard output, then standard error.
    pub(crate) output: String,
    /// Whether it was ended at the limit.
    pub(crate) timed_out: bool,
}

pub(crate) async fn ask(program: &Path, args: &[impl AsRef<OsStr>], limit: Duration) -> io::Result<Answer> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let mut group = Group { child: command.spawn()? };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (stdout, stderr) = (group.child.stdout.take(), group.child.stderr.take());
    let reading = async { tokio::join!(read(stdout, &mut out), read(stderr, &mut err)) };
    let timed_out = tokio::time::timeout(limit, reading).await.is_err();
    group.kill();
    group.child.wait().await?;
    out.extend_from_slice(b"\n");
    out.append(&mut err);
    Ok(Answer { output: String::from_utf8_lossy(&out).into_owned(), timed_out })
}

/// Reads to the end or to the limit. What was read before an error is kept.
async fn read(pipe: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) {
    if let Some(pipe) = pipe {
        let _ = pipe.take(OUTPUT_BYTES).read_to_end(into).await;
    }
}

/// A child that leads a process group of its own, which is killed with it.
struct Group {
    child: Child,
}

impl Group {
    /// The leader has not been waited for, so its number cannot belong to anybody else yet.
    fn kill(&mut self) {
        #[cfg(unix)]
        if let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()) {
            let _ =
                nix::sys::signal::killpg(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGKILL);
        }
        #[cfg(not(unix))]
        let _ = self.child.start_kill();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
