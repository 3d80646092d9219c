//! The plugin engine from the outside: components that misbehave, files that change, calls by the hundred.
//!
//! The guest is one prebuilt component that behaves as it is told (`fixtures/guest`); no test needs a compiler for
//! WebAssembly.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod calls;
mod gate;
mod hooks;
mod hostile;
mod minors;
mod needs;
mod script;
mod support;
mod versions;
mod watch;
