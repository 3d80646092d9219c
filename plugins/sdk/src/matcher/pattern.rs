//! What a line looks like: a small language of texts, numbers and wildcards, matched without looking back further than
//! to the last wildcard. What a match means is not its business.

/// The most fields that a pattern may have.
pub(super) const FIELDS: usize = 8;

/// A pattern, ready to be tried on lines.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    parts: Vec<Part>,
    names: Vec<&'static str>,
    /// The longest text that every line that fits has in it. It is looked for first where the pattern begins with a
    /// wildcard; others are given up at the first character that differs.
    needle: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// One or more blanks.
    Blank,
    Number {
        field: usize,
        kind: Number,
    },
    /// As short as possible; the field needs at least one character.
    Any {
        field: Option<usize>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Whole,
    Signed,
    Decimal,
    Size,
}

/// The texts of the fields, and where the line goes on.
type Fields<'a> = [&'a str; FIELDS];

impl Pattern {
    /// Reads a pattern; the error says what is wrong with it.
    pub(super) fn parse(text: &'static str) -> Result<Self, String> {
        let (mut parts, mut names) = (Vec::new(), Vec::<&'static str>::new());
        let mut rest = text.trim();
        while let Some(first) = rest.chars().next() {
            let doubled = ["{{", "}}", "**"].into_iter().find(|doubled| rest.starts_with(doubled));
            if let Some(doubled) = doubled {
                push_text(&mut parts, &doubled[..1]);
                rest = &rest[2..];
                continue;
            }
            let length = match first {
                '*' => {
                    parts.push(Part::Any { field: None });
                    1
                }
                ' ' | '\t' => {
                    parts.push(Part::Blank);
                    rest.len() - rest.trim_start_matches([' ', '\t']).len()
                }
                '{' => {
                    let end = rest.find('}').ok_or("`{` without `}`; write `{{` for the character")?;
                    let name = &rest[1..end];
                    let is_name =
                        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'-');
                    if name.is_empty() || !is_name {
                        return Err(format!("{{{name}}}: a field's name is of lower case letters"));
                    }
                    if names.contains(&name) {
                        return Err(format!("{{{name}}} is there twice"));
                    }
                    names.push(name);
                    parts.push(field(name, names.len() - 1));
                    end + 1
                }
                '}' => return Err("`}` without `{`; write `}}` for the character".to_owned()),
                other => {
                    push_text(&mut parts, &rest[..other.len_utf8()]);
                    other.len_utf8()
                }
            };
            rest = &rest[length..];
        }
        let is_any = |part: &Part| matches!(part, Part::Any { .. });
        if parts.windows(2).any(|pair| is_any(&pair[0]) && is_any(&pair[1])) {
            return Err("there must be a text between two fields, or a field and `*`".to_owned());
        }
        if names.len() > FIELDS {
            return Err(format!("{} fields are more than {FIELDS}", names.len()));
        }
        let texts = parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text),
            _ => None,
        });
        let needle = texts.max_by_key(|text| text.len()).cloned();
        if needle.is_none() {
            return Err("a pattern needs some text".to_owned());
        }
        let needle = needle.filter(|_| parts.first().is_some_and(is_any));
        Ok(Self { parts, names, needle })
    }

    /// Its fields, in their order.
    pub(super) fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// The texts of the fields in a line that fits.
    ///
    /// Each stretch between two wildcards is put where it fits first. That is enough: a stretch that begins further to
    /// the left never ends further to the right, so only the last one may have to move, to end where the line does.
    pub(super) fn find<'a>(&self, line: &'a str) -> Option<Fields<'a>> {
        if self.needle.as_ref().is_some_and(|needle| !line.contains(needle.as_str())) {
            return None;
        }
        let mut fields = [""; FIELDS];
        let (mut part, mut at) = (0, 0);
        // The last wildcard: its place among the parts, where it began, and where it ends at present.
        let mut last: Option<(usize, usize, usize)> = None;
        loop {
            let fits = match self.parts.get(part) {
                None if at == line.len() => return Some(fields),
                None => None,
                Some(Part::Any { field }) => {
                    let end = match field {
                        None => Some(at),
                        Some(_) => step(line, at),
                    };
                    if let Some(end) = end {
                        last = Some((part, at, end));
                        if let Some(field) = field {
                            fields[*field] = &line[at..end];
                        }
                    }
                    end
                }
                Some(Part::Text(text)) => line[at..].starts_with(text.as_str()).then_some(at + text.len()),
                Some(Part::Blank) => {
                    let blanks = line[at..].len() - line[at..].trim_start_matches([' ', '\t']).len();
                    (blanks > 0).then_some(at + blanks)
                }
                Some(Part::Number { field, kind }) => {
                    let length = kind.length(&line[at..]);
                    length.map(|length| {
                        fields[*field] = &line[at..at + length];
                        at + length
                    })
                }
            };
            match (fits, &mut last) {
                (Some(end), _) => (part, at) = (part + 1, end),
                (None, Some((any, from, end))) => {
                    // A wildcard at the end takes all that is left.
                    *end = if *any + 1 == self.parts.len() { line.len() } else { step(line, *end)? };
                    if let Part::Any { field: Some(field) } = self.parts[*any] {
                        fields[field] = &line[*from..*end];
                    }
                    (part, at) = (*any + 1, *end);
                }
                (None, None) => return None,
            }
        }
    }
}

