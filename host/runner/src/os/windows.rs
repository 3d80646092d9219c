//! Windows: a Job Object holds the process tree. It dies with its shim, so a dead shim leaves nothing.
#![expect(unsafe_code, reason = "job objects and thread snapshots have no safe wrapper in std")]

use super::{IoBytes, LeaderExit, Leftovers, Taken, TreeState};
use crate::AttemptDir;
use crate::cgroup::AttemptCgroup;
use crate::report::{Owner, ProcessId};
use crate::spec::{IoClass, ShimSpec};
use std::io::{self, BufRead, PipeReader, Read};
use std::mem::{size_of, zeroed};
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;
use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOB_OBJECT_LIMIT_PRIORITY_CLASS, JOBOBJECT_BASIC_ACCOUNTING_INFORMATION,
    JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION, JOBOBJECT_EXTENDED_LIMIT_INFORMATION,
    JobObjectBasicAccountingInformation, JobObjectBasicAndIoAccountingInformation,
    JobObjectExtendedLimitInformation, QueryInformationJobObject, SetInformationJobObject,
    TerminateJobObject,
};
use windows_sys::Win32::System::Threading::{
    BELOW_NORMAL_PRIORITY_CLASS, CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW, CREATE_SUSPENDED,
    IDLE_PRIORITY_CLASS, OpenThread, ResumeThread, THREAD_SUSPEND_RESUME,
};

/// How often the number of processes in the job is asked for.
const LOOK: Duration = Duration::from_millis(20);

/// The shim's own process: what it hears.
pub(crate) struct Host;

impl Host {
    pub(crate) fn enter() -> io::Result<Self> {
        Ok(Self)
    }

    /// Nobody sends a process without a console anything to stop it.
    #[expect(clippy::unused_self, reason = "the same function set on every system")]
    pub(crate) fn stop_requested(&self) -> bool {
        false
    }

    /// The next line from the daemon; `None` once it is gone.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        let length = io::stdin().lock().read_line(&mut line)?;
        Ok((length > 0).then_some(line))
    }

    /// Starts the program suspended, puts it into a job, and lets it go: it has no moment outside the job. There are no
    /// cgroups here.
    pub(crate) fn start(
        &self,
        mut command: Command,
        spec: &ShimSpec,
        _cgroup: Option<&AttemptCgroup>,
    ) -> io::Result<Tree<'_>> {
        let priority = priority_class(spec);
        let job = new_job(priority)?;
        let (output, input) = io::pipe()?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(input.try_clone()?)
            .stderr(input)
            .creation_flags(
                CREATE_SUSPENDED | CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW | priority.unwrap_or(0),
            )
            .spawn()?;
        drop(command);
        // SAFETY: both handles are open for the whole call.
        let assigned = unsafe { AssignProcessToJobObject(job.as_raw_handle(), child.as_raw_handle()) };
        let started = if assigned == 0 { Err(io::Error::last_os_error()) } else { resume(child.id()) };
        if let Err(error) = started {
            let _ = child.kill();
            return Err(error);
        }
        Ok(Tree { _host: self, job, child, exit: None, output: Some(follow(output)) })
    }
}

/// One process tree: the program and whatever came of it.
pub(crate) struct Tree<'a> {
    _host: &'a Host,
    job: OwnedHandle,
    child: Child,
    exit: Option<LeaderExit>,
    output: Option<Receiver<Vec<u8>>>,
}

