//! The images of a job over HTTP: which were verified last, any verified frame as a picture, and what its file is made of.
//!
//! How a picture is made is `picture`'s job.

use super::jobs::MOST;
use super::params::{ApiQuery, FromQuery, Id, QueryParams, is_known};
use super::picture::{
    LARGEST, LayersView, Over, PictureError, Pictures, PixelView, Region, SharedPictures, View, Wanted,
};
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

/// Which image of a job.
struct Which {
    frame: Option<i32>,
    layer: Option<String>,
}

impl Which {
    fn from_query(query: &mut QueryParams) -> Self {
        Self { frame: query.number("frame", i32::MIN..=i32::MAX), layer: query.text("layer") }
    }

    async fn find(self, farm: &Farm, id: JobId) -> Result<FrameDoneView, Problem> {
        let frame = self.frame.ok_or_else(|| missing("frame"))?;
        farm.image(id, self.layer, frame).await?.ok_or_else(|| {
            Problem::new(
                ProblemKind::NoImage,
                format!("frame {frame} of job {id} has no verified image (yet)"),
            )
        })
    }
}

fn missing(name: &str) -> Problem {
    let missing = FieldError::new(Part::Query, format!("/{name}"), format!("`{name}` is needed and missing"));
    Problem::with_errors(ProblemKind::BadParameter, vec![missing])
}

/// Which frame to show, and how.
pub(super) struct ImageQuery {
    which: Which,
    wanted: Wanted,
}

impl FromQuery for ImageQuery {
    const NAMES: &'static [&'static str] =
        &["frame", "layer", "size", "pass", "channel", "exposure", "view", "over", "window", "region"];

    fn from_query(query: &mut QueryParams) -> Self {
        let which = Which::from_query(query);
        let mut wanted = Wanted {
            size: query.number("size", 16..=LARGEST),
            pass: query.text("pass"),
            channel: query.text("channel"),
            view: query.word("view", &View::NAMES).unwrap_or_default(),
            over: query.word("over", &Over::NAMES).unwrap_or_default(),
            is_whole: query.word("window", &[("display", false), ("data", true)]).unwrap_or_default(),
            ..Wanted::default()
        };
        wanted.set_stops(query.number("exposure", -20.0..=20.0).unwrap_or(0.0));
        if let Some(text) = query.text("region") {
            wanted.region = Region::parse(&text);
            if wanted.region.is_none() {
                query.wrong(
                    "region",
                    format!("`{text}` is no region: give `x,y,width,height` in pixels of the file"),
                );
            }
        }
        Self { which, wanted }
    }
}

/// A verified frame as a picture
///
/// PNG and JPEG files up to 2 MiB are sent as they are where nothing else is asked for. Everything else is a JPEG made
/// from the file, or a PNG where numbers must stay exact (object numbers, and pieces that are looked at closely).
/// OpenEXR, Radiance HDR and floating-point TIFF are light of a scene: they are brightened by `exposure` and shown
/// through `view`; colours of other primaries are brought to Rec. 709 where the file names them. All others were made
/// for a screen, and only `exposure` works on them. Depth is shown from near (white) to far within the frame's own
/// range, normals and motion around mid grey, object numbers and Cryptomatte as colours.
#[utoipa::path(
    get,
    path = "/jobs/{id}/image",
    operation_id = "getImage",
    tag = "images",
    params(
        ("id" = JobId, Path),
        ("frame" = i32, Query, description = "The frame."),
        ("layer" = Option<String>, Query, description = "Its layer, where the job names some."),
        ("size" = Option<u32>, Query, description = "Longest side in pixels; 512 unless given, and never more than the file has.", minimum = 16, maximum = 2048),
        ("pass" = Option<String>, Query, description = "A pass of the file, as `GET /jobs/{id}/image/layers` names it; the beauty unless given."),
        ("channel" = Option<String>, Query, description = "One channel of the pass, alone: such as `A`."),
        ("exposure" = Option<f32>, Query, description = "Stops to brighten by.", minimum = -20, maximum = 20),
        ("view" = Option<String>, Query, description = "How light of a scene is shown: `standard` (sRGB, cut off above 1), `filmic` (as Blender's view of that name: 10 stops below mid grey are black and 6.5 above it white), `rec709` (its camera curve) or `raw` (the numbers)."),
        ("over" = Option<String>, Query, description = "What lies behind what is transparent: `checker`, `grey` or `black`."),
        ("window" = Option<String>, Query, description = "`display`: what was framed; `data`: everything the file has."),
        ("region" = Option<String>, Query, description = "A piece of the file: `x,y,width,height` in its pixels."),
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
    let verified = query.which.find(&farm, id).await?;
    show(&pictures, &verified, query.wanted, &headers).await
}

