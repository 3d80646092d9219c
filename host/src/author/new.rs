//! A new plugin: a folder from the templates, with its name filled in and its SDK beside it. Nothing is overwritten.

use super::{embedded, place, sdk};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// As long as a plugin's name may be.
const NAME_LENGTH: usize = 40;
/// The made-up renderer of the templates, whose place the new plugin's name takes; its class too.
const GLOW: (&str, &str) = ("glow", "Glow");
/// Words that no class may be called in one of the languages.
const RESERVED: [&str; 4] = ["False", "None", "Self", "True"];

/// What a new plugin is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Lang {
    /// A script that needs no toolchain
    Python,
    /// A component, built with cargo
    Rust,
    /// A script that needs no toolchain
    #[value(name = "js", alias = "javascript")]
    JavaScript,
}

impl Lang {
    fn template(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Rust => "rust",
            Self::JavaScript => "javascript",
        }
    }

    /// What checks the project's unit tests, in its folder.
    #[must_use]
    pub fn unit_tests(self) -> &'static str {
        match self {
            Self::Python => "python3 -m unittest",
            Self::Rust => "cargo test",
            Self::JavaScript => "node --test",
        }
    }
}

/// Why there is no new plugin.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// The name.
    #[error(
        "`{0}` is no name for a plugin: it begins with a lower case letter and is made of lower case letters, digits and \
         single `-` between them, at most {NAME_LENGTH}"
    )]
    Name(String),
    /// There is something already.
    #[error("{} is there already; choose another name, or another place with --dir", .0.display())]
    Exists(PathBuf),
    /// Its files.
    #[error(transparent)]
    Place(#[from] place::PlaceError),
}

/// Makes the plugin `name` in a folder of that name inside `dir`, which is made where it is missing.
///
/// # Errors
/// The name is none, something is there already, or it cannot be written.
pub fn create(name: &str, lang: Lang, dir: &Path) -> Result<PathBuf, NewError> {
    if !is_name(name) {
        return Err(NewError::Name(name.to_owned()));
    }
    let folder = dir.join(name);
    if folder.symlink_metadata().is_ok() {
        return Err(NewError::Exists(folder));
    }
    let mut files: BTreeMap<String, Vec<u8>> =
        files(name, lang).into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    for (copy, texts) in sdk::copies(lang) {
        let texts =
            texts.into_iter().map(|(name, text)| (format!("{copy}/{name}"), text.into_owned().into_bytes()));
        files.extend(texts);
    }
    place::new_folder(&folder, &files)?;
    Ok(folder)
}

/// The template's files, for a plugin of this name.
fn files(name: &str, lang: Lang) -> Vec<(String, String)> {
    let shared = embedded::template("scenarios").map(|(file, text)| (format!("scenarios/{file}"), text));
    let own: Vec<_> =
        embedded::template(lang.template()).map(|(file, text)| (file.to_owned(), text)).collect();
    let used: String = own.iter().map(|(_, text)| *text).collect();
    let class = class_of(name, &used);
    let filled = |(file, text): (String, &str)| {
        let file = file.trim_end_matches(".in").replace("dot-", ".");
        (file, text.replace(GLOW.0, name).replace(GLOW.1, &class))
    };
    own.into_iter().chain(shared).map(filled).collect()
}

/// Whether a plugin may be called this. Narrower than the contract, so that cargo and every file system agree.
fn is_name(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.split('-').all(plain)
        && name.len() <= NAME_LENGTH
}

/// The class of a plugin: `my-renderer` is `MyRenderer`. One that the template uses for something else says that it is a
/// renderer.
fn class_of(name: &str, used: &str) -> String {
    let class: String = name
        .split('-')
        .filter_map(|part| {
            let mut letters = part.chars();
            Some(letters.next()?.to_ascii_uppercase().to_string() + letters.as_str())
        })
        .collect();
    let mut words = used.split(|c: char| !c.is_alphanumeric() && c != '_');
    match words.any(|word| word == class && word != GLOW.1) || RESERVED.contains(&class.as_str()) {
        true => format!("{class}Renderer"),
        false => class,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_work_everywhere() {
        for name in ["glow", "v-ray", "houdini20", "a", "r2-d2"] {
            assert!(is_name(name), "{name}");
        }
        let long = "a".repeat(NAME_LENGTH + 1);
        for name in ["", "Glow", "3delight", "-a", "a-", "a--b", "a_b", "a/b", "..", "ä", "a b", &long] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn a_class_is_called_like_nothing_else_in_its_file() {
        let used = "from farmhand import Command\nclass Glow(farmhand.Plugin):";
        let check = |name: &str, class: &str| assert_eq!(class_of(name, used), class);
        check("houdini", "Houdini");
        check("my-renderer2", "MyRenderer2");
        check("glow", "Glow");
        check("plugin", "PluginRenderer");
        check("command", "CommandRenderer");
        check("none", "NoneRenderer");
    }

    #[test]
    fn the_made_up_renderer_is_in_no_new_plugin() {
        for lang in [Lang::Python, Lang::Rust, Lang::JavaScript] {
            let files = files("my-renderer", lang);
            assert!(files.iter().any(|(name, _)| name == ".gitignore"), "{lang:?}");
            assert!(files.iter().any(|(name, _)| name == "scenarios/command.toml"), "{lang:?}");
            for (name, text) in files {
                assert!(!text.to_lowercase().contains("glow"), "{lang:?} {name}");
                assert!(!name.contains("dot-") && !name.ends_with(".in"), "{lang:?} {name}");
            }
        }
    }
}
