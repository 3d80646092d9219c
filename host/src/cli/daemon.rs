//! Where the daemon is: the announcement that a running one leaves in its data directory, and how commands find it.

use super::client::Client;
use super::error::CliError;
use crate::config::{Config, Secret};
use farmhand_model::Timestamp;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// The remedy where no daemon runs.
pub(super) const START_ONE: &str =
    "start one with `farmhand serve`, or name it with --server or FARMHAND_SERVER_URL";

const FILE: &str = "daemon.json";

/// What a running daemon says of itself in `daemon.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Announcement {
    /// Where it answers.
    pub(super) url: String,
    /// Its process.
    pub(super) pid: u32,
    /// Its version.
    pub(super) version: String,
    /// When it started.
    pub(super) started: Timestamp,
    /// Where its token is, where that is a file.
    pub(super) token_file: Option<PathBuf>,
    /// Whether it ends with the command that started it.
    pub(super) one_shot: bool,
}

impl Announcement {
    /// Reads what the last daemon of this data directory left; it may be gone without having tidied up.
    pub(super) fn read(data_dir: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(data_dir.join(FILE)).ok()?).ok()
    }

    /// Writes it, by rename so that nobody reads half of it; the guard removes it again.
    pub(super) fn publish(self, data_dir: &Path) -> io::Result<Announced> {
        let path = data_dir.join(FILE);
        let temporary = data_dir.join("daemon.json.tmp");
        std::fs::write(&temporary, serde_json::to_vec_pretty(&self)?)?;
        std::fs::rename(temporary, &path)?;
        Ok(Announced { path, announcement: self })
    }
}

/// Keeps a daemon announced until it is dropped.
#[derive(Debug)]
pub(super) struct Announced {
    path: PathBuf,
    announcement: Announcement,
}

