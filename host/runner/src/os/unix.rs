//! Unix: process groups, a child subreaper and signals. Linux finds the whole tree through `/proc`. Elsewhere there is
//! no subreaper: only the process group is ended, and the tree counts as empty when its first process is gone.

use super::procfs::{self, Below, Process, ProcessTable, Resident};
use super::{IoBytes, LeaderExit, Leftovers, MARKER, Taken, TreeState, raw};
use crate::AttemptDir;
use crate::cgroup::AttemptCgroup;
use crate::report::{Owner, ProcessId};
use crate::spec::{IoClass, ShimSpec};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill, killpg};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use std::cell::Cell;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::{self, PipeReader, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The shim's own process: what it hears.
pub(crate) struct Host {
    /// Readable after any signal.
    signals: UnixStream,
    stop: Arc<AtomicBool>,
    /// Read from the daemon and not yet a whole line.
    inbox: Vec<u8>,
    /// What all that have ended had read and written when somebody looked last: the kernel keeps one sum for them.
    io_of_ended: Cell<IoBytes>,
    /// Processes that the kernel had ended for want of memory when somebody looked last.
    oom_kills: Cell<Option<u64>>,
}

impl Host {
    /// Becomes the parent of every orphan below, and turns signals into something to wait for.
    ///
    /// `SIGHUP` and `SIGXFSZ` are caught and not ignored, since what a process ignores its children ignore too: a
    /// terminal that closes must not end a render, and a file-size limit must show as a failed write.
    pub(crate) fn enter() -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        nix::sys::prctl::set_child_subreaper(true)?;
        let (signals, sender) = UnixStream::pair()?;
        signals.set_nonblocking(true)?;
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            signal_hook::flag::register(signal, Arc::clone(&stop))?;
        }
        for signal in [SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGXFSZ] {
            signal_hook::low_level::pipe::register(signal, sender.try_clone()?)?;
        }
        Ok(Self {
            signals,
            stop,
            inbox: Vec::new(),
            io_of_ended: Cell::default(),
            oom_kills: Cell::new(procfs::out_of_memory_kills()),
        })
    }

    /// Whether somebody told the shim itself to stop.
    pub(crate) fn stop_requested(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The next line from the daemon; `None` once it is gone or the shim was told to stop.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<String>> {
        let stdin = io::stdin();
        let mut chunk = [0; 4096];
        loop {
            if let Some(end) = self.inbox.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.inbox.drain(..=end).collect();
                return String::from_utf8(line).map(Some).map_err(io::Error::other);
            }
            if self.stop_requested() {
                return Ok(None);
            }
            let mut fds = [
                PollFd::new(stdin.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            ];
            wait_for(&mut fds, PollTimeout::NONE)?;
            let (readable, signalled) = (is_ready(&fds[0]), is_ready(&fds[1]));
            if signalled {
                drain(&self.signals);
            }
            if readable {
                match nix::unistd::read(&stdin, &mut chunk) {
                    Ok(0) => return Ok(None),
                    Ok(length) => self.inbox.extend_from_slice(&chunk[..length]),
                    Err(Errno::EINTR | Errno::EAGAIN) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }

    /// Starts the program in a process group of its own, and in this cgroup where there is one, its output on one pipe.
    pub(crate) fn start(
        &self,
        mut command: Command,
        spec: &ShimSpec,
        cgroup: Option<&AttemptCgroup>,
    ) -> io::Result<Tree<'_>> {
        let (output, input) = io::pipe()?;
        command.stdin(Stdio::null()).stdout(input.try_clone()?).stderr(input).process_group(0);
        if let Some(cgroup) = cgroup {
            raw::enter_first(&mut command, cgroup.door()?);
        }
        let child = at_io_class(spec.io, || command.spawn())?;
        // The command holds the pipe's writing end, whose closing by the tree is what this side waits for.
        drop(command);
        let leader = child.id();
        if spec.nice != 0 {
            // A refusal, as when nice is lowered without the right to, costs priority and nothing else.
            let _ = raw::renice_group(leader, spec.nice);
        }
        Ok(Tree {
            host: self,
            leader: process_id(leader),
            exit: None,
            output: Some(output),
            below: Below::new(std::process::id()),
            io_before: self.io_of_ended.get(),
            peak_bytes: None,
            cpu_seconds: 0.0,
            was_ended: false,
            was_killed: false,
            buffer: vec![0; 64 << 10].into_boxed_slice(),
        })
    }
}

/// One process tree: the program and whatever came of it.
pub(crate) struct Tree<'a> {
    host: &'a Host,
    leader: ProcessId,
    exit: Option<LeaderExit>,
    output: Option<PipeReader>,
    /// Who is in it.
    below: Below,
    /// What those of earlier attempts read and wrote.
    io_before: IoBytes,
    /// The largest resident size of a process that has ended.
    peak_bytes: Option<u64>,
    /// Of the processes that have ended.
    cpu_seconds: f64,
    /// Whether this side has told anyone in it to end.
    was_ended: bool,
    /// Whether somebody else killed one of those that were waited for.
    was_killed: bool,
    buffer: Box<[u8]>,
}

impl Tree<'_> {
    pub(crate) fn leader(&self) -> ProcessId {
        self.leader
    }

    /// Of the first process, once it has ended.
    pub(crate) fn leader_exit(&self) -> Option<LeaderExit> {
        self.exit
    }

    /// What it took and takes, ended processes included: those that were waited for count in who waited.
    pub(crate) fn look(&mut self) -> Taken {
        self.host.oom_kills.set(procfs::out_of_memory_kills());
        let living = self.below.look();
        let ticks = living.iter().map(|process| process.own_cpu + process.children_cpu).sum();
        let ended = self.taken_by_ended();
        Taken {
            memory_bytes: Resident::together(living.iter().filter_map(Process::resident)),
            cpu_seconds: ended.cpu_seconds.map(|seconds| seconds + procfs::ticks_to_seconds(ticks)),
            io: ended.io.map(|ended| {
                living.iter().filter_map(Process::io).fold(ended, |sum, io| IoBytes {
                    read: sum.read + io.read,
                    written: sum.written + io.written,
                })
            }),
            ..ended
        }
    }

    /// What those took that have ended: once the tree is empty, all of it, to the byte and the microsecond.
    pub(crate) fn taken_by_ended(&self) -> Taken {
        let io = procfs::io_of_ended_children().inspect(|io| self.host.io_of_ended.set(*io));
        Taken {
            memory_bytes: None,
            peak_bytes: self.peak_bytes,
            cpu_seconds: Some(self.cpu_seconds),
            io: io.map(|io| IoBytes {
                read: io.read.saturating_sub(self.io_before.read),
                written: io.written.saturating_sub(self.io_before.written),
            }),
        }
    }

    /// Whether the kernel ended a process of it for want of memory: one was killed that nobody here had told to end,
    /// and the kernel's count is higher than at the last look. Asked once, at the end.
    pub(crate) fn was_out_of_memory(&self) -> bool {
        // Most trees end in another way, and reading the counter takes longer than the shortest tasks can spare.
        self.was_killed && procfs::out_of_memory_kills() > self.host.oom_kills.get()
    }

    /// Waits for output, an ended process, a signal or the timeout, whichever is first, and hands on at most one
    /// piece of output. Once the tree is empty, what was left in the pipe comes too.
    pub(crate) fn step(&mut self, timeout: Duration, sink: &mut dyn FnMut(&[u8])) -> io::Result<TreeState> {
        let signals = PollFd::new(self.host.signals.as_fd(), PollFlags::POLLIN);
        let (readable, signalled) = match &self.output {
            Some(output) => {
                let mut fds = [signals, PollFd::new(output.as_fd(), PollFlags::POLLIN)];
                wait_for(&mut fds, poll_timeout(timeout))?;
                (is_ready(&fds[1]), is_ready(&fds[0]))
            }
            None => {
                let mut fds = [signals];
                wait_for(&mut fds, poll_timeout(timeout))?;
                (false, is_ready(&fds[0]))
            }
        };
        if readable {
            self.read_once(sink)?;
        }
        if signalled {
            drain(&self.host.signals);
            if self.reap()? {
                self.read_rest(sink)?;
                return Ok(TreeState::Empty);
            }
        }
        Ok(if self.exit.is_some() { TreeState::LeaderGone } else { TreeState::Running })
    }

    /// Asks everyone to end.
    pub(crate) fn terminate(&mut self) -> u32 {
        self.was_ended = true;
        let count = self.signal(Signal::SIGTERM);
        // One that was stopped hears nothing until it goes on.
        self.signal(Signal::SIGCONT);
        count
    }

    /// Ends everyone who is there at this moment; said again until the tree is empty, it outpaces those who fork.
    pub(crate) fn kill(&mut self) -> u32 {
        self.was_ended = true;
        self.signal(Signal::SIGKILL)
    }

    fn signal(&self, signal: Signal) -> u32 {
        // Until the first process is waited for, its number, and so the group's, cannot be anyone else's.
        if self.exit.is_none()
            && let Ok(group) = i32::try_from(self.leader.pid)
        {
            let _ = killpg(Pid::from_raw(group), signal);
        }
        let everyone = ProcessTable::read().descendants(&HashSet::from([std::process::id()]));
        let living: Vec<&Process> = everyone.iter().filter(|process| !process.zombie).collect();
        for process in &living {
            send(process.pid, signal);
        }
        u32::try_from(living.len()).unwrap_or(u32::MAX)
    }

    /// Takes the status of all that have ended; true where nobody is left.
    fn reap(&mut self) -> io::Result<bool> {
        loop {
            match raw::reap_any() {
                Ok(Some(process)) => {
                    self.peak_bytes = self.peak_bytes.max(Some(process.max_rss_bytes));
                    self.cpu_seconds += process.cpu_seconds;
                    let status = ExitStatus::from_raw(process.status);
                    // A shell whose child was killed ends with 128 and the signal's number.
                    let killed =
                        status.signal() == Some(Signal::SIGKILL as i32) || status.code() == Some(137);
                    self.was_killed |= killed && !self.was_ended;
                    if process.pid == self.leader.pid {
                        self.exit = Some(LeaderExit { exit_code: status.code(), signal: status.signal() });
                    }
                }
                Ok(None) => return Ok(false),
                Err(error) if error.raw_os_error() == Some(Errno::ECHILD as i32) => return Ok(true),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn read_once(&mut self, sink: &mut dyn FnMut(&[u8])) -> io::Result<usize> {
        let Some(output) = &mut self.output else { return Ok(0) };
        let length = match output.read(&mut self.buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(0),
            read => read?,
        };
        match length {
            0 => self.output = None,
            length => sink(&self.buffer[..length]),
        }
        Ok(length)
    }

    /// What the pipe still holds. No more than a pipe can hold, in case somebody outside the tree was handed its
    /// other end and goes on writing.
    fn read_rest(&mut self, sink: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let mut left = 1_usize << 20;
        while let Some(output) = &self.output
            && left > 0
        {
            let mut fds = [PollFd::new(output.as_fd(), PollFlags::POLLIN)];
            wait_for(&mut fds, PollTimeout::ZERO)?;
            if !is_ready(&fds[0]) {
                break;
            }
            left = left.saturating_sub(self.read_once(sink)?);
        }
        Ok(())
    }
}

/// Puts a program into a process group of its own.
pub(crate) fn set_apart(command: &mut Command) {
    command.process_group(0);
}

/// A program that was set apart, with all that it has started and that has not set itself apart: it ends with this,
/// unless it is left.
pub(crate) struct SetApart(Pid);

impl SetApart {
    /// Of the program with this number, which nobody has waited for yet.
    pub(crate) fn new(pid: u32) -> Self {
        Self(Pid::from_raw(pid as i32))
    }
}

impl SetApart {
    /// Lets it be.
    pub(crate) fn leave(self) {
        std::mem::forget(self);
    }
}

impl Drop for SetApart {
    fn drop(&mut self) {
        // Nothing is left of most of them.
        let _ = killpg(self.0, Signal::SIGKILL);
    }
}

/// Lowers the priority of a program that was set apart.
pub(crate) fn lower_priority(child: &Child, nice: i32) {
    // A refusal costs priority and nothing else.
    let _ = raw::renice_group(child.id(), nice);
}

/// Lowers the priority of the calling thread where the system has priorities of threads.
pub(crate) fn lower_own_thread(nice: i32) {
    #[cfg(target_os = "linux")]
    if let Err(error) = raw::renice_thread(nice) {
        tracing::debug!(%error, "a thread keeps its priority");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = nice;
}

/// A process with its start time, so that its number can be told from a later use of the same.
pub(crate) fn process_id(pid: u32) -> ProcessId {
    ProcessId { pid, start: Process::read(pid).map_or(0, |process| process.start) }
}

/// CPU time of this thread.
pub(crate) fn own_cpu_time() -> Option<Duration> {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).ok().map(Duration::from)
}

/// Does something with its I/O of this class, which a program that it starts inherits before its first instruction.
/// A thread that is idle already stays so.
#[cfg(target_os = "linux")]
fn at_io_class<T>(class: IoClass, work: impl FnOnce() -> T) -> T {
    /// Where in a priority its class is.
    const CLASS: i32 = 13;
    const IDLE: i32 = 3 << CLASS;
    let lower = match class {
        IoClass::Normal => None,
        // The lowest of eight of the class that everybody is in.
        IoClass::Low => Some((2 << CLASS) + 7),
        IoClass::Idle => Some(IDLE),
    };
    let own = raw::io_priority().filter(|own| own >> CLASS != IDLE >> CLASS);
    let (Some(lower), Some(own)) = (lower, own) else { return work() };
    raw::set_io_priority(lower);
    let done = work();
    raw::set_io_priority(own);
    done
}

#[cfg(not(target_os = "linux"))]
fn at_io_class<T>(_: IoClass, work: impl FnOnce() -> T) -> T {
    work()
}

/// Kills what a dead shim left running: its first process, that one's group, everyone who carries the attempt's
/// variable in the environment (which finds the ones that left the group and whose parent is gone), and everyone
/// below these. Up to ten seconds; a process that waits for a dead file server may outlive even that.
pub(crate) fn kill_leftovers(owner: Option<&Owner>, dir: &AttemptDir) -> Leftovers {
    let mut marker = format!("{MARKER}=").into_bytes();
    marker.extend_from_slice(OsStr::as_bytes(dir.path().as_os_str()));
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut killed = HashSet::new();
    loop {
        let living = find_leftovers(owner, &marker);
        let survivors = u32::try_from(living.len()).unwrap_or(u32::MAX);
        if survivors == 0 || Instant::now() > deadline {
            return Leftovers { killed: u32::try_from(killed.len()).unwrap_or(u32::MAX), survivors };
        }
        for process in living {
            send(process.pid, Signal::SIGKILL);
            killed.insert(process.pid);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn find_leftovers(owner: Option<&Owner>, marker: &[u8]) -> Vec<Process> {
    let table = ProcessTable::read();
    let leader = owner.and_then(|owner| owner.leader);
    let is_leader = |process: &Process| leader == Some(ProcessId { pid: process.pid, start: process.start });
    // A group keeps its number as long as it has a member, so it is the leader's only while the leader is there.
    let group = table.iter().find(|process| is_leader(process)).map(|process| process.pid);
    let ours = |process: &&Process| {
        is_leader(process) || group == Some(process.group) || process.has_variable(marker)
    };
    let own = std::process::id();
    let mut found: Vec<Process> = table.iter().filter(ours).copied().collect();
    found.extend(table.descendants(&found.iter().map(|process| process.pid).collect()));
    found.retain(|process| process.pid != own && !process.zombie);
    found
}

fn send(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid) {
        // An error means that it is gone, or that it is another user's and out of reach.
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

fn wait_for(fds: &mut [PollFd<'_>], timeout: PollTimeout) -> io::Result<()> {
    match poll(fds, timeout) {
        // A signal came; its byte is in the pipe for the next look.
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether reading would not block, be it for data, the end or an error.
fn is_ready(fd: &PollFd<'_>) -> bool {
    fd.revents().is_some_and(|events| !events.is_empty())
}

fn poll_timeout(timeout: Duration) -> PollTimeout {
    // Rounded up: a deadline that is half a millisecond away must not be polled for in a busy loop.
    let millis = timeout.as_millis().saturating_add(1);
    PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX)
}

fn drain(mut signals: &UnixStream) {
    let mut bytes = [0; 64];
    while signals.read(&mut bytes).is_ok_and(|length| length > 0) {}
}
