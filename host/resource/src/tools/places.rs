//! Where a program may be: the configuration, the environment, PATH and the plugin's own list of install places.

use farmhand_model::dcc::ToolSpec;
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

const VARIABLE_PREFIX: &str = "FARMHAND_TOOLS_";

/// What said that a program is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolSource {
    /// The `[tools]` table of the configuration.
    Configuration,
    /// An environment variable.
    Variable {
        /// Such as `FARMHAND_TOOLS_BLENDER`.
        name: String,
    },
    /// A directory of PATH.
    SearchPath,
    /// An install place that the plugin knows.
    Installed {
        /// As the plugin gives it.
        glob: String,
    },
}

impl ToolSource {
    /// Whether a person chose this very program.
    #[must_use]
    pub fn is_chosen(&self) -> bool {
        matches!(self, ToolSource::Configuration | ToolSource::Variable { .. })
    }
}

impl fmt::Display for ToolSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ToolSource::Configuration => f.write_str("[tools] of the configuration"),
            ToolSource::Variable { name } => f.write_str(name),
            ToolSource::SearchPath => f.write_str("PATH"),
            ToolSource::Installed { glob } => f.write_str(glob),
        }
    }
}

/// One program that may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    pub(super) source: ToolSource,
}

/// What of this machine and its configuration says where programs are.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    /// The `[tools]` table.
    pub(super) configured: BTreeMap<String, PathBuf>,
    /// Variables whose name begins with the prefix.
    pub(super) variables: BTreeMap<String, PathBuf>,
    /// The value of PATH.
    pub(super) search_path: Option<OsString>,
    /// What `~` stands for.
    pub(super) home: Option<PathBuf>,
    /// Other variables that hold absolute paths, for globs such as `$MAYA_LOCATION/bin/mayapy`.
    pub(super) locations: BTreeMap<String, PathBuf>,
}

/// The variable that names a tool: `FARMHAND_TOOLS_MAYA_PY` for `maya-py`.
pub(super) fn variable(id: &str) -> String {
    let id: String =
        id.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    format!("{VARIABLE_PREFIX}{id}")
}

/// Programs of one tool that are looked at, since each is asked for its version: a glob that matches all of a system's
/// programs must not start them all.
const INSTALLED: usize = 100;

impl Places {
    /// This process's own surroundings.
    pub(super) fn of_this_process(configured: BTreeMap<String, PathBuf>) -> Self {
        let all = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, PathBuf::from(value))))
            .filter(|(_, value)| !value.as_os_str().is_empty());
        let (variables, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
            all.partition(|(name, _)| name.starts_with(VARIABLE_PREFIX));
        let locations = others.into_iter().filter(|(_, value)| value.is_absolute()).collect();
        Self {
            configured,
            variables,
            search_path: std::env::var_os("PATH"),
            home: std::env::home_dir(),
            locations,
        }
    }

    /// Every place that has the program, in order, each program once however many links lead to it. The one that a
    /// person chose comes first, and is there even where its file is not. It blocks on the file system.
    pub(super) fn candidates(&self, spec: &ToolSpec) -> Vec<Candidate> {
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        found.extend(self.chosen(spec));
        found.extend(self.on_search_path(spec));
        found.extend(self.installed(spec).take(INSTALLED));
        found.retain(|candidate| {
            let real = candidate.path.canonicalize().unwrap_or_else(|_| candidate.path.clone());
            seen.insert(real)
        });
        found
    }

    fn chosen(&self, spec: &ToolSpec) -> Option<Candidate> {
        if let Some(path) = self.configured.get(&spec.id) {
            return Some(Candidate { path: self.inside(path, spec), source: ToolSource::Configuration });
        }
        let name = variable(&spec.id);
        let path = self.variables.get(&name)?;
        Some(Candidate { path: self.inside(path, spec), source: ToolSource::Variable { name } })
    }

    /// The program itself where a person gave its directory.
    fn inside(&self, path: &Path, spec: &ToolSpec) -> PathBuf {
        let path = self.expand(path);
        if !path.is_dir() {
            return path;
        }
        let programs =
            spec.names.iter().map(|name| path.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)));
        programs.into_iter().find(|program| program.is_file()).unwrap_or(path)
    }

    fn on_search_path(&self, spec: &ToolSpec) -> impl Iterator<Item = Candidate> {
        let all = spec.names.iter().filter_map(|name| {
            // The working directory is only for names with a separator, and those are no names.
            which::which_in_all(name, self.search_path.as_ref(), "").ok()
        });
        all.flatten().map(|path| Candidate { path, source: ToolSource::SearchPath })
    }

    fn installed(&self, spec: &ToolSpec) -> impl Iterator<Item = Candidate> {
        spec.globs.iter().flat_map(|pattern| {
            let paths = self.pattern(pattern).and_then(|pattern| glob::glob(&pattern).ok());
            let files = paths.into_iter().flatten().filter_map(Result::ok).filter(|path| is_program(path));
            files.map(|path| Candidate { path, source: ToolSource::Installed { glob: pattern.clone() } })
        })
    }

    /// The glob with the home directory in place of `~`, or a variable's value in place of `$NAME`; none where there is no
    /// such directory.
    fn pattern(&self, glob: &str) -> Option<String> {
        let named = || glob.strip_prefix('$')?.split_once('/');
        let (dir, rest) = match (below_home(glob), named()) {
            (Some(rest), _) => (self.home.as_ref()?, rest),
            (None, Some((name, rest))) => (self.locations.get(name)?, rest),
            (None, None) => return Some(glob.to_owned()),
        };
        Some(format!("{}/{rest}", glob::Pattern::escape(dir.to_str()?)))
    }

    fn expand(&self, path: &Path) -> PathBuf {
        match (path.to_str().and_then(below_home), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => path.to_owned(),
        }
    }
}

fn below_home(path: &str) -> Option<&str> {
    path.strip_prefix("~/").or_else(|| path.strip_prefix("~\\").filter(|_| cfg!(windows)))
}

/// Whether it is a file that may be run.
pub(super) fn is_program(path: &Path) -> bool {
    let Ok(data) = path.metadata() else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        data.is_file() && data.permissions().mode() & 0o111 != 0
    }
    #[cfg(not(unix))]
    data.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_variables_after_tools() {
        assert_eq!(variable("blender"), "FARMHAND_TOOLS_BLENDER");
        assert_eq!(variable("maya-py.2"), "FARMHAND_TOOLS_MAYA_PY_2");
    }

    #[test]
    fn home_is_expanded_and_its_own_characters_are_no_pattern() {
        let places = Places { home: Some("/home/[a]*".into()), ..Places::default() };
        assert_eq!(places.pattern("~/opt/*/nuke").as_deref(), Some("/home/[[]a[]][*]/opt/*/nuke"));
        assert_eq!(places.pattern("/opt/~/nuke").as_deref(), Some("/opt/~/nuke"));
        assert_eq!(Places::default().pattern("~/opt"), None);
        let locations = BTreeMap::from([("MAYA_LOCATION".to_owned(), PathBuf::from("/sw/maya[2025]"))]);
        let places = Places { locations, ..places };
        let pattern = places.pattern("$MAYA_LOCATION/bin/mayapy");
        assert_eq!(pattern.as_deref(), Some("/sw/maya[[]2025[]]/bin/mayapy"));
        assert_eq!(places.pattern("$NUKE_LOCATION/Nuke*"), None);
        assert_eq!(places.expand(Path::new("~/blender")), Path::new("/home/[a]*/blender"));
    }
}
