//! The SDKs and templates that travel in the binary: the tables that `build.rs` makes, and how a project sees them.

use farmhand_plugin::Language;
use std::borrow::Cow;

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// A file to write: its name, relative and with `/`, and its text.
pub(super) type File = (String, Cow<'static, str>);

/// The manifest of the Rust SDK's copy.
const SDK_MANIFEST: &str = "sdk.toml.in";
/// Where the SDK's sources look for the contract in the repository, and in a copy.
const WIT: (&str, &str) = ("path: \"../../wit/v0\"", "path: \"wit\"");

/// The files of a template's folder, as the template has them.
pub(super) fn template(folder: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    TEMPLATES
        .iter()
        .filter_map(move |(name, text)| Some((name.strip_prefix(folder)?.strip_prefix('/')?, *text)))
}

/// The SDK of a script's language.
pub(super) fn script_sdk(language: Language) -> Vec<File> {
    let table = match language {
        Language::Python => PYTHON_SDK,
        Language::JavaScript => JAVASCRIPT_SDK,
    };
    table.iter().map(|(name, text)| ((*name).to_owned(), Cow::Borrowed(*text))).collect()
}

/// The Rust SDK as a crate that stands on its own.
pub(super) fn rust_sdk() -> Vec<File> {
    let manifest = TEMPLATES.iter().find(|(name, _)| *name == SDK_MANIFEST).map_or("", |(_, text)| *text);
    let manifest = manifest.replace("@version@", env!("CARGO_PKG_VERSION"));
    let mut files: Vec<File> = vec![("Cargo.toml".to_owned(), manifest.into())];
    for (name, text) in RUST_SDK {
        let text = match *name {
            "src/guest.rs" => Cow::Owned(text.replace(WIT.0, WIT.1)),
            _ => Cow::Borrowed(*text),
        };
        files.push(((*name).to_owned(), text));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use toml::{Table, Value};

    #[test]
    fn each_sdk_has_its_front_door_and_nothing_that_tools_leave() {
        let check = |files: Vec<File>, wanted: &[&str]| {
            let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
            for one in wanted {
                assert!(names.contains(one), "{one} is not among {names:?}");
            }
            let left = |name: &&&str| name.contains("cache") || name.contains("node_modules");
            assert_eq!(names.iter().find(left), None);
        };
        check(script_sdk(Language::Python), &["__init__.py", "plugin.py", "py.typed", "testing.py"]);
        check(
            script_sdk(Language::JavaScript),
            &["index.js", "index.d.ts", "package.json", "testing.js", "src/plugin.js"],
        );
        check(rust_sdk(), &["Cargo.toml", "src/lib.rs", "src/report.py", "wit/plugin.wit"]);
    }

    #[test]
    fn the_rust_sdk_finds_the_contract_beside_it() {
        let files = rust_sdk();
        let (_, guest) = files.iter().find(|(name, _)| name == "src/guest.rs").expect("the guest's side");
        assert_eq!(guest.matches(WIT.1).count(), guest.matches("generate!").count(), "one for each world");
        assert!(guest.contains(WIT.1));
        assert!(!guest.contains(".."), "a path leads out of the copy");
    }

    #[test]
    fn the_manifest_of_the_copy_asks_for_what_the_sdk_is_built_with_here() {
        let table = |text: &str| text.parse::<Table>().expect("a manifest");
        let workspace = table(include_str!("../../../Cargo.toml"));
        let wanted = |name: &str, value: &Value| {
            let mut all = match workspace["workspace"]["dependencies"][name].clone() {
                Value::Table(table) => table,
                version => Table::from_iter([("version".to_owned(), version)]),
            };
            all.extend(value.as_table().cloned().unwrap_or_default());
            all.remove("workspace");
            all
        };
        let sdk = table(include_str!("../../../plugins/sdk/Cargo.toml"));
        let copy = table(&rust_sdk()[0].1);
        let wasm = "cfg(target_arch = \"wasm32\")";
        for (ours, theirs) in [
            (&sdk["dependencies"], &copy["dependencies"]),
            (&sdk["target"][wasm]["dependencies"], &copy["target"][wasm]["dependencies"]),
        ] {
            let (ours, theirs) = (ours.as_table().expect("a table"), theirs.as_table().expect("a table"));
            assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
            for (name, value) in ours {
                let theirs = match theirs[name].clone() {
                    Value::Table(table) => table,
                    version => Table::from_iter([("version".to_owned(), version)]),
                };
                assert_eq!(theirs, wanted(name, value), "{name}");
            }
        }
    }
}
