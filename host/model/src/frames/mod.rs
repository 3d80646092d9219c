//! Frame sets: which frames, as people write them (`1-100x5,200`) and as the farm counts them.
//!
//! Not its job: what state a frame is in, which is the scheduler's, and which frames go together in one process.

mod parse;
mod runs;
mod set;

pub use parse::ParseFramesError;
pub use runs::Run;
pub use set::{FrameSet, MAX_FRAMES, TooManyFrames};
