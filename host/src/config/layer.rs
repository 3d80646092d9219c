//! Layers of settings: defaults, then the file, then the environment, then flags, each over the one before, and
//! every value with the place that it came from.

use super::error::{ConfigProblem, Place};
use super::keys::{self, KEYS, Key, Kind, PLUGIN_KEYS, SECTIONS, near_miss};
use super::value::{Base, Value};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// One value and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// What.
    pub value: Value,
    /// Where from.
    pub place: Place,
}

/// Values by `section.name`; keys of plugins, tools and limits as `plugins.blender.read`, `tools.blender`,
/// `limits.nuke_render`.
#[derive(Debug, Default)]
pub struct Settings {
    values: BTreeMap<String, Setting>,
    problems: Vec<ConfigProblem>,
}

impl Settings {
    /// What holds where nothing is set.
    pub(super) fn defaults() -> Self {
        let mut settings = Self::default();
        let base = Base { dir: Path::new("/"), home: None };
        for key in KEYS {
            if let keys::Fallback::Is(text) = key.default {
                settings.take(key, &Place::Default, Value::of_text(key.kind, text, base));
            }
        }
        settings
    }

    /// The setting of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.values.get(key)
    }

    /// All that is set, in the order of the keys' names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.values.iter().map(|(key, setting)| (key.as_str(), setting))
    }

    /// Remembers that something is wrong.
    pub(super) fn problem(&mut self, place: &Place, key: Option<&str>, message: impl Into<String>) {
        let key = key.map(str::to_owned);
        self.problems.push(ConfigProblem { place: place.clone(), key, message: message.into() });
    }

    /// What was wrong, in the order in which it was found.
    pub(super) fn take_problems(&mut self) -> Vec<ConfigProblem> {
        std::mem::take(&mut self.problems)
    }

    fn take(&mut self, key: &Key, place: &Place, value: Result<Value, String>) {
        self.take_as(format!("{}.{}", key.section, key.name), place, value);
    }

    fn take_as(&mut self, key: String, place: &Place, value: Result<Value, String>) {
        match value {
            Ok(value) => {
                self.values.insert(key, Setting { value, place: place.clone() });
            }
            Err(message) => self.problem(place, Some(&key), message),
        }
    }

    /// A flag of the command line.
    pub(super) fn add_flag(&mut self, flag: &str, key: &str, text: &str, base: Base<'_>) {
        let place = Place::Flag(flag.to_owned());
        match key.split_once('.').and_then(|(section, name)| keys::find(section, name)) {
            Some(key) => self.take(key, &place, Value::of_text(key.kind, text, base)),
            None => self.problem(&place, Some(key), "is no key"),
        }
    }

    /// The environment. `FARMHAND_` and section and key in capitals; variables that are neither that nor nearly that
    /// are somebody else's.
    pub(super) fn add_environment<'a>(
        &mut self,
        variables: impl IntoIterator<Item = (&'a str, &'a str)>,
        base: Base<'_>,
    ) {
        for (variable, text) in variables {
            let Some(rest) = variable.strip_prefix("FARMHAND_").filter(|rest| *rest != "CONFIG") else {
                continue;
            };
            let place = Place::Environment(variable.to_owned());
            if let Some(key) = KEYS.iter().find(|key| variable_of(key) == rest) {
                self.take(key, &place, Value::of_text(key.kind, text, base));
            } else if let Some((section, name, kind)) = any_named(rest) {
                let value = Value::of_text(kind, text, base);
                self.take_as(format!("{section}.{}", name.to_ascii_lowercase()), &place, value);
            } else if rest.starts_with("PLUGINS_")
                && PLUGIN_KEYS.iter().any(|key| rest.ends_with(&suffix_of(key)))
            {
                self.problem(&place, None, "one plugin's settings can only be set in a file");
            } else {
                let known: Vec<String> = KEYS.iter().map(variable_of).collect();
                let near = near_miss(rest, known.iter().map(String::as_str));
                let section = SECTIONS.iter().find(|(section, _)| {
                    rest.strip_prefix(&section.to_uppercase()).is_some_and(|rest| rest.starts_with('_'))
                });
                match (near, section) {
                    (Some(near), _) => {
                        self.problem(
                            &place,
                            None,
                            format!("unknown variable; did you mean `FARMHAND_{near}`?"),
                        );
                    }
                    (None, Some((section, _))) => {
                        let names: Vec<&str> = names_in(section).collect();
                        let message = format!("unknown variable; [{section}] has {}", names.join(", "));
                        self.problem(&place, None, message);
                    }
                    (None, None) => {}
                }
            }
        }
    }

    /// A file's text.
    pub(super) fn add_file(&mut self, path: &Path, text: &str, home: Option<&Path>) {
        let file = File { path, text, base: Base { dir: path.parent().unwrap_or(Path::new("/")), home } };
        let document = match DeTable::parse(text) {
            Ok(document) => document,
            Err(error) => {
                let place = file.place(error.span().unwrap_or(0..0));
                return self.problem(&place, None, error.message().to_owned());
            }
        };
        for (name, value) in document.get_ref() {
            let section =
                SECTIONS.iter().map(|(section, _)| *section).find(|section| section == name.get_ref());
            match (section, value.get_ref()) {
                (Some(section), DeValue::Table(table)) => self.add_section(&file, section, table),
                (Some(section), _) => {
                    let message = format!("is a section: write `[{section}]` on a line of its own");
                    self.problem(&file.place(name.span()), Some(section), message);
                }
                (None, _) => self.unknown_section(&file, name),
            }
        }
    }

    fn add_section(&mut self, file: &File<'_>, section: &'static str, table: &DeTable<'_>) {
        for (name, value) in table {
            if let Some(kind) = kind_of_any(section) {
                let key = format!("{section}.{}", name.get_ref());
                if name.get_ref().trim().is_empty() {
                    self.problem(&file.place(name.span()), Some(&key), "has no name");
                    continue;
                }
                self.take_as(
                    key,
                    &file.place(value.span()),
                    Value::of_toml(kind, value.get_ref(), file.base),
                );
                continue;
            }
            match (keys::find(section, name.get_ref()), value.get_ref()) {
                (Some(key), value_read) => {
                    self.take(
                        key,
                        &file.place(value.span()),
                        Value::of_toml(key.kind, value_read, file.base),
                    );
                }
                (None, DeValue::Table(table)) if section == "plugins" => {
                    self.add_plugin(file, name.get_ref(), table);
                }
                (None, _) => self.unknown_key(file, section, name, names_in(section)),
            }
        }
    }

    fn add_plugin(&mut self, file: &File<'_>, plugin: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            match PLUGIN_KEYS.iter().find(|key| key.name == name.get_ref().as_ref()) {
                Some(key) => {
                    let read = Value::of_toml(key.kind, value.get_ref(), file.base);
                    self.take_as(format!("plugins.{plugin}.{}", key.name), &file.place(value.span()), read);
                }
                None => {
                    let section = format!("plugins.{plugin}");
                    self.unknown_key(file, &section, name, PLUGIN_KEYS.iter().map(|key| key.name));
                }
            }
        }
    }

    fn unknown_section(&mut self, file: &File<'_>, name: &Spanned<DeString<'_>>) {
        let word = name.get_ref().as_ref();
        let owner = KEYS.iter().find(|key| key.name == word);
        let message = match (owner, near_miss(word, SECTIONS.iter().map(|(section, _)| *section))) {
            (Some(owner), _) => format!("belongs under `[{}]`", owner.section),
            (None, Some(near)) => format!("unknown section; did you mean `[{near}]`?"),
            (None, None) => {
                let names: Vec<String> = SECTIONS.iter().map(|(section, _)| format!("[{section}]")).collect();
                format!("unknown section; there are {}", names.join(", "))
            }
        };
        self.problem(&file.place(name.span()), Some(word), message);
    }

    fn unknown_key<'a>(
        &mut self,
        file: &File<'_>,
        section: &str,
        name: &Spanned<DeString<'_>>,
        known: impl Iterator<Item = &'a str> + Clone,
    ) {
        let word = name.get_ref().as_ref();
        let elsewhere = KEYS.iter().find(|key| key.name == word);
        let message = match (elsewhere, near_miss(word, known.clone())) {
            (Some(owner), _) => format!("unknown key; `{word}` belongs under `[{}]`", owner.section),
            (None, Some(near)) => format!("unknown key; did you mean `{near}`?"),
            (None, None) => format!("unknown key; [{section}] has {}", known.collect::<Vec<_>>().join(", ")),
        };
        self.problem(&file.place(name.span()), Some(&format!("{section}.{word}")), message);
    }
}

