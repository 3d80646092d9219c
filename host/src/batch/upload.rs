//! A batch file that arrives as its text alone, over the network. Nothing else is read for it: no file that it includes,
//! nothing of the environment, which would be the daemon's and not the submitter's.

use super::Language;
use super::reader::{Parts, Reader};
use super::resolve::{Overrides, Resolved};
use super::tree::Mistakes;
use std::path::{Path, PathBuf};

/// Reads the text of a batch file. Relative paths in it stay what they are: the daemon says of them that they are.
///
/// # Errors
/// Everything that is wrong.
pub fn resolve_upload(
    text: &str,
    language: Language,
    name: &str,
    overrides: &Overrides,
) -> Result<Resolved, Mistakes> {
    let mut reader = Reader::new(overrides, &|_| None);
    reader.is_alone = true;
    let mut found = Parts::default();
    let path = Path::new(name);
    let file = reader.files.add(path);
    reader.directories.push(PathBuf::new());
    match language.parse(text, file) {
        Ok(root) => reader.take(&root, path, &[], &mut found),
        Err(mistake) => {
            reader.is_incomplete = true;
            reader.mistakes.push(mistake);
        }
    }
    reader.finish(found, name, overrides)
}
