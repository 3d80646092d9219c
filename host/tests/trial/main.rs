//! Plugins tried outside of the farm: the recorded logs of `tests/corpus` through the components that travel with
//! farmhand, and what a changed rule changes.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod changed_rule;
mod corpus;
mod support;
