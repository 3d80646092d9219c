//! Texts that a person reads and a test compares: command lines, one file each.

use super::accepting;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Compares each text with the file `NAME.txt` of the directory. With `FARMHAND_ACCEPT=1` in the environment the files
/// are written instead.
///
/// # Errors
/// All that differ, and files that no text belongs to.
pub fn check_golden(dir: &Path, texts: &[(String, String)]) -> Result<(), String> {
    let mut wrong = Vec::new();
    for (name, seen) in texts {
        let path = dir.join(format!("{name}.txt"));
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if *seen == expected {
            continue;
        }
        if accepting() {
            fs::write(&path, seen).map_err(|error| format!("{}: {error}", path.display()))?;
        } else {
            wrong.push(format!("{name}\n--- expected\n{expected}+++ seen\n{seen}"));
        }
    }
    let known: BTreeSet<String> = texts.iter().map(|(name, _)| format!("{name}.txt")).collect();
    for entry in fs::read_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))?.flatten() {
        if !entry.file_name().to_str().is_some_and(|name| known.contains(name)) {
            wrong.push(format!("{} belongs to nothing", entry.path().display()));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_and_leftovers_are_told() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.txt"), "one\n").unwrap();
        let text = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(check_golden(dir.path(), &[text("a", "one\n")]), Ok(()));
        let told = check_golden(dir.path(), &[text("a", "two\n"), text("b", "new\n")]).unwrap_err();
        assert!(told.contains("+++ seen\ntwo") && told.contains("+++ seen\nnew"), "{told}");
        let told = check_golden(dir.path(), &[]).unwrap_err();
        assert!(told.contains("a.txt belongs to nothing"), "{told}");
    }
}
