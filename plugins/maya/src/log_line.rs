//! What a line of Maya or of one of its renderers says while all goes well: how far a frame is, which image was
//! written, how Maya ended. What goes wrong is in `faults`.

use farmhand_sdk::{Rule, text};

/// What a line says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Said<'a> {
    /// Of the current frame, 0 to 1.
    Progress(f32),
    /// One of so many blocks is done; they come in any order.
    Block(u64),
    /// This frame begins.
    Frame(i32),
    /// This image is whole.
    Written(&'a str),
    /// The renderer lets go of the frame.
    FrameEnd,
    /// `Render` is through with the scene.
    Completed,
    /// The exit code of the Maya that `Render` ran.
    Exited(i32),
    /// Bytes that the renderer holds, and the most that it held.
    Memory(u64),
}

const fn mark(needle: &'static [&'static str]) -> Rule<()> {
    Rule { needles: needle, then: () }
}

/// Lines without any of these say nothing of the kind, and most lines have none: renderers print thousands a second.
pub static MARKS: [Rule<()>; 14] = [
    mark(&["Finished Rendering "]),
    mark(&["Successfully written image file "]),
    mark(&[" completed."]),
    mark(&["// Maya exited with status "]),
    mark(&["% done"]),
    mark(&["Rendering image...:"]),
    mark(&["[PROGRESS] "]),
    mark(&["] Block "]),
    mark(&["Rendering frame "]),
    mark(&["rfm Notice: Rendering "]),
    mark(&["| render done"]),
    mark(&["V-Ray: Render complete"]),
    mark(&["| releasing resources"]),
    mark(&["peak CPU memory used"]),
];

/// RenderMan's progress, `R90000   12%`, is too short for a mark.
#[must_use]
pub fn is_percentage(line: &str) -> bool {
    line.starts_with('R') && line.trim_end().ends_with('%')
}

/// Reads a line; `None` for most.
#[must_use]
pub fn read(line: &str) -> Option<Said<'_>> {
    let line = line.trim();
    if let Some(path) = line.strip_prefix("Finished Rendering ") {
        return Some(Said::Written(path.strip_suffix('.').unwrap_or(path)));
    }
    if let Some(path) = text::after(line, "Successfully written image file ") {
        return Some(Said::Written(path.trim_matches('"')));
    }
    if line.starts_with("Scene ") && line.ends_with(" completed.") {
        return Some(Said::Completed);
    }
    if let Some(code) = line.strip_prefix("// Maya exited with status ") {
        return text::signed(code).map(|(code, _)| Said::Exited(code));
    }
    if line.contains('%') {
        return progress(line).map(Said::Progress);
    }
    if let Some((_, blocks)) = text::ratio_after(line, "] Block ") {
        return Some(Said::Block(blocks));
    }
    if let Some(rest) = text::after(line, "Rendering frame ") {
        return text::signed(rest).map(|(frame, _)| Said::Frame(frame));
    }
    if line.starts_with("rfm Notice: Rendering ") {
        let (_, frame) = line.rsplit_once(" at ")?;
        return text::signed(frame).map(|(frame, _)| Said::Frame(frame));
    }
    if line.contains("| render done") || line.contains("V-Ray: Render complete") {
        return Some(Said::Progress(1.0));
    }
    if line.contains("| releasing resources") {
        return Some(Said::FrameEnd);
    }
    let peak = text::after(line, "peak CPU memory used")?;
    text::bytes(peak.trim_start()).map(Said::Memory)
}

/// Arnold: `45% done`; V-Ray: `[PROGRESS] 12 percent` and `Rendering image...:  45.2%`; RenderMan: `R90000   12%`.
/// Any other percentage may be about memory.
fn progress(line: &str) -> Option<f32> {
    let number = if let Some((before, _)) = line.split_once("% done") {
        before.rsplit(|c: char| !c.is_ascii_digit() && c != '.').next()?
    } else if let Some(rest) = text::after(line, "Rendering image...:") {
        rest.trim().strip_suffix('%')?
    } else {
        let rest = line.strip_prefix('R')?.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.trim().strip_suffix('%')?
    };
    part(number)
}

/// A line of a generated script's own log, `[2026-01-31 12:00:00] …`: what it quotes was reported already.
#[must_use]
pub fn is_own(line: &str) -> bool {
    let is_stamp = |(byte, sign): (u8, u8)| if sign == b'0' { byte.is_ascii_digit() } else { byte == sign };
    let shape = b"[0000-00-00 00:00:00] ";
    line.len() >= shape.len() && line.bytes().zip(shape.iter().copied()).all(is_stamp)
}

/// `[PROGRESS] 45 percent` of Maya and V-Ray, which has no percent sign.
#[must_use]
pub fn percent(line: &str) -> Option<f32> {
    part(text::after(line, "[PROGRESS] ")?.split_once(" percent")?.0)
}

fn part(number: &str) -> Option<f32> {
    let percent: f32 = number.trim().parse().ok()?;
    (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_sdk::Rules;

    #[test]
    fn every_renderer_is_understood() {
        for (line, said) in [
            (
                "Finished Rendering C:/Users/me/images/test.0005.png.",
                Some(Said::Written("C:/Users/me/images/test.0005.png")),
            ),
            (
                "Successfully written image file \"P:\\a\\img.0001.exr\"",
                Some(Said::Written("P:\\a\\img.0001.exr")),
            ),
            ("Scene /show/kai.mb completed.", Some(Said::Completed)),
            ("// Maya exited with status -1073741819", Some(Said::Exited(-1_073_741_819))),
            ("12:34:56      32MB   |   45% done - 23 rays/pixel", Some(Said::Progress(0.45))),
            ("Rendering image...:  45.5%", Some(Said::Progress(0.455))),
            ("R90000   12%", Some(Said::Progress(0.12))),
            ("INFO : [Redshift] Block 32/48 (7,4) rendered by GPU 0 in 2ms", Some(Said::Block(48))),
            ("[Redshift] Rendering frame 3 (1/10)", Some(Said::Frame(3))),
            ("rfm Notice: Rendering masterLayer at 12", Some(Said::Frame(12))),
            ("00:00:01      64MB         | render done", Some(Said::Progress(1.0))),
            ("V-Ray: Render complete", Some(Said::Progress(1.0))),
            ("00:00:01      12MB         | releasing resources", Some(Said::FrameEnd)),
            (
                "00:00:01      64MB         |  peak CPU memory used        64.00MB",
                Some(Said::Memory(64 << 20)),
            ),
            ("memory: 45% of 64 GB used", None),
            ("Constructing shading groups.", None),
        ] {
            assert_eq!(read(line), said, "{line}");
            let is_marked = Rules::new(&MARKS).find(line).is_some() || is_percentage(line);
            assert!(is_marked || said.is_none(), "{line} has no mark");
        }
        for line in ["R90000   12%", "Rest: 12%"] {
            assert!(is_percentage(line));
        }
        assert_eq!(percent("[PROGRESS] 45 percent"), Some(0.45));
        assert_eq!(percent("45 percent"), None);
        assert!(is_own("[2026-11-22 09:02:59] stopped: no licence"));
        assert!(!is_own("[mtoa] Failed batch render") && !is_own("[2026"));
    }
}
