//! `farmhand log`: what a renderer printed. One that is followed is followed over restarts of the daemon, as the render
//! goes on over them.

use super::context::Context;
use super::daemon;
use super::error::CliError;
use super::output::clean_lines;
use clap::Args;
use farmhand_model::view::{AttemptView, Page};
use farmhand_model::{AttemptId, JobId};
use std::io::{self, BufRead as _, Read, Write as _};
use std::time::{Duration, Instant};

/// Read at once: a chatty renderer makes little work, a quiet one is shown at once.
const BLOCK: usize = 64 << 10;
/// How often a daemon that went away is looked for.
const POLL: Duration = Duration::from_millis(200);
/// How long one may take to come back: a restart or an upgrade.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Debug, Args)]
pub(super) struct LogArgs {
    /// The job, whose last attempt is meant
    #[arg(required_unless_present = "attempt", conflicts_with = "attempt")]
    job: Option<JobId>,
    /// This attempt
    #[arg(long, value_name = "ATTEMPT")]
    attempt: Option<AttemptId>,
    /// Go on while the attempt runs
    #[arg(long)]
    follow: bool,
    /// Only the last lines
    #[arg(short = 'n', long, value_name = "LINES", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    tail: Option<u32>,
}

pub(super) fn run(context: &mut Context, args: &LogArgs) -> Result<(), CliError> {
    let client = context.client()?;
    let attempt = match (args.attempt, args.job) {
        (Some(attempt), _) => attempt,
        (None, Some(job)) => {
            let page: Page<AttemptView> = client.get(&format!("/jobs/{job}/attempts?limit=1"))?;
            let newest = page.items.first().map(|attempt| attempt.id);
            newest.ok_or_else(|| CliError::Failed {
                message: format!("job {job} has had no attempt yet"),
                help: Some(format!("`farmhand why {job}` says what it waits for")),
            })?
        }
        (None, None) => return Err(CliError::Usage("name a job, or an attempt with --attempt".to_owned())),
    };
    let mut query = Vec::new();
    query.extend(args.follow.then(|| "follow=1".to_owned()));
    query.extend(args.tail.map(|lines| format!("tail={lines}")));
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let log = client.log(attempt, &query)?;
    let show = if context.out.json { as_json } else { copy };
    if !args.follow {
        return show(context, attempt, &mut { log });
    }
    let config = context.config()?;
    let again = |from| daemon::find(&config)?.client.followed_log(attempt, from);
    let mut log = Followed { at: log.start, log, again, gone_since: None };
    show(context, attempt, &mut log)
}

/// A log that grows. Where the daemon goes away before its end, it goes on with the next one, from the byte where it
/// stands. A middle that was dropped since is not counted, so some lines may then come twice, and none is lost.
struct Followed<R, F> {
    log: R,
    /// The offset of the next byte.
    at: u64,
    /// Opens it anew from an offset.
    again: F,
    /// Since when nothing was read but breaks.
    gone_since: Option<Instant>,
}

impl<R: Read, F: FnMut(u64) -> Result<R, CliError>> Read for Followed<R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.log.read(buffer) {
                Ok(read) => {
                    self.at += read as u64;
                    self.gone_since = None;
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.wait(error)?,
            }
        }
    }
}

impl<R, F: FnMut(u64) -> Result<R, CliError>> Followed<R, F> {
    /// Waits for the daemon to come back; `broken` is what is told where it does not.
    fn wait(&mut self, broken: io::Error) -> io::Result<()> {
        let since = *self.gone_since.get_or_insert_with(|| {
            // What is read may go into a file or a pipe.
            let _ = writeln!(
                io::stderr(),
                "the daemon does not answer; its renders go on, waiting for it to come back"
            );
            Instant::now()
        });
        while since.elapsed() < PATIENCE {
            match (self.again)(self.at) {
                Ok(log) => {
                    self.log = log;
                    return Ok(());
                }
                Err(CliError::NoDaemon { .. } | CliError::Connection { .. }) => std::thread::sleep(POLL),
                Err(CliError::Refused(refusal)) if refusal.status >= 500 => std::thread::sleep(POLL),
                Err(other) => return Err(io::Error::other(other.to_string())),
            }
        }
        Err(broken)
    }
}

