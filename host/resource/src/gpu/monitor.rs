//! Asks the driver every few seconds, on threads that may hang: the runtime never waits for the driver, and a driver
//! that hangs costs two threads at the most.

use super::driver::{Answer, Driver};
use super::places::Places;
use super::reading::GpuReading;
use super::state::GpuState;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Threads that hang in the driver at one time. A second one is tried, since a driver that was reset answers new calls
/// while old ones wait for ever; more would only pile up.
const MAX_STUCK: usize = 2;

/// How the driver is asked.
#[derive(Debug, Clone)]
pub struct MonitorSettings {
    /// The driver's library; absent: as the system finds it.
    pub library: Option<PathBuf>,
    /// Between two readings.
    pub interval: Duration,
    /// After which a driver counts as hanging.
    pub limit: Duration,
    /// Between two looks for a driver that was not there, did not answer, or had lost a GPU.
    pub retry: Duration,
}

impl Default for MonitorSettings {
    fn default() -> Self {
        Self {
            library: None,
            interval: Duration::from_secs(2),
            limit: Duration::from_secs(10),
            retry: Duration::from_secs(30),
        }
    }
}

/// Looks at the GPUs for as long as it lives.
#[derive(Debug)]
pub struct GpuMonitor {
    readings: watch::Receiver<Arc<GpuReading>>,
    /// The monitor's thread ends when this does.
    _stop: mpsc::Sender<()>,
}

impl GpuMonitor {
    /// Starts looking, and returns with the first reading: after `limit` at the latest.
    pub async fn start(settings: MonitorSettings) -> Self {
        // Stands only where the thread that looks could not be started.
        let none = GpuReading {
            state: GpuState::Failed { reason: "no thread could be started to ask it".to_owned() },
            gpus: Vec::new(),
        };
        let (sender, mut readings) = watch::channel(Arc::new(none));
        let (stop, stopped) = mpsc::channel();
        let looking = thread::Builder::new()
            .name("gpu-monitor".into())
            .spawn(move || look(settings, &sender, &stopped));
        match looking {
            // The sender goes with the thread, and a thread that has ended leaves what it said last.
            Ok(_) => drop(readings.changed().await),
            Err(error) => tracing::error!(%error, "GPUs cannot be looked at"),
        }
        tracing::debug!(state = %readings.borrow_and_update().state, "looked for GPUs");
        Self { readings, _stop: stop }
    }

    /// The newest reading.
    #[must_use]
    pub fn reading(&self) -> Arc<GpuReading> {
        Arc::clone(&self.readings.borrow())
    }

    /// The newest reading, and each after it.
    #[must_use]
    pub fn readings(&self) -> watch::Receiver<Arc<GpuReading>> {
        self.readings.clone()
    }
}

/// Looks once.
pub async fn probe(library: Option<PathBuf>) -> GpuReading {
    let monitor = GpuMonitor::start(MonitorSettings { library, ..MonitorSettings::default() }).await;
    GpuReading::clone(&monitor.reading())
}

fn look(settings: MonitorSettings, readings: &watch::Sender<Arc<GpuReading>>, stopped: &mpsc::Receiver<()>) {
    let mut places = Places::default();
    let (interval, retry) = (settings.interval, settings.retry);
    let mut asking = Asking { settings, asker: None, stuck: Vec::new() };
    loop {
        let answer = asking.ask();
        let wait = if answer.is_ok() { interval } else { retry };
        readings.send_replace(Arc::new(places.reading(answer)));
        if !matches!(stopped.recv_timeout(wait), Err(RecvTimeoutError::Timeout)) {
            return;
        }
    }
}

type Said = Result<Answer, GpuState>;

/// The threads that talk to the driver: one, and those that hang.
struct Asking {
    settings: MonitorSettings,
    asker: Option<Asker>,
    stuck: Vec<JoinHandle<()>>,
}

struct Asker {
    ask: mpsc::Sender<()>,
    said: mpsc::Receiver<Said>,
    thread: JoinHandle<()>,
}

impl Asking {
    fn ask(&mut self) -> Said {
        let no_answer = GpuState::NoAnswer { seconds: self.settings.limit.as_secs() };
        self.stuck.retain(|thread| !thread.is_finished());
        let asker = match self.asker.take() {
            Some(asker) => asker,
            None if self.stuck.len() >= MAX_STUCK => return Err(no_answer),
            None => Asker::start(self.settings.clone())?,
        };
        // Where its thread has ended, so has the other channel, and that is seen next.
        let _ = asker.ask.send(());
        match asker.said.recv_timeout(self.settings.limit) {
            Ok(said) => {
                self.asker = Some(asker);
                said
            }
            Err(RecvTimeoutError::Timeout) => {
                self.stuck.push(asker.thread);
                Err(no_answer)
            }
            Err(RecvTimeoutError::Disconnected) => {
                Err(GpuState::Failed { reason: "its library crashed".to_owned() })
            }
        }
    }
}

impl Asker {
    fn start(settings: MonitorSettings) -> Result<Self, GpuState> {
        let (ask, asked) = mpsc::channel();
        let (says, said) = mpsc::channel();
        let thread = thread::Builder::new().name("gpu-driver".into());
        let thread = thread.spawn(move || answer(&settings, &asked, &says));
        let thread = thread.map_err(|error| GpuState::Failed { reason: error.to_string() })?;
        Ok(Self { ask, said, thread })
    }
}

/// Answers until nobody asks any more. The library stays loaded between two readings, since starting it takes time;
/// after an error it is started anew, and now and then while a GPU is lost: one that has come back shows only then.
fn answer(settings: &MonitorSettings, asked: &mpsc::Receiver<()>, says: &mpsc::Sender<Said>) {
    let mut driver: Option<(Driver, Instant)> = None;
    let mut all_there = true;
    while asked.recv().is_ok() {
        driver = driver.filter(|(_, since)| all_there || since.elapsed() < settings.retry);
        let loaded = match driver.take() {
            Some(loaded) => Ok(loaded),
            None => Driver::load(settings.library.as_deref()).map(|driver| (driver, Instant::now())),
        };
        let said = loaded.and_then(|(loaded, since)| {
            // Longer than the interval, so that no sample falls between two readings.
            let answer = loaded.ask(settings.interval * 2)?;
            all_there = answer.devices.iter().all(|device| matches!(device, Ok(one) if one.figures.is_ok()));
            driver = Some((loaded, since));
            Ok(answer)
        });
        if says.send(said).is_err() {
            return;
        }
    }
}
