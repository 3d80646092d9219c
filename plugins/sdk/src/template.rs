//! Output names with tokens: `/out/{layer}/shot_####.exr`. Which tokens a DCC wants is the plugin's business; this
//! reads them, fills them in, and finds a frame's number in a name again.

use std::fmt::{self, Write};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Layer,
    Frame { digits: usize },
}

/// An output name. Its tokens are `{layer}`; `{frame}` or `{frame:6}`; and a run of `#`, one for each digit, which
/// counts only in the last component, and only the last run there, as most DCCs have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

/// Why a text is no output name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// Where, counted in characters from 1.
    pub column: usize,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)
    }
}

impl std::error::Error for TemplateError {}

impl Template {
    /// Reads an output name.
    ///
    /// # Errors
    /// An unknown token, an unclosed brace, or more than one frame number.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let error =
            |at: usize, message: String| TemplateError { column: text[..at].chars().count() + 1, message };
        let mut parts = Vec::new();
        let mut rest = 0;
        let hashes = last_hashes(text);
        while rest < text.len() {
            let tail = &text[rest..];
            if let Some((start, end)) = hashes
                && start == rest
            {
                parts.push(Part::Frame { digits: end - start });
                rest = end;
                continue;
            }
            if let Some(inner) = tail.strip_prefix('{') {
                let Some(length) = inner.find('}') else {
                    return Err(error(rest, "`{` without `}`".into()));
                };
                parts.push(token(&inner[..length]).map_err(|message| error(rest, message))?);
                rest += length + 2;
                continue;
            }
            let stop = tail.find('{').map_or(text.len(), |at| rest + at);
            let stop = hashes.map_or(stop, |(start, _)| if start > rest { stop.min(start) } else { stop });
            parts.push(Part::Text(text[rest..stop].to_owned()));
            rest = stop;
        }
        if parts.iter().filter(|part| matches!(part, Part::Frame { .. })).count() > 1 {
            return Err(error(0, "more than one frame number; keep either `####` or `{frame}`".into()));
        }
        Ok(Self(parts))
    }

    /// Whether every frame gets a name of its own.
    #[must_use]
    pub fn has_frame(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Frame { .. }))
    }

    /// Whether every layer gets a name of its own.
    #[must_use]
    pub fn has_layer(&self) -> bool {
        self.0.contains(&Part::Layer)
    }

    /// The name of one frame of one layer. A layer's name is made safe for a path first; without a layer, its token
    /// becomes empty.
    #[must_use]
    pub fn name(&self, frame: i32, layer: Option<&str>) -> String {
        self.filled(layer, |out, digits| out.push_str(&padded(frame, digits)))
    }

    /// The name of one layer with the frame left open as `####`.
    #[must_use]
    pub fn hashes(&self, layer: Option<&str>) -> String {
        self.filled(layer, |out, digits| out.push_str(&"#".repeat(digits)))
    }

    /// The frame whose name `path` starts with, and what follows it, such as an extension that the DCC added.
    #[must_use]
    pub fn frame_of<'a>(&self, path: &'a str, layer: Option<&str>) -> Option<(i32, &'a str)> {
        let digits = self.0.iter().find_map(|part| match part {
            Part::Frame { digits } => Some(*digits),
            _ => None,
        })?;
        let open = self.filled(layer, |out, _| out.push('\0'));
        let (before, after) = open.split_once('\0')?;
        let rest = path.strip_prefix(before)?;
        let unsigned = rest.strip_prefix('-').unwrap_or(rest);
        let count = unsigned.bytes().take_while(u8::is_ascii_digit).count();
        // A longer number has no leading zeros: `shot_00123` is not frame 123 of `shot_###`.
        if count < digits || (count > digits && unsigned.starts_with('0')) {
            return None;
        }
        let length = rest.len() - unsigned.len() + count;
        let frame = rest[..length].parse().ok()?;
        Some((frame, rest[length..].strip_prefix(after)?))
    }

    /// The same for one layer: its name filled in, and put before the frame's number where the name has no `{layer}`
    /// and would be the same for all of them.
    #[must_use]
    pub fn of_layer(&self, layer: Option<&str>) -> Self {
        let mut parts = self.0.clone();
        if layer.is_some() && !self.has_layer() {
            let at = parts.iter().position(|part| matches!(part, Part::Frame { .. })).unwrap_or(parts.len());
            parts.splice(at..at, [Part::Layer, Part::Text(".".to_owned())]);
        }
        let name = layer.map(crate::path::safe_name).unwrap_or_default();
        let mut filled = Vec::new();
        for part in parts {
            let text = match part {
                Part::Text(text) => text,
                Part::Layer => name.clone(),
                frame @ Part::Frame { .. } => {
                    filled.push(frame);
                    continue;
                }
            };
            match filled.last_mut() {
                Some(Part::Text(before)) => before.push_str(&text),
                _ => filled.push(Part::Text(text)),
            }
        }
        Self(filled)
    }

    /// The directory of a name without open layers, up to the frame's number, and the same name in another one.
    pub(crate) fn moved_to(&self, directory: &str) -> (String, Self) {
        let (head, rest) = match self.0.split_first() {
            Some((Part::Text(head), rest)) => (head.as_str(), rest),
            _ => ("", self.0.as_slice()),
        };
        let (before, name) = crate::path::split(head);
        let moved = Part::Text(crate::path::join(directory, name));
        (before.to_owned(), Self(std::iter::once(moved).chain(rest.iter().cloned()).collect()))
    }

    fn filled(&self, layer: Option<&str>, frame: impl Fn(&mut String, usize)) -> String {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Layer => out.push_str(&layer.map(crate::path::safe_name).unwrap_or_default()),
                Part::Frame { digits } => frame(&mut out, *digits),
            }
        }
        out
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Text(text) => f.write_str(text)?,
                Part::Layer => f.write_str("{layer}")?,
                Part::Frame { digits } => (0..*digits).try_for_each(|_| f.write_char('#'))?,
            }
        }
        Ok(())
    }
}

