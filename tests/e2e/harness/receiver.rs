//! The other end of a webhook: a real HTTP server of a test's own that answers as the test says and keeps what it got.

use super::client::PATIENCE;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc;

/// A receiver, for as long as its test runs.
pub struct Receiver {
    /// Where it is.
    pub url: String,
    answer: Arc<AtomicU16>,
    told: mpsc::Receiver<Message>,
}

/// One request, as it came.
#[derive(Debug)]
pub struct Message {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
    /// What it was answered with.
    pub answer: u16,
}

impl Receiver {
    /// One that answers with this status.
    pub fn start(answer: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/hooks/renders", listener.local_addr().expect("bound"));
        let answer = Arc::new(AtomicU16::new(answer));
        let (sender, told) = mpsc::channel();
        let answers = Arc::clone(&answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A daemon that is killed in the middle of a request sends no more of it.
                let Some(message) = serve(stream, &answers) else { continue };
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Self { url, answer, told }
    }

    /// Answers with this from now on.
    pub fn answer(&self, status: u16) {
        self.answer.store(status, Ordering::SeqCst);
    }

    /// The next message, in the order in which they came.
    pub fn next(&self) -> Message {
        self.told.recv_timeout(PATIENCE).expect("a message")
    }
}

impl Message {
    /// A header that must be there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("`{name}` is not among {:?}", self.headers))
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

fn serve(mut stream: TcpStream, answer: &AtomicU16) -> Option<Message> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.trim().to_owned()),
            None => break,
        };
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let answer = answer.load(Ordering::SeqCst);
    let sent = "the tracker says so";
    let length = sent.len();
    write!(stream, "HTTP/1.1 {answer} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{sent}")
        .ok()?;
    Some(Message { path, headers, body, answer })
}
