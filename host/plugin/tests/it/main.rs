//! The plugin engine from the outside: components that misbehave, files that change, calls by the hundred.
//!
//! The guest is one prebuilt component that behaves as it is told (`fixtures/guest`); no test needs a compiler for
//! WebAssembly.

mod calls;
mod gate;
mod hostile;
mod support;
mod watch;
