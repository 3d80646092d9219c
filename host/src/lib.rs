//! farmhand, the daemon and its command line: the parts that the other crates provide, put together.
//!
//! `farm` decides in which order durable state, processes and announcements happen; `api` alone knows HTTP; `cli`
//! alone prints; `trial` asks a plugin outside of the farm. What is decided is `farmhand-scheduler`'s job, wasm is
//! `farmhand-plugin`'s, processes are `farmhand-runner`'s.

pub mod api;
pub mod author;
pub mod batch;
pub mod cleanup;
pub mod cli;
pub mod config;
pub mod farm;
mod near_miss;
mod notify;
mod refused;
mod report;
pub mod scene;
pub mod shell;
pub mod trial;
