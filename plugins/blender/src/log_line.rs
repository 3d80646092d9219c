//! A line of Blender's log without what its versions put around it, and the figures in its status lines.

use farmhand_sdk::text;

/// A line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// What it says.
    pub text: &'a str,
    /// Whether it had the prefix of 5.0 and later.
    pub unified: bool,
}

impl<'a> LogLine<'a> {
    /// Takes the prefix of 5.0 and later off: `00:00.327  render           | Saved: …`. Time and memory may be
    /// missing from it, and a level other than info comes after the bar.
    #[must_use]
    pub fn new(line: &'a str) -> Self {
        let line = line.trim_end();
        let old = Self { text: line, unified: false };
        let Some((prefix, text)) = line.split_once("| ") else { return old };
        let mut words = prefix.split_whitespace().filter(|word| !is_figure(word));
        let is_category = |word: &str| {
            word.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte))
        };
        let known = prefix.ends_with(' ') && prefix.len() >= 17 && words.next().is_some_and(is_category);
        if !known || words.next().is_some() {
            return old;
        }
        let text = ["ERROR ", "WARNING ", "FATAL "]
            .iter()
            .find_map(|level| text.strip_prefix(level))
            .unwrap_or(text);
        Self { text, unified: true }
    }
}

/// A time such as `00:00.327`, or a memory figure such as `12.34M`.
fn is_figure(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        && word.bytes().all(|byte| byte.is_ascii_digit() || b":.KMGTB".contains(&byte))
}

/// A status line of 2.80 to 4.5: `Fra:12 Mem:245.31M (Peak 512.00M) | Time:00:04.21 | … | Sample 3/16`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Status<'a> {
    /// The frame.
    pub frame: i32,
    /// What Blender holds, in bytes.
    pub memory: Option<u64>,
    /// What it is doing: the last field.
    pub doing: &'a str,
}

impl<'a> Status<'a> {
    /// Reads a status line.
    #[must_use]
    pub fn parse(line: &'a str) -> Option<Self> {
        let (frame, rest) = text::signed(line.strip_prefix("Fra:")?)?;
        let memory = rest.strip_prefix(" Mem:").and_then(text::bytes);
        let doing = rest.rsplit(" | ").next().unwrap_or(rest);
        Some(Self { frame, memory, doing })
    }
}

/// How much of the frame is done, where a status says so.
#[must_use]
pub fn progress(doing: &str) -> Option<f32> {
    let part = |mark| {
        text::ratio_after(doing, mark).filter(|(_, whole)| *whole > 0).map(|(a, b)| a as f32 / b as f32)
    };
    let sample = part("Sample ").unwrap_or(0.0).min(1.0);
    let tiles = |mark| text::ratio_after(doing, mark).filter(|(_, tiles)| *tiles > 0);
    let part = if let Some((tile, tiles)) = tiles("Path Tracing Tile ") {
        // 2.8x counts the tile in work, from 1.
        (tile.saturating_sub(1) as f32 + sample) / tiles as f32
    } else if let Some((done, tiles)) = doing.contains(" Tiles").then(|| tiles("Rendered ")).flatten() {
        (done as f32 + sample) / tiles as f32
    } else if doing.contains("Sample ") {
        part("Sample ")?
    } else if doing.starts_with("Rendering ") {
        part("Rendering ")?
    } else {
        return None;
    };
    Some(part.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_new_lines_say_the_same() {
        for (line, text, unified) in [
            ("Saved: '/a.png'", "Saved: '/a.png'", false),
            ("00:00.327  render           | Saved: '/a.png'", "Saved: '/a.png'", true),
            ("00:00.327  12.34M  render           | Saved: '/a.png'", "Saved: '/a.png'", true),
            ("render           | Sample 3/16", "Sample 3/16", true),
            ("00:00.327  blend            | ERROR Cannot read", "Cannot read", true),
            (
                "Fra:1 Mem:9.41M (Peak 9.59M) | Time:00:00.00 | x",
                "Fra:1 Mem:9.41M (Peak 9.59M) | Time:00:00.00 | x",
                false,
            ),
            ("a | b", "a | b", false),
        ] {
            assert_eq!(LogLine::new(line), LogLine { text, unified }, "{line}");
        }
    }

    #[test]
    fn reads_status_lines_of_all_versions() {
        for (line, frame, memory, doing) in [
            (
                "Fra:12 Mem:245.00M (Peak 512.00M) | Time:00:04.21 | Rendering 3 / 16 samples",
                12,
                245,
                "Rendering 3 / 16 samples",
            ),
            (
                "Fra:-5 Mem:405.00M (0.00M, Peak 633.81M) | Remaining:09:26.57 | Mem:470.26M | Scene, L | Sample 1/2",
                -5,
                405,
                "Sample 1/2",
            ),
        ] {
            let expected = Status { frame, memory: Some(memory << 20), doing };
            assert_eq!(Status::parse(line), Some(expected), "{line}");
        }
        assert_eq!(Status::parse("Frames: 1"), None);
    }

    #[test]
    fn progress_of_all_engines() {
        for (doing, expected) in [
            ("Sample 4/16", Some(0.25)),
            ("Path Tracing Tile 2/4, Sample 8/16", Some(0.375)),
            ("Rendered 1/4 Tiles, Sample 8/16", Some(0.375)),
            ("Rendered 3/4 Tiles, Denoised 2 tiles", Some(0.75)),
            ("Rendered 0/1 Tiles", Some(0.0)),
            ("Rendering 26 / 64 samples", Some(0.406_25)),
            ("Sample 0/0", None),
            ("Rendering single frame (frame 1)", None),
            ("Updating Scene BVH", None),
            ("Finished", None),
        ] {
            assert_eq!(progress(doing), expected, "{doing}");
        }
    }
}
