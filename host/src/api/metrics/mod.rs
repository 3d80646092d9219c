//! What Prometheus reads. Counters and the tally of jobs follow the event bus, so that a scrape costs the same with
//! ten jobs and with ten thousand; what the node has now is asked when it is scraped.

mod gpus;
mod tally;

use super::problem::{Problem, ProblemKind};
use crate::farm::{BusItem, Farm, FarmError, JobQuery, PluginCalls};
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use gpus::GpuGauges;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tally::{Counters, StateLabel, Tally};
use tokio_util::sync::CancellationToken;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HttpLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

/// The metrics. Cheap to clone; every clone is the same.
#[derive(Clone)]
pub(super) struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    tally: Mutex<Tally>,
    jobs: Family<StateLabel, Gauge>,
    frames: Family<StateLabel, Gauge>,
    plugins: Family<StateLabel, Gauge>,
    slots: Gauge,
    attempts_running: Gauge,
    threads_leased: Gauge,
    breakers_open: Gauge,
    gpus: GpuGauges,
    event_streams: Gauge,
    wal: Gauge,
    resident: Gauge,
    http_requests: Family<HttpLabels, Counter>,
    http_seconds: Family<RouteLabel, Histogram, fn() -> Histogram>,
}

fn answer_seconds() -> Histogram {
    // From half a millisecond to about two seconds.
    Histogram::new(exponential_buckets(0.0005, 2.0, 13))
}

impl Metrics {
    pub(super) fn new(calls: &PluginCalls) -> Self {
        let counters = Counters::default();
        let mut registry = Registry::with_prefix("farmhand");
        let mut inner = Inner {
            registry: Registry::default(),
            tally: Mutex::new(Tally::new(counters.clone())),
            jobs: Family::default(),
            frames: Family::default(),
            plugins: Family::default(),
            slots: Gauge::default(),
            attempts_running: Gauge::default(),
            threads_leased: Gauge::default(),
            breakers_open: Gauge::default(),
            gpus: GpuGauges::default(),
            event_streams: Gauge::default(),
            wal: Gauge::default(),
            resident: Gauge::default(),
            http_requests: Family::default(),
            http_seconds: Family::new_with_constructor(answer_seconds),
        };
        registry.register(
            "build",
            "Which farmhand this is",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        registry.register("jobs", "Jobs by state", inner.jobs.clone());
        registry.register("frames", "Frames of all jobs by state", inner.frames.clone());
        registry.register("plugins", "Plugin slots by state", inner.plugins.clone());
        registry.register("slots", "Tasks that may run at once", inner.slots.clone());
        registry.register(
            "attempts_running",
            "Attempts that hold a lease now",
            inner.attempts_running.clone(),
        );
        registry.register("threads_leased", "CPU threads that attempts hold", inner.threads_leased.clone());
        registry.register("breakers_open", "Open circuit breakers", inner.breakers_open.clone());
        inner.gpus.register(&mut registry);
        registry.register(
            "event_streams",
            "Event streams and followed logs open now",
            inner.event_streams.clone(),
        );
        registry.register_with_unit(
            "store_wal",
            "Write-ahead log of the database; one that only grows means that a reader stays open",
            Unit::Bytes,
            inner.wal.clone(),
        );
        registry.register_with_unit(
            "resident_memory",
            "Memory of the daemon itself, without its renders",
            Unit::Bytes,
            inner.resident.clone(),
        );
        counters.register(&mut registry);
        calls.register(&mut registry);
        registry.register("http_requests", "Requests answered", inner.http_requests.clone());
        registry.register_with_unit(
            "http_answer",
            "Time until an answer began",
            Unit::Seconds,
            inner.http_seconds.clone(),
        );
        inner.registry = registry;
        Self { inner: Arc::new(inner) }
    }

    /// Follows the farm's events until `stop` fires.
    pub(super) async fn watch(self, farm: Farm, stop: CancellationToken) {
        let follow = async {
            let mut events = farm.events().subscribe(None);
            // What was there before the first event.
            self.recount(&farm).await;
            while let Some(item) = events.next().await {
                match item {
                    BusItem::Event { event, .. } => self.with_tally(|tally| tally.observe(&event)),
                    BusItem::Missed { .. } => {
                        self.with_tally(Tally::lose_track);
                        self.recount(&farm).await;
                    }
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = follow => {}
        }
    }

    async fn recount(&self, farm: &Farm) {
        let mut cursor = None;
        loop {
            let query = JobQuery { cursor: cursor.take(), limit: 1000, ..JobQuery::default() };
            match farm.jobs(query).await {
                Ok(page) => {
                    self.with_tally(|tally| {
                        page.items.iter().for_each(|job| tally.observe_job(job));
                    });
                    match page.next {
                        Some(next) => cursor = Some(next),
                        None => return,
                    }
                }
                Err(FarmError::Stopping) => return,
                Err(error) => {
                    tracing::warn!(%error, "jobs cannot be counted for the metrics");
                    return;
                }
            }
        }
    }

    fn with_tally<T>(&self, with: impl FnOnce(&mut Tally) -> T) -> T {
        with(&mut self.inner.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Everything, as OpenMetrics text.
    pub(super) async fn render(&self, farm: &Farm, open_streams: usize) -> Result<String, Problem> {
        let inner = &self.inner;
        self.with_tally(|tally| tally.show_jobs(&inner.jobs, &inner.frames));
        inner.event_streams.set(open_streams as i64);
        inner.wal.set(i64::try_from(farm.wal_bytes()).unwrap_or(i64::MAX));
        if let Some(bytes) = resident_bytes() {
            inner.resident.set(bytes);
        }
        // A daemon that is stopping still has counters to show.
        if let Ok(node) = farm.node().await {
            inner.slots.set(i64::from(node.slots));
            inner.attempts_running.set(node.leases.len() as i64);
            inner.threads_leased.set(node.leases.iter().map(|lease| i64::from(lease.lease.threads)).sum());
            inner.breakers_open.set(node.breakers.len() as i64);
            inner.gpus.show(&node.gpus);
        }
        inner.plugins.clear();
        for plugin in farm.plugins() {
            inner.plugins.get_or_create(&StateLabel { state: plugin.state }).inc();
        }
        self.encode()
    }

    fn encode(&self) -> Result<String, Problem> {
        let mut text = String::new();
        text::encode(&mut text, &self.inner.registry).map_err(|error| {
            Problem::new(ProblemKind::Internal, format!("metrics cannot be written: {error}"))
        })?;
        Ok(text)
    }
}

/// Memory that the daemon holds, where the system says so. Linux counts it in pages of 4 KiB on the machines that
/// farmhand runs on.
fn resident_bytes() -> Option<i64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: i64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

/// Counts every request by its route, never by its address: there are few of the one and any number of the other.
pub(super) async fn count_requests(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let method = match *request.method() {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        _ => "other",
    };
    let route = match request.extensions().get::<MatchedPath>() {
        Some(path) => path.as_str().to_owned(),
        None => "none".to_owned(),
    };
    let started = Instant::now();
    let response = next.run(request).await;
    let inner = &metrics.inner;
    let status = response.status().as_u16();
    inner
        .http_seconds
        .get_or_create(&RouteLabel { route: route.clone() })
        .observe(started.elapsed().as_secs_f64());
    inner.http_requests.get_or_create(&HttpLabels { method, route, status }).inc();
    response
}