impl Tree<'_> {
    pub(crate) fn leader(&self) -> ProcessId {
        process_id(self.child.id())
    }

    /// Of the first process, once it has ended.
    pub(crate) fn leader_exit(&self) -> Option<LeaderExit> {
        self.exit
    }

    /// What the job has counted, of processes that have ended too. Its peak is of memory that was committed.
    pub(crate) fn look(&mut self) -> Taken {
        self.taken()
    }

    fn taken(&self) -> Taken {
        let limits: Option<JOBOBJECT_EXTENDED_LIMIT_INFORMATION> =
            query(&self.job, JobObjectExtendedLimitInformation);
        let used: Option<JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION> =
            query(&self.job, JobObjectBasicAndIoAccountingInformation);
        Taken {
            memory_bytes: None,
            peak_bytes: limits.map(|limits| limits.PeakJobMemoryUsed as u64),
            // In units of 100 ns.
            cpu_seconds: used
                .map(|used| (used.BasicInfo.TotalUserTime + used.BasicInfo.TotalKernelTime) as f64 / 1e7),
            io: used.map(|used| IoBytes {
                read: used.IoInfo.ReadTransferCount,
                written: used.IoInfo.WriteTransferCount,
            }),
        }
    }

    /// The same: a job forgets nobody.
    pub(crate) fn taken_by_ended(&self) -> Taken {
        self.taken()
    }

    /// Nobody is ended for want of memory on Windows: an allocation fails, and the program says so.
    #[expect(clippy::unused_self, reason = "the same function set on every system")]
    pub(crate) fn was_out_of_memory(&self) -> bool {
        false
    }

    /// Waits for output or a moment, whichever is first. Once the job is empty, what was left in the pipe comes too.
    pub(crate) fn step(&mut self, timeout: Duration, sink: &mut dyn FnMut(&[u8])) -> io::Result<TreeState> {
        let timeout = timeout.min(LOOK);
        match self.output.as_ref().map(|output| output.recv_timeout(timeout)) {
            Some(Ok(bytes)) => sink(&bytes),
            Some(Err(RecvTimeoutError::Timeout)) => {}
            Some(Err(RecvTimeoutError::Disconnected)) => self.output = None,
            None => std::thread::sleep(timeout),
        }
        if self.exit.is_none()
            && let Some(status) = self.child.try_wait()?
        {
            self.exit = Some(LeaderExit { exit_code: status.code(), signal: None });
        }
        if self.exit.is_none() {
            return Ok(TreeState::Running);
        }
        if self.accounting().is_none_or(|used| used.ActiveProcesses > 0) {
            return Ok(TreeState::LeaderGone);
        }
        while let Some(Ok(bytes)) = self.output.as_ref().map(|output| output.recv_timeout(LOOK)) {
            sink(&bytes);
        }
        Ok(TreeState::Empty)
    }

    /// Windows has no way to ask a process without a window to end.
    pub(crate) fn terminate(&mut self) -> u32 {
        self.kill()
    }

    /// Ends everyone in the job.
    pub(crate) fn kill(&mut self) -> u32 {
        let count = self.accounting().map_or(0, |used| used.ActiveProcesses);
        // SAFETY: the handle is open.
        unsafe { TerminateJobObject(self.job.as_raw_handle(), 1) };
        count
    }

    fn accounting(&self) -> Option<JOBOBJECT_BASIC_ACCOUNTING_INFORMATION> {
        query(&self.job, JobObjectBasicAccountingInformation)
    }
}

/// A class of priorities for a whole tree; absent: everybody's. Windows knows two lower ones, and lets nobody lower the
/// I/O of another process: the lowest class stands in for that too.
fn priority_class(spec: &ShimSpec) -> Option<u32> {
    match (spec.nice, spec.io) {
        (_, IoClass::Idle) | (10.., _) => Some(IDLE_PRIORITY_CLASS),
        (1..10, _) => Some(BELOW_NORMAL_PRIORITY_CLASS),
        _ => None,
    }
}

/// A job whose processes end when its last handle closes, which the shim's death does, and cannot leave their class of
/// priorities.
fn new_job(priority: Option<u32>) -> io::Result<OwnedHandle> {
    // SAFETY: null stands for default security and no name; the handle is checked before it is owned.
    let job = unsafe {
        let raw = CreateJobObjectW(std::ptr::null(), std::ptr::null());
        if raw.is_null() {
            return Err(io::Error::last_os_error());
        }
        OwnedHandle::from_raw_handle(raw)
    };
    // SAFETY: a C struct of integers, for which all zeroes is a value.
    let mut limits: JOBOBJECT_EXTENDED_LIMIT_INFORMATION = unsafe { zeroed() };
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    if let Some(class) = priority {
        limits.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_PRIORITY_CLASS;
        limits.BasicLimitInformation.PriorityClass = class;
    }
    // SAFETY: the pointer is to a live value of the class's type and of the size given.
    let set = unsafe {
        SetInformationJobObject(
            job.as_raw_handle(),
            JobObjectExtendedLimitInformation,
            (&raw const limits).cast(),
            size_of::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>() as u32,
        )
    };
    if set == 0 { Err(io::Error::last_os_error()) } else { Ok(job) }
}

