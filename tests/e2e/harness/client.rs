//! A small HTTP client: JSON in and out, problems as values, and waiting by the event stream.

use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Longer than anything takes on the slowest machine; reached only when a test has failed.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// A client of one daemon.
#[derive(Clone)]
pub struct Client {
    base: String,
    agent: ureq::Agent,
}

impl Client {
    pub fn new(base: &str) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        Self { base: base.to_owned(), agent: config.into() }
    }

    /// Status and body of a GET.
    pub fn get(&self, path: &str) -> (u16, Value) {
        let mut response = self.agent.get(format!("{}{path}", self.base)).call().expect("the daemon answers");
        (response.status().as_u16(), json(&response.body_mut().read_to_string().expect("a body")))
    }

    /// The body of a GET that must succeed.
    pub fn read(&self, path: &str) -> Value {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    /// The text of a GET that must succeed.
    pub fn text(&self, path: &str) -> String {
        let mut response = self.agent.get(format!("{}{path}", self.base)).call().expect("the daemon answers");
        assert_eq!(response.status().as_u16(), 200, "GET {path}");
        response.body_mut().read_to_string().expect("a body")
    }

    /// Status and body of a POST.
    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.post_with(path, body, &[])
    }

    /// Status and body of a POST with headers.
    pub fn post_with(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> (u16, Value) {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = request.send_json(body).expect("the daemon answers");
        (response.status().as_u16(), json(&response.body_mut().read_to_string().expect("a body")))
    }

    /// Status and body of `POST /jobs/{id}/{action}`.
    pub fn act(&self, id: u64, action: &str) -> (u16, Value) {
        let url = format!("{}/api/v1/jobs/{id}/{action}", self.base);
        let mut response = self.agent.post(url).send_empty().expect("the daemon answers");
        (response.status().as_u16(), json(&response.body_mut().read_to_string().expect("a body")))
    }

    /// Submits a job that must be accepted; its number.
    pub fn submit(&self, job: &Value) -> u64 {
        let (status, body) = self.post("/api/v1/jobs", job);
        assert_eq!(status, 201, "{body}");
        body["id"].as_u64().expect("an id")
    }

    /// Waits until the job is as asked, and returns it.
    pub fn wait_for_job(&self, id: u64, what: &str, met: impl Fn(&Value) -> bool) -> Value {
        self.wait_for(&format!("job {id}: {what}"), || {
            let job = self.read(&format!("/api/v1/jobs/{id}"));
            met(&job).then_some(job)
        })
    }

    /// Waits until the job has ended, and returns it.
    pub fn wait_for_end(&self, id: u64) -> Value {
        self.wait_for_job(id, "ends", |job| {
            ["done", "failed", "cancelled"].contains(&job["status"].as_str().unwrap_or_default())
        })
    }

    /// Asks again after every event of the farm until there is an answer.
    pub fn wait_for<T>(&self, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
        let events = self.events();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = ask() {
                return answer;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match events.recv_timeout(left) {
                Ok(_) => while events.try_recv().is_ok() {},
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("waited in vain for: {what}"),
                Err(mpsc::RecvTimeoutError::Disconnected) => panic!("the daemon went away before: {what}"),
            }
        }
    }

    /// The farm's events from now on, as JSON. The stream is open when this returns.
    pub fn events(&self) -> mpsc::Receiver<Value> {
        let response =
            self.agent.get(format!("{}/api/v1/events", self.base)).call().expect("an event stream");
        assert_eq!(response.status().as_u16(), 200);
        let (sender, receiver) = mpsc::channel();
        let lines = BufReader::new(response.into_body().into_reader()).lines();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(data) = line.strip_prefix("data:")
                    && sender.send(json(data.trim())).is_err()
                {
                    return;
                }
            }
        });
        receiver
    }

    /// Attempts of a job, oldest first.
    pub fn attempts(&self, id: u64) -> Vec<Value> {
        let page = self.read(&format!("/api/v1/jobs/{id}/attempts?limit=1000"));
        let mut attempts = page["items"].as_array().expect("items").clone();
        attempts.reverse();
        attempts
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}
