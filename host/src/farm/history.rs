//! The machine's last two minutes, for curves on the page: a look every two seconds, each also told on the bus.
//!
//! A look reads two small files of the kernel's; what GPUs do was asked by their monitor already.

use super::parts::Parts;
use farmhand_model::event::FarmEvent;
use farmhand_model::sample::{GpuSample, NodeHistory, NodeSample};
use farmhand_resource::gpu::GpuReading;
use farmhand_resource::node::CpuTimes;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// From one sample to the next.
const INTERVAL: Duration = Duration::from_secs(2);
/// Samples that are kept: two minutes.
const KEPT: usize = 60;

/// The last samples.
#[derive(Debug, Default)]
pub(super) struct History {
    samples: Mutex<VecDeque<NodeSample>>,
}

impl History {
    fn push(&self, sample: NodeSample) {
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        samples.push_back(sample);
        let surplus = samples.len().saturating_sub(KEPT);
        samples.drain(..surplus);
    }

    pub(super) fn view(&self) -> NodeHistory {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        NodeHistory {
            interval_seconds: INTERVAL.as_secs_f64(),
            samples_kept: KEPT as u32,
            samples: samples.iter().cloned().collect(),
        }
    }
}

/// Looks for as long as the farm lives.
pub(super) async fn follow(parts: Arc<Parts>) {
    let mut ticks = tokio::time::interval(INTERVAL);
    // A machine that slept has nothing to catch up on.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before: Option<CpuTimes> = None;
    loop {
        ticks.tick().await;
        let times = CpuTimes::now();
        let cpu = times.zip(before).and_then(|(now, before)| now.busy_since(before));
        before = times;
        let available = farmhand_resource::node::memory_available();
        let sample = NodeSample {
            at: parts.clock.now(),
            cpu,
            memory_used_bytes: available.map(|free| parts.node.memory_bytes.saturating_sub(free)),
            gpus: gpus(&parts.gpus.reading()),
        };
        parts.history.push(sample.clone());
        parts.bus.publish(FarmEvent::Sample { sample });
    }
}

fn gpus(reading: &GpuReading) -> Vec<GpuSample> {
    let sample = |seen: &farmhand_resource::gpu::GpuSeen| {
        let figures = seen.figures.as_ref().ok()?;
        Some(GpuSample {
            uuid: seen.gpu.uuid.clone(),
            utilisation: figures.utilisation,
            memory_used_bytes: figures.memory_used_bytes,
        })
    };
    reading.gpus.iter().filter_map(sample).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::Timestamp;

    #[test]
    fn only_the_last_samples_are_kept() {
        let history = History::default();
        for at in 0..KEPT as i64 + 3 {
            history.push(NodeSample {
                at: Timestamp(at),
                cpu: None,
                memory_used_bytes: None,
                gpus: Vec::new(),
            });
        }
        let view = history.view();
        assert_eq!((view.samples.len(), view.samples[0].at), (KEPT, Timestamp(3)));
        assert_eq!(f64::from(view.samples_kept) * view.interval_seconds, 120.0);
    }
}
