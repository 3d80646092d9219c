//! Reports: reads what is known of a job or of the jobs of a batch and adds it up, one job after the other, so that the
//! memory that it takes does not grow with frames and attempts.
//!
//! How a report looks is `crate::report`'s job.

use super::attempt::Manifest;
use super::{Farm, FarmError, internal};
use crate::report::{AttemptTally, Room, TimesTally, error_of, summed};
use farmhand_model::batch::{EntryState, Standing};
use farmhand_model::report::{
    FrameTimes, JobConfig, JobReport, LayerFrames, PictureNote, Report, Subject, SubjectKind,
};
use farmhand_model::view::{CommandView, FramesView, JobView};
use farmhand_model::{AttemptId, FrameSet, FrameState, JobId, Seconds, Timestamp};

/// Rows read at once.
const PAGE: u32 = 5000;
/// Attempts read at once: each is a record of its own.
const ATTEMPTS: u32 = 200;
/// Pictures of a job that a report is about alone, and of one among others.
const PICTURES: [u32; 2] = [12, 3];

impl Farm {
    /// What became of a job so far.
    pub async fn job_report(&self, id: JobId) -> Result<Report, FarmError> {
        let job = self.one_report(id, Room::for_jobs(1)).await?;
        let subject = Subject {
            kind: SubjectKind::Job,
            id: id.0,
            name: job.name.clone(),
            user: job.user.clone(),
            submitted: job.submitted,
            started: job.started,
            finished: job.finished,
        };
        Ok(self.report_of(subject, vec![job]))
    }

    /// The report of these jobs.
    pub(super) fn report_of(&self, subject: Subject, jobs: Vec<JobReport>) -> Report {
        let generated = self.inner.parts.clock.now();
        let (mut summary, faults, plugins) = summed(&jobs);
        summary.duration = span(subject.started, subject.finished, generated);
        let farmhand = env!("CARGO_PKG_VERSION").to_owned();
        Report { generated, farmhand, subject, summary, faults, plugins, jobs }
    }

    /// What became of one job, with as much of it as there is room for.
    pub(super) async fn one_report(&self, id: JobId, room: Room) -> Result<JobReport, FarmError> {
        let view = self.job(id).await?;
        let frames = self.frames(id).await?;
        let times = self.report_times(&view, room).await?;
        let attempts = self.tally(id, room).await?;
        let JobView { summary, spec, notes, time, fallbacks, .. } = view;
        let state = EntryState::of(Standing::New, summary.status, summary.started.is_some(), &frames.counts);
        let faults = attempts.faults();
        let error = error_of(summary.failure.as_deref(), state, &frames.counts, &faults);
        let command = if room.commands || state == EntryState::Failed {
            self.last_command(&attempts.newest)
        } else {
            None
        };
        let alone = usize::from(room != Room::for_jobs(1));
        let pictures = self.pictures_of(id, &frames, PICTURES[alone]).await?;
        Ok(JobReport {
            id,
            name: summary.name,
            state,
            status: summary.status,
            user: summary.user,
            submitted: summary.submitted,
            started: summary.started,
            finished: summary.finished,
            duration: span(summary.started, summary.finished, self.inner.parts.clock.now()),
            failed_frames: failed(&frames),
            frames: frames.counts,
            skipped: (state == EntryState::Skipped)
                .then(|| "all of its images were there and whole before".to_owned()),
            error,
            times,
            time,
            attempts: attempts.count,
            plugins: attempts.plugins(),
            retries: attempts.retries.into(),
            retry_count: attempts.retry_count,
            fallbacks,
            peak_memory_bytes: attempts.peak_memory_bytes,
            peak_gpu_memory_bytes: attempts.peak_gpu_memory_bytes,
            faults,
            command,
            notes: notes.into_iter().take(room.notes).collect(),
            pictures,
            config: JobConfig {
                scene: spec.scene.display().to_string(),
                plugin: spec.plugin.name,
                frames: spec.frames,
                layers: spec.layers,
                output: spec.output,
                priority: summary.priority,
                options: spec.options,
            },
        })
    }

