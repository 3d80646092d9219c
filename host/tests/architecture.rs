//! The invariants of ARCHITECTURE.md that the crate graph can enforce: who may know what.

#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Names in `[dependencies]` (and those of single platforms) of every crate of the host, by the crate's directory.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let host = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut manifests: Vec<(String, PathBuf)> = vec![("host".to_owned(), host.join("Cargo.toml"))];
    for entry in std::fs::read_dir(host).unwrap().flatten() {
        let manifest = entry.path().join("Cargo.toml");
        if manifest.is_file() {
            manifests.push((entry.file_name().to_string_lossy().into_owned(), manifest));
        }
    }
    manifests
        .into_iter()
        .map(|(name, manifest)| {
            let table: toml::Table = std::fs::read_to_string(manifest).unwrap().parse().unwrap();
            let platforms = table.get("target").and_then(toml::Value::as_table);
            let of_platforms = platforms.into_iter().flat_map(|platforms| platforms.values());
            let tables = of_platforms.filter_map(|platform| platform.get("dependencies"));
            let names = table
                .get("dependencies")
                .into_iter()
                .chain(tables)
                .filter_map(toml::Value::as_table)
                .flat_map(|dependencies| dependencies.keys().cloned())
                .collect();
            (name, names)
        })
        .collect()
}

#[test]
fn only_its_owner_knows_a_technology() {
    for (dependency, owner) in [
        ("wasmtime", "plugin"),
        ("wasmtime-wasi", "plugin"),
        ("wasmparser", "plugin"),
        ("notify", "plugin"),
        ("rusqlite", "store"),
        ("nvml-wrapper", "resource"),
        ("axum", "host"),
        ("clap", "host"),
    ] {
        let knowing: Vec<String> = dependencies()
            .into_iter()
            .filter(|(_, names)| names.iter().any(|name| name == dependency))
            .map(|(crate_name, _)| crate_name)
            .collect();
        assert_eq!(knowing, [owner], "{dependency} belongs to {owner} alone");
    }
}

#[test]
fn the_scheduler_can_do_no_io() {
    let all = dependencies();
    for (crate_name, allowed) in [
        ("scheduler", &["farmhand-model", "serde", "semver", "thiserror"][..]),
        ("model", &["jiff", "roaring", "semver", "serde", "serde_json", "thiserror", "utoipa"][..]),
    ] {
        for name in &all[crate_name] {
            assert!(allowed.contains(&name.as_str()), "{crate_name} must not depend on {name}");
        }
    }
}

#[test]
fn the_parts_do_not_know_each_other() {
    let parts =
        ["farmhand-scheduler", "farmhand-store", "farmhand-plugin", "farmhand-runner", "farmhand-resource"];
    for (crate_name, names) in dependencies() {
        if crate_name == "host" {
            continue;
        }
        for name in names {
            assert!(
                !parts.contains(&name.as_str()),
                "{crate_name} must not depend on {name}: only `farm` joins them"
            );
        }
    }
}
