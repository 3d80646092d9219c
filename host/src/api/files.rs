//! What there is to submit, over HTTP: directories and scenes inside the roots, and what a scene tells of itself.

use super::jobs::{MOST, in_query};
use super::params::{ApiQuery, FromQuery, QueryParams};
use super::problem::{FieldError, Part, Problem, ProblemKind};
use crate::farm::{Farm, FilesQuery};
use axum::Json;
use axum::extract::State;
use farmhand_model::scene::{FilesView, SceneView};

/// Entries where nothing is asked for.
const USUAL: u32 = 500;

impl FromQuery for FilesQuery {
    const NAMES: &'static [&'static str] = &["path", "search", "limit"];

    fn from_query(query: &mut QueryParams) -> Self {
        let limit = query.number("limit", 1..=MOST).unwrap_or(USUAL) as usize;
        Self { path: query.text("path"), search: query.text("search"), limit }
    }
}

/// Directories and scenes inside the roots
///
/// Without `path`: the roots themselves. Links are followed as long as they stay inside. Where no roots are configured
/// there is nothing to list, and `confined` is false.
#[utoipa::path(
    get,
    path = "/files",
    operation_id = "listFiles",
    tag = "scenes",
    params(
        ("path" = Option<String>, Query, description = "A directory inside the roots."),
        ("search" = Option<String>, Query, description = "Only names that hold this."),
        ("limit" = Option<u32>, Query, description = "At most this many; 500 unless given.", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "Directories first, then scenes that some plugin takes.", body = FilesView)),
)]
pub(super) async fn list(
    State(farm): State<Farm>,
    ApiQuery(query): ApiQuery<FilesQuery>,
) -> Result<Json<FilesView>, Problem> {
    Ok(Json(farm.files(query).await.map_err(in_query)?))
}

/// Which scene.
pub(super) struct SceneQuery {
    path: Option<String>,
}

impl FromQuery for SceneQuery {
    const NAMES: &'static [&'static str] = &["path"];

    fn from_query(query: &mut QueryParams) -> Self {
        Self { path: query.text("path") }
    }
}

/// What a scene tells of itself
///
/// Its frame range, layers and scenes, read from the file: `.blend`, `.ma` and `.nk`. Of other files the plugin that
/// takes them is asked. No DCC is started; what cannot be read is in `unread`, with the reason.
#[utoipa::path(
    get,
    path = "/scenes/inspect",
    operation_id = "inspectScene",
    tag = "scenes",
    params(("path" = String, Query, description = "Absolute path of the scene.")),
    responses((status = 200, description = "What could be read.", body = SceneView)),
)]
pub(super) async fn inspect(
    State(farm): State<Farm>,
    ApiQuery(query): ApiQuery<SceneQuery>,
) -> Result<Json<SceneView>, Problem> {
    let Some(path) = query.path else {
        let error = FieldError::new(Part::Query, "/path", "missing; write the scene's absolute path");
        return Err(Problem::with_errors(ProblemKind::BadParameter, vec![error]));
    };
    Ok(Json(farm.inspect(&path).await.map_err(in_query)?))
}
