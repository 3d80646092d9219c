//! Plugins over HTTP: what serves, every version that ever did, and what people decide about them.

use super::body::{JsonBody, OptionalJsonBody};
use super::problem::Problem;
use crate::farm::{Farm, VersionControl};
use axum::Json;
use axum::extract::{Path, State};
use farmhand_model::plugin_detail::PluginDetail;
use farmhand_model::versions::PluginVersions;
use farmhand_model::view::PluginView;
use serde::Deserialize;
use utoipa::ToSchema;

/// Every plugin slot
#[utoipa::path(
    get,
    path = "/plugins",
    operation_id = "listPlugins",
    tag = "plugins",
    responses((status = 200, description = "What serves, and why something newer does not.", body = Vec<PluginView>)),
)]
pub(super) async fn list(State(farm): State<Farm>) -> Json<Vec<PluginView>> {
    Json(farm.plugins())
}

/// One plugin in full
///
/// What it may see and use, what its calls cost and came to since the daemon started, and what went wrong in the newest
/// of its attempts, by cause.
#[utoipa::path(
    get,
    path = "/plugins/{name}",
    operation_id = "getPlugin",
    tag = "plugins",
    params(("name" = String, Path, description = "The plugin.")),
    responses((status = 200, description = "The plugin.", body = PluginDetail)),
)]
pub(super) async fn get(
    State(farm): State<Farm>,
    Path(name): Path<String>,
) -> Result<Json<PluginDetail>, Problem> {
    Ok(Json(farm.plugin(&name).await?))
}

/// Every version of a plugin that ever served
#[utoipa::path(
    get,
    path = "/plugins/{name}/versions",
    operation_id = "listPluginVersions",
    tag = "plugins",
    params(("name" = String, Path, description = "The plugin.")),
    responses((status = 200, description = "From when on which version served, and on whose decision; the newest first, at most 500.", body = PluginVersions)),
)]
pub(super) async fn versions(
    State(farm): State<Farm>,
    Path(name): Path<String>,
) -> Result<Json<PluginVersions>, Problem> {
    Ok(Json(farm.plugin_versions(&name)?))
}

/// A version, and who decides about it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct VersionRequest {
    /// The version's digest, or the beginning of it.
    digest: Option<String>,
    /// Who asks; it stands in the history.
    user: Option<String>,
}

/// A version that may serve, and who says so.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfirmRequest {
    /// The version's digest, or the beginning of it.
    digest: String,
    /// Who asks; it stands in the history.
    user: Option<String>,
}

/// Who decides.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DecisionRequest {
    /// Who asks; it stands in the history.
    user: Option<String>,
}

/// Goes back to an earlier version
///
/// To the one that served before, or to the one that the body names. The version that serves now is set aside: it does
/// not serve again until other bytes are saved, or somebody asks for it. Running attempts finish on their version.
#[utoipa::path(
    post,
    path = "/plugins/{name}/rollback",
    operation_id = "rollBackPlugin",
    tag = "plugins",
    params(("name" = String, Path, description = "The plugin.")),
    request_body = Option<VersionRequest>,
    responses((status = 200, description = "What serves now.", body = PluginView)),
)]
pub(super) async fn roll_back(
    State(farm): State<Farm>,
    Path(name): Path<String>,
    OptionalJsonBody(body): OptionalJsonBody<VersionRequest>,
) -> Result<Json<PluginView>, Problem> {
    let VersionRequest { digest: to, user } = body.unwrap_or_default();
    Ok(Json(farm.control_versions(&name, VersionControl::RollBack { to }, user).await?))
}

/// Has one version serve, whatever is saved
///
/// The one that serves now, or the one that the body names.
#[utoipa::path(
    post,
    path = "/plugins/{name}/pin",
    operation_id = "pinPlugin",
    tag = "plugins",
    params(("name" = String, Path, description = "The plugin.")),
    request_body = Option<VersionRequest>,
    responses((status = 200, description = "What serves now.", body = PluginView)),
)]
pub(super) async fn pin(
    State(farm): State<Farm>,
    Path(name): Path<String>,
    OptionalJsonBody(body): OptionalJsonBody<VersionRequest>,
) -> Result<Json<PluginView>, Problem> {
    let VersionRequest { digest, user } = body.unwrap_or_default();
    Ok(Json(farm.control_versions(&name, VersionControl::Pin { digest }, user).await?))
}

/// Ends a pin
#[utoipa::path(
    post,
    path = "/plugins/{name}/unpin",
    operation_id = "unpinPlugin",
    tag = "plugins",
    params(("name" = String, Path, description = "The plugin.")),
    request_body = Option<DecisionRequest>,
    responses((status = 200, description = "What serves now.", body = PluginView)),
)]
pub(super) async fn unpin(
    State(farm): State<Farm>,
    Path(name): Path<String>,
    OptionalJsonBody(body): OptionalJsonBody<DecisionRequest>,
) -> Result<Json<PluginView>, Problem> {
    let user = body.unwrap_or_default().user;
    Ok(Json(farm.control_versions(&name, VersionControl::Unpin, user).await?))
}

/// Lets a version serve
///
/// One that was rolled back from, or that the gate of new versions held back.
#[utoipa::path(
    post,
    path = "/plugins/{name}/confirm",
    operation_id = "confirmPlugin",
    tag = "plugins",
    params(("name" = String, Path, description = "The plugin.")),
    request_body = ConfirmRequest,
    responses((status = 200, description = "What serves now; a version that was held back follows at once.", body = PluginView)),
)]
pub(super) async fn confirm(
    State(farm): State<Farm>,
    Path(name): Path<String>,
    JsonBody(ConfirmRequest { digest, user }): JsonBody<ConfirmRequest>,
) -> Result<Json<PluginView>, Problem> {
    Ok(Json(farm.control_versions(&name, VersionControl::Confirm { digest }, user).await?))
}
