//! A stand-in for NVIDIA's management library, for tests: it exports the C functions that farmhand calls through
//! `nvml-wrapper`, so that the real wrapper and farmhand's real code run on a machine without a GPU.
//!
//! It knows no GPU. What it answers stands in a JSON file beside the library, `LIBRARY.json`, or in the file that
//! `NVML_STANDIN_STATE` names, which it reads at each call: a test changes that by a rename while a daemon runs. GPUs
//! with other people's processes, errors of the whole driver or of one GPU, and calls that hang are all states.
//!
//! [`StandIn`] puts a copy of the library into a test's directory. It says nothing about how well farmhand gets on with
//! a real driver; the same tests on a machine with a GPU do.

mod abi;
mod install;
mod state;

pub use install::StandIn;
pub use state::{ALL_CALLS, Gpu, Kind, Process, State, code};
