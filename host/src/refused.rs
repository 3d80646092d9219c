//! What serde refuses, in words for people: where it is, what was expected, and what was probably meant.

use serde_path_to_error::Segment;

/// The path as a JSON pointer (RFC 6901).
pub(crate) fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        let part = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => break,
        };
        pointer.push('/');
        pointer.push_str(&part);
    }
    pointer
}

/// The name between the first pair of backticks.
pub(crate) fn quoted(text: Option<&str>) -> Option<&str> {
    text?.strip_prefix('`')?.split('`').next()
}

/// serde's own message, with a suggestion for a misspelt name and without names of Rust types.
pub(crate) fn in_words(text: &str) -> String {
    for (prefix, noun) in [("unknown field ", "field"), ("unknown variant ", "value")] {
        let Some(name) = quoted(text.strip_prefix(prefix)) else { continue };
        let known: Vec<&str> = text.split('`').skip(3).step_by(2).collect();
        return unknown(noun, name, &known);
    }
    if let Some(field) = quoted(text.strip_prefix("missing field ")) {
        return format!("`{field}` is needed and missing");
    }
    let Some((found, expected)) = text.rsplit_once(", expected ") else {
        return text.to_owned();
    };
    let expected = match expected {
        "u8" => "a whole number from 0 to 255",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" => "a whole number, not negative",
        "i32" => "a whole number",
        "struct JobLimits" | "struct Submission" | "struct JobEdit" | "struct Retry" | "struct BatchHead"
        | "struct ReportWish" | "struct NotifyWish" | "struct HookRequest" | "a map" => "an object",
        "a sequence" => "a list",
        other => other,
    };
    format!("{found}, expected {expected}")
}

/// What to say about a name that is none of the known ones.
pub(crate) fn unknown(noun: &str, name: &str, known: &[&str]) -> String {
    match nearest(name, known) {
        Some(meant) => format!("unknown {noun} `{name}`; did you mean `{meant}`?"),
        None if known.is_empty() => format!("unknown {noun} `{name}`; there are none here"),
        None => format!("unknown {noun} `{name}`; known are {}", known.join(", ")),
    }
}

/// The known name that was probably meant: at most a third of it differs, or the rest of it was left out.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase();
    let similar = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(&name, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
        .min()
        .map(|(_, candidate)| candidate);
    let begun = || {
        let stem = name.get(..4)?;
        let mut begun = known.iter().filter(|candidate| candidate.starts_with(stem));
        begun.next().copied().filter(|_| begun.next().is_none())
    };
    similar.or_else(begun)
}
