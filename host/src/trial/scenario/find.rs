//! Where a plugin's scenarios are.

use super::{Scenario, ScenarioError};
use std::path::{Path, PathBuf};

/// The scenarios that go with a plugin, by name:
/// - of a folder, and of a script inside of one: what is in its `scenarios`;
/// - of a file `lumen.py`: `lumen.scenario.toml` and `lumen.WORD.scenario.toml` beside it, or `.json`; where there are
///   none, what is in `scenarios` beside it.
///
/// # Errors
/// A directory cannot be read, or one of the files is no scenario.
pub fn scenarios_of(plugin: &Path) -> Result<Vec<Scenario>, ScenarioError> {
    if plugin.is_dir() {
        return find(&plugin.join("scenarios"));
    }
    let folder = match plugin.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let stem = plugin.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let beside = files(folder, |name| is_of(name, &stem))?;
    if beside.is_empty() { find(&folder.join("scenarios")) } else { read(&beside) }
}

/// All scenarios of a directory, by name; none where there is no such directory.
///
/// # Errors
/// It cannot be read, or one of its files is no scenario.
pub fn find(dir: &Path) -> Result<Vec<Scenario>, ScenarioError> {
    if dir.exists() { read(&files(dir, |_| true)?) } else { Ok(Vec::new()) }
}

/// Whether a file's name is that of a scenario of the plugin with this stem.
fn is_of(name: &str, stem: &str) -> bool {
    let scenario = name.strip_suffix(".scenario.toml").or_else(|| name.strip_suffix(".scenario.json"));
    scenario.is_some_and(|scenario| {
        scenario == stem || scenario.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.'))
    })
}

fn files(dir: &Path, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>, ScenarioError> {
    let failed = |error: std::io::Error| ScenarioError {
        path: dir.to_owned(),
        line: None,
        message: error.to_string(),
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_scenario = !name.starts_with('.') && (name.ends_with(".toml") || name.ends_with(".json"));
        if is_scenario && is_wanted(&name) && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn read(paths: &[PathBuf]) -> Result<Vec<Scenario>, ScenarioError> {
    paths.iter().map(|path| Scenario::read(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_are_found_beside_a_file_and_in_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, if name.ends_with(".json") { "{}" } else { "" }).unwrap();
        };
        let check = |plugin: &str, expect: &[&str]| {
            let found = scenarios_of(&dir.path().join(plugin)).unwrap();
            let names: Vec<String> = found.iter().map(Scenario::name).collect();
            assert_eq!(names, expect, "{plugin}");
        };
        write("lumen.py");
        check("lumen.py", &[]);
        write("scenarios/shared.toml");
        check("lumen.py", &["shared"]);
        write("lumen.scenario.toml");
        write("lumen.licence.scenario.json");
        write("lumenous.scenario.toml");
        write("lumen.toml");
        check("lumen.py", &["lumen.licence", "lumen"]);
        write("nova/plugin.py");
        write("nova/scenarios/b.json");
        write("nova/scenarios/a.toml");
        write("nova/scenarios/.a.toml");
        write("nova/scenarios/notes.md");
        check("nova", &["a", "b"]);
        check("nova/plugin.py", &["a", "b"]);
    }

    #[test]
    fn a_broken_scenario_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.toml"), "x = 1").unwrap();
        let error = find(dir.path()).unwrap_err();
        assert!(error.path.ends_with("a.toml") && error.line == Some(1), "{error}");
    }
}
