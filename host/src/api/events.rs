//! `GET /events`: the event bus as server-sent events.
//!
//! A client that reads too slowly holds nothing up and nothing in memory: the bus lets it fall behind and then tells
//! it that it missed some.

use super::limits::{Shutdown, StreamPlaces};
use super::params::{ApiQuery, FromQuery, QueryParams, header_text};
use super::problem::Problem;
use crate::farm::{BusItem, Farm, Subscription};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use farmhand_model::JobId;
use farmhand_model::event::FarmEvent;
use futures::Stream;
use std::convert::Infallible;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How soon a browser comes back after a daemon's restart.
const RETRY: Duration = Duration::from_secs(1);

/// Comments keep proxies from closing a quiet stream, and find clients that are gone.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) struct EventsQuery {
    job: Option<JobId>,
}

impl FromQuery for EventsQuery {
    const NAMES: &'static [&'static str] = &["job"];

    fn from_query(query: &mut QueryParams) -> Self {
        Self { job: query.number("job", 1..=u64::MAX).map(JobId) }
    }
}

/// What happens, as it happens
///
/// Server-sent events. Each one's name is the `type` of its data: `job`, `reasons`, `frames`, `image`, `attempt`, `progress`,
/// `usage`, `batch`, `plugin`, `plugin-removed`, `node`, `sample`, `notice`. `missed` means that some are gone: read the
/// present state anew, then go on. Send the
/// last `id` as `Last-Event-ID` to go on after it; browsers do that by themselves.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "followEvents",
    tag = "events",
    params(
        ("Last-Event-ID" = Option<String>, Header, description = "Go on after this event."),
        ("job" = Option<JobId>, Query, description = "Only events about this job."),
    ),
    responses((status = 200, description = "A stream that does not end.", content_type = "text/event-stream", body = FarmEvent)),
)]
pub(super) async fn events(
    State(farm): State<Farm>,
    State(places): State<StreamPlaces>,
    ApiQuery(query): ApiQuery<EventsQuery>,
    shutdown: Shutdown,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let last_id = header_text(&headers, "last-event-id", 64)?;
    let place = places.take()?;
    let subscription = farm.events().subscribe(last_id.as_deref());
    let events = stream(subscription, query.job, shutdown.0, place);
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // nginx holds answers back unless it is told not to.
    Ok(([(HeaderName::from_static("x-accel-buffering"), "no")], sse).into_response())
}

/// Holds `place` as long as it lives.
fn stream<P>(
    mut subscription: Subscription,
    only: Option<JobId>,
    stop: CancellationToken,
    place: P,
) -> impl Stream<Item = Result<Event, Infallible>> {
    async_stream::stream! {
        let _place = place;
        // A client whose line breaks before the first event goes on from here.
        let head = Event::default().retry(RETRY).comment("farmhand");
        yield Ok(match subscription.start() {
            Some(id) => head.id(id),
            None => head,
        });
        loop {
            let item = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                item = subscription.next() => item,
            };
            match item {
                None => break,
                Some(BusItem::Missed { id }) => yield Ok(Event::default().event("missed").id(id).data("{}")),
                Some(BusItem::Event { id, event }) => {
                    if only.is_some_and(|job| !concerns(&event, job)) {
                        continue;
                    }
                    if let Some(data) = event.json() {
                        yield Ok(Event::default().event(name(&event)).id(id).data(data));
                    }
                }
            }
        }
    }
}

/// The event's `type`.
pub(super) fn name(event: &FarmEvent) -> &'static str {
    match event {
        FarmEvent::Job { .. } => "job",
        FarmEvent::Batch { .. } => "batch",
        FarmEvent::Reasons { .. } => "reasons",
        FarmEvent::Frames { .. } => "frames",
        FarmEvent::Image { .. } => "image",
        FarmEvent::Attempt { .. } => "attempt",
        FarmEvent::Progress { .. } => "progress",
        FarmEvent::Usage { .. } => "usage",
        FarmEvent::Plugin { .. } => "plugin",
        FarmEvent::PluginRemoved { .. } => "plugin-removed",
        FarmEvent::Node { .. } => "node",
        FarmEvent::Sample { .. } => "sample",
        FarmEvent::Notice { .. } => "notice",
    }
}

