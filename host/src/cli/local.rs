//! A daemon inside this process: the farm and the API, announced in the data directory for as long as it lives.

use super::client::Client;
use super::daemon::{Announced, Announcement, url_of};
use super::error::CliError;
use super::human;
use crate::api;
use crate::config::{Config, LogFormat, Place};
use crate::farm::{Farm, FarmStartError, OnStop};
use crate::notify::Courier;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The daemon has promised to be gone within two seconds; what is not done by then is left to the next one.
const STOP_WITHIN: Duration = Duration::from_millis(1900);

/// How long it is meant to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// Until it is told to stop.
    Service,
    /// As long as the command that started it, on a free port of this machine.
    OneShot,
}

/// A running daemon.
pub(super) struct LocalDaemon {
    farm: Farm,
    url: String,
    started: farmhand_model::Timestamp,
    shutdown: CancellationToken,
    serving: JoinHandle<io::Result<()>>,
    _announced: Announced,
    _courier: Courier,
}

impl LocalDaemon {
    /// Starts it; once this returns, it accepts requests.
    pub(super) async fn start(config: &Config, life: Life) -> Result<Self, CliError> {
        let started = human::now();
        let listen = match life {
            Life::Service => config.listen,
            Life::OneShot => SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        let listener = TcpListener::bind(listen).await.map_err(|error| cannot_listen(listen, error))?;
        let address = listener.local_addr().map_err(|error| cannot_listen(listen, error))?;
        let settings = config.api_settings(address)?;
        let program = std::env::current_exe().map_err(|source| CliError::Io {
            context: "cannot tell where this program is, which starts the renders".to_owned(),
            source,
        })?;
        let machine = farmhand_resource::node::probe();
        let farm = Farm::start(config.farm_settings(&machine, program))
            .await
            .map_err(|source| CliError::Start { holder: holder(config, &source), source })?;
        let router = api::router(farm.clone(), &settings)?;
        let courier = Courier::start(farm.clone());
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(api::serve(listener, router, shutdown.clone()));
        let url = url_of(address);
        let announcement = Announcement {
            url: url.clone(),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started,
            token_file: config.token_file.clone(),
            one_shot: life == Life::OneShot,
        };
        let announced = announcement.publish(&config.data_dir).map_err(|source| CliError::Io {
            context: format!("cannot write into {}", config.data_dir.display()),
            source,
        })?;
        Ok(Self { farm, url, started, shutdown, serving, _announced: announced, _courier: courier })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// When it started.
    pub(super) fn started(&self) -> farmhand_model::Timestamp {
        self.started
    }

    /// Stops taking requests, tells the renders, and returns within two seconds.
    pub(super) async fn stop(self, on_stop: OnStop) {
        self.shutdown.cancel();
        let ending = async {
            let (served, ()) = tokio::join!(self.serving, self.farm.stop(on_stop));
            if let Ok(Err(error)) = served {
                tracing::warn!(%error, "the listener ended with an error");
            }
        };
        if tokio::time::timeout(STOP_WITHIN, ending).await.is_err() {
            tracing::warn!("not everything could be tidied up in time; the next daemon takes care of it");
        }
    }
}

/// Who has the data directory, where that is why the farm does not start and the other one has said who it is.
pub(super) fn holder(config: &Config, error: &FarmStartError) -> Option<String> {
    let FarmStartError::InUse { .. } = error else { return None };
    let other = Announcement::read(&config.data_dir)?;
    Some(format!("that one is process {} at {}", other.pid, other.url))
}

fn cannot_listen(listen: SocketAddr, source: io::Error) -> CliError {
    if source.kind() != io::ErrorKind::AddrInUse {
        return CliError::Io { context: format!("cannot listen on {listen}"), source };
    }
    let holder = Client::new(&url_of(listen), None).probe();
    let message = match holder {
        Some(version) => format!("farmhand {version} listens on {listen} already"),
        None => format!("another program listens on {listen}"),
    };
    let help = "stop that one, or choose another address with --listen; port 0 takes a free one".to_owned();
    CliError::Failed { message, help: Some(help) }
}

/// Sends the daemon's own log to standard error. A one-shot daemon says only what is wrong, unless the configuration
/// asks for more.
pub(super) fn start_log(config: &Config, life: Life) -> Result<(), CliError> {
    let is_default = config.settings.get("log.level").is_some_and(|setting| setting.place == Place::Default);
    let filter = if life == Life::OneShot && is_default { "error" } else { &config.log_level };
    let filter = tracing_subscriber::EnvFilter::try_new(filter)
        .map_err(|error| CliError::Usage(format!("log.level: `{filter}` is no filter: {error}")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = match config.log_format {
        LogFormat::Text => builder.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|error| CliError::failed(format!("cannot start the log: {error}")))
}

/// The runtime of a daemon: its work is waiting, so two threads are plenty, and the cores stay with the renders.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|source| CliError::Io { context: "cannot start threads".to_owned(), source })
}
