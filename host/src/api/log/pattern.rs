//! What lines are searched for: what a person typed, and what reads like an error. Both take time that is linear in the
//! length of a line, whatever was typed.

use regex::bytes::{Regex, RegexBuilder};
use std::sync::LazyLock;

/// What a compiled expression may take, in bytes.
const COMPILED: usize = 1 << 20;
/// Most matches of one line that are told of.
const HITS: usize = 100;

/// Words with which programs say that something went wrong.
static ERRORS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = r"\b(?:errors?|fatal|exception|traceback|segmentation fault|segfault|core dumped|failed|failure|aborted|cannot|can't|could not|unable to|out of memory|not found|denied)\b";
    // Without Unicode: the words are ASCII, and lines need not be text at all.
    RegexBuilder::new(words).case_insensitive(true).unicode(false).build().ok()
});

/// What to look for in a line.
#[derive(Debug, Clone)]
pub(in crate::api) enum Pattern {
    /// What was asked for.
    Asked(Regex),
    /// Lines that read like errors.
    Errors,
}

impl Pattern {
    /// What somebody typed, as plain text or as a regular expression. Small letters stand for large ones too, unless
    /// there is a large one.
    pub(in crate::api) fn new(text: &str, is_regex: bool) -> Result<Self, regex::Error> {
        let source = if is_regex { text.to_owned() } else { regex::escape(text) };
        RegexBuilder::new(&source)
            .case_insensitive(!has_capitals(text, is_regex))
            .size_limit(COMPILED)
            .dfa_size_limit(COMPILED)
            .build()
            .map(Pattern::Asked)
    }

    /// Whether a line, without its escape sequences, matches.
    pub(super) fn is_match(&self, line: &[u8]) -> bool {
        match self {
            Pattern::Asked(regex) => regex.is_match(line),
            Pattern::Errors => reads_like_an_error(line),
        }
    }

    /// Where it matches, as begin and end in UTF-16 units; matches of nothing are left out.
    pub(super) fn hits(&self, line: &[u8]) -> Vec<(u32, u32)> {
        let Pattern::Asked(regex) = self else { return Vec::new() };
        let (mut units, mut counted) = (0, 0);
        let mut unit_of = |at: usize| {
            units += String::from_utf8_lossy(&line[counted..at]).encode_utf16().count() as u32;
            counted = at;
            units
        };
        let found = regex.find_iter(line).filter(|found| !found.is_empty()).take(HITS);
        found.map(|found| (unit_of(found.start()), unit_of(found.end()))).collect()
    }
}

/// Whether a line reads like an error: a hint for the eye, never a verdict.
pub(super) fn reads_like_an_error(line: &[u8]) -> bool {
    ERRORS.as_ref().is_some_and(|errors| errors.is_match(line))
}

/// Capitals that are meant as such: `\S` and `\W` of an expression are not.
fn has_capitals(text: &str, is_regex: bool) -> bool {
    let mut escaped = false;
    text.chars().any(|c| {
        let is_meant = !(is_regex && escaped);
        escaped = c == '\\' && !escaped;
        is_meant && c.is_uppercase()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_letters_find_large_ones_and_capitals_only_themselves() {
        let check = |text: &str, is_regex: bool, line: &str, expect: &[(u32, u32)]| {
            let pattern = Pattern::new(text, is_regex).unwrap();
            assert_eq!(pattern.hits(line.as_bytes()), expect, "{text} in {line}");
            assert_eq!(pattern.is_match(line.as_bytes()), !expect.is_empty(), "{text} in {line}");
        };
        check("error", false, "Error: ERROR", &[(0, 5), (7, 12)]);
        check("Error", false, "Error: ERROR", &[(0, 5)]);
        check("a.b", false, "axb a.b", &[(4, 7)]);
        check("a.b", true, "axb", &[(0, 3)]);
        check(r"fra:\d+\S", true, "Fra:12x", &[(0, 7)]);
        check(r"\\Temp", true, "c:\\temp", &[]);
        check("größe", false, "die GRÖSSE, die GRÖßE", &[(16, 21)]);
        check("b", false, "😀b", &[(2, 3)]);
        check("^b$", true, "b", &[(0, 1)]);
        check("^b$", true, "ab", &[]);
        let line = b"\xff\xfeb";
        assert_eq!(Pattern::new("b", false).unwrap().hits(line), [(2, 3)]);
    }

    #[test]
    fn what_cannot_be_an_expression_is_refused() {
        assert!(Pattern::new("(", true).is_err());
        assert!(Pattern::new("(", false).is_ok());
        assert!(Pattern::new(r"(\w{100}){100}", true).is_err(), "too large");
    }

    #[test]
    fn lines_that_read_like_errors() {
        let check = |line: &str, expect: bool| {
            assert_eq!(reads_like_an_error(line.as_bytes()), expect, "{line}");
        };
        check("Error: Cannot read file", true);
        check("Traceback (most recent call last):", true);
        check("Warning: Path 'a.exr' not found", true);
        check("Segmentation fault (core dumped)", true);
        check("Fra:1 Mem:12.00M (Peak 13M) | Rendering 3/16 samples", false);
        check("terror in the deep", false);
    }
}
