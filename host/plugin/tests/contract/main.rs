//! The reference page of the contract, `docs/plugins/contract.md`, made from the WIT and the names of the three SDKs so
//! that it cannot fall behind. `FARMHAND_ACCEPT=1` writes the page instead of comparing it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod names;
mod order;
mod page;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use wit_parser::Resolve;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn contract() -> Resolve {
    let mut resolve = Resolve::default();
    resolve.push_dir(root().join("wit/v0")).expect("the contract is WIT");
    resolve
}

#[test]
fn the_committed_page_is_the_one_that_would_be_made() {
    let path = root().join("docs/plugins/contract.md");
    let made = page::of(&contract());
    if std::env::var_os("FARMHAND_ACCEPT").is_some() {
        return std::fs::write(path, made).unwrap();
    }
    let remedy = "run `FARMHAND_ACCEPT=1 cargo test -p farmhand-plugin --test contract`";
    assert!(std::fs::read_to_string(path).unwrap_or_default() == made, "{remedy}");
}

#[test]
fn everything_in_the_contract_has_its_place_on_the_page() {
    let there: BTreeSet<String> = page::items(&contract()).into_keys().collect();
    let mut ordered = BTreeSet::new();
    for name in order::SECTIONS.iter().flat_map(|section| section.items) {
        assert!(ordered.insert((*name).to_owned()), "{name} is there twice");
    }
    assert_eq!(there, ordered);
    // A heading is an address of its own.
    let headings: BTreeSet<&str> = ordered.iter().filter_map(|item| item.split('.').next_back()).collect();
    assert_eq!(headings.len(), ordered.len());
}

#[test]
fn every_name_is_one_of_its_sdks() {
    let sdks = [
        (names::Language::Rust, words_of(&root().join("plugins/sdk/src"), "rs")),
        (names::Language::Python, words_of(&root().join("plugins/sdk-python/farmhand"), "py")),
        (names::Language::JavaScript, words_of(&root().join("plugins/sdk-js"), "d.ts")),
    ];
    let resolve = contract();
    for (language, words) in sdks {
        for name in page::names(&resolve, language) {
            let parts =
                name.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|part| !part.is_empty());
            for part in parts {
                assert!(words.contains(part), "{language:?} has no `{part}`, of `{name}`");
            }
        }
    }
}

/// Every word of the sources in a directory.
fn words_of(dir: &Path, extension: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if name.ends_with(&format!(".{extension}")) {
            let text = std::fs::read_to_string(&path).unwrap();
            let split = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            words.extend(split.map(str::to_owned));
        }
    }
    words
}

#[test]
fn every_link_leads_to_a_heading() {
    let page = page::of(&contract());
    let headings: BTreeSet<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    for link in page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(headings.contains(link), "nothing is called {link}");
    }
}