impl Drop for Announced {
    fn drop(&mut self) {
        // A daemon that came after this one has put its own there.
        let current = self.path.parent().and_then(Announcement::read);
        if current.as_ref() == Some(&self.announcement) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A daemon that answers.
pub(super) struct Found {
    pub(super) client: Client,
    pub(super) version: String,
    /// What it announced, where it was found by that.
    pub(super) announcement: Option<Announcement>,
}

/// Looks for the daemon: the configured address, or the one that this data directory's daemon announced, or the one
/// where it would listen.
pub(super) fn find(config: &Config) -> Result<Found, CliError> {
    let mut looked = Vec::new();
    let mut stale = None;
    for place in places(config) {
        let client = Client::new(&place.url, place.token);
        if let Some(version) = client.probe() {
            return Ok(Found { client, version, announcement: place.announcement });
        }
        stale = stale.or(place.announcement);
        if !looked.contains(&place.url) {
            looked.push(place.url);
        }
    }
    let help = match stale {
        Some(gone) => format!("{START_ONE}; the one that ran here as process {} is gone or stuck", gone.pid),
        None => START_ONE.to_owned(),
    };
    Err(CliError::NoDaemon { looked, help })
}

struct Place {
    url: String,
    token: Option<Secret>,
    announcement: Option<Announcement>,
}

fn places(config: &Config) -> Vec<Place> {
    let token = config.token.clone();
    if let Some(url) = &config.url {
        return vec![Place { url: url.clone(), token, announcement: None }];
    }
    let mut places = Vec::new();
    if let Some(announcement) = Announcement::read(&config.data_dir) {
        let own_token = || {
            let text = std::fs::read_to_string(announcement.token_file.as_ref()?).ok()?;
            Some(Secret::new(text.trim().to_owned()))
        };
        let token = token.clone().or_else(own_token);
        places.push(Place { url: announcement.url.clone(), token, announcement: Some(announcement) });
    }
    if config.listen.port() != 0 {
        places.push(Place { url: url_of(config.listen), token, announcement: None });
    }
    places
}

/// The address for people and clients on this machine: a daemon that listens everywhere also does so on loopback.
pub(super) fn url_of(listen: std::net::SocketAddr) -> String {
    let mut address = listen;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            std::net::SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flag, Surroundings, load};
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    fn announcement(url: &str) -> Announcement {
        Announcement {
            url: url.to_owned(),
            pid: 4711,
            version: "0.1.0".to_owned(),
            started: Timestamp(0),
            token_file: None,
            one_shot: false,
        }
    }

    fn config(dir: &Path, listen: &str, url: Option<&str>) -> Config {
        let around = Surroundings {
            variables: Vec::new(),
            current_dir: dir.to_path_buf(),
            home: None,
            config_dir: None,
            data_dir: Some(dir.to_path_buf()),
        };
        let mut flags = vec![Flag { name: "--listen", key: "server.listen", text: listen.to_owned() }];
        flags.extend(url.map(|url| Flag { name: "--server", key: "server.url", text: url.to_owned() }));
        load(&around, None, &flags).expect("nothing is wrong")
    }

    /// Answers `/healthz` as a daemon of this version does, for as long as the test runs.
    fn daemon(version: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut stream = stream;
                let mut request = [0; 1024];
                let _ = stream.read(&mut request);
                let body = format!("{{\"status\":\"ok\",\"version\":\"{version}\"}}");
                let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            }
        });
        url
    }

    fn unused() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("bound").to_string()
    }

    #[test]
    fn finds_the_announced_daemon_before_the_configured_one() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (announced, configured) = (daemon("1.0.0"), daemon("2.0.0"));
        let config = config(dir.path(), configured.trim_start_matches("http://"), None);
        assert_eq!(find(&config).ok().map(|found| found.version).as_deref(), Some("2.0.0"));
        let guard = announcement(&announced).publish(dir.path()).expect("written");
        assert_eq!(find(&config).ok().map(|found| found.version).as_deref(), Some("1.0.0"));
        drop(guard);
        assert_eq!(find(&config).ok().map(|found| found.version).as_deref(), Some("2.0.0"));
    }

    #[test]
    fn an_address_that_was_named_is_the_only_one() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let _guard = announcement(&daemon("1.0.0")).publish(dir.path()).expect("written");
        let named = format!("http://{}", unused());
        let error = find(&config(dir.path(), "127.0.0.1:0", Some(&named))).err().expect("nobody answers");
        assert!(matches!(&error, CliError::NoDaemon { looked, .. } if *looked == [named]), "{error}");
    }

    #[test]
    fn a_daemon_that_is_gone_is_recognised() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let gone = format!("http://{}", unused());
        std::mem::forget(announcement(&gone).publish(dir.path()).expect("written"));
        let error = find(&config(dir.path(), "127.0.0.1:0", None)).err().expect("nobody answers");
        let report = error.report().expect("it is reported");
        assert!(report.contains(&gone) && report.contains("process 4711 is gone or stuck"), "{report}");
        assert!(report.contains("start one with `farmhand serve`"), "{report}");
    }

    #[test]
    fn a_later_announcement_is_left_alone() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let first = announcement("http://127.0.0.1:1").publish(dir.path()).expect("written");
        let second = announcement("http://127.0.0.1:2").publish(dir.path()).expect("written");
        drop(first);
        assert_eq!(
            Announcement::read(dir.path()).map(|found| found.url).as_deref(),
            Some("http://127.0.0.1:2")
        );
        drop(second);
        assert_eq!(Announcement::read(dir.path()), None);
    }

    #[test]
    fn addresses_for_people() {
        let check = |listen: &str, expect: &str| {
            assert_eq!(url_of(listen.parse().expect("an address")), expect);
        };
        check("127.0.0.1:7878", "http://127.0.0.1:7878");
        check("0.0.0.0:80", "http://127.0.0.1:80");
        check("[::]:80", "http://[::1]:80");
        check("10.0.0.5:80", "http://10.0.0.5:80");
    }
}
