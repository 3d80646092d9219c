//! What a plugin answers now, written into a scenario's file as what is expected from here on. The rest of the file
//! stays as people wrote it, comments too.

use super::file::{ScenarioError, is_json};
use super::{Answer, Scenario};
use serde::de::IgnoredAny;
use std::fmt::Write;
use std::ops::Range;
use std::path::Path;

/// Writes every answer that is not as expected into the file, by rename; says whether there was one.
///
/// # Errors
/// The file is no scenario any more, or cannot be written.
pub fn update(scenario: &Scenario, answers: &[Answer]) -> Result<bool, ScenarioError> {
    let path = &scenario.path;
    let failed = |message: String| ScenarioError { path: path.clone(), line: None, message };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let mut written = text.clone();
    for answer in answers.iter().filter(|answer| !answer.is_as_expected()) {
        let key = answer.part.key();
        written = match is_json(path) {
            true => in_json(&written, key, &answer.seen),
            false => in_toml(&written, key, &answer.seen),
        }
        .map_err(failed)?;
    }
    if written == text {
        return Ok(false);
    }
    // Nobody's scenario is lost to a mistake in here.
    Scenario::parse(path, &written)?;
    replace(path, &written).map_err(|error| failed(error.to_string()))?;
    Ok(true)
}

fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    std::fs::write(&temporary, text)?;
    std::fs::rename(temporary, path)
}

/// The places of a file's keys.
#[derive(Default)]
struct Places {
    /// The value that is to be replaced, where it is there.
    value: Option<Range<usize>>,
    /// Where the last value ends that stands before every table.
    end: usize,
}

fn in_toml(source: &str, key: &str, text: &str) -> Result<String, String> {
    let table = toml::de::DeTable::parse(source).map_err(|error| error.to_string())?;
    let mut places = Places::default();
    for (name, value) in table.get_ref() {
        let is_table = matches!(value.get_ref(), toml::de::DeValue::Table(_));
        if name.get_ref().as_ref() == key {
            places.value = Some(value.span());
        }
        // What follows `[tools]` would belong to it.
        if !is_table {
            places.end = places.end.max(value.span().end);
        }
    }
    let value = toml_text(text);
    Ok(match places {
        Places { value: Some(Range { start, end }), .. } => {
            format!("{}{value}{}", &source[..start], &source[end..])
        }
        Places { value: None, end } => {
            let line_end = source[end..].find('\n').map_or(source.len(), |newline| end + newline + 1);
            let (before, after) = source.split_at(if end == 0 { 0 } else { line_end });
            let newline = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
            format!("{before}{newline}{key} = {value}\n{after}")
        }
    })
}