/// Where the next character ends.
fn step(line: &str, at: usize) -> Option<usize> {
    line[at..].chars().next().map(|next| at + next.len_utf8())
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        Some(Part::Text(before)) => before.push_str(text),
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

fn field(name: &str, field: usize) -> Part {
    let kind = match name {
        "frame" => Number::Signed,
        "part" | "whole" => Number::Whole,
        "percent" | "progress" => Number::Decimal,
        "bytes" => Number::Size,
        _ => return Part::Any { field: Some(field) },
    };
    Part::Number { field, kind }
}

impl Number {
    /// How much of the text is a number of this kind, which it begins with.
    fn length(self, text: &str) -> Option<usize> {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let length = match self {
            Self::Whole => digits(text),
            Self::Signed => {
                let sign = usize::from(text.starts_with('-'));
                match digits(&text[sign..]) {
                    0 => 0,
                    digits => sign + digits,
                }
            }
            Self::Decimal => {
                let before = digits(text);
                match text[before..].strip_prefix('.').map(digits) {
                    Some(after) if before + after > 0 && after > 0 => before + 1 + after,
                    _ => before,
                }
            }
            Self::Size => {
                let number =
                    text.bytes().take_while(|byte| byte.is_ascii_digit() || b".,".contains(byte)).count();
                let blank = usize::from(text[number..].starts_with(' '));
                let unit: usize =
                    text[number + blank..].bytes().take_while(|byte| b"KMGTBiBkmgtb".contains(byte)).count();
                match (digits(text), unit) {
                    (0, _) => 0,
                    (_, 0) => number,
                    (_, unit) => number + blank + unit,
                }
            }
        };
        (length > 0).then_some(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &'static str, line: &str, expected: Option<&[&str]>) {
        let pattern = Pattern::parse(pattern).unwrap();
        let found = pattern.find(line).map(|fields| fields[..pattern.names().len()].to_vec());
        assert_eq!(found.as_deref(), expected, "{pattern:?} on {line:?}");
    }

    #[test]
    fn the_whole_line_fits() {
        check("frame {frame} {percent}%", "frame 3 42%", Some(&["3", "42"]));
        check("frame {frame} {percent}%", "frame  -3\t42.5%", Some(&["-3", "42.5"]));
        check("frame {frame} {percent}%", "frame 3 42% done", None);
        check("frame {frame} {percent}%", "a frame 3 42%", None);
        check("frame {frame}", "frame 3a", None);
        check("frame {frame}", "frame -", None);
        check("done", "done", Some(&[]));
        check("wrote {path}", "wrote /a b/c.png", Some(&["/a b/c.png"]));
        check("wrote {path}", "wrote ", None);
    }

    #[test]
    fn wildcards_are_as_short_as_they_can_be() {
        check("*frame {frame}*", "12:01 frame 7 of 9", Some(&["7"]));
        check("*{percent}%", "frame 3 at 42%", Some(&["42"]));
        check("*{percent}%*", "a 5 b 17% 20%", Some(&["17"]));
        check("'{path}' saved*", "'/a.png' saved 'x' saved", Some(&["/a.png"]));
        check("'{path}' saved", "'/a.png' saved 'x' saved", Some(&["/a.png' saved 'x"]));
        check("{about}: {message}", "a:b: c: d", Some(&["a:b", "c: d"]));
        check("*{part}/{whole}*", "x / 3/16 y", Some(&["3", "16"]));
    }

    #[test]
    fn sizes_and_progress() {
        check("mem {bytes} (peak*", "mem 1,024.5 MB (peak 2G)", Some(&["1,024.5 MB"]));
        check("mem {bytes} used", "mem 512 used", Some(&["512"]));
        check("mem {bytes}", "mem M", None);
        check("at {progress}", "at .5", Some(&[".5"]));
        check("at {percent}.", "at 5.", Some(&["5"]));
        check("at {progress}", "at .", None);
    }

    #[test]
    fn characters_of_the_language_can_be_written() {
        check("{{{frame}}} **", "{7} *", Some(&["7"]));
        check("größe {frame} ü*", "größe 3 üä", Some(&["3"]));
        check("{about} ü", "äö ü", Some(&["äö"]));
    }

    #[test]
    fn long_lines_do_not_take_forever() {
        let line = "ab".repeat(50_000);
        check("*a*b*a*b*a*b*c", &line, None);
        check("*a*b*a*b*a*b", &line, Some(&[]));
    }

    #[test]
    fn mistakes_are_told() {
        let check = |pattern: &'static str, expected: &str| {
            let error = Pattern::parse(pattern).unwrap_err();
            assert!(error.contains(expected), "{pattern}: {error}");
        };
        check("frame {frame", "without `}`");
        check("frame }", "without `{`");
        check("{Frame} x", "lower case");
        check("{} x", "lower case");
        check("{frame} of {frame}", "twice");
        check("a {path}{message}", "between");
        check("a {path}*", "between");
        check("{path}", "some text");
        check("*", "some text");
        check("a{b}a{c}a{d}a{e}a{f}a{g}a{h}a{i}a{j}", "more than 8");
    }
}
