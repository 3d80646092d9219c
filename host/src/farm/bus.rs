//! The event bus: one ring of recent events, any number of readers, each with its own place in it.
//!
//! Publishing never waits for a reader: one that falls behind the ring is told that it missed some and starts over
//! from what is now. Nothing here is durable; ids carry the daemon's start time, so that an id of an earlier daemon
//! is recognised as such.

use farmhand_model::event::FarmEvent;
use std::collections::{BTreeSet, VecDeque};
use std::ops::Deref;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::watch;

/// An event as everybody is told it.
#[derive(Debug)]
pub struct Told {
    event: FarmEvent,
    json: OnceLock<Option<String>>,
}

impl Told {
    fn new(event: FarmEvent) -> Self {
        Self { event, json: OnceLock::new() }
    }

    /// The event as JSON: written once, however many pages are open. Absent where it cannot be written, which the
    /// daemon's log tells.
    #[must_use]
    pub fn json(&self) -> Option<&str> {
        let json = self.json.get_or_init(|| {
            let json = serde_json::to_string(&self.event);
            json.inspect_err(|error| tracing::error!(%error, "an event cannot be written as JSON")).ok()
        });
        json.as_deref()
    }
}

impl Deref for Told {
    type Target = FarmEvent;

    fn deref(&self) -> &FarmEvent {
        &self.event
    }
}

/// What a subscriber gets.
#[derive(Debug, Clone)]
pub enum BusItem {
    /// An event, with the id to resume after.
    Event {
        /// Opaque; give it to `subscribe` to go on after it.
        id: String,
        /// What happened.
        event: Arc<Told>,
    },
    /// Some events are gone: read the present state anew, then go on.
    Missed {
        /// The id to resume after.
        id: String,
    },
}

struct Ring {
    /// Sequence number of the first event in `events`; numbers start at 1.
    first: u64,
    events: VecDeque<Arc<Told>>,
}

/// The bus. Cheap to clone.
#[derive(Clone)]
pub struct EventBus {
    boot: i64,
    capacity: usize,
    ring: Arc<Mutex<Ring>>,
    newest: Arc<watch::Sender<u64>>,
}

impl EventBus {
    /// A bus that keeps the last `capacity` events; `boot` tells this daemon's ids from another's.
    #[must_use]
    pub fn new(boot: i64, capacity: usize) -> Self {
        Self {
            boot,
            capacity,
            ring: Arc::new(Mutex::new(Ring { first: 1, events: VecDeque::new() })),
            newest: Arc::new(watch::Sender::new(0)),
        }
    }

    /// Tells every subscriber. Call it after the change is durable, never before.
    pub fn publish(&self, event: FarmEvent) {
        let newest = {
            let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
            ring.events.push_back(Arc::new(Told::new(event)));
            if ring.events.len() > self.capacity {
                ring.events.pop_front();
                ring.first += 1;
            }
            ring.first + ring.events.len() as u64 - 1
        };
        self.newest.send_replace(newest);
    }

    /// From now on, or from after `last_id` where that is still in the ring.
    #[must_use]
    pub fn subscribe(&self, last_id: Option<&str>) -> Subscription {
        let newest = *self.newest.borrow();
        let (position, missed) = match last_id {
            None => (newest, false),
            Some(id) => match self.parse_id(id).filter(|seq| *seq <= newest) {
                Some(seq) => (seq, false),
                None => (newest, true),
            },
        };
        Subscription { bus: self.clone(), position, missed, wake: self.newest.subscribe() }
    }

    fn id(&self, seq: u64) -> String {
        format!("{}-{seq}", self.boot)
    }

    fn parse_id(&self, id: &str) -> Option<u64> {
        let (boot, seq) = id.rsplit_once('-')?;
        if boot.parse() != Ok(self.boot) {
            return None;
        }
        seq.parse().ok()
    }
}

/// One reader's place on the bus.
pub struct Subscription {
    bus: EventBus,
    /// Sequence number of the last event that was handed out.
    position: u64,
    missed: bool,
    wake: watch::Receiver<u64>,
}

impl Subscription {
    /// The id to resume after before anything was handed out; `None` where that starts with something missed.
    #[must_use]
    pub fn start(&self) -> Option<String> {
        (!self.missed).then(|| self.bus.id(self.position))
    }

    /// The next item, as soon as there is one; `None` when the bus is gone. Cancel-safe.
    pub async fn next(&mut self) -> Option<BusItem> {
        loop {
            if let Some(item) = self.try_next() {
                return Some(item);
            }
            self.wake.changed().await.ok()?;
        }
    }

    /// Something of each event that waits to be handed out; they stay where they are.
    pub(super) fn waiting<T: Ord>(&self, something: impl Fn(&FarmEvent) -> Option<T>) -> BTreeSet<T> {
        let ring = self.bus.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let handed_out = (self.position + 1).saturating_sub(ring.first) as usize;
        ring.events.iter().skip(handed_out).filter_map(|event| something(event)).collect()
    }

    /// The next item, where there is one already.
    pub(super) fn try_next(&mut self) -> Option<BusItem> {
        self.wake.borrow_and_update();
        let ring = self.bus.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = ring.first + ring.events.len() as u64 - 1;
        if self.missed || self.position + 1 < ring.first {
            self.missed = false;
            self.position = newest;
            return Some(BusItem::Missed { id: self.bus.id(newest) });
        }
        if self.position >= newest {
            return None;
        }
        self.position += 1;
        let event = ring.events.get((self.position - ring.first) as usize)?;
        Some(BusItem::Event { id: self.bus.id(self.position), event: Arc::clone(event) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(text: &str) -> FarmEvent {
        FarmEvent::PluginRemoved { name: text.to_owned() }
    }

    async fn text(subscription: &mut Subscription) -> (String, String) {
        match subscription.next().await {
            Some(BusItem::Event { id, event }) => match &**event {
                FarmEvent::PluginRemoved { name } => (id, name.clone()),
                other => panic!("unexpected {other:?}"),
            },
            Some(BusItem::Missed { id }) => (id, "missed".to_owned()),
            None => panic!("the bus is gone"),
        }
    }

    #[tokio::test]
    async fn resumes_after_an_id_and_owns_up_to_what_is_gone() {
        let bus = EventBus::new(7, 3);
        let mut live = bus.subscribe(None);
        for n in 1..=3 {
            bus.publish(numbered(&n.to_string()));
        }
        assert_eq!(text(&mut live).await, ("7-1".into(), "1".into()));

        let mut resumed = bus.subscribe(Some("7-2"));
        assert_eq!(text(&mut resumed).await, ("7-3".into(), "3".into()));

        for n in 4..=9 {
            bus.publish(numbered(&n.to_string()));
        }
        assert_eq!(text(&mut live).await, ("7-9".into(), "missed".into()));

        let mut of_another_daemon = bus.subscribe(Some("6-9"));
        assert_eq!(text(&mut of_another_daemon).await, ("7-9".into(), "missed".into()));
        bus.publish(numbered("10"));
        assert_eq!(text(&mut of_another_daemon).await, ("7-10".into(), "10".into()));
        let mut from_the_future = bus.subscribe(Some("7-99"));
        assert_eq!(text(&mut from_the_future).await.1, "missed");
    }
}
