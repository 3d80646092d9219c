//! Every route, and the layers around all of them.

use super::docs;
use super::limits::{Bounds, bound, panic_problem};
use super::metrics::{Metrics, count_requests};
use super::problem::{Problem, ProblemKind, name_instance};
use super::security::{HostRules, check_origin, security_headers};
use super::settings::{ApiError, ApiSettings};
use super::state::ApiState;
use super::{
    actions, attempts, auth, batch_file, batches, cleanup, compress, events, files, images, jobs, logs,
    notices, page, past, plugins, report, system,
};
use crate::farm::Farm;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::handler::Handler as _;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Largest batch: ten thousand jobs of some kilobytes.
const BATCH_BYTES: usize = 64 << 20;

/// The whole API and the page over `farm`. Refuses settings that would let strangers in. Call it within a tokio
/// runtime: its metrics follow the farm's events until the last clone of the router is dropped.
pub fn router(farm: Farm, settings: &ApiSettings) -> Result<Router, ApiError> {
    let metrics = Metrics::new(farm.plugin_calls());
    let state = ApiState::new(farm.clone(), &settings.limits, metrics.clone());
    let routes = documented()
        .split_for_parts()
        .0
        .merge(docs::routes())
        .merge(auth::routes(settings.token.clone()))
        .fallback(page::asset.layer(compress::layer_of_files()))
        .with_state(state);
    let router = protect(routes, settings, &metrics)?;
    let stop = CancellationToken::new();
    tokio::spawn(metrics.watch(farm, stop.clone()));
    Ok(router.layer(axum::Extension(Arc::new(stop.drop_guard()))))
}

/// Everything that is in the OpenAPI document: here a route cannot be without its description, nor a description
/// without its route.
pub(super) fn documented() -> OpenApiRouter<ApiState> {
    let api = OpenApiRouter::new()
        .routes(routes!(jobs::submit, jobs::list))
        .routes(routes!(actions::act))
        .routes(routes!(jobs::get, jobs::edit))
        .routes(routes!(jobs::pause))
        .routes(routes!(jobs::resume))
        .routes(routes!(jobs::cancel))
        .routes(routes!(jobs::retry))
        .routes(routes!(jobs::why))
        .routes(routes!(jobs::frames))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(batches::submit, batches::list))
                .routes(routes!(batch_file::submit))
                .layer(DefaultBodyLimit::max(BATCH_BYTES)),
        )
        .routes(routes!(batches::get))
        .routes(routes!(batches::pause))
        .routes(routes!(batches::resume))
        .routes(routes!(batches::cancel))
        .routes(routes!(batches::retry))
        .routes(routes!(images::list))
        .routes(routes!(images::picture))
        .routes(routes!(images::layers))
        .routes(routes!(images::pixel))
        .routes(routes!(jobs::attempts))
        .routes(routes!(past::times))
        .routes(routes!(past::timeline))
        .routes(routes!(past::trouble))
        .routes(routes!(report::of_job))
        .routes(routes!(report::of_batch))
        .routes(routes!(attempts::get))
        .routes(routes!(attempts::log))
        .routes(routes!(logs::lines))
        .routes(routes!(logs::search))
        .routes(routes!(logs::log_marks))
        .routes(routes!(events::events))
        .routes(routes!(notices::list))
        .routes(routes!(plugins::list))
        .routes(routes!(plugins::get))
        .routes(routes!(plugins::versions))
        .routes(routes!(plugins::roll_back))
        .routes(routes!(plugins::pin))
        .routes(routes!(plugins::unpin))
        .routes(routes!(plugins::confirm))
        .routes(routes!(system::node))
        .routes(routes!(system::node_history))
        .routes(routes!(files::list))
        .routes(routes!(files::inspect))
        .routes(routes!(cleanup::cleanup));
    OpenApiRouter::with_openapi(docs::base())
        .nest("/api/v1", api)
        .routes(routes!(system::health))
        .routes(routes!(system::metrics))
}

/// What surrounds every route, from the inside out: the token, the sites, the bounds, the panics, and around all of
/// them what is said of every answer.
pub(super) fn protect(routes: Router, settings: &ApiSettings, metrics: &Metrics) -> Result<Router, ApiError> {
    if settings.token.is_none() && !settings.listen.ip().is_loopback() {
        return Err(ApiError::TokenNeeded { listen: settings.listen });
    }
    let rules = Arc::new(HostRules::new(settings)?);
    Ok(routes
        .method_not_allowed_fallback(method_not_allowed)
        .layer(compress::layer())
        .layer(DefaultBodyLimit::max(settings.limits.body_bytes))
        .layer(from_fn_with_state(settings.token.clone(), auth::require_token))
        .layer(from_fn_with_state(rules, check_origin))
        .layer(from_fn_with_state(Bounds::new(&settings.limits), bound))
        .layer(CatchPanicLayer::custom(panic_problem))
        .layer(from_fn(security_headers))
        .layer(from_fn(name_instance))
        .layer(from_fn_with_state(metrics.clone(), count_requests)))
}

/// The router itself adds which methods are allowed.
async fn method_not_allowed(request: Request) -> Response {
    let detail = format!("{} does not take {}", request.uri().path(), request.method());
    Problem::new(ProblemKind::MethodNotAllowed, detail).into_response()
}
