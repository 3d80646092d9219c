//! The OpenAPI document, the page that shows it, and what each kind of problem means. All of it comes with the binary:
//! nothing is asked of the network.

use super::problem::{Problem, ProblemBody, ProblemKind};
use super::router::documented;
use super::state::ApiState;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use farmhand_model::batch::BatchPlan;
use farmhand_model::plan::PlanView;
use std::sync::Arc;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, OpenApi as Document, Ref, RefOr, ResponseBuilder, SecurityRequirement};
use utoipa::{OpenApi, PartialSchema, ToSchema};
use utoipa_swagger_ui::Config;

/// Swagger UI sets styles on elements, so inline styles must be allowed; scripts may still only be its own files.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "farmhand",
        description = "A render orchestrator: submit jobs, watch their frames, read their logs.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "jobs", description = "What people submit, and what became of it."),
        (name = "batches", description = "Jobs that are submitted together."),
        (name = "scenes", description = "What there is to submit."),
        (name = "images", description = "Verified frames, as pictures."),
        (name = "reports", description = "What became of a job or a batch, to be read and kept."),
        (name = "attempts", description = "Runs of tasks, with their logs."),
        (name = "events", description = "What happens, as it happens."),
        (name = "plugins", description = "What serves, and every version that ever did."),
        (name = "system", description = "The daemon and its machine."),
    ),
)]
struct Base;

/// What every operation may answer besides what it says itself: that is said once, here.
pub(super) fn base() -> Document {
    Base::openapi()
}

/// The OpenAPI document of the whole API.
#[must_use]
pub fn openapi() -> Document {
    complete(documented().into_openapi())
}

/// Adds to every operation what all of them have: problems and the token.
fn complete(mut document: Document) -> Document {
    let components = document.components.get_or_insert_default();
    let mut schemas = Vec::new();
    ProblemBody::schemas(&mut schemas);
    // The answer to a dry run, which shares its operation with the answer to a submission.
    PlanView::schemas(&mut schemas);
    BatchPlan::schemas(&mut schemas);
    schemas.push((BatchPlan::name().into_owned(), BatchPlan::schema()));
    schemas.push((PlanView::name().into_owned(), PlanView::schema()));
    schemas.push((ProblemBody::name().into_owned(), ProblemBody::schema()));
    components.schemas.extend(schemas);
    components.add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    document.security =
        Some(vec![SecurityRequirement::new("token", [""; 0]), SecurityRequirement::default()]);
    let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name(ProblemBody::name()))));
    let problem = ResponseBuilder::new()
        .description("A problem (RFC 9457).")
        .content("application/problem+json", content)
        .build();
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.patch, &mut item.put, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            operation.responses.responses.insert("default".to_owned(), RefOr::T(problem.clone()));
        }
    }
    document
}

#[derive(Clone)]
struct Docs {
    document: Bytes,
    config: Arc<Config<'static>>,
}

/// `/openapi.json`, `/docs/` and `/problems/{kind}`.
pub(super) fn routes() -> Router<ApiState> {
    // The document is made of constants, so it can always be written; an empty one would fail every test here.
    let document = Bytes::from(openapi().to_json().unwrap_or_default());
    let config = Config::from("/openapi.json").validator_url("none").try_it_out_enabled(true);
    Router::new()
        .route("/openapi.json", get(document_json))
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route("/docs/", get(|docs: State<Docs>| async { page(docs, "") }))
        .route(
            "/docs/{*file}",
            get(|docs: State<Docs>, Path(file): Path<String>| async move { page(docs, &file) }),
        )
        .route("/problems/{kind}", get(problem))
        .with_state(Docs { document, config: Arc::new(config) })
}

async fn document_json(State(docs): State<Docs>) -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], docs.document)
        .into_response()
}

fn page(State(docs): State<Docs>, file: &str) -> Response {
    match utoipa_swagger_ui::serve(file, docs.config) {
        Ok(Some(found)) => {
            let headers = [
                (header::CONTENT_TYPE, found.content_type),
                (header::CONTENT_SECURITY_POLICY, POLICY.to_owned()),
                (header::CACHE_CONTROL, "no-cache".to_owned()),
            ];
            (headers, found.bytes.into_owned()).into_response()
        }
        Ok(None) => Problem::new(ProblemKind::NoRoute, format!("there is no /docs/{file}")).into_response(),
        Err(error) => Problem::new(ProblemKind::Internal, format!("/docs/{file}: {error}")).into_response(),
    }
}

async fn problem(Path(slug): Path<String>) -> Result<String, Problem> {
    let kind = ProblemKind::ALL.into_iter().find(|kind| kind.slug() == slug);
    kind.map(ProblemKind::explanation).ok_or_else(|| {
        Problem::new(ProblemKind::NoRoute, format!("there is no kind of problem called `{slug}`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn document() -> Value {
        serde_json::to_value(openapi()).unwrap()
    }

    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    found.push(reference);
                }
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_name_in_the_document_resolves() {
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 50);
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference} does not resolve");
        }
    }

    #[test]
    fn operations_are_told_apart_explained_and_may_fail() {
        let document = document();
        let mut ids = BTreeSet::new();
        let mut operations = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                operations += 1;
                let place = format!("{method} {path}");
                assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{place}");
                assert!(operation["summary"].is_string(), "{place} has no summary");
                let problem = &operation["responses"]["default"]["content"]["application/problem+json"];
                assert_eq!(problem["schema"]["$ref"], "#/components/schemas/Problem", "{place}");
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let names: BTreeSet<_> =
                    parameters.filter(|p| p["in"] == "path").map(|p| p["name"].as_str().unwrap()).collect();
                let in_path: BTreeSet<_> =
                    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
                assert_eq!(names, in_path, "{place}");
            }
        }
        assert!(operations > 25, "{operations}");
    }

    #[test]
    fn the_manual_names_every_operation_and_every_problem() {
        let manual = include_str!("../../../docs/api.md");
        for (path, item) in document()["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                let shown = format!("{} {}", method.to_uppercase(), path.trim_start_matches("/api/v1"));
                assert!(manual.contains(&format!("`{shown}`")), "{shown} is not in docs/api.md");
            }
        }
        for kind in ProblemKind::ALL {
            let status = kind.status().as_u16();
            let row = manual
                .lines()
                .find(|line| line.starts_with('|') && line.contains(&format!("`{}`", kind.slug())));
            assert!(row.is_some_and(|row| row.contains(&format!("| {status} |"))), "{}", kind.slug());
        }
    }

    #[test]
    fn the_page_is_in_the_binary_and_asks_nobody_else() {
        let docs = Docs {
            document: Bytes::new(),
            config: Arc::new(Config::from("/openapi.json").validator_url("none")),
        };
        for (file, mime) in
            [("", "text/html"), ("swagger-ui-bundle.js", "text/javascript"), ("swagger-ui.css", "text/css")]
        {
            let response = page(State(docs.clone()), file);
            assert_eq!(response.status(), 200, "{file}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], mime, "{file}");
        }
        assert_eq!(page(State(docs), "nothing.js").status(), 404);
    }
}
