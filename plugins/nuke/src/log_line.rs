//! A line of Nuke's output without what Nuke puts around it, and what it says about frames and files.

use farmhand_sdk::text;

/// What a line tells about the render.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Progress<'a> {
    /// `Writing /out/a.0001.exr took 0.13 seconds`
    Wrote(&'a str),
    /// `Frame 1077 (1 of 10)`: printed after the frame is written.
    FrameOver(i32),
    /// `EXECUTING VIEW "left"`
    View(&'a str),
    /// `Nuke 15.1v1, 64 bit, built Jun  6 2024.`
    Version(&'a str),
}

/// Takes the tenths of a frame off that Nuke prints without ending the line: `.1.2Frame 7 (1 of 2)` gives 0.2 and
/// `Frame 7 (1 of 2)`.
#[must_use]
pub fn without_tenths(line: &str) -> (Option<f32>, &str) {
    let mut rest = line.trim_start();
    let mut last = None;
    while let [b'.', tenth @ b'1'..=b'9', after @ ..] = rest.as_bytes() {
        // `.15` is a number, and `.1` at the end of a line or before a word is a tenth.
        if after.first().is_some_and(u8::is_ascii_digit) {
            break;
        }
        last = Some(f32::from(tenth - b'0') / 10.0);
        rest = rest[2..].trim_start();
    }
    (last, rest)
}

/// Takes the time off that messages carry: `[10:47.47] Warning: …`.
#[must_use]
pub fn without_time(line: &str) -> &str {
    let is_time = |inner: &str| {
        !inner.is_empty()
            && inner.contains(':')
            && inner.bytes().all(|byte| byte.is_ascii_digit() || b":.".contains(&byte))
    };
    match line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inner, rest)) if is_time(inner) => rest.trim_start(),
        _ => line,
    }
}

impl<'a> Progress<'a> {
    /// Reads a line that has been freed of tenths and time.
    #[must_use]
    pub fn parse(line: &'a str) -> Option<Self> {
        match line.as_bytes().first()? {
            b'W' => {
                // A path may have spaces, and ` took ` in it.
                let (path, took) = line.strip_prefix("Writing ")?.rsplit_once(" took ")?;
                took.contains("second").then_some(Progress::Wrote(path))
            }
            b'F' => {
                let (frame, rest) = text::signed(line.strip_prefix("Frame ")?)?;
                rest.starts_with(" (").then_some(Progress::FrameOver(frame))
            }
            b'E' => Some(Progress::View(text::between(line.strip_prefix("EXECUTING VIEW")?, "\"", "\"")?)),
            b'N' => {
                let version = line.strip_prefix("Nuke ")?.split([',', ' ']).next()?;
                version.starts_with(|c: char| c.is_ascii_digit()).then_some(Progress::Version(version))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenths_come_off_and_other_numbers_stay() {
        for (line, expected) in [
            (".2", (Some(0.2), "")),
            (".1.2.3", (Some(0.3), "")),
            (".9Frame 7 (1 of 2)", (Some(0.9), "Frame 7 (1 of 2)")),
            (".1 .2 Writing /a took 1 seconds", (Some(0.2), "Writing /a took 1 seconds")),
            (".15", (None, ".15")),
            ("./a", (None, "./a")),
            ("", (None, "")),
        ] {
            assert_eq!(without_tenths(line), expected, "{line}");
        }
    }

    #[test]
    fn only_times_come_off() {
        for (line, expected) in [
            ("[10:47.47] Warning: x", "Warning: x"),
            ("[2026-11-22 08:00:00] opening", "[2026-11-22 08:00:00] opening"),
            ("[]", "[]"),
            ("[argv 0] x", "[argv 0] x"),
        ] {
            assert_eq!(without_time(line), expected, "{line}");
        }
    }

    #[test]
    fn lines_about_frames_and_files() {
        for (line, expected) in [
            (
                "Writing /a b/it took 2.0007.exr took 0.13 seconds",
                Some(Progress::Wrote("/a b/it took 2.0007.exr")),
            ),
            ("Writing a report", None),
            ("Frame 1077 (1 of 10)", Some(Progress::FrameOver(1077))),
            ("Frame -5 (1 of 1)", Some(Progress::FrameOver(-5))),
            ("Frame rate", None),
            ("EXECUTING VIEW \"left\"", Some(Progress::View("left"))),
            ("Nuke 15.1v1, 64 bit, built Jun  6 2024.", Some(Progress::Version("15.1v1"))),
            ("Nuke script", None),
            ("", None),
        ] {
            assert_eq!(Progress::parse(line), expected, "{line}");
        }
    }
}
