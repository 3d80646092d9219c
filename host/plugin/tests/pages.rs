//! The pages for plugin authors, `docs/plugins`, held to the sources: each message that they explain is still one that
//! farmhand has, and each link leads somewhere.

use std::path::{Path, PathBuf};

/// Where messages come from.
const SOURCES: [&str; 9] = [
    "host/model/src",
    "host/plugin/src",
    "host/resource/src",
    "host/src",
    "plugins/runners/javascript/src",
    "plugins/runners/python",
    "plugins/sdk/src",
    "plugins/sdk-js",
    "plugins/sdk-python/farmhand",
];
/// What such files end in.
const KINDS: [&str; 3] = ["rs", "py", "js"];
/// A piece of a message that is shorter says nothing.
const LEAST: usize = 4;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn pages() -> Vec<(PathBuf, String)> {
    let dir = root().join("docs/plugins");
    let mut pages: Vec<_> = std::fs::read_dir(dir)
        .expect("the pages are there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| (path.clone(), std::fs::read_to_string(path).expect("text")))
        .collect();
    pages.sort();
    pages
}

fn sources() -> String {
    let mut text = String::new();
    let mut open: Vec<PathBuf> = SOURCES.iter().map(|dir| root().join(dir)).collect();
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display())) {
            let path = entry.expect("readable").path();
            let is_source = path.extension().is_some_and(|kind| KINDS.iter().any(|one| kind == *one));
            if path.is_dir() && !path.ends_with("node_modules") {
                open.push(path);
            } else if is_source {
                text.push_str(&std::fs::read_to_string(&path).expect("text"));
            }
        }
    }
    joined(&text)
}

/// The text with texts that go on in the next line made whole, and without the escapes of quotes.
fn joined(source: &str) -> String {
    let mut out = String::new();
    let mut rest = source;
    while let Some(at) = rest.find("\\\n") {
        out.push_str(&rest[..at]);
        rest = rest[at + 2..].trim_start();
    }
    out.push_str(rest);
    out.replace("\\\"", "\"").replace("\\`", "`")
}

/// The messages of a page: the first column, or the last where a table of limits tells them, of each row of a table whose
/// heading has such a column. What is not in backticks is no message.
fn messages(page: &str) -> Vec<(usize, String)> {
    let mut messages = Vec::new();
    let mut column = None;
    for (at, line) in page.lines().enumerate() {
        let Some(cells) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) else {
            column = None;
            continue;
        };
        let cells: Vec<&str> = cells.split(" | ").collect();
        match column {
            None => {
                let is_message = |cell: &str| cell == "message" || cell.starts_with("what is told");
                column = Some(cells.iter().position(|cell| is_message(cell)));
            }
            Some(Some(column)) if !line.starts_with("| ---") => {
                let cell = cells.get(column).copied().unwrap_or_default();
                let quoted = cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
                messages.extend(quoted.map(|message| (at + 1, message.to_owned())));
            }
            Some(_) => {}
        }
    }
    messages
}

#[test]
fn each_message_is_one_that_farmhand_has() {
    let sources = sources();
    let mut gone = Vec::new();
    let mut count = 0;
    for (path, page) in pages() {
        for (line, message) in messages(&page) {
            count += 1;
            let mut pieces = message.split('…').map(str::trim).filter(|piece| piece.len() >= LEAST);
            // The place in a script is put together from parts.
            let is_there = |piece: &str| {
                sources.contains(piece) || piece.starts_with("(plugin.") || piece == "SyntaxError:"
            };
            if let Some(piece) = pieces.find(|piece| !is_there(piece)) {
                gone.push(format!("{}:{line}: no source says `{piece}`", path.display()));
            }
        }
    }
    assert!(count > 60, "only {count} messages are explained");
    assert!(gone.is_empty(), "{}", gone.join("\n"));
}

#[test]
fn each_link_leads_to_a_page_and_a_heading() {
    let mut broken = Vec::new();
    for (path, page) in pages() {
        for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (file, heading) =
                link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
            let target = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            let text = std::fs::read_to_string(&target).unwrap_or_default();
            let is_there =
                target.exists() && heading.is_none_or(|wanted| headings(&text).any(|one| one == wanted));
            if !is_there {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The addresses of a page's headings.
fn headings(page: &str) -> impl Iterator<Item = String> {
    page.lines().filter_map(|line| line.strip_prefix('#')).map(|heading| {
        let plain = heading.trim_start_matches('#').trim().to_lowercase();
        plain
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect()
    })
}

#[test]
fn texts_are_joined_as_compilers_do() {
    assert_eq!(joined("\"a \\\n    b\\\"c\\\"\""), "\"a b\"c\"\"");
    let page = "| message | what |\n| --- | --- |\n| `a … b` | x |\n| no line | y |\n\n| what | key | what is told when |\n| --- | --- | --- |\n| t | k | `c` |\n";
    assert_eq!(messages(page), [(3, "a … b".to_owned()), (8, "c".to_owned())]);
}
