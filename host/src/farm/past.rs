//! What the attempts and frames of one job come to: the times of its frames, its attempts as a time line, and what
//! went wrong. It gathers what others decided, and decides nothing; how what went wrong is put together is `trouble`'s.

use super::trouble::{faults, is_fine, missed, trouble, worst};
use super::{Farm, FarmError, internal};
use farmhand_model::dcc::Problem;
use farmhand_model::past::{AttemptCost, AttemptSpan, TimelineView, TimesView, TroubleView};
use farmhand_model::{AttemptRecord, AttemptState, FrameSet, JobId, JobRecord, PluginStamp, Seconds, Usage};
use farmhand_scheduler::Scheduler;
use farmhand_store::TimesFilter;

/// Attempts that a time line or a summary looks at, newest first. Records are some kilobytes each.
const MOST_ATTEMPTS: usize = 10_000;
const ATTEMPTS_A_READ: u32 = 1000;

/// Which part of a layer's times is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimesQuery {
    /// The layer; absent: the only one, or the first.
    pub layer: Option<String>,
    /// The first frame.
    pub from: Option<i32>,
    /// The last frame.
    pub to: Option<i32>,
    /// At most this many frames.
    pub limit: u32,
}

impl Farm {
    /// How long the rendered frames of one layer took.
    pub async fn times(&self, id: JobId, query: TimesQuery) -> Result<TimesView, FarmError> {
        let record = self.record(id).await?;
        let layer = layer_of(&record, query.layer.as_deref())?;
        let from = query.from.unwrap_or(i32::MIN);
        let to = query.to.unwrap_or(i32::MAX);
        let limit = query.limit.max(1);
        let filter = TimesFilter { job: id, layer, from, to, limit };
        let mut times = self.store().frame_times(filter).await.map_err(internal)?;
        for cost in times.costs.iter_mut().filter(|cost| cost.decision.is_none()) {
            *cost = self.cost_so_far(cost).await?;
        }
        let mut frames = FrameSet::new();
        let mut seconds = Vec::with_capacity(times.frames.len());
        let mut attempts = Vec::with_capacity(times.frames.len());
        for (frame, took, attempt) in &times.frames {
            frames.insert(*frame);
            // More digits than a clock has only make the answer longer.
            seconds.push(took.map(|took| Seconds((took * 1000.0).round() / 1000.0)));
            attempts.push(*attempt);
        }
        frames.compact();
        let is_full = times.frames.len() == limit as usize;
        let next = if is_full { frames.last().and_then(|last| last.checked_add(1)) } else { None };
        let layer = record.layer_name(layer).map(str::to_owned);
        Ok(TimesView { job: id, layer, frames, seconds, attempts, costs: times.costs, next })
    }

    /// Its attempts as bars of a time line.
    pub async fn timeline(&self, id: JobId) -> Result<TimelineView, FarmError> {
        self.record(id).await?;
        let (records, is_cut) = self.past_attempts(id).await?;
        let mut plugins: Vec<PluginStamp> = Vec::new();
        let spans = records
            .iter()
            .map(|record| {
                let plugin = record.plugin.as_ref().map(|stamp| place_of(&mut plugins, stamp));
                span(record, self.inner.parts.usage_so_far(record), plugin)
            })
            .collect();
        Ok(TimelineView { job: id, spans, plugins, is_cut })
    }

    /// What went wrong with it.
    pub async fn trouble(&self, id: JobId) -> Result<TroubleView, FarmError> {
        let frames = self.frames(id).await?;
        let (records, is_cut) = self.past_attempts(id).await?;
        Ok(trouble(&frames, &records, is_cut))
    }

    async fn record(&self, id: JobId) -> Result<JobRecord, FarmError> {
        self.store().job(id).await.map_err(internal)?.ok_or(FarmError::NoJob(id))
    }

    async fn cost_so_far(&self, cost: &AttemptCost) -> Result<AttemptCost, FarmError> {
        let record = self.attempt_record(cost.attempt).await?;
        let peak_memory_bytes = self.inner.parts.usage_so_far(&record).peak_memory_bytes;
        Ok(AttemptCost { peak_memory_bytes, ..cost.clone() })
    }

    /// The newest attempts as they are now, and whether there are earlier ones.
    async fn past_attempts(&self, id: JobId) -> Result<(Vec<AttemptRecord>, bool), FarmError> {
        let mut found: Vec<AttemptRecord> = Vec::new();
        loop {
            let before = found.last().map(|last| last.id);
            let page = self.store().attempts(id, before, ATTEMPTS_A_READ).await.map_err(internal)?;
            let is_last = page.len() < ATTEMPTS_A_READ as usize;
            found.extend(page);
            if is_last || found.len() >= MOST_ATTEMPTS {
                let live = move |scheduler: &Scheduler, _| {
                    for kept in found.iter_mut().filter(|kept| kept.is_live()) {
                        if let Some(newer) = scheduler.attempt(kept.id) {
                            *kept = newer.clone();
                        }
                    }
                    found
                };
                return Ok((self.ask(live).await?, !is_last));
            }
        }
    }
}

/// The layer that is meant, by its index.
pub(super) fn layer_of(record: &JobRecord, name: Option<&str>) -> Result<u32, FarmError> {
    let Some(name) = name else { return Ok(0) };
    record.layer_index(Some(name)).ok_or_else(|| {
        let has = match record.spec.layers.as_slice() {
            [] => "it names none".to_owned(),
            layers => format!("its layers are {}", layers.join(", ")),
        };
        let message = format!("job {} has no layer `{name}`; {has}", record.id);
        FarmError::Invalid(vec![Problem { field: "/layer".to_owned(), message }])
    })
}

fn place_of(plugins: &mut Vec<PluginStamp>, stamp: &PluginStamp) -> u32 {
    let place = plugins.iter().position(|known| known == stamp).unwrap_or_else(|| {
        plugins.push(stamp.clone());
        plugins.len() - 1
    });
    place as u32
}

fn span(record: &AttemptRecord, live: Usage, plugin: Option<u32>) -> AttemptSpan {
    let (ended, usage, decision, reason) = match &record.state {
        AttemptState::Ended { at, outcome, verdict, .. } => {
            let reason = (!is_fine(record)).then(|| verdict.reason.clone());
            (Some(*at), outcome.usage, Some(verdict.decision.name().to_owned()), reason)
        }
        _ => (None, live, None, None),
    };
    AttemptSpan {
        id: record.id,
        layer: record.layer.clone(),
        frames: record.frames.clone(),
        missed: if ended.is_some() { missed(record) } else { FrameSet::new() },
        level: record.level,
        level_name: record.level_name.clone(),
        try_number: record.try_number,
        plugin,
        gpus: record.lease.gpus.iter().map(|held| held.gpu.index).collect(),
        started: record.started,
        running: record.steps.running,
        first_frame: record.steps.first_frame,
        process_ended: record.steps.process_ended,
        ended,
        decision,
        cause: worst(faults(record)).map(|fault| fault.cause),
        reason,
        peak_memory_bytes: usage.peak_memory_bytes,
    }
}
