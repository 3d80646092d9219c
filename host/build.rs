//! Puts what `farmhand plugin new` writes into the binary: the SDKs and the templates, as tables of names and texts.
//!
//! A table is made anew when a file in it changes. Directories are not watched, because a test that leaves a
//! `__pycache__` would then build farmhand again; a new module is found with the change of the one that imports it.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

/// Each table's name, and the directories that it holds: where they are in the repository, and what their files' names
/// begin with in the table.
const TABLES: [(&str, &[(&str, &str)]); 4] = [
    ("TEMPLATES", &[("plugins/templates", "")]),
    ("PYTHON_SDK", &[("plugins/sdk-python/farmhand", "")]),
    ("JAVASCRIPT_SDK", &[("plugins/sdk-js", "")]),
    ("RUST_SDK", &[("plugins/sdk/src", "src/"), ("wit/v0", "wit/")]),
];

/// What tools leave beside sources, and what only tests an SDK.
const ASIDE: [&str; 4] = ["__pycache__", "node_modules", "test", "tests"];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut text = String::new();
    for (table, directories) in TABLES {
        let mut rows = Vec::new();
        for (directory, prefix) in directories {
            collect(&here.join("..").join(directory), prefix, table == "TEMPLATES", &mut rows)?;
        }
        rows.sort();
        let _ = writeln!(text, "pub(super) static {table}: &[(&str, &str)] = &[");
        for (name, path) in rows {
            println!("cargo::rerun-if-changed={}", path.display());
            let _ = writeln!(text, "    ({name:?}, include_str!({:?})),", path.display().to_string());
        }
        text.push_str("];\n");
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    std::fs::write(out.join("embedded.rs"), text)
}

/// Adds the files below a directory. The templates have tests that belong to them.
fn collect(
    directory: &Path,
    prefix: &str,
    with_tests: bool,
    rows: &mut Vec<(String, PathBuf)>,
) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_aside = ASIDE.contains(&name.as_str()) && !(with_tests && name == "tests");
        if name.starts_with('.') || is_aside || name.ends_with(".pyc") {
            continue;
        }
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), with_tests, rows)?;
        } else {
            rows.push((format!("{prefix}{name}"), path));
        }
    }
    Ok(())
}
