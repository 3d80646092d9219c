//! Whether a plugin's description of itself makes sense.

use crate::error::PluginErrorKind;
use crate::logring::visible;
use crate::options::OptionsSchema;
use farmhand_model::dcc::{Descriptor, Level, ToolSpec};
use semver::{Version, VersionReq};
use std::collections::BTreeSet;

/// Longer names do not fit on a page.
const NAME_LENGTH: usize = 40;
/// More entries than this in any list of the descriptor is a mistake.
const ENTRIES: usize = 100;
/// Names of tools, levels and extensions stand in columns.
const LABEL_LENGTH: usize = 100;
/// Longer than any place where a program could be.
const PLACE_LENGTH: usize = 4096;

/// A descriptor as the guest gave it.
#[derive(Debug, PartialEq)]
pub(crate) struct Raw {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) summary: String,
    pub(crate) extensions: Vec<String>,
    pub(crate) supports: String,
    pub(crate) tools: Vec<ToolSpec>,
    pub(crate) levels: Vec<Level>,
    pub(crate) options_schema: String,
}

/// Checks all of it, and says all that is wrong.
pub(crate) fn check(raw: Raw) -> Result<(Descriptor, OptionsSchema), PluginErrorKind> {
    let mut problems = Vec::new();
    if !is_name(&raw.name) {
        let name: String = raw.name.chars().take(NAME_LENGTH).collect();
        problems.push(format!(
            "the name `{}` is not made of lower case letters, digits and `-`, at most {NAME_LENGTH} of them",
            name.escape_debug()
        ));
    }
    let version = Version::parse(&raw.version);
    if let Err(error) = &version {
        problems.push(format!("the version `{}` is not semver: {error}", short(&raw.version)));
    }
    let supports = VersionReq::parse(&raw.supports);
    if let Err(error) = &supports {
        problems.push(format!("`supports` is `{}`, no semver requirement: {error}", short(&raw.supports)));
    }
    for extension in &raw.extensions {
        let plain =
            |c: char| !c.is_uppercase() && !c.is_whitespace() && !c.is_control() && !matches!(c, '/' | '\\');
        if extension.is_empty() || extension.starts_with('.') || !extension.chars().all(plain) {
            problems.push(format!(
                "the extension `{}` is not lower case without a dot before it",
                short(extension)
            ));
        }
    }
    twice("extension", raw.extensions.iter(), &mut problems);
    twice("tool", raw.tools.iter().map(|tool| &tool.id), &mut problems);
    twice("level", raw.levels.iter().map(|level| &level.name), &mut problems);
    if raw.levels.is_empty() {
        problems.push("there is no level: nothing could ever be rendered".into());
    }
    let labels = raw.tools.iter().map(|tool| &tool.id).chain(raw.levels.iter().map(|level| &level.name));
    for label in labels.chain(&raw.extensions).filter(|label| !is_label(label)) {
        problems.push(format!("`{}` is no name for a tool, a level or a scene", short(label)));
    }
    for tool in &raw.tools {
        let texts = || tool.names.iter().chain(&tool.globs).chain(&tool.version_args);
        if texts().count() > ENTRIES || texts().any(|text| text.len() > PLACE_LENGTH || text.contains('\0')) {
            problems.push(format!(
                "the tool `{}` is looked for in too many places, or in places that are none",
                short(&tool.id)
            ));
        }
    }
    for (tool, glob) in raw.tools.iter().flat_map(|tool| tool.globs.iter().map(move |glob| (tool, glob))) {
        if is_endless(glob) {
            problems.push(format!(
                "the tool `{}` is looked for at `{}`, which is a search of the whole disk; name its directories",
                short(&tool.id),
                short(glob)
            ));
        }
    }
    for level in &raw.levels {
        for id in level.tools.iter().take(ENTRIES) {
            if !raw.tools.iter().any(|tool| tool.id == *id) {
                problems.push(format!(
                    "the level `{}` needs the tool `{}`, which is not described",
                    short(&level.name),
                    short(id)
                ));
            }
        }
    }
    let schema = OptionsSchema::parse(&raw.options_schema);
    match (version, supports, schema, problems) {
        (Ok(version), Ok(supports), Ok((schema, options_schema)), problems) if problems.is_empty() => {
            let Raw { name, summary, extensions, tools, levels, .. } = raw;
            let descriptor =
                Descriptor { name, version, summary, extensions, supports, tools, levels, options_schema };
            Ok((descriptor, schema))
        }
        (_, _, schema, mut problems) => {
            problems.extend(schema.err());
            Err(PluginErrorKind::Invalid { problems })
        }
    }
}

/// Whether it can stand in a configuration key, on a page and in a URL.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=NAME_LENGTH).contains(&name.len())
        && name.chars().all(plain)
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
}

