//! The scheduler as a whole, one behaviour a test.

mod batch;
mod commands;
mod endings;
mod flow;
mod gpus;
mod holds;
mod hooks;
mod leases;
mod levels;
mod lines;
mod memory;
mod reasons;
mod severities;
mod time;
