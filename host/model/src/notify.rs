//! Who is told when a job or a batch has ended, or has failed for the first time, and of what.
//!
//! Nobody outside of the configuration's `[notify]` and of the hooks directory can be told: a submission names, the
//! studio says where. How it is sent is the host's business.

use crate::batch::{NotifyMoment, NotifyWish, ReportFormat};
use crate::report::SubjectKind;
use crate::view::FrameCounts;
use crate::{JobId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum NotifyTarget {
    /// A webhook of the configuration.
    Webhook(String),
    /// A program of the hooks directory.
    Command(String),
    /// Nobody: a report is written.
    Report {
        /// Where to.
        file: String,
        /// How.
        format: ReportFormat,
    },
}

impl fmt::Display for NotifyTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotifyTarget::Webhook(name) => write!(f, "webhook {name}"),
            NotifyTarget::Command(name) => write!(f, "command {name}"),
            NotifyTarget::Report { file, .. } => write!(f, "report {file}"),
        }
    }
}

impl NotifyWish {
    /// Who is told; nothing where not exactly one is named.
    #[must_use]
    pub fn target(&self) -> Option<NotifyTarget> {
        match (&self.webhook, &self.command) {
            (Some(name), None) => Some(NotifyTarget::Webhook(name.clone())),
            (None, Some(name)) => Some(NotifyTarget::Command(name.clone())),
            _ => None,
        }
    }
}

/// What is told: the body of a webhook, and what a hook reads from its standard input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Notification {
    /// The same for every try of one notification: whoever has seen it may drop it.
    pub id: String,
    /// What happened.
    pub event: NotifyMoment,
    /// Whether it is a job or a batch.
    pub kind: SubjectKind,
    /// Its number.
    pub number: u64,
    /// What people call it.
    pub name: String,
    /// Who submitted it.
    pub user: Option<String>,
    /// Where it is: a job's or a batch's state.
    pub status: String,
    /// In one sentence, for people.
    pub text: String,
    /// Why it failed, where that is known.
    pub failure: Option<String>,
    /// How many frames are what.
    pub frames: FrameCounts,
    /// Jobs of the batch that failed, the first ones.
    pub failed_jobs: Vec<JobId>,
    /// When it was submitted.
    pub submitted: Timestamp,
    /// When it ended, where it has.
    pub finished: Option<Timestamp>,
    /// When it happened.
    pub at: Timestamp,
}

/// A notification on its way: kept until it has arrived or was given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// As in the notification, with the target: one row for each.
    pub key: String,
    /// To whom.
    pub to: NotifyTarget,
    /// What.
    pub notification: Notification,
    /// Tries so far.
    pub tries: u32,
    /// Where it is.
    pub state: DeliveryState,
    /// What the last try ran into.
    pub error: Option<String>,
}

/// Where a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum DeliveryState {
    /// It is to be carried.
    Due {
        /// Not before this.
        at: Timestamp,
    },
    /// The receiver has taken it.
    Arrived {
        /// When.
        at: Timestamp,
    },
    /// It was tried too often.
    GivenUp {
        /// When.
        at: Timestamp,
    },
}

impl Delivery {
    /// A new one, due at once.
    #[must_use]
    pub fn new(to: NotifyTarget, notification: Notification) -> Self {
        let key = format!("{} {to}", notification.id);
        let state = DeliveryState::Due { at: notification.at };
        Self { key, to, notification, tries: 0, state, error: None }
    }

    /// When it is due, where it is still to be carried.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        match self.state {
            DeliveryState::Due { at } => Some(at),
            DeliveryState::Arrived { .. } | DeliveryState::GivenUp { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_names_exactly_one() {
        let check = |json: &str, expect: Option<NotifyTarget>| {
            let wish: NotifyWish = serde_json::from_str(json).unwrap();
            assert_eq!(wish.target(), expect, "{json}");
        };
        check(r#"{"webhook": "chat"}"#, Some(NotifyTarget::Webhook("chat".to_owned())));
        let command = Some(NotifyTarget::Command("tell.sh".to_owned()));
        check(r#"{"command": "tell.sh", "on": ["first-failure"]}"#, command);
        check(r#"{"command": "tell.sh", "webhook": "chat"}"#, None);
        check("{}", None);
        assert!(serde_json::from_str::<NotifyWish>(r#"{"url": "http://x"}"#).is_err());
    }
}
