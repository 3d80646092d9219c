//! Path mapping: one place on the studio's storage, as Windows, Linux and macOS spell it, and paths rewritten from
//! one spelling to another.
//!
//! Texts alone: nothing here looks at a disk, follows a link or knows which paths a job has.

use crate::dcc::PathRule;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// How deep a schema's references and branches are followed: no real schema nests its options deeper.
const DEPTH: u32 = 16;

/// A system with spellings of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Os {
    /// `P:/shows`, `//server/share`.
    Windows,
    /// `/mnt/shows`.
    Linux,
    /// `/Volumes/shows`.
    MacOs,
}

impl Os {
    /// All of them.
    pub const ALL: [Os; 3] = [Os::Windows, Os::Linux, Os::MacOs];

    /// The one that this program was built for; other Unixes count as Linux.
    #[must_use]
    pub const fn of_this_build() -> Self {
        if cfg!(windows) {
            Os::Windows
        } else if cfg!(target_os = "macos") {
            Os::MacOs
        } else {
            Os::Linux
        }
    }
}

impl fmt::Display for Os {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Os::Windows => "Windows",
            Os::Linux => "Linux",
            Os::MacOs => "macOS",
        })
    }
}

/// One place as each system spells it. Of several spellings on one side the first is the one that is mapped to, and
/// all are recognised.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spellings {
    /// Drives or UNC paths, with either slash.
    pub windows: Vec<String>,
    /// Absolute paths.
    pub linux: Vec<String>,
    /// Absolute paths.
    pub macos: Vec<String>,
}

impl Spellings {
    fn of(&self, os: Os) -> &[String] {
        match os {
            Os::Windows => &self.windows,
            Os::Linux => &self.linux,
            Os::MacOs => &self.macos,
        }
    }
}

/// Why spellings are no map. Entries count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathMapError {
    /// There is nothing to map.
    #[error(
        "entry {entry} has the spelling of fewer than two systems; give two of `windows`, `linux` and `macos`"
    )]
    OneSided {
        /// Which entry.
        entry: usize,
    },
    /// Not a directory's full path on that system.
    #[error("entry {entry}: `{spelling}` is no directory in full on {os}; write it like {}", example(*os))]
    Unusable {
        /// Which entry.
        entry: usize,
        /// On which side.
        os: Os,
        /// As it was written.
        spelling: String,
    },
    /// One path would have two meanings.
    #[error("entries {first} and {second} contradict each other: on {os} `{spelling}` would be both `{}` and `{}`",
        meanings[0], meanings[1])]
    Contradiction {
        /// One entry.
        first: usize,
        /// The other; the same one where it contradicts itself.
        second: usize,
        /// Where they do.
        os: Os,
        /// The path.
        spelling: String,
        /// What it would be by either.
        meanings: [String; 2],
    },
}

fn example(os: Os) -> &'static str {
    match os {
        Os::Windows => "`P:/shows` or `//server/share`, without `..`",
        Os::Linux => "`/mnt/shows`, without `..`",
        Os::MacOs => "`/Volumes/shows`, without `..`",
    }
}

/// The places of a studio, checked: on every system each path has at most one meaning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathMap {
    places: Vec<Spellings>,
}

impl PathMap {
    /// Checks the places, for every system, since one configuration serves the whole studio.
    pub fn new(places: Vec<Spellings>) -> Result<Self, PathMapError> {
        for (index, place) in places.iter().enumerate() {
            let entry = index + 1;
            for os in Os::ALL {
                for spelling in place.of(os) {
                    if Prefix::of(spelling, os).is_none() {
                        return Err(PathMapError::Unusable { entry, os, spelling: spelling.clone() });
                    }
                }
            }
            if Os::ALL.into_iter().filter(|os| !place.of(*os).is_empty()).count() < 2 {
                return Err(PathMapError::OneSided { entry });
            }
        }
        let map = Self { places };
        Os::ALL.into_iter().try_for_each(|os| map.check(os))?;
        Ok(map)
    }

    /// The places, as they were given.
    #[must_use]
    pub fn places(&self) -> &[Spellings] {
        &self.places
    }

