//! Names that farmhand and its plugins give to files. What fits none of them is somebody else's.

use farmhand_model::hooks::Moment;
use farmhand_model::{AttemptId, JobId};

/// Below a scene's or an output's directory, for what is farmhand's own.
pub(super) const OWN_DIR: &str = ".farmhand";
/// In there, for temporary scenes.
pub(super) const SCENES_DIR: &str = "scenes";
/// Beside a Nuke script, for the scripts that are generated from it, each in a directory of its name.
pub(super) const SCRIPTS_DIR: &str = "py";

/// `render_{Write}_f{frames}_{time}.py`, such as `render_Write2_f001_1719428123.py`.
pub(super) fn is_script(name: &str) -> bool {
    let Some(inner) = name.strip_prefix("render_").and_then(|name| name.strip_suffix(".py")) else {
        return false;
    };
    // The node's own name may have an `_f` in it.
    inner.match_indices("_f").any(|(at, _)| at > 0 && is_frames_and_time(&inner[at + 2..]))
}

fn is_frames_and_time(text: &str) -> bool {
    let Some((frames, time)) = text.split_once('_') else { return false };
    let are_frames = frames.bytes().any(|byte| byte.is_ascii_digit())
        && frames.bytes().all(|byte| byte.is_ascii_digit() || b"-,x".contains(&byte));
    let mut parts = time.split(['_', '-']);
    are_frames
        && time.split(['_', '-']).any(is_time)
        && parts.all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Begins with eight digits: a date, or seconds since 1970.
fn is_time(text: &str) -> bool {
    text.len() >= 8
        && text.bytes().take(8).all(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The scene's name in `render_{scene}_{time}_{layer}_{pid}.ma`, or `.mb`.
pub(super) fn scene_of_temporary(name: &str) -> Option<&str> {
    let inner = name.strip_suffix(".ma").or_else(|| name.strip_suffix(".mb"))?.strip_prefix("render_")?;
    let (rest, pid) = inner.rsplit_once('_')?;
    if pid.is_empty() || !pid.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Scenes and layers may have underscores, and scenes dates, in their names. The last part that can be a time is
    // taken: where that is wrong, scenes are told apart that are one, and more of them are kept.
    let mut end = rest.len();
    while let Some(at) = rest[..end].rfind('_') {
        let part_end = rest[at + 1..].find('_').map(|next| at + 1 + next);
        if let Some(part_end) = part_end
            && at > 0
            && part_end + 1 < rest.len()
            && is_time(&rest[at + 1..part_end])
        {
            return Some(&rest[..at]);
        }
        end = at;
    }
    None
}

/// The attempt of a staging directory.
pub(super) fn attempt_of(name: &str) -> Option<AttemptId> {
    // The parser allows for more than farmhand ever writes.
    let is_number = !name.starts_with('0') && name.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| name.parse().ok()).flatten()
}

/// A file that was being written beside its place when the daemon was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Draft {
    /// An image, `.{name}.farmhand-{attempt}`.
    Image(AttemptId),
    /// What a hook wrote, `.{name}.farmhand-part`.
    Hook,
}

/// What a hidden file of such a name is.
pub(super) fn draft(name: &str) -> Option<Draft> {
    let (name, whose) = name.strip_prefix('.')?.rsplit_once(".farmhand-")?;
    match whose {
        _ if name.is_empty() => None,
        "part" => Some(Draft::Hook),
        attempt => attempt_of(attempt).map(Draft::Image),
    }
}

/// Whether it is `{job}-{moment}`, for the logs of a job's hooks.
pub(super) fn is_of_job_hooks(name: &str) -> bool {
    name.split_once('-').is_some_and(|(job, moment)| {
        job.parse::<JobId>().is_ok() && Moment::ALL.iter().any(|known| known.name() == moment)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_known_by_their_whole_name() {
        for name in [
            "render_Write2_f001_1719428123.py",
            "render_BeautyPass_f024_1719428124.py",
            "render_BeautyPass_f024_1719428124_9.py",
            "render_Write_final_f-010_1719428123.py",
            "render_a_f1_b_f001-010_20260101_101500.py",
            "render_Write1_f1-9x2,20_20260101T101500Z_12.py",
        ] {
            assert!(is_script(name), "{name}");
        }
        for name in [
            "render_Write2_f001.py",
            "render_Write2_f001_1719428123.pyc",
            "render_Write2_f001_1719428123.py.bak",
            "render_Write2_001_1719428123.py",
            "render__f001_1719428123x y.py",
            "render_f001_1719428123.py",
            "render_Write2_fxx_1719428123.py",
            "render_Write2_f001_v2.py",
            "render_Write2_f001__1719428123.py",
            "my_render_Write2_f001_1719428123.py",
            "render_tools.py",
            "",
        ] {
            assert!(!is_script(name), "{name}");
        }
    }

    #[test]
    fn temporary_scenes_name_their_scene() {
        let check = |name: &str, expect: Option<&str>| assert_eq!(scene_of_temporary(name), expect, "{name}");
        check("render_shot_1719428123_beauty_4711.ma", Some("shot"));
        check("render_shot_010_v2_1719428123_rs_beauty_4711.mb", Some("shot_010_v2"));
        check("render_shot_20260101_101500_all_4711.ma", Some("shot"));
        check("render_shot_20250101_v2_20260101T101500_all_4711.ma", Some("shot_20250101_v2"));
        check("render_häuser_1719428123_layer_1.ma", Some("häuser"));
        check("render_shot_20261122-084500_masterLayer_4711.ma", Some("shot"));
        check("render_shot_1719428123_4711.ma", None);
        check("render_shot_1719428123_beauty_pid.ma", None);
        check("render_shot_beauty_4711.ma", None);
        check("render__1719428123_beauty_4711.ma", None);
        check("render_shot_1719428123__4711.ma", None);
        check("shot_1719428123_beauty_4711.ma", None);
        check("render_shot_1719428123_beauty_4711.ma~", None);
        check("render_shot_1719428123_beauty_4711.blend", None);
    }

    #[test]
    fn attempts_are_numbers_as_farmhand_writes_them() {
        let check =
            |name: &str, expect: Option<u64>| assert_eq!(attempt_of(name), expect.map(AttemptId), "{name}");
        check("12", Some(12));
        check("012", None);
        check(" 12", None);
        check("+12", None);
        check("12a", None);
        check("", None);
        check("99999999999999999999999", None);
    }

    #[test]
    fn what_was_not_finished_is_hidden() {
        let check = |name: &str, expect| assert_eq!(draft(name), expect, "{name}");
        check(".shot_0001.png.farmhand-7", Some(Draft::Image(AttemptId(7))));
        check(".manifest.json.farmhand-part", Some(Draft::Hook));
        check(".farmhand-7", None);
        check("shot_0001.png.farmhand-7", None);
        check(".shot_0001.png.farmhand-x", None);
        check(".shot_0001.png.farmhand-7.bak", None);
    }

    #[test]
    fn hooks_of_jobs_are_told_by_job_and_moment() {
        let check = |name: &str, expect| assert_eq!(is_of_job_hooks(name), expect, "{name}");
        check("12-before-job", true);
        check("12-after-job", true);
        check("12", false);
        check("12-notes", false);
        check("notes-before-job", false);
    }
}
