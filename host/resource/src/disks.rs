//! How much room there is on the disks that directories are on. A directory that does not answer, such as one of a
//! network file system whose server is away, holds up nobody and is asked again only once it has answered.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Local disks answer at once, and network ones within this, unless something is wrong.
const LIMIT: Duration = Duration::from_secs(2);

/// A disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// The directories that were asked about and are on it, or will be once they are made.
    pub paths: Vec<PathBuf>,
    /// Its size in bytes.
    pub total_bytes: u64,
    /// What this user may still write, in bytes.
    pub free_bytes: u64,
}

/// What came of looking at some directories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiskReport {
    /// In the order of the directories.
    pub disks: Vec<Disk>,
    /// Directories that did not answer in time.
    pub silent: Vec<PathBuf>,
}

/// What the system says of a directory's disk.
#[derive(Debug, Clone, Copy)]
struct Answer {
    device: u64,
    total_bytes: u64,
    free_bytes: u64,
}

type Ask = dyn Fn(&Path) -> io::Result<Answer> + Send + Sync;

/// Looks at disks. Clones share what they wait for.
#[derive(Clone)]
pub struct DiskProbe {
    ask: Arc<Ask>,
    limit: Duration,
    /// Directories that were asked and have not answered.
    waiting: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl fmt::Debug for DiskProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskProbe").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Default for DiskProbe {
    fn default() -> Self {
        Self { ask: Arc::new(ask), limit: LIMIT, waiting: Arc::default() }
    }
}

impl DiskProbe {
    /// The disks of these directories. Those that cannot be read are left out; those that are not there yet are on the
    /// disk of the nearest one above that is.
    pub async fn look(&self, paths: impl IntoIterator<Item = PathBuf>) -> DiskReport {
        let (sender, mut answers) = mpsc::unbounded_channel();
        let mut seen = BTreeSet::new();
        let paths: Vec<PathBuf> = paths.into_iter().filter(|path| seen.insert(path.clone())).collect();
        let mut silent = seen;
        for path in &paths {
            if self.waiting().insert(path.clone()) {
                self.ask(path.clone(), sender.clone());
            }
        }
        drop(sender);
        let deadline = Instant::now() + self.limit;
        let mut found = Vec::new();
        // It ends when every thread has answered, or at the deadline.
        while let Ok(Some((path, answer))) = tokio::time::timeout_at(deadline, answers.recv()).await {
            silent.remove(&path);
            found.extend(answer.ok().map(|answer| (path, answer)));
        }
        found.sort_by_key(|(path, _)| paths.iter().position(|asked| asked == path));
        DiskReport { disks: by_device(found), silent: silent.into_iter().collect() }
    }

    /// On a thread of its own, which nobody waits for when the program ends.
    fn ask(&self, path: PathBuf, sender: mpsc::UnboundedSender<(PathBuf, io::Result<Answer>)>) {
        let probe = self.clone();
        let asking = std::thread::Builder::new().name("disk".to_owned()).spawn(move || {
            let answer = (probe.ask)(&path);
            probe.waiting().remove(&path);
            // Whoever asked may have gone on without it.
            let _ = sender.send((path, answer));
        });
        if let Err(error) = asking {
            tracing::warn!(%error, "cannot start a thread to look at a disk");
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, BTreeSet<PathBuf>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn by_device(found: Vec<(PathBuf, Answer)>) -> Vec<Disk> {
    let mut disks: Vec<(u64, Disk)> = Vec::new();
    for (path, Answer { device, total_bytes, free_bytes }) in found {
        match disks.iter_mut().find(|(known, _)| *known == device) {
            Some((_, disk)) => disk.paths.push(path),
            None => disks.push((device, Disk { paths: vec![path], total_bytes, free_bytes })),
        }
    }
    disks.into_iter().map(|(_, disk)| disk).collect()
}

#[cfg(unix)]
fn ask(path: &Path) -> io::Result<Answer> {
    use std::os::unix::fs::MetadataExt as _;
    let (existing, data) = path
        .ancestors()
        .find_map(|ancestor| Some((ancestor, ancestor.metadata().ok()?)))
        .ok_or(io::ErrorKind::NotFound)?;
    let stat = nix::sys::statvfs::statvfs(existing)?;
    #[expect(clippy::useless_conversion, reason = "the widths of these fields differ by platform")]
    let bytes = |blocks| u64::from(blocks) * u64::from(stat.fragment_size());
    Ok(Answer {
        device: data.dev(),
        total_bytes: bytes(stat.blocks()),
        free_bytes: bytes(stat.blocks_available()),
    })
}

/// Windows is not asked.
#[cfg(not(unix))]
fn ask(_path: &Path) -> io::Result<Answer> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::sync::Condvar;

    #[tokio::test]
    async fn directories_of_one_disk_are_one_disk_and_those_to_come_count() {
        let dir = tempfile::tempdir().unwrap();
        let paths = [dir.path().to_owned(), dir.path().join("not/there/yet"), dir.path().to_owned()];
        let report = DiskProbe::default().look(paths.clone()).await;
        assert_eq!(report.silent, [""; 0].map(PathBuf::from));
        let [disk] = &report.disks[..] else { panic!("{report:?}") };
        assert_eq!(disk.paths, paths[..2]);
        assert!(disk.free_bytes > 0 && disk.free_bytes <= disk.total_bytes, "{disk:?}");
    }

    /// `/hangs` answers once the gate is open; every other path is on a disk by the length of its name.
    fn with_gate(gate: &Arc<(Mutex<bool>, Condvar)>, limit: Duration) -> DiskProbe {
        let gate = Arc::clone(gate);
        let ask = move |path: &Path| {
            if path == Path::new("/hangs") {
                let (open, opened) = &*gate;
                drop(opened.wait_while(open.lock().unwrap(), |open| !*open).unwrap());
            }
            if path == Path::new("/fails") {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            let device = path.as_os_str().len() as u64;
            Ok(Answer { device, total_bytes: 100, free_bytes: 10 })
        };
        DiskProbe { ask: Arc::new(ask), limit, waiting: Arc::default() }
    }

    #[tokio::test]
    async fn a_directory_that_hangs_holds_up_nobody_and_is_asked_once() {
        let gate = Arc::new((Mutex::new(false), Condvar::new()));
        let patient = with_gate(&gate, Duration::from_secs(600));
        let hasty = DiskProbe { limit: Duration::from_millis(1), ..patient.clone() };
        let hangs = PathBuf::from("/hangs");
        let disk = |paths: &[&str]| Disk {
            paths: paths.iter().map(PathBuf::from).collect(),
            total_bytes: 100,
            free_bytes: 10,
        };
        let first = hasty.look([hangs.clone()]).await;
        assert_eq!(first, DiskReport { disks: Vec::new(), silent: vec![hangs.clone()] });
        // No second thread is started for it, so nothing is left to wait for once the others have answered.
        let paths = || ["/b", "/hangs", "/fails", "/c", "/long"].map(PathBuf::from);
        let second = patient.look(paths()).await;
        assert_eq!(second.disks, [disk(&["/b", "/c"]), disk(&["/long"])]);
        assert_eq!(second.silent, [hangs]);

        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
        while !patient.waiting().is_empty() {
            tokio::task::yield_now().await;
        }
        let back = patient.look(paths()).await;
        assert_eq!(back.disks, [disk(&["/b", "/c"]), disk(&["/hangs"]), disk(&["/long"])]);
        assert_eq!(back.silent, [""; 0].map(PathBuf::from));
    }
}
