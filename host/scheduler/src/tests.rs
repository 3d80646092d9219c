//! The scheduler as a whole, one behaviour a test.

mod commands;
mod endings;
mod flow;
mod reasons;
