//! NVIDIA GPUs, asked through the driver's own library: which there are, what they do, and who uses them. A machine
//! without GPUs, without a driver, with a driver that hangs, or with a GPU that falls off the bus while it renders is a
//! state with a name, never a crash.
//!
//! [`GpuMonitor`] looks every few seconds; [`standing`] says which GPUs people keep from renders. Which GPU renders what
//! is not decided here.

mod driver;
mod monitor;
mod places;
pub mod process;
mod reading;
pub mod standing;
mod state;

pub use monitor::{GpuMonitor, MonitorSettings, probe};
pub use reading::{GpuFigures, GpuProcess, GpuProcessKind, GpuReading, GpuSeen};
pub use state::GpuState;