/// What the keys of a section take that may have any name.
fn kind_of_any(section: &str) -> Option<Kind> {
    match section {
        "tools" => Some(Kind::Path),
        "limits" => Some(Kind::Limit),
        "notify" => Some(Kind::Webhook),
        _ => None,
    }
}

/// A variable of such a section, after `FARMHAND_`, taken apart.
fn any_named(variable: &str) -> Option<(&'static str, &str, Kind)> {
    SECTIONS.iter().find_map(|(section, _)| {
        let kind = kind_of_any(section)?;
        let name = variable.strip_prefix(&section.to_uppercase())?.strip_prefix('_')?;
        (!name.is_empty()).then_some((*section, name, kind))
    })
}

fn names_in(section: &str) -> impl Iterator<Item = &'static str> + Clone {
    KEYS.iter().filter(move |key| key.section == section).map(|key| key.name)
}

/// The variable of a key, after `FARMHAND_`.
pub(super) fn variable_of(key: &Key) -> String {
    format!("{}{}", key.section.to_uppercase(), suffix_of(key))
}

fn suffix_of(key: &Key) -> String {
    format!("_{}", key.name.to_uppercase())
}

struct File<'a> {
    path: &'a Path,
    text: &'a str,
    base: Base<'a>,
}

impl File<'_> {
    fn place(&self, span: Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place::File {
            path: self.path.to_path_buf(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}
