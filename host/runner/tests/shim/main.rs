//! The shim against real processes that behave badly, and against the death of everybody around it.
#![cfg(target_os = "linux")]

mod adoption;
mod bench;
mod output;
mod trees;
mod usage;
