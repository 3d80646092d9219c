//! `make bench`: speed and memory as ratios against baselines of the same run, since machines drift.
//!
//!   cargo bench -p farmhand            everything
//!   cargo bench -p farmhand -- noop    only the sections whose names are given: noop kill frames plugin blender
//!
//! It prints and asserts nothing about time; what must hold for correctness (no finished task runs again) stops it.

#![expect(clippy::print_stdout, reason = "its tables are what it is for")]

mod blender;
mod farm;
mod frames;
mod noop;
mod plugin;
mod report;
mod subject;

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let sections: [(&str, fn()); 5] = [
        ("noop", noop::throughput),
        ("kill", noop::after_a_kill),
        ("frames", frames::ten_million),
        ("plugin", plugin::calls),
        ("blender", blender::arrangements),
    ];
    for (name, run) in sections {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            run();
        }
    }
}
