//! The vocabulary of farmhand: ids, frame sets, jobs, attempts, the plugin contract as plain types, and the JSON
//! shapes that the API serves.
//!
//! No I/O, no clock and no decisions: what happens next is `farmhand-scheduler`'s job, what is remembered is
//! `farmhand-store`'s.

/// Describes a type to OpenAPI as the string that it is in JSON.
macro_rules! string_schema {
    ($name:ident, $description:literal, $example:literal) => {
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some($description))
                    .examples([serde_json::json!($example)])
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(stringify!($name))
            }
        }
    };
}
pub(crate) use string_schema;

pub mod attempt;
pub mod batch;
pub mod change;
pub mod dcc;
pub mod event;
pub mod fallback;
pub mod frames;
pub mod hooks;
pub mod ids;
pub mod job;
pub mod log;
pub mod needs;
pub mod node;
pub mod notice;
pub mod notify;
pub mod past;
pub mod path_map;
pub mod plan;
pub mod plugin_detail;
pub mod report;
pub mod sample;
pub mod scene;
pub mod size;
pub mod time;
pub mod versions;
pub mod view;
pub mod why;
pub mod words;

pub use attempt::{AttemptRecord, AttemptState, EndedBy, PluginStamp};
pub use batch::{BatchMember, BatchRecord, BatchRef};
pub use change::{Change, FrameRecord, RestoredJob};
pub use frames::{FrameSet, MAX_FRAMES, ParseFramesError, Run, TooManyFrames};
pub use ids::{AttemptId, BatchId, Digest, JobId};
pub use job::{Chunking, FrameOrder, FrameState, JobRecord, JobSpec, JobStatus};
pub use needs::{Boost, GpuLease, GpuNeed, Lease, LevelNeeds, Needs, Usage};
pub use node::{Budget, Closed, GpuStanding, GpuStatus, Limit, LimitPer};
pub use notice::{Happening, Notice, NoticeId, NoticeSeverity};
pub use path_map::{Os, PathMap};
pub use size::{Bytes, ParseBytesError};
pub use time::{Seconds, Timestamp};
