//! REST, SSE, OpenAPI, metrics and the embedded page. Alone in knowing HTTP: it asks the farm, and turns what the farm
//! says into statuses, problems and streams. It decides nothing and keeps nothing but a few pictures.
//!
//! `router` puts it together, `serve` runs it; `docs/api.md` shows it from outside.

mod actions;
mod attempts;
mod auth;
mod batch_file;
mod batches;
mod body;
mod cleanup;
mod compress;
mod docs;
mod events;
mod files;
mod images;
mod jobs;
mod limits;
mod log;
mod logs;
mod metrics;
mod notices;
mod page;
mod params;
mod past;
mod picture;
mod plugins;
mod problem;
mod report;
mod router;
mod security;
mod serve;
mod settings;
mod state;
mod system;
#[cfg(test)]
mod tests;

pub use auth::Token;
pub use docs::openapi;
pub use problem::{FieldError, Part, Problem, ProblemBody, ProblemKind};
pub(crate) use report::ReportPictures;
pub use router::router;
pub use serve::serve;
pub use settings::{ApiError, ApiLimits, ApiSettings};
