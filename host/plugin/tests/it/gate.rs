//! Files that must not get through the gate, and what they are told.

use crate::support::{Bench, GUEST, assert_fine, describing, guest};
use farmhand_plugin::{PluginErrorKind, PluginHost, PluginSettings, Responsible};
use sha2::{Digest, Sha256};
use std::path::Path;

/// The prebuilt component is what its source says.
#[test]
fn the_fixture_is_built_from_its_source() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut hasher = Sha256::new();
    for file in [
        "tests/fixtures/guest/Cargo.toml",
        "tests/fixtures/guest/src/lib.rs",
        "../../wit/v0/context.wit",
        "../../wit/v0/needs.wit",
        "../../wit/v0/plugin.wit",
        "../../wit/v0/types.wit",
    ] {
        hasher.update(std::fs::read(here.join(file)).unwrap());
    }
    let sources: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let built = std::fs::read_to_string(here.join("tests/fixtures/guest.sources")).unwrap();
    assert_eq!(built.trim(), sources, "run tests/fixtures/build.sh");
}

fn component(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap()
}

#[tokio::test]
async fn files_that_are_no_plugins_are_told_what_they_are() {
    let bench = Bench::plain().await;
    let exports_nothing_of_ours = r#"(component (instance $i) (export "wasi:cli/run@0.2.0" (instance $i)))"#;
    let another_major = r#"(component (instance $i) (export "farmhand:dcc/dcc@1.0.0" (instance $i)))"#;
    let empty_dcc = r#"(component (instance $i) (export "farmhand:dcc/dcc@0.1.0" (instance $i)))"#;
    let wants_http = r#"(component
        (import "wasi:http/outgoing-handler@0.2.0" (instance))
        (instance $i) (export "farmhand:dcc/dcc@0.1.0" (instance $i)))"#;
    let wants_more = r#"(component
        (import "farmhand:dcc/host@0.1.0" (instance (export "delete-job" (func))))
        (instance $i) (export "farmhand:dcc/dcc@0.1.0" (instance $i)))"#;
    let mut damaged = GUEST.to_vec();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xff);
    let random: Vec<u8> = (0..4096u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (bytes, words) in [
        (random, "is no WebAssembly"),
        (b"#!/usr/bin/python\n".to_vec(), "is no WebAssembly"),
        (component("(module (func (export \"describe\")))"), "is a core module, not a component"),
        (damaged, "is damaged"),
        (
            component(exports_nothing_of_ours),
            "exports wasi:cli/run@0.2.0, and a plugin exports farmhand:dcc/dcc@0.1.0",
        ),
        (component(another_major), "speaks farmhand:dcc 1.0.0, and this farmhand speaks 0.1.0"),
        (component(empty_dcc), "does not fit the contract"),
        (component(wants_http), "imports what no plugin gets: wasi:http/outgoing-handler@0.2.0"),
        (component(wants_more), "delete-job"),
    ] {
        let error = bench.load(&bytes).await.unwrap_err();
        assert!(error.to_string().contains(words), "{words}: {error}");
        assert_eq!(error.responsible(), Responsible::Author);
    }
    assert_fine(&bench.fixture().await).await;
}

#[tokio::test]
async fn a_file_that_ends_in_the_middle_is_incomplete() {
    let bench = Bench::plain().await;
    for length in [0, 3, 8, 1000, GUEST.len() / 2, GUEST.len() - 1] {
        let error = bench.load(&GUEST[..length]).await.unwrap_err();
        assert_eq!(*error.kind(), PluginErrorKind::Incomplete { bytes: length as u64 }, "{error}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_unreadable() {
    let bench = Bench::plain().await;
    let error = bench.host.load_file(&bench.path("none.wasm")).await.unwrap_err();
    assert!(matches!(error.kind(), PluginErrorKind::Unreadable { .. }), "{error}");
    assert_eq!(error.responsible(), Responsible::Operator);
}

#[tokio::test]
async fn a_lying_descriptor_is_refused() {
    let bench = Bench::plain().await;
    for (bytes, words) in [
        (guest("mode=normal;name=Fix Ture;version=1.0.0;ext=fix"), "the name `Fix Ture`"),
        (guest("mode=normal;name=fixture;version=newest;ext=fix"), "the version `newest` is not semver"),
        (describing("changing"), "answers differently each time"),
        (describing("no-levels"), "there is no level"),
        (describing("strange-tool"), "needs the tool `other`"),
        (describing("twin-levels"), "the level `render` is there twice"),
        (describing("dotted"), "the extension `.Fix`"),
        (describing("bad-supports"), "`supports` is `newest`"),
        (describing("schema-text"), "the options schema is no JSON"),
        (describing("schema-array"), "does not say `\"type\": \"object\"`"),
        (describing("schema-bad"), "the options schema is no JSON Schema"),
        (describing("schema-ref"), "uses `$ref`"),
        (describing("schema-deep"), "nested deeper than"),
    ] {
        let error = bench.load(&bytes).await.unwrap_err();
        assert!(matches!(error.kind(), PluginErrorKind::Invalid { .. }), "{error}");
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
    let error = bench.load(&describing("huge-name")).await.unwrap_err();
    assert!(matches!(error.kind(), PluginErrorKind::TooMuchData { .. }), "{error}");
}

#[tokio::test]
#[cfg(unix)]
async fn the_second_load_comes_from_the_cache_and_a_damaged_entry_does_not_matter() {
    let cache = tempfile::tempdir().unwrap();
    let code = cache.path().join("code");
    let bench = Bench::start(|settings| settings.cache_dir = code.clone(), vec![]).await;
    let entries = || {
        let dirs = std::fs::read_dir(&code).unwrap().flatten();
        let files = dirs.flat_map(|dir| std::fs::read_dir(dir.path()).unwrap().flatten());
        let mut paths: Vec<_> = files.map(|file| file.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "cwasm"));
        paths
    };
    bench.fixture().await;
    let [entry] = entries().try_into().unwrap();
    let written = || std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(&entry).unwrap());
    let first = written();
    assert_fine(&bench.fixture().await).await;
    assert_eq!(written(), first, "it was compiled again");
    let mut code = std::fs::read(&entry).unwrap();
    let middle = code.len() / 2;
    code[middle] ^= 0xff;
    std::fs::write(&entry, code).unwrap();
    assert_fine(&bench.fixture().await).await;
    assert_ne!(written(), first, "the damaged entry is still there");
}

#[tokio::test]
#[cfg(unix)]
async fn a_cache_that_others_can_write_to_stops_the_host() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    let cache = root.path().join("code");
    std::fs::create_dir(&cache).unwrap();
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o777)).unwrap();
    let error = PluginHost::start(PluginSettings::new(&cache), vec![]).await.unwrap_err();
    assert!(error.to_string().contains("others can write to it"), "{error}");
}
