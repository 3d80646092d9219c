//! A farm's life by dice: random jobs, failures of every kind, stalls, reloads, commands, licences that are
//! missing, hooks that fail, GPUs that break, fall off the bus and are taken by others, budgets that change, reports that
//! come late or twice, and crashes after which everything goes on from what was durable. After every step no frame is lost
//! or held twice and nothing is oversubscribed; at the end every job has ended that nobody holds up.
//!
//! A failing run names its seed; `SIMULATION_SEED=<seed>` runs that one alone.

mod dice;
mod hooks;
mod leases;
mod licences;
mod people;
mod renders;
mod store;
mod time;
mod world;

use dice::Dice;
use std::panic::{AssertUnwindSafe, catch_unwind};
use world::{Mood, World};

/// Runs the seeds `first..first + count`, each a world of its own.
fn simulate(mood: Mood, first: u64, count: u64) {
    let single = std::env::var("SIMULATION_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = single.map_or(first..first + count, |seed| seed..seed + 1);
    for seed in seeds {
        let run = || {
            let mut world = World::new(Dice::new(seed), mood);
            world.live();
            world.drain();
        };
        assert!(catch_unwind(AssertUnwindSafe(run)).is_ok(), "the world of seed {seed} broke");
    }
}

#[test]
fn farms_with_everything() {
    simulate(Mood { crashes: true, commands: true, failures: true }, 0, 500);
}

#[test]
fn farms_that_crash() {
    simulate(Mood { crashes: true, commands: false, failures: false }, 10_000, 300);
}

#[test]
fn farms_that_fail() {
    simulate(Mood { crashes: false, commands: false, failures: true }, 20_000, 400);
}

#[test]
fn farms_that_people_play_with() {
    simulate(Mood { crashes: false, commands: true, failures: false }, 30_000, 300);
}
