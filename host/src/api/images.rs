//! The images of a job over HTTP: which were verified last, and any verified frame as a picture.
//!
//! How a picture is made is `picture`'s job.

use super::jobs::MOST;
use super::params::{ApiQuery, FromQuery, Id, QueryParams, is_known};
use super::picture::{LARGEST, PictureError, Pictures, SharedPictures, Wanted};
use super::problem::{FieldError, Part, Problem, ProblemKind};
use crate::farm::Farm;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use farmhand_model::JobId;
use farmhand_model::view::FrameDoneView;

/// How many images to list.
pub(super) struct ImagesQuery {
    limit: u32,
}

impl FromQuery for ImagesQuery {
    const NAMES: &'static [&'static str] = &["limit"];

    fn from_query(query: &mut QueryParams) -> Self {
        Self { limit: query.number("limit", 1..=MOST).unwrap_or(12) }
    }
}

/// The images that were verified last, newest first
#[utoipa::path(
    get,
    path = "/jobs/{id}/images",
    operation_id = "listImages",
    tag = "images",
    params(
        ("id" = JobId, Path),
        ("limit" = Option<u32>, Query, description = "At most this many; 12 unless given.", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "Where they are.", body = Vec<FrameDoneView>)),
)]
pub(super) async fn list(
    State(farm): State<Farm>,
    Id(id): Id<JobId>,
    ApiQuery(query): ApiQuery<ImagesQuery>,
) -> Result<Json<Vec<FrameDoneView>>, Problem> {
    Ok(Json(farm.images(id, query.limit).await?))
}

/// Which frame to show, and how.
pub(super) struct ImageQuery {
    frame: Option<i32>,
    layer: Option<String>,
    wanted: Wanted,
}

impl FromQuery for ImageQuery {
    const NAMES: &'static [&'static str] = &["frame", "layer", "size", "exposure"];

    fn from_query(query: &mut QueryParams) -> Self {
        let frame = query.number("frame", i32::MIN..=i32::MAX);
        let wanted = Wanted {
            size: query.number("size", 16..=LARGEST),
            exposure: query.number("exposure", -10.0..=10.0).unwrap_or(0.0),
        };
        Self { frame, layer: query.text("layer"), wanted }
    }
}

/// A verified frame as a picture
///
/// PNG and JPEG files up to 2 MiB are sent as they are; other formats, larger files and smaller sizes as a small JPEG
/// (PNG where something is transparent). OpenEXR is converted from linear light to sRGB.
#[utoipa::path(
    get,
    path = "/jobs/{id}/image",
    operation_id = "getImage",
    tag = "images",
    params(
        ("id" = JobId, Path),
        ("frame" = i32, Query, description = "The frame."),
        ("layer" = Option<String>, Query, description = "Its layer, where the job names some."),
        ("size" = Option<u32>, Query, description = "Longest side in pixels.", minimum = 16, maximum = 2048),
        ("exposure" = Option<f32>, Query, description = "Stops that linear images are brightened by.", minimum = -10, maximum = 10),
    ),
    responses(
        (status = 200, description = "The picture.", content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"))),
        (status = 304, description = "The picture that `If-None-Match` names is still the present one."),
    ),
)]
pub(super) async fn picture(
    State(farm): State<Farm>,
    State(pictures): State<SharedPictures>,
    Id(id): Id<JobId>,
    ApiQuery(query): ApiQuery<ImageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let frame = query.frame.ok_or_else(|| {
        let missing = FieldError::new(Part::Query, "/frame", "`frame` is needed and missing");
        Problem::with_errors(ProblemKind::BadParameter, vec![missing])
    })?;
    let verified = farm.image(id, query.layer, frame).await?.ok_or_else(|| {
        Problem::new(ProblemKind::NoImage, format!("frame {frame} of job {id} has no verified image (yet)"))
    })?;
    show(&pictures, &verified, query.wanted, &headers).await
}

/// A verified frame as an answer.
async fn show(
    pictures: &Pictures,
    verified: &FrameDoneView,
    wanted: Wanted,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let key = pictures.look(verified.path.as_ref(), wanted).await?;
    let etag = key.etag();
    let caching = [(header::ETAG, etag.clone()), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    if is_known(headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let picture = pictures.make(key).await?;
    Ok((caching, [(header::CONTENT_TYPE, picture.mime)], picture.bytes).into_response())
}

impl From<PictureError> for Problem {
    fn from(error: PictureError) -> Self {
        let kind = match error {
            PictureError::Gone { .. } => ProblemKind::NoImage,
            PictureError::NotShown { .. } => ProblemKind::NoPreview,
            PictureError::Internal(_) => ProblemKind::Internal,
        };
        Problem::new(kind, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::Timestamp;
    use image::{Rgb, RgbImage};
    use std::path::Path;

    fn verified(path: &Path) -> FrameDoneView {
        FrameDoneView {
            job: JobId(1),
            layer: None,
            frame: 7,
            attempt: None,
            path: path.display().to_string(),
            bytes: 0,
            seconds: None,
            at: Timestamp(0),
        }
    }

    #[tokio::test]
    async fn a_picture_is_sent_once_until_it_changes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f.png");
        RgbImage::from_pixel(8, 8, Rgb([1, 2, 3])).save(&path).unwrap();
        let pictures = Pictures::new();
        let wanted = Wanted { size: None, exposure: 0.0 };
        let get =
            async |headers: &HeaderMap| show(&pictures, &verified(&path), wanted, headers).await.unwrap();

        let first = get(&HeaderMap::new()).await;
        assert_eq!(
            (first.status(), &first.headers()[header::CONTENT_TYPE]),
            (StatusCode::OK, &"image/png".parse().unwrap())
        );
        let known = HeaderMap::from_iter([(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone())]);
        assert_eq!(get(&known).await.status(), StatusCode::NOT_MODIFIED);
        RgbImage::from_pixel(9, 9, Rgb([1, 2, 3])).save(&path).unwrap();
        assert_eq!(get(&known).await.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn what_cannot_be_shown_is_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let movie = dir.path().join("f.mp4");
        std::fs::write(&movie, "no picture").unwrap();
        let check = async |path: &Path, expect: ProblemKind| {
            let wanted = Wanted { size: None, exposure: 0.0 };
            let refused =
                show(&Pictures::new(), &verified(path), wanted, &HeaderMap::new()).await.unwrap_err();
            assert_eq!(refused.kind(), expect, "{refused:?}");
        };
        check(&movie, ProblemKind::NoPreview).await;
        check(&dir.path().join("gone.png"), ProblemKind::NoImage).await;
    }
}