/// Which image to look into.
pub(super) struct LayersQuery(Which);

impl FromQuery for LayersQuery {
    const NAMES: &'static [&'static str] = &["frame", "layer"];

    fn from_query(query: &mut QueryParams) -> Self {
        Self(Which::from_query(query))
    }
}

/// The layers and passes of a frame's file
#[utoipa::path(
    get,
    path = "/jobs/{id}/image/layers",
    operation_id = "getImageLayers",
    tag = "images",
    params(
        ("id" = JobId, Path),
        ("frame" = i32, Query, description = "The frame."),
        ("layer" = Option<String>, Query, description = "Its layer, where the job names some."),
    ),
    responses((status = 200, description = "What can be shown of it.", body = LayersView)),
)]
pub(super) async fn layers(
    State(farm): State<Farm>,
    State(pictures): State<SharedPictures>,
    Id(id): Id<JobId>,
    ApiQuery(query): ApiQuery<LayersQuery>,
) -> Result<Json<LayersView>, Problem> {
    let verified = query.0.find(&farm, id).await?;
    Ok(Json(pictures.layers(verified.path.as_ref()).await?))
}

/// Which pixel to tell of.
pub(super) struct PixelQuery {
    which: Which,
    pass: Option<String>,
    x: Option<i32>,
    y: Option<i32>,
}

impl FromQuery for PixelQuery {
    const NAMES: &'static [&'static str] = &["frame", "layer", "pass", "x", "y"];

    fn from_query(query: &mut QueryParams) -> Self {
        let which = Which::from_query(query);
        let mut place = |name| query.number(name, -(1 << 24)..=1 << 24);
        let (x, y) = (place("x"), place("y"));
        Self { which, pass: query.text("pass"), x, y }
    }
}

/// The numbers of one pixel
///
/// As they are in the file, before any exposure or view transform. Files that were made for a screen are told as linear
/// light.
#[utoipa::path(
    get,
    path = "/jobs/{id}/image/pixel",
    operation_id = "getImagePixel",
    tag = "images",
    params(
        ("id" = JobId, Path),
        ("frame" = i32, Query, description = "The frame."),
        ("layer" = Option<String>, Query, description = "Its layer, where the job names some."),
        ("pass" = Option<String>, Query, description = "A pass of the file; the beauty unless given."),
        ("x" = i32, Query, description = "Column, in pixels of the file."),
        ("y" = i32, Query, description = "Row, in pixels of the file."),
    ),
    responses((status = 200, description = "The numbers.", body = PixelView)),
)]
pub(super) async fn pixel(
    State(farm): State<Farm>,
    State(pictures): State<SharedPictures>,
    Id(id): Id<JobId>,
    ApiQuery(query): ApiQuery<PixelQuery>,
) -> Result<Json<PixelView>, Problem> {
    let (x, y) = (query.x.ok_or_else(|| missing("x"))?, query.y.ok_or_else(|| missing("y"))?);
    let verified = query.which.find(&farm, id).await?;
    let wanted = Wanted { pass: query.pass, ..Wanted::default() };
    Ok(Json(pictures.pixel(verified.path.as_ref(), wanted, (x, y)).await?))
}

/// A verified frame as an answer.
async fn show(
    pictures: &Pictures,
    verified: &FrameDoneView,
    wanted: Wanted,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let path = verified.path.as_ref();
    let caching =
        |etag: String| [(header::ETAG, etag), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    let etag = pictures.look(path, wanted.clone()).await?.etag();
    if is_known(headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, caching(etag)).into_response());
    }
    let (key, picture) = pictures.show(path, &wanted).await?;
    Ok((caching(key.etag()), [(header::CONTENT_TYPE, picture.mime)], picture.bytes).into_response())
}

impl From<PictureError> for Problem {
    fn from(error: PictureError) -> Self {
        let kind = match error {
            PictureError::Gone { .. } => ProblemKind::NoImage,
            PictureError::NotShown { .. } => ProblemKind::NoPreview,
            PictureError::Changed | PictureError::Internal(_) => ProblemKind::Internal,
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
        let get = async |headers: &HeaderMap| {
            show(&pictures, &verified(&path), Wanted::default(), headers).await.unwrap()
        };

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
            let refused = show(&Pictures::new(), &verified(path), Wanted::default(), &HeaderMap::new())
                .await
                .unwrap_err();
            assert_eq!(refused.kind(), expect, "{refused:?}");
        };
        check(&movie, ProblemKind::NoPreview).await;
        check(&dir.path().join("gone.png"), ProblemKind::NoImage).await;
    }
}
