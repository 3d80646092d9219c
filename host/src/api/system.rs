//! The daemon over HTTP: its machine, its health and its metrics.

use super::limits::StreamPlaces;
use super::metrics::Metrics;
use super::problem::{Problem, ProblemKind};
use crate::farm::{Farm, JobQuery};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use farmhand_model::sample::NodeHistory;
use farmhand_model::view::NodeView;
use serde::Serialize;
use utoipa::ToSchema;

/// This machine
#[utoipa::path(
    get,
    path = "/node",
    operation_id = "getNode",
    tag = "system",
    responses((status = 200, description = "What it has, what was found on it and who holds what.", body = NodeView)),
)]
pub(super) async fn node(State(farm): State<Farm>) -> Result<Json<NodeView>, Problem> {
    Ok(Json(farm.node().await?))
}

/// What this machine did lately
///
/// How busy its cores, memory and GPUs were over the last two minutes; each sample is an event, `sample`, too.
#[utoipa::path(
    get,
    path = "/node/history",
    operation_id = "getNodeHistory",
    tag = "system",
    responses((status = 200, description = "The samples, oldest first.", body = NodeHistory)),
)]
pub(super) async fn node_history(State(farm): State<Farm>) -> Json<NodeHistory> {
    Json(farm.node_history())
}

/// Whether the daemon works.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `ok`; a daemon that does not work answers with a problem.
    status: &'static str,
    /// farmhand's version.
    version: &'static str,
}

/// Whether the daemon works
///
/// Asks the scheduler and the database themselves, so that a daemon that is stuck or cannot write does not look
/// healthy. Needs no token.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "getHealth",
    tag = "system",
    security(()),
    responses((status = 200, description = "It works.", body = Health)),
)]
pub(super) async fn health(State(farm): State<Farm>) -> Result<Json<Health>, Problem> {
    if let Some(problem) = farm.problem() {
        return Err(Problem::new(ProblemKind::Unhealthy, problem));
    }
    farm.jobs(JobQuery { limit: 1, ..JobQuery::default() }).await?;
    Ok(Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") }))
}

/// Metrics for Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "getMetrics",
    tag = "system",
    responses((status = 200, description = "OpenMetrics text.", content_type = "application/openmetrics-text", body = String)),
)]
pub(super) async fn metrics(
    State(farm): State<Farm>,
    State(metrics): State<Metrics>,
    State(places): State<StreamPlaces>,
) -> Result<Response, Problem> {
    let text = metrics.render(&farm, places.taken()).await?;
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
        .into_response())
}
