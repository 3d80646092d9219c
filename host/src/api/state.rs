//! What handlers share.

use super::limits::StreamPlaces;
use super::log::KnownLogs;
use super::metrics::Metrics;
use super::picture::{Pictures, SharedPictures};
use super::settings::ApiLimits;
use crate::farm::Farm;
use axum::extract::FromRef;
use std::sync::Arc;

/// What handlers share. Cheap to clone.
#[derive(Clone, FromRef)]
pub(super) struct ApiState {
    pub(super) farm: Farm,
    pub(super) metrics: Metrics,
    pub(super) pictures: SharedPictures,
    pub(super) places: StreamPlaces,
    pub(super) logs: KnownLogs,
}

impl ApiState {
    pub(super) fn new(farm: Farm, limits: &ApiLimits, metrics: Metrics) -> Self {
        Self {
            farm,
            metrics,
            pictures: Arc::new(Pictures::new()),
            places: StreamPlaces::new(limits.streams),
            logs: KnownLogs::new(),
        }
    }
}
