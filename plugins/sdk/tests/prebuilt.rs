//! Whether the components under `plugins/prebuilt` are what the sources beside them make. They are committed so that
//! nobody needs a WebAssembly toolchain to build farmhand; this keeps them honest.
//!
//! `scripts/build-plugins` runs this with `FARMHAND_RECORD_PLUGINS` set, and then it writes instead of comparing.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use toml::{Table, Value};

const PLUGINS: [&str; 5] = ["blender", "glow", "maya", "noop", "nuke"];
const REMEDY: &str = "run scripts/build-plugins and commit plugins/prebuilt";

/// Where a plugin's crate is, below the root.
fn crate_of(plugin: &str) -> String {
    match plugin {
        "glow" => "plugins/examples/rust".to_owned(),
        plugin => format!("plugins/{plugin}"),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the workspace is above the SDK")
}

fn table(path: &Path) -> Table {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn hex(digest: impl AsRef<[u8]>) -> String {
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn rustc_version() -> String {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc).arg("--version").output().expect("rustc runs");
    String::from_utf8(output.stdout).expect("a version is text").trim().to_owned()
}

/// Every file below a directory, sorted by its path inside it.
fn files_below(directory: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in
        std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
    {
        let path = entry.expect("a readable directory").path();
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.insert(path);
        }
    }
}

/// The dependencies that a member's component is built from; those of its tests are not among them.
fn manifest_dependencies(manifest: &Table) -> BTreeSet<String> {
    let names = |table: Option<&Value>| -> Vec<String> {
        table.and_then(Value::as_table).map(|table| table.keys().cloned().collect()).unwrap_or_default()
    };
    let mut all: BTreeSet<String> = names(manifest.get("dependencies")).into_iter().collect();
    for target in manifest.get("target").and_then(Value::as_table).into_iter().flatten() {
        all.extend(names(target.1.get("dependencies")));
    }
    all
}

/// What of the workspace's manifest and lock file goes into a component: the profile, the features asked for, and
/// the version and checksum of every crate below it.
fn pinned(root: &Path, plugin: &str) -> String {
    let workspace = table(&root.join("Cargo.toml"));
    let mut pinned = format!("profile {}\n", workspace["profile"]["plugin"]);
    let lock = table(&root.join("Cargo.lock"));
    let packages = lock["package"].as_array().expect("a lock file lists packages");
    let members: BTreeMap<String, PathBuf> = [
        (format!("farmhand-{plugin}"), root.join(crate_of(plugin))),
        ("farmhand-sdk".to_owned(), root.join("plugins/sdk")),
    ]
    .into();

    let mut open = vec![format!("farmhand-{plugin}")];
    let mut seen = BTreeSet::new();
    let mut lines = BTreeSet::new();
    while let Some(dependency) = open.pop() {
        if !seen.insert(dependency.clone()) {
            continue;
        }
        let mut words = dependency.split_whitespace();
        let (name, version) = (words.next().expect("a dependency has a name"), words.next());
        let package = packages
            .iter()
            .find(|package| {
                package["name"].as_str() == Some(name)
                    && version.is_none_or(|version| package["version"].as_str() == Some(version))
            })
            .unwrap_or_else(|| panic!("Cargo.lock has no {dependency}"));
        let allowed = members.get(name).map(|path| manifest_dependencies(&table(&path.join("Cargo.toml"))));
        if let Some(allowed) = &allowed {
            for name in allowed {
                lines.insert(format!("asked {name} {}\n", workspace["workspace"]["dependencies"][name]));
            }
        } else {
            let checksum = package.get("checksum").and_then(Value::as_str).unwrap_or_default();
            lines.insert(format!("locked {name} {} {checksum}\n", package["version"]));
        }
        for dependency in package.get("dependencies").and_then(Value::as_array).into_iter().flatten() {
            let dependency = dependency.as_str().expect("a dependency is text");
            let name = dependency.split_whitespace().next().unwrap_or_default();
            if allowed.as_ref().is_none_or(|allowed| allowed.contains(name)) {
                open.push(dependency.to_owned());
            }
        }
    }
    pinned.extend(lines);
    pinned
}

/// SHA-256 over everything that a component is built from, except the compiler.
fn sources(root: &Path, plugin: &str) -> String {
    let mut files = BTreeSet::new();
    for directory in ["wit/v0".to_owned(), "plugins/sdk/src".to_owned(), format!("{}/src", crate_of(plugin))]
    {
        files_below(&root.join(directory), &mut files);
    }
    // Only tests have this: the feature `testing` is never on in a component.
    let testing = root.join("plugins/sdk/src/testing");
    files.retain(|path| !path.starts_with(&testing) && *path != testing.with_extension("rs"));
    files.insert(root.join("plugins/sdk/Cargo.toml"));
    files.insert(root.join(crate_of(plugin)).join("Cargo.toml"));
    let mut digest = Sha256::new();
    for path in files {
        let name = path
            .strip_prefix(root)
            .expect("all files are below the root")
            .to_string_lossy()
            .replace('\\', "/");
        let contents = std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        digest.update(format!("{name} {}\n", contents.len()));
        digest.update(contents);
    }
    digest.update(pinned(root, plugin));
    hex(digest.finalize())
}

fn component(directory: &Path, plugin: &str) -> Vec<u8> {
    let path = directory.join(format!("{plugin}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; {REMEDY}", path.display()))
}

#[test]
fn recorded_sources_are_current() {
    let root = root();
    let prebuilt = root.join("plugins/prebuilt");
    let current: Table = PLUGINS
        .map(|plugin| {
            let entry: Table = [
                ("sources".to_owned(), Value::String(sources(&root, plugin))),
                ("rustc".to_owned(), Value::String(rustc_version())),
                ("wasm".to_owned(), Value::String(hex(Sha256::digest(component(&prebuilt, plugin))))),
            ]
            .into_iter()
            .collect();
            (plugin.to_owned(), Value::Table(entry))
        })
        .into_iter()
        .collect();
    let path = prebuilt.join("SOURCES.toml");
    if std::env::var_os("FARMHAND_RECORD_PLUGINS").is_some() {
        let head = "# Written by scripts/build-plugins: what each component was built from (`sources`), by which\n\
                    # compiler, and the digest of its bytes. A test compares.\n\n";
        std::fs::write(&path, format!("{head}{current}")).expect("plugins/prebuilt can be written");
        return;
    }
    let recorded = table(&path);
    for plugin in PLUGINS {
        for key in ["sources", "wasm"] {
            let (recorded, current) = (&recorded[plugin][key], &current[plugin][key]);
            assert_eq!(recorded, current, "plugins/prebuilt/{plugin}.wasm is stale ({key}); {REMEDY}");
        }
    }
}

/// Only the compiler that built them gives the same bytes, and not every machine has its WebAssembly target; there,
/// the digest of the sources has to do.
#[test]
fn rebuilding_gives_the_same_bytes() {
    let root = root();
    let prebuilt = root.join("plugins/prebuilt");
    let recorded = table(&prebuilt.join("SOURCES.toml"));
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().expect("rustc runs").stdout;
    let sysroot = PathBuf::from(String::from_utf8(sysroot).expect("a path").trim());
    let has_target = sysroot.join("lib/rustlib/wasm32-wasip2").is_dir();
    let same_compiler =
        PLUGINS.iter().all(|plugin| recorded[*plugin]["rustc"].as_str() == Some(rustc_version().as_str()));
    if cfg!(not(unix)) || !has_target || !same_compiler {
        return;
    }
    let rebuilt = tempfile::tempdir().expect("a temporary directory");
    let output = Command::new(root.join("scripts/build-plugins"))
        .arg("--to")
        .arg(rebuilt.path())
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("prebuilt"))
        .output()
        .expect("the build script runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for plugin in PLUGINS {
        // Not assert_eq: a failure would print half a megabyte.
        assert!(
            component(&prebuilt, plugin) == component(rebuilt.path(), plugin),
            "plugins/prebuilt/{plugin}.wasm is not what its sources make; {REMEDY}"
        );
    }
}