/// As a TOML string that reads back exactly. People read these, so it is the text as it stands wherever a literal
/// string can hold it.
fn toml_text(text: &str) -> String {
    let stands = |c: char| matches!(c, '\n' | '\t') || !c.is_control();
    if text.chars().all(stands) && !text.contains("'''") {
        return format!("'''\n{text}\n'''");
    }
    let mut quoted = String::from("\"\"\"\n");
    for c in text.chars() {
        match c {
            '\\' | '"' => quoted.extend(['\\', c]),
            c if stands(c) => quoted.push(c),
            c => {
                // Writing to a string cannot fail.
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
        }
    }
    quoted + "\n\"\"\""
}

fn in_json(source: &str, key: &str, text: &str) -> Result<String, String> {
    let (places, indent) = json_places(source, key).ok_or("it is no JSON object any more")?;
    let value = json_text(text, &indent);
    Ok(match places {
        Places { value: Some(Range { start, end }), .. } => {
            format!("{}{value}{}", &source[..start], &source[end..])
        }
        Places { value: None, end } => {
            let comma = if source[..end].trim_end().ends_with('{') { "" } else { "," };
            let newline = if source[end..].starts_with('}') { "\n" } else { "" };
            format!("{}{comma}\n{indent}\"{key}\": {value}{newline}{}", &source[..end], &source[end..])
        }
    })
}

/// Where the values of an object are, and the blanks in front of its keys.
fn json_places(source: &str, key: &str) -> Option<(Places, String)> {
    let mut at = source.find('{')? + 1;
    let mut places = Places { value: None, end: at };
    let mut indent = "  ".to_owned();
    loop {
        let line = at;
        at = skip(source, at);
        if source[at..].starts_with('}') {
            return Some((places, indent));
        }
        if let Some(newline) = source[line..at].rfind('\n') {
            source[line + newline + 1..at].clone_into(&mut indent);
        }
        let (name, end) = parsed::<String>(source, at)?;
        at = skip(source, end);
        at = skip(source, at + source[at..].strip_prefix(':').map(|_| 1)?);
        let (IgnoredAny, end) = parsed(source, at)?;
        if name == key {
            places.value = Some(at..end);
        }
        places.end = end;
        at = skip(source, end);
        if source[at..].starts_with(',') {
            at += 1;
        }
    }
}

/// The value that begins here, and where it ends.
fn parsed<T: for<'a> serde::Deserialize<'a>>(source: &str, at: usize) -> Option<(T, usize)> {
    let mut values = serde_json::Deserializer::from_str(&source[at..]).into_iter::<T>();
    let value = values.next()?.ok()?;
    Some((value, at + values.byte_offset()))
}

fn skip(source: &str, at: usize) -> usize {
    source.len() - source[at..].trim_start().len()
}

/// A text of one line as it is, a longer one line by line.
fn json_text(text: &str, indent: &str) -> String {
    let quoted = |line: &str| serde_json::Value::from(line).to_string();
    if !text.contains('\n') {
        return quoted(text);
    }
    let lines: Vec<String> =
        text.split('\n').map(|line| format!("{indent}{indent}{}", quoted(line))).collect();
    format!("[\n{}\n{indent}]", lines.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::super::Part;
    use super::*;

    fn answer(part: Part, seen: &str) -> Answer {
        Answer { part, expected: None, seen: seen.to_owned() }
    }

    fn updated(name: &str, source: &str, answers: &[Answer]) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, source).unwrap();
        let scenario = Scenario::read(&path).unwrap();
        assert!(update(&scenario, answers).unwrap());
        let again = Scenario::read(&path).unwrap();
        for answer in answers {
            assert_eq!(again.expectations[&answer.part], answer.seen);
        }
        assert_eq!(again.given, scenario.given);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
        std::fs::read_to_string(&path).unwrap()
    }

    #[test]
    fn only_the_expectations_of_a_toml_file_change() {
        let source = "# why this is here\nframes = \"1\"  # one\nexpect = 'old'  # kept\nexit_code = 1\n\n\
                      [tools]\nlumen = \"/opt/l\"\n";
        let answers = [answer(Part::Expect, "verdict accept: it's fine"), answer(Part::Command, "lumen -b")];
        let expect = "# why this is here\nframes = \"1\"  # one\nexpect = '''\nverdict accept: it's fine\n'''  # \
                      kept\nexit_code = 1\ncommand = '''\nlumen -b\n'''\n\n[tools]\nlumen = \"/opt/l\"\n";
        assert_eq!(updated("a.toml", source, &answers), expect);
    }

    #[test]
    fn a_file_without_a_key_before_its_tables_gets_one() {
        let source = "[tools]\nlumen = \"/opt/l\"";
        let expect = "expect = '''\nx\n'''\n[tools]\nlumen = \"/opt/l\"";
        assert_eq!(updated("a.toml", source, &[answer(Part::Expect, "x")]), expect);
        let source = "frames = \"1\"";
        assert_eq!(
            updated("a.toml", source, &[answer(Part::Expect, "x")]),
            "frames = \"1\"\nexpect = '''\nx\n'''\n"
        );
    }

    #[test]
    fn whatever_a_plugin_says_reads_back() {
        for seen in ["it said '''this''' and \"that\"", "C:\\temp\\x\ttab", "red \u{1b}[31m\r\nend", "Größe"]
        {
            updated("a.toml", "frames = \"1\"\n", &[answer(Part::Expect, seen)]);
            updated("a.json", "{}", &[answer(Part::Expect, seen)]);
        }
    }

    #[test]
    fn only_the_expectations_of_a_json_file_change() {
        let source = "{\n    \"frames\":   \"1\",\n    \"expect\": [ \"old\" ],\n    \"exit_code\": 1\n}\n";
        let answers = [answer(Part::Expect, "one \"quoted\"\ntwo"), answer(Part::Command, "lumen -b")];
        let expect = "{\n    \"frames\":   \"1\",\n    \"expect\": [\n        \"one \\\"quoted\\\"\",\n        \
                      \"two\"\n    ],\n    \"exit_code\": 1,\n    \"command\": \"lumen -b\"\n}\n";
        assert_eq!(updated("a.json", source, &answers), expect);
        assert_eq!(updated("a.json", "{}", &[answer(Part::Expect, "x")]), "{\n  \"expect\": \"x\"\n}");
    }

    #[test]
    fn a_file_that_says_it_already_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.toml");
        std::fs::write(&path, "expect = 'x'").unwrap();
        let scenario = Scenario::read(&path).unwrap();
        let same = Answer { part: Part::Expect, expected: Some("x".to_owned()), seen: "x".to_owned() };
        assert_eq!(update(&scenario, &[same]), Ok(false));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "expect = 'x'");
    }
}