/// A frame number with at least so many digits; the sign comes on top, as in `-0005`.
fn padded(frame: i32, digits: usize) -> String {
    let sign = if frame < 0 { "-" } else { "" };
    format!("{sign}{:0digits$}", frame.unsigned_abs())
}

/// Where the last run of `#` in the last component is.
fn last_hashes(text: &str) -> Option<(usize, usize)> {
    let name = text.rfind(['/', '\\']).map_or(0, |at| at + 1);
    let end = name + text[name..].rfind('#')? + 1;
    let start = end - text[..end].bytes().rev().take_while(|byte| *byte == b'#').count();
    Some((start, end))
}

fn token(inner: &str) -> Result<Part, String> {
    match inner.split_once(':') {
        None if inner == "layer" => Ok(Part::Layer),
        None if inner == "frame" => Ok(Part::Frame { digits: 4 }),
        Some(("frame", digits)) => match digits.parse() {
            Ok(digits @ 1..=10) => Ok(Part::Frame { digits }),
            _ => Err(format!("`{{{inner}}}`: the number of digits is 1 to 10, such as `{{frame:4}}`")),
        },
        _ => Err(format!("unknown token `{{{inner}}}`; there are `{{layer}}`, `{{frame}}` and `####`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str, frame: i32, layer: Option<&str>) -> String {
        Template::parse(text).unwrap().name(frame, layer)
    }

    #[test]
    fn a_name_of_one_layer_is_its_own() {
        let check = |text: &str, layer: Option<&str>, expected: &str| {
            let template = Template::parse(text).unwrap().of_layer(layer);
            assert_eq!(template.name(7, None), expected, "{text} {layer:?}");
        };
        check("/o/shot_####.png", None, "/o/shot_0007.png");
        check("/o/shot_####.png", Some("fg/key"), "/o/shot_fg_key.0007.png");
        check("/o/{layer}/shot_####.png", Some("fg"), "/o/fg/shot_0007.png");
        check("/o/{layer}shot_####.png", None, "/o/shot_0007.png");
    }

    #[test]
    fn fills_tokens_in() {
        for (text, frame, layer, expected) in [
            ("/out/shot_####", 12, None, "/out/shot_0012"),
            ("/out/shot_####.png", -5, None, "/out/shot_-0005.png"),
            ("/out/shot_##", 12345, None, "/out/shot_12345"),
            ("/out/{layer}/s_{frame}.exr", 7, Some("fg/key"), "/out/fg_key/s_0007.exr"),
            ("/out/s_{frame:6}", 7, None, "/out/s_000007"),
            ("/out#1/a##_####", 7, None, "/out#1/a##_0007"),
            ("/aus/größe_####", 7, None, "/aus/größe_0007"),
            ("ü", 7, None, "ü"),
            ("####", 7, None, "0007"),
        ] {
            assert_eq!(name(text, frame, layer), expected, "{text}");
        }
    }

    #[test]
    fn reads_back_what_it_displays() {
        for text in ["/out/shot_####", "/o/{layer}/##_####.png", "plain"] {
            assert_eq!(Template::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Template::parse("/o/{frame:6}").unwrap().to_string(), "/o/######");
    }

    #[test]
    fn says_where_the_mistake_is() {
        for (text, column, part) in [
            ("/ö/{shot}_####", 4, "{shot}"),
            ("/o/{layer", 4, "without"),
            ("/o/{frame:99}", 4, "1 to 10"),
            ("/o/{frame}_##", 1, "more than one"),
        ] {
            let error = Template::parse(text).unwrap_err();
            assert_eq!(error.column, column, "{text}: {error}");
            assert!(error.message.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn finds_the_frame_again() {
        let template = Template::parse("/st/{layer}_###").unwrap();
        for (path, expected) in [
            ("/st/fg_007.png", Some((7, ".png"))),
            ("/st/fg_-012.png", Some((-12, ".png"))),
            ("/st/fg_1234", Some((1234, ""))),
            ("/st/fg_0123.png", None),
            ("/st/fg_12.png", None),
            ("/st/bg_007.png", None),
            ("/st/fg_.png", None),
            ("/other/fg_007.png", None),
        ] {
            assert_eq!(template.frame_of(path, Some("fg")), expected, "{path}");
        }
    }

    #[test]
    fn every_name_it_gives_is_found_again() {
        let template = Template::parse("/st/a_##.png").unwrap();
        for frame in [-1000, -12, -1, 0, 1, 9, 10, 99, 100, 123_456, i32::MIN, i32::MAX] {
            let name = template.name(frame, None);
            assert_eq!(template.frame_of(&name, None), Some((frame, "")), "{name}");
        }
    }
}