/// Asks a job something; `T` is the struct that belongs to the class.
fn query<T: Copy>(job: &OwnedHandle, class: i32) -> Option<T> {
    // SAFETY: all callers use C structs of integers, for which all zeroes is a value.
    let mut answer: T = unsafe { zeroed() };
    // SAFETY: the pointer is to a live, writable value of the size given.
    let asked = unsafe {
        QueryInformationJobObject(
            job.as_raw_handle(),
            class,
            (&raw mut answer).cast(),
            size_of::<T>() as u32,
            std::ptr::null_mut(),
        )
    };
    (asked != 0).then_some(answer)
}

/// Lets the only thread of a process that was started suspended go.
fn resume(pid: u32) -> io::Result<()> {
    // SAFETY: the handle is checked before it is owned; the entry is live, writable and says its own size.
    unsafe {
        let snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
        if snapshot == INVALID_HANDLE_VALUE {
            return Err(io::Error::last_os_error());
        }
        let snapshot = OwnedHandle::from_raw_handle(snapshot);
        let mut entry: THREADENTRY32 = zeroed();
        entry.dwSize = size_of::<THREADENTRY32>() as u32;
        let mut found = Thread32First(snapshot.as_raw_handle(), &raw mut entry);
        while found != 0 {
            if entry.th32OwnerProcessID == pid {
                let thread = OpenThread(THREAD_SUSPEND_RESUME, 0, entry.th32ThreadID);
                if thread.is_null() {
                    return Err(io::Error::last_os_error());
                }
                let thread = OwnedHandle::from_raw_handle(thread);
                let resumed = ResumeThread(thread.as_raw_handle());
                return if resumed == u32::MAX { Err(io::Error::last_os_error()) } else { Ok(()) };
            }
            found = Thread32Next(snapshot.as_raw_handle(), &raw mut entry);
        }
    }
    Err(io::Error::other("the new process has no thread"))
}

/// Reads a pipe on a thread of its own: Windows cannot wait for an anonymous pipe and a process at once. The channel
/// is short, so that memory stays bounded.
fn follow(mut output: PipeReader) -> Receiver<Vec<u8>> {
    let (sender, receiver) = sync_channel(4);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(length) = output.read(&mut buffer)
            && length > 0
            && sender.send(buffer[..length].to_vec()).is_ok()
        {}
    });
    receiver
}

/// Starts a program below normal priority, without a window.
pub(crate) fn set_apart(command: &mut Command) {
    command.creation_flags(CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW | BELOW_NORMAL_PRIORITY_CLASS);
}

/// A program that was set apart. What it has started is not known here; it itself ends with its handle.
pub(crate) struct SetApart;

impl SetApart {
    /// Of the program with this number.
    pub(crate) fn new(_pid: u32) -> Self {
        Self
    }

    /// Lets it be.
    pub(crate) fn leave(self) {}
}

/// That was done at its start.
pub(crate) fn lower_priority(_child: &Child, _nice: i32) {}

/// Threads keep their priority here.
pub(crate) fn lower_own_thread(_nice: i32) {}

/// Start times are not read on Windows: nothing is ever killed by number there.
pub(crate) fn process_id(pid: u32) -> ProcessId {
    ProcessId { pid, start: 0 }
}

/// What a look costs does not matter on Windows: the job has counted all along.
pub(crate) fn own_cpu_time() -> Option<Duration> {
    None
}

/// The job ended its processes when its shim's handle closed.
pub(crate) fn kill_leftovers(_owner: Option<&Owner>, _dir: &AttemptDir) -> Leftovers {
    Leftovers::default()
}
