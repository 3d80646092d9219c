//! What this machine has: cores, memory, disks, GPUs, whoever works at it, and the programs that plugins may run.
//!
//! It looks and reports. Who gets what is the scheduler's business, and starting renders is the runner's.

pub mod activity;
pub mod disks;
pub mod gpu;
pub mod node;
pub mod tools;

pub use activity::{ActivityProbe, Input};
pub use disks::{Disk, DiskProbe, DiskReport};
pub use gpu::{GpuReading, GpuState};
pub use node::NodeFacts;
pub use tools::{FoundTool, ToolFinder, ToolProblem, ToolSource, ToolVersion, Unusable};