    async fn report_times(&self, view: &JobView, room: Room) -> Result<Option<FrameTimes>, FarmError> {
        let mut tally = TimesTally::new(&view.spec.layers, &view.spec.frames, room);
        let mut after = None;
        loop {
            let page = self.store().frame_seconds(view.summary.id, after, PAGE).await.map_err(internal)?;
            for frame in &page {
                tally.add(frame.layer, frame.frame, frame.seconds, frame.attempt);
            }
            match page.last() {
                Some(last) if page.len() == PAGE as usize => after = Some((last.layer, last.frame)),
                _ => return Ok(tally.finish()),
            }
        }
    }

    async fn tally(&self, id: JobId, room: Room) -> Result<AttemptTally, FarmError> {
        let mut tally = AttemptTally::new(room);
        let mut before = None;
        loop {
            let page = self.store().attempts(id, before, ATTEMPTS).await.map_err(internal)?;
            page.iter().for_each(|attempt| tally.add(attempt));
            match page.last() {
                Some(last) if page.len() == ATTEMPTS as usize => before = Some(last.id),
                _ => return Ok(tally),
            }
        }
    }

    /// The command of the newest of these attempts whose directory is still there.
    fn last_command(&self, newest: &[AttemptId]) -> Option<CommandView> {
        newest.iter().find_map(|id| {
            let manifest = Manifest::read(&self.inner.parts.attempt_dir(*id)).ok().flatten()?;
            Some(manifest.command_view())
        })
    }

    /// Frames spread over all that are there, the first and the last among them.
    async fn pictures_of(
        &self,
        id: JobId,
        frames: &FramesView,
        most: u32,
    ) -> Result<Vec<PictureNote>, FarmError> {
        let there = |state| matches!(state, FrameState::Done | FrameState::Skipped);
        let runs: Vec<_> = frames.runs.iter().filter(|run| there(run.state)).collect();
        // Of a job with layers, those of the first that has any: layers show the same moments.
        let Some(layer) = runs.first().map(|run| run.layer.clone()) else { return Ok(Vec::new()) };
        let mut all = FrameSet::new();
        runs.iter().filter(|run| run.layer == layer).for_each(|run| all.extend(&run.frames));
        let mut notes = Vec::new();
        for frame in spread(&all, most) {
            if let Some(image) = self.image(id, layer.clone(), frame).await? {
                notes.push(PictureNote { layer: layer.clone(), frame, path: image.path });
            }
        }
        Ok(notes)
    }
}

/// At most so many of them, evenly apart, with both ends.
fn spread(frames: &FrameSet, most: u32) -> Vec<i32> {
    let count = u32::try_from(frames.len()).unwrap_or(u32::MAX);
    let shown = most.min(count);
    let last = u64::from(count.saturating_sub(1));
    (0..shown)
        .filter_map(|index| {
            let at = u64::from(index) * last / u64::from(shown.saturating_sub(1).max(1));
            frames.nth(at as u32)
        })
        .collect()
}

fn failed(frames: &FramesView) -> Vec<LayerFrames> {
    let failed = frames.runs.iter().filter(|run| run.state == FrameState::Failed);
    failed.map(|run| LayerFrames { layer: run.layer.clone(), frames: run.frames.clone() }).collect()
}

/// From the start to the end, or until now.
fn span(started: Option<Timestamp>, finished: Option<Timestamp>, now: Timestamp) -> Option<Seconds> {
    Some(finished.unwrap_or(now).since(started?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_spread_over_what_is_there() {
        let check = |frames: &str, most, expect: &[i32]| {
            assert_eq!(spread(&frames.parse().unwrap(), most), expect, "{frames}");
        };
        check("1-9", 3, &[1, 5, 9]);
        check("1-2", 3, &[1, 2]);
        check("7", 3, &[7]);
        check("1-100", 12, &[1, 10, 19, 28, 37, 46, 55, 64, 73, 82, 91, 100]);
        assert_eq!(spread(&FrameSet::new(), 3), Vec::<i32>::new());
    }
}