/// Whether it is about this job.
fn concerns(event: &FarmEvent, wanted: JobId) -> bool {
    match event {
        FarmEvent::Job { job } => job.id == wanted,
        FarmEvent::Frames { job, .. } | FarmEvent::Progress { job, .. } | FarmEvent::Usage { job, .. } => {
            *job == wanted
        }
        FarmEvent::Reasons { reasons } => reasons.iter().any(|shared| shared.has(wanted)),
        FarmEvent::Image { image } => image.job == wanted,
        FarmEvent::Attempt { attempt } => attempt.job == wanted,
        FarmEvent::Notice { notice } => notice.job == Some(wanted),
        FarmEvent::Batch { .. }
        | FarmEvent::Plugin { .. }
        | FarmEvent::PluginRemoved { .. }
        | FarmEvent::Node { .. }
        | FarmEvent::Sample { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::farm::EventBus;
    use farmhand_model::{Notice, NoticeId, NoticeSeverity, Timestamp};
    use futures::StreamExt;
    use std::sync::Arc;

    fn notice(job: Option<u64>, message: &str) -> FarmEvent {
        let (at, severity, kind) = (Timestamp(0), NoticeSeverity::Info, "job-done".to_owned());
        let (job, message) = (job.map(JobId), message.to_owned());
        FarmEvent::Notice {
            notice: Notice { id: NoticeId(1), at, severity, kind, job, batch: None, plugin: None, message },
        }
    }

    /// The stream as a client sees it: everything up to the end.
    async fn text(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> String {
        let body = Sse::new(events).into_response().into_body();
        String::from_utf8(axum::body::to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn events_carry_id_name_and_data_and_resume() {
        let bus = EventBus::new(7, 3);
        let live = bus.subscribe(None);
        bus.publish(notice(None, "one\ntwo"));
        bus.publish(FarmEvent::Progress {
            job: JobId(1),
            attempt: farmhand_model::AttemptId(2),
            frame: Some(3),
            fraction: 0.5,
            memory_bytes: None,
        });
        let resumed = bus.subscribe(Some("7-1"));
        let of_another_daemon = bus.subscribe(Some("6-1"));
        let expect_second = concat!(
            "event: progress\nid: 7-2\n",
            r#"data: {"type":"progress","job":1,"attempt":2,"frame":3,"fraction":0.5,"memory_bytes":null}"#,
            "\n\n"
        );
        let head = "retry: 1000\n: farmhand\n";
        let first = concat!(
            "event: notice\nid: 7-1\n",
            r#"data: {"type":"notice","notice":{"id":1,"at":"1970-01-01T00:00:00.000Z","severity":"info","kind":"job-done","#,
            r#""job":null,"batch":null,"plugin":null,"message":"one\ntwo"}}"#,
            "\n\n"
        );
        let check = async |subscription, count: usize, expect: String| {
            let events = stream(subscription, None, CancellationToken::new(), ()).take(count);
            let found = text(events).await;
            let fields = |text: &str| {
                let mut fields: Vec<_> = text.lines().map(str::to_owned).collect();
                fields.sort();
                fields
            };
            assert_eq!(fields(&found), fields(&expect), "{found}");
        };
        check(live, 3, format!("{head}id: 7-0\n\n{first}{expect_second}")).await;
        check(resumed, 2, format!("{head}id: 7-1\n\n{expect_second}")).await;
        check(of_another_daemon, 2, format!("{head}\nevent: missed\nid: 7-2\ndata: {{}}\n\n")).await;
    }

    #[tokio::test]
    async fn only_the_job_that_was_asked_for() {
        let bus = EventBus::new(7, 10);
        let subscription = bus.subscribe(None);
        for (job, message) in [(Some(1), "mine"), (Some(2), "other"), (None, "all"), (Some(1), "again")] {
            bus.publish(notice(job, message));
        }
        let found = text(stream(subscription, Some(JobId(1)), CancellationToken::new(), ()).take(3)).await;
        assert!(found.contains("mine") && found.contains("again"), "{found}");
        assert!(!found.contains("other") && !found.contains("all"), "{found}");
    }

    #[tokio::test]
    async fn the_stream_ends_with_the_daemon_and_gives_its_place_back() {
        let bus = EventBus::new(7, 10);
        let stop = CancellationToken::new();
        let place = Arc::new(());
        let events = stream(bus.subscribe(None), None, stop.clone(), Arc::clone(&place));
        assert_eq!(Arc::strong_count(&place), 2);
        stop.cancel();
        assert_eq!(text(events).await, "retry: 1000\n: farmhand\nid: 7-0\n\n");
        assert_eq!(Arc::strong_count(&place), 1);
    }

    #[test]
    fn names_are_the_types_in_the_data() {
        for event in [notice(None, "x"), FarmEvent::PluginRemoved { name: "maya".into() }] {
            assert_eq!(serde_json::to_value(&event).unwrap()["type"], name(&event));
        }
    }
}