    /// Whether there is nothing to map.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The rules as this system needs them, the longest first. Both sides have forward slashes, on Windows too, where
    /// every DCC takes them.
    #[must_use]
    pub fn here(&self, os: Os) -> Vec<PathRule> {
        let table = self.table(os);
        // A place of this system inside one of another's has to be kept from whoever only looks for the longest rule.
        let kept = table.own.iter().filter(|own| table.rules.iter().any(|rule| rule.from.holds(&own.prefix)));
        let kept: Vec<PathRule> = kept
            .map(|own| PathRule { spelled: own.prefix.to_string(), here: own.prefix.to_string() })
            .collect();
        let rules = table.rules.into_iter();
        let mut rules: Vec<PathRule> = rules
            .map(|rule| PathRule { spelled: rule.from.to_string(), here: rule.to })
            .chain(kept)
            .collect();
        rules.sort_by(|a, b| (b.spelled.len(), &a.spelled).cmp(&(a.spelled.len(), &b.spelled)));
        rules.dedup();
        rules
    }

    /// The path as this system spells it; one that no place holds, and one that is spelled so already, as it is.
    #[must_use]
    pub fn map(&self, path: &str, os: Os) -> String {
        self.table(os).map(path)
    }

    /// Maps the values whose schema says `"format": "path"`: texts and lists of them, at any depth.
    pub fn map_options(&self, schema: &Value, options: &mut Map<String, Value>, os: Os) {
        if self.is_empty() {
            return;
        }
        let table = self.table(os);
        let mut value = Value::Object(std::mem::take(options));
        table.map_value(schema, schema, &mut value, DEPTH);
        if let Value::Object(mapped) = value {
            *options = mapped;
        }
    }

    fn table(&self, os: Os) -> Table {
        let mut table = Table { own: Vec::new(), rules: Vec::new() };
        for (index, place) in self.places.iter().enumerate() {
            let entry = index + 1;
            let Some(here) = place.of(os).first().and_then(|first| Prefix::of(first, os)) else { continue };
            let to = here.to_string();
            for other in Os::ALL {
                let prefixes = place.of(other).iter().filter_map(|spelling| Prefix::of(spelling, other));
                let foreign = prefixes.filter(|prefix| *prefix != here);
                table.rules.extend(foreign.map(|from| Rule { entry, from, to: to.clone() }));
            }
            table.own.push(Own { entry, prefix: here });
        }
        table.rules.sort_by_key(|rule| std::cmp::Reverse(rule.from.parts.len()));
        table
    }

    fn check(&self, os: Os) -> Result<(), PathMapError> {
        let table = self.table(os);
        let contradiction = |first: usize, rule: &Rule, other: String| PathMapError::Contradiction {
            first: first.min(rule.entry),
            second: first.max(rule.entry),
            os,
            spelling: rule.from.to_string(),
            meanings: if first <= rule.entry { [other, rule.to.clone()] } else { [rule.to.clone(), other] },
        };
        for (index, rule) in table.rules.iter().enumerate() {
            let twin = table.rules[..index].iter().find(|twin| twin.from == rule.from && twin.to != rule.to);
            if let Some(twin) = twin {
                return Err(contradiction(twin.entry, rule, twin.to.clone()));
            }
            // What is spelled as here already stays, so this rule would never apply.
            if let Some(own) = table.own.iter().find(|own| own.prefix.holds(&rule.from)) {
                return Err(contradiction(own.entry, rule, rule.from.to_string()));
            }
        }
        Ok(())
    }
}

/// The map as one system reads it.
struct Table {
    /// What is spelled as here.
    own: Vec<Own>,
    /// What is not, the deepest first.
    rules: Vec<Rule>,
}

struct Own {
    entry: usize,
    prefix: Prefix,
}

struct Rule {
    entry: usize,
    from: Prefix,
    to: String,
}

impl Table {
    fn map(&self, path: &str) -> String {
        if self.own.iter().any(|own| own.prefix.rest_of(path).is_some()) {
            return path.to_owned();
        }
        let mapped =
            self.rules.iter().find_map(|rule| Some(format!("{}{}", rule.to, rule.from.rest_of(path)?)));
        mapped.unwrap_or_else(|| path.to_owned())
    }

