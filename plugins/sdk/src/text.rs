//! Small readers for pieces of a log line. Each says `None` where the line is not what it looks for, so that they
//! chain with `?`.

/// What follows the first `mark`.
#[must_use]
pub fn after<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    line.find(mark).map(|at| &line[at + mark.len()..])
}

/// What stands between the first `open` and the next `close`.
#[must_use]
pub fn between<'a>(line: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let rest = after(line, open)?;
    rest.find(close).map(|at| &rest[..at])
}

/// The number that the text starts with, and what follows it.
#[must_use]
pub fn number(text: &str) -> Option<(u64, &str)> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    Some((text[..count].parse().ok()?, &text[count..]))
}

/// A signed number that the text starts with, and what follows it.
#[must_use]
pub fn signed(text: &str) -> Option<(i32, &str)> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let length = text.len() - unsigned.len() + unsigned.bytes().take_while(u8::is_ascii_digit).count();
    Some((text[..length].parse().ok()?, &text[length..]))
}

/// Two numbers with a slash between them, such as `3/16` or `3 / 16`, that follow the first `mark`.
#[must_use]
pub fn ratio_after(line: &str, mark: &str) -> Option<(u64, u64)> {
    let (part, rest) = number(after(line, mark)?)?;
    let (whole, _) = number(rest.trim_start().strip_prefix('/')?.trim_start())?;
    Some((part, whole))
}

/// A size that the text starts with, such as `512.00M` or `1,024.5 MB`, in bytes. Without a unit it is bytes.
#[must_use]
pub fn bytes(text: &str) -> Option<u64> {
    let count = text.bytes().take_while(|byte| byte.is_ascii_digit() || b".,".contains(byte)).count();
    let value: f64 = text[..count].replace(',', "").parse().ok()?;
    let unit = match text[count..].trim_start().bytes().next().map(|byte| byte.to_ascii_uppercase()) {
        Some(b'K') => 1u64 << 10,
        Some(b'M') => 1 << 20,
        Some(b'G') => 1 << 30,
        Some(b'T') => 1 << 40,
        _ => 1,
    };
    Some((value * unit as f64) as u64)
}

/// A time that the text starts with, such as `00:04.67` or `01:02:03.5`, in seconds.
#[must_use]
pub fn clock(text: &str) -> Option<f64> {
    let count = text.bytes().take_while(|byte| byte.is_ascii_digit() || b":.".contains(byte)).count();
    let text = text[..count].trim_end_matches('.');
    if !text.contains(':') {
        return None;
    }
    text.split(':').try_fold(0.0, |sum, part| part.parse::<f64>().ok().map(|part| sum * 60.0 + part))
}

/// The text, cut at a character's end before it gets longer than `most` bytes.
#[must_use]
pub fn shortened(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The longest quote of a line, in bytes.
const LONGEST_QUOTE: usize = 300;

/// A line as it is quoted to people: without the space around it, and cut where it is too long.
#[must_use]
pub fn quote(line: &str) -> &str {
    shortened(line.trim(), LONGEST_QUOTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_a_line() {
        assert_eq!(after("Saved: '/a'", "Saved: "), Some("'/a'"));
        assert_eq!(between("Saved: '/a' Time", "'", "'"), Some("/a"));
        assert_eq!(between("Saved: '/a", "'", "'"), None);
        assert_eq!(number("12/16"), Some((12, "/16")));
        assert_eq!(number("x"), None);
        assert_eq!(signed("-12 x"), Some((-12, " x")));
        assert_eq!(signed("-"), None);
    }

    #[test]
    fn ratios() {
        assert_eq!(ratio_after("| Sample 3/16", "Sample "), Some((3, 16)));
        assert_eq!(ratio_after("Rendering 26 / 64 samples", "Rendering "), Some((26, 64)));
        assert_eq!(ratio_after("Sample 3", "Sample "), None);
    }

    #[test]
    fn sizes_and_times() {
        assert_eq!(bytes("8.50M (Peak"), Some(8_912_896));
        assert_eq!(bytes("1,024"), Some(1024));
        assert_eq!(bytes("2G"), Some(2 << 30));
        assert_eq!(bytes("M"), None);
        assert_eq!(clock("00:04.50 (Saving"), Some(4.5));
        assert_eq!(clock("01:02:03"), Some(3723.0));
        assert_eq!(clock("12"), None);
    }

    #[test]
    fn shortens_between_characters() {
        assert_eq!(shortened("größe", 3), "gr");
        assert_eq!(shortened("größe", 4), "grö");
        assert_eq!(shortened("a", 9), "a");
    }
}