fn is_label(text: &str) -> bool {
    text.len() <= LABEL_LENGTH && visible(text) == text
}

/// Whether looking at all that the glob matches could take for ever.
fn is_endless(glob: &str) -> bool {
    const OPEN_PARTS: usize = 4;
    let open = |part: &&str| part.contains(['*', '?', '[']);
    glob.contains("**") || glob.split(['/', '\\']).filter(open).count() > OPEN_PARTS
}

fn short(text: &str) -> String {
    text.chars().take(NAME_LENGTH).flat_map(char::escape_debug).collect()
}

/// Says which names are empty or come more than once.
fn twice<'a>(what: &str, names: impl ExactSizeIterator<Item = &'a String>, problems: &mut Vec<String>) {
    if names.len() > ENTRIES {
        problems.push(format!("there are {} {what}s, and {ENTRIES} is the most", names.len()));
        return;
    }
    let mut seen = BTreeSet::new();
    for name in names {
        if name.is_empty() {
            problems.push(format!("a {what} has no name"));
        } else if !seen.insert(name) {
            problems.push(format!("the {what} `{}` is there twice", short(name)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::dcc::FrameShape;

    fn good() -> Raw {
        let tool = |id: &str| ToolSpec { id: id.into(), names: vec![], globs: vec![], version_args: vec![] };
        let level = |name: &str| Level {
            name: name.into(),
            summary: String::new(),
            tools: vec!["mayapy".into()],
            frames: FrameShape::Any,
        };
        Raw {
            name: "maya-2".into(),
            version: "1.2.3".into(),
            summary: "renders".into(),
            extensions: vec!["ma".into(), "usd.gz".into()],
            supports: ">=2022, <2027".into(),
            tools: vec![tool("mayapy"), tool("render")],
            levels: vec![level("script"), level("plain")],
            options_schema: r#"{"type":"object"}"#.into(),
        }
    }

    fn problems(change: impl FnOnce(&mut Raw)) -> Vec<String> {
        let mut raw = good();
        change(&mut raw);
        match check(raw) {
            Ok(_) => Vec::new(),
            Err(PluginErrorKind::Invalid { problems }) => problems,
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_good_descriptor_passes() {
        assert_eq!(problems(|_| ()), [""; 0]);
    }

    #[test]
    fn each_mistake_is_named() {
        type Change = fn(&mut Raw);
        let cases: [(Change, &str); 22] = [
            (|raw| raw.name = "Maya".into(), "the name `Maya`"),
            (|raw| raw.name = String::new(), "the name ``"),
            (|raw| raw.name = "-maya".into(), "the name `-maya`"),
            (|raw| raw.name = "a".repeat(41), "the name `aaa"),
            (|raw| raw.version = "1.2".into(), "the version `1.2` is not semver"),
            (|raw| raw.supports = "newest".into(), "`supports` is `newest`"),
            (|raw| raw.extensions = vec![".ma".into()], "the extension `.ma`"),
            (|raw| raw.extensions = vec!["MA".into()], "the extension `MA`"),
            (|raw| raw.extensions.push("ma".into()), "the extension `ma` is there twice"),
            (|raw| raw.tools[1].id = "mayapy".into(), "the tool `mayapy` is there twice"),
            (|raw| raw.tools[1].id = String::new(), "a tool has no name"),
            (|raw| raw.levels[1].name = "script".into(), "the level `script` is there twice"),
            (|raw| raw.levels.clear(), "there is no level"),
            (|raw| raw.levels[0].tools.push("nuke".into()), "needs the tool `nuke`"),
            (|raw| raw.extensions = vec!["x".into(); 101], "there are 101 extensions"),
            (|raw| raw.options_schema = "{".into(), "options schema"),
            (|raw| raw.tools[0].globs = vec!["/**/maya".into()], "a search of the whole disk"),
            (|raw| raw.tools[0].globs = vec!["/*/*/*/*/*/maya".into()], "a search of the whole disk"),
            (|raw| raw.levels[0].name = "a\u{1b}[2Jb".into(), "`a\\u{1b}[2Jb` is no name"),
            (|raw| raw.levels[0].name = "x".repeat(101), "is no name"),
            (|raw| raw.tools[0].globs = vec!["x".into(); 101], "the tool `mayapy` is looked for in too many"),
            (
                |raw| raw.tools[0].names = vec!["x".repeat(4097)],
                "the tool `mayapy` is looked for in too many",
            ),
        ];
        for (change, expect) in cases {
            let problems = problems(change);
            assert!(problems.len() == 1 && problems[0].contains(expect), "{expect}: {problems:?}");
        }
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let problems = problems(|raw| {
            raw.name = "x y".into();
            raw.version = "one".into();
            raw.options_schema = "[]".into();
        });
        assert_eq!(problems.len(), 3);
    }
}