    fn map_value(&self, root: &Value, schema: &Value, value: &mut Value, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else { return };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str)
            && let Some(target) = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer))
        {
            self.map_value(root, target, value, depth);
        }
        for branches in ["anyOf", "oneOf", "allOf"] {
            for branch in schema.get(branches).and_then(Value::as_array).into_iter().flatten() {
                self.map_value(root, branch, value, depth);
            }
        }
        match value {
            Value::String(path) if schema.get("format").is_some_and(|format| format == "path") => {
                *path = self.map(path);
            }
            Value::Array(items) => {
                if let Some(schema) = schema.get("items") {
                    items.iter_mut().for_each(|item| self.map_value(root, schema, item, depth));
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    let named = schema.get("properties").and_then(|properties| properties.get(name));
                    if let Some(schema) = named.or_else(|| schema.get("additionalProperties")) {
                        self.map_value(root, schema, field, depth);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The beginning of a path, by its components.
#[derive(Debug, Clone)]
struct Prefix {
    root: Root,
    parts: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    /// A drive, in capitals.
    Drive(char),
    /// `//server/share`.
    Unc,
    Unix,
}

impl Root {
    fn is_windows(self) -> bool {
        !matches!(self, Root::Unix)
    }
}

/// Windows does not tell `Shows` from `shows`.
impl PartialEq for Prefix {
    fn eq(&self, other: &Self) -> bool {
        self.parts.len() == other.parts.len() && self.holds(other)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.root {
            Root::Drive(letter) => write!(f, "{letter}:")?,
            Root::Unc => f.write_str("/")?,
            Root::Unix => {}
        }
        self.parts.iter().try_for_each(|part| write!(f, "/{part}"))
    }
}

impl Prefix {
    /// A spelling of the configuration; `None` where it is not the full path of a directory below a root.
    fn of(spelling: &str, os: Os) -> Option<Self> {
        let (root, parts) = split(spelling)?;
        let fits = match root {
            Root::Drive(_) => os == Os::Windows,
            // A server alone is no place: what is below it is shares.
            Root::Unc => os == Os::Windows && parts.len() >= 2,
            Root::Unix => os != Os::Windows && !parts.is_empty(),
        };
        if !fits || parts.contains(&"..") {
            return None;
        }
        Some(Self { root, parts: parts.into_iter().map(str::to_owned).collect() })
    }

    fn holds(&self, other: &Prefix) -> bool {
        self.root == other.root && self.begins(other.parts.iter().map(String::as_str))
    }

    fn begins<'a>(&self, mut parts: impl Iterator<Item = &'a str>) -> bool {
        let same = |own: &str, other: &str| match self.root.is_windows() {
            true => own.chars().flat_map(char::to_lowercase).eq(other.chars().flat_map(char::to_lowercase)),
            false => own == other,
        };
        self.parts.iter().all(|own| parts.next().is_some_and(|part| same(own, part)))
    }

    /// What follows this prefix in a path, beginning with a slash where there is something; `None` where the path does
    /// not begin with it.
    fn rest_of(&self, path: &str) -> Option<String> {
        let (root, parts) = split(path)?;
        if root != self.root || !self.begins(parts.iter().copied()) {
            return None;
        }
        let mut rest = String::new();
        for part in &parts[self.parts.len()..] {
            rest.push('/');
            rest.push_str(part);
        }
        let separators: &[char] = if root.is_windows() { &['/', '\\'] } else { &['/'] };
        if path.ends_with(separators) {
            rest.push('/');
        }
        Some(rest)
    }
}

/// The root and the components of an absolute path of any system. `//x` without a server's share behind it is no
/// place of Unix: Blender calls the scene's own directory so.
fn split(path: &str) -> Option<(Root, Vec<&str>)> {
    let is_slash = |c: char| c == '/' || c == '\\';
    // Windows' word for "as it is": `\\?\P:\shows`, `\\?\UNC\server\share`.
    let verbatim = path.strip_prefix("\\\\?\\").or_else(|| path.strip_prefix("//?/"));
    let (root, rest) = match verbatim {
        Some(rest) => match rest.strip_prefix("UNC").filter(|rest| rest.starts_with(is_slash)) {
            Some(share) => (Root::Unc, share),
            None => drive(rest)?,
        },
        None if path.starts_with("\\\\") || path.starts_with("//") => (Root::Unc, &path[2..]),
        None if path.starts_with('/') => (Root::Unix, path),
        None => drive(path)?,
    };
    let parts = rest.split(|c| if root.is_windows() { is_slash(c) } else { c == '/' });
    Some((root, parts.filter(|part| !part.is_empty() && *part != ".").collect()))
}

fn drive(path: &str) -> Option<(Root, &str)> {
    let mut chars = path.chars();
    let letter = chars.next().filter(char::is_ascii_alphabetic)?;
    let rest = chars.as_str().strip_prefix(':')?;
    // `P:shows` is relative to wherever that drive's own working directory is.
    (rest.is_empty() || rest.starts_with(['/', '\\']))
        .then_some((Root::Drive(letter.to_ascii_uppercase()), rest))
}

#[cfg(test)]
mod tests;