/// Into a file or a pipe as it is; onto a terminal without what could take hold of it.
fn copy(context: &mut Context, _: AttemptId, log: &mut dyn Read) -> Result<(), CliError> {
    let mut buffer = vec![0; BLOCK];
    let mut rest = Vec::new();
    loop {
        let read = log
            .read(&mut buffer)
            .map_err(|source| CliError::Io { context: "the log broke off".to_owned(), source })?;
        if read == 0 {
            return if rest.is_empty() { Ok(()) } else { context.out.raw(clean_bytes(&rest).as_bytes()) };
        }
        if !context.out.is_terminal() {
            context.out.raw(&buffer[..read])?;
            continue;
        }
        rest.extend_from_slice(&buffer[..read]);
        // A character may be cut in two between two reads; a line end never is.
        let end = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |index| index + 1);
        let lines: Vec<u8> = rest.drain(..end).collect();
        context.out.raw(clean_bytes(&lines).as_bytes())?;
    }
}

fn clean_bytes(bytes: &[u8]) -> String {
    clean_lines(&String::from_utf8_lossy(bytes))
}

/// One object a line, so that `--follow` can be read as it comes.
fn as_json(context: &mut Context, attempt: AttemptId, log: &mut dyn Read) -> Result<(), CliError> {
    for line in io::BufReader::new(log).split(b'\n') {
        let line = line.map_err(|source| CliError::Io { context: "the log broke off".to_owned(), source })?;
        let text = String::from_utf8_lossy(&line);
        let object = serde_json::json!({"attempt": attempt, "line": text.trim_end_matches('\r')});
        context.out.raw(format!("{object}\n").as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::error::Refusal;
    use super::*;
    use std::collections::VecDeque;

    /// Pieces of a log, and how it ends after them.
    struct Pieces(VecDeque<&'static str>, io::ErrorKind);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.pop_front() {
                Some(piece) => {
                    let length = piece.len().min(buffer.len());
                    buffer[..length].copy_from_slice(&piece.as_bytes()[..length]);
                    if length < piece.len() {
                        self.0.push_front(&piece[length..]);
                    }
                    Ok(length)
                }
                None => Err(self.1.into()),
            }
        }
    }

    fn pieces(pieces: &[&'static str]) -> Pieces {
        Pieces(pieces.iter().copied().collect(), io::ErrorKind::ConnectionReset)
    }

    #[test]
    fn a_followed_log_goes_on_from_its_byte_after_a_restart() {
        let mut asked = Vec::new();
        let mut answers = VecDeque::from([
            Err(CliError::NoDaemon { looked: Vec::new(), help: String::new() }),
            Ok(pieces(&[" it", " goes"])),
            // The empty piece is an end that the daemon told.
            Ok(pieces(&[" on\n", ""])),
        ]);
        let again = |from| {
            asked.push(from);
            answers.pop_front().unwrap()
        };
        let mut log = Followed { log: pieces(&["and ", "so"]), at: 100, again, gone_since: None };
        let mut text = String::new();
        log.read_to_string(&mut text).unwrap();
        assert_eq!(text, "and so it goes on\n");
        assert_eq!(asked, [106, 106, 114]);
    }

    #[test]
    fn a_log_that_is_gone_is_not_waited_for() {
        let again = |_| {
            let (title, detail) = ("no such log".to_owned(), String::new());
            Err(CliError::Refused(Box::new(Refusal { status: 404, title, detail, errors: Vec::new() })))
        };
        let mut log = Followed { log: pieces(&["so"]), at: 0, again, gone_since: None };
        let mut text = String::new();
        assert!(log.read_to_string(&mut text).is_err());
    }
}
