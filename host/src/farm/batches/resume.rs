//! What an earlier submission has done of a job: the job of the same content that was submitted last, where it stands,
//! and whether its images are still those that it made.
//!
//! A frame counts as rendered only while its image is there, has the size that it had when it was verified, and was not
//! written since. One that fails this is rendered again: nobody can tell which job wrote it.

use crate::farm::parts::Parts;
use farmhand_model::batch::Standing;
use farmhand_model::{FrameRecord, FrameSet, JobId, JobStatus, RestoredJob};
use farmhand_store::StoreError;
use std::time::{Duration, SystemTime};

/// How far the clock of a file server may be ahead.
const CLOCK_SLACK: Duration = Duration::from_secs(10);

/// A job of an earlier submission, and what to do with it.
pub(super) struct Earlier {
    pub(super) job: JobId,
    pub(super) status: JobStatus,
    pub(super) kept: RestoredJob,
    pub(super) standing: Standing,
    pub(super) reason: String,
    /// Done frames whose images are gone, by layer index.
    pub(super) lost: Vec<FrameSet>,
}

/// What there is of that job; nothing where it is gone.
pub(super) async fn look(parts: &Parts, id: JobId) -> Result<Option<Earlier>, StoreError> {
    let Some(kept) = parts.store.restored_job(id).await? else { return Ok(None) };
    let status = kept.record.status;
    let mut lost = Vec::new();
    let (standing, reason) = if status.is_end() {
        let frames = parts.store.latest_frames(id, u32::MAX).await?;
        let layers = kept.record.layer_count();
        let looked = tokio::task::spawn_blocking(move || lost_frames(&frames, layers)).await;
        // Whoever cannot look does not know that they are there.
        lost =
            looked.unwrap_or_else(|_| kept.done.iter().zip(&kept.skipped).map(|(a, b)| a.union(b)).collect());
        judge(&kept, &lost)
    } else {
        let name = serde_json::to_value(status).unwrap_or_default();
        (
            Standing::Continued,
            format!("job {id} of an earlier submission is {}", name.as_str().unwrap_or_default()),
        )
    };
    Ok(Some(Earlier { job: id, status, kept, standing, reason, lost }))
}

fn judge(kept: &RestoredJob, lost: &[FrameSet]) -> (Standing, String) {
    let (id, counts) = (kept.record.id, &kept.record.counts);
    let gone: u64 = lost.iter().map(FrameSet::len).sum();
    let all = lost.iter().fold(FrameSet::new(), |all, frames| all.union(frames));
    let frames = |count: u64| if count == 1 { "1 frame".to_owned() } else { format!("{count} frames") };
    let undone = counts.total - counts.done - counts.skipped;
    let mut reason = match kept.record.status {
        JobStatus::Done if gone == 0 => {
            let reason = format!(
                "job {id} has rendered it, and the images of its {} are in place",
                frames(counts.total)
            );
            return (Standing::Complete, reason);
        }
        JobStatus::Done => format!("job {id} has rendered it"),
        JobStatus::Cancelled => format!("job {id} was cancelled with {} to render", frames(undone)),
        _ => format!("job {id} failed with {} undone", frames(undone)),
    };
    if gone > 0 {
        reason.push_str(&format!(", but {all}: no image, or not the one that it made"));
    }
    (Standing::Retried, reason)
}

fn lost_frames(frames: &[FrameRecord], layers: usize) -> Vec<FrameSet> {
    let mut lost = vec![FrameSet::new(); layers];
    for frame in frames.iter().filter(|frame| !is_in_place(frame)) {
        if let Some(set) = lost.get_mut(frame.layer as usize) {
            set.insert(frame.frame);
        }
    }
    lost
}

fn is_in_place(frame: &FrameRecord) -> bool {
    // A command whose exit code decides makes no image.
    if frame.path.is_empty() {
        return true;
    }
    let Ok(found) = std::fs::metadata(&frame.path) else { return false };
    let verified = SystemTime::UNIX_EPOCH + Duration::from_millis(frame.at.0.max(0) as u64);
    let is_untouched = found.modified().is_ok_and(|written| written <= verified + CLOCK_SLACK);
    found.is_file() && found.len() == frame.bytes && is_untouched
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::Timestamp;

    #[test]
    fn an_image_is_in_place_while_nobody_has_touched_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shot_0001.png");
        let write = |text: &str| std::fs::write(&path, text).unwrap();
        write("image");
        let since = std::fs::metadata(&path).unwrap().modified().unwrap();
        let at = Timestamp(since.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as i64);
        let frame = FrameRecord {
            job: JobId(1),
            layer: 0,
            frame: 1,
            attempt: None,
            path: path.display().to_string(),
            bytes: 5,
            seconds: None,
            at,
        };
        assert!(is_in_place(&frame));
        assert!(
            !is_in_place(&FrameRecord { at: Timestamp(at.0 - 60_000), ..frame.clone() }),
            "written since"
        );
        write("other image");
        assert!(!is_in_place(&frame), "another size");
        std::fs::remove_file(&path).unwrap();
        assert!(!is_in_place(&frame), "gone");
        assert!(is_in_place(&FrameRecord { path: String::new(), ..frame }), "never had one");
    }
}
