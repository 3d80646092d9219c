//! Paths as text, on the node's own system: a plugin runs in WebAssembly, where `std::path` knows only one kind of
//! separator, and its paths may be Windows paths. Nothing here looks at a disk or resolves `..`.

/// Whether the path starts at a root: `/x`, `C:\x`, `C:/x`, `\\server\share`.
#[must_use]
pub fn is_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    match bytes {
        [b'/' | b'\\', ..] => true,
        [drive, b':', b'/' | b'\\', ..] => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

/// The directory and the last component: `/a/b.png` gives `/a` and `b.png`. A path that ends in a separator has an
/// empty last component.
#[must_use]
pub fn split(path: &str) -> (&str, &str) {
    match path.rfind(['/', '\\']) {
        Some(at) => {
            let is_root = at == 0 || (at == 2 && path.as_bytes()[1] == b':');
            (&path[..if is_root { at + 1 } else { at }], &path[at + 1..])
        }
        None => ("", path),
    }
}

/// The last component's stem and extension: `shot.v2.blend` gives `shot.v2` and `Some("blend")`. What follows the
/// last dot is an extension only where it has letters or digits alone, so that `shot.####` has none.
#[must_use]
pub fn stem_and_extension(path: &str) -> (&str, Option<&str>) {
    let (_, name) = split(path);
    match name.rsplit_once('.') {
        Some((stem, extension))
            if !stem.is_empty()
                && !extension.is_empty()
                && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && extension.bytes().any(|byte| byte.is_ascii_alphabetic()) =>
        {
            (stem, Some(extension))
        }
        _ => (name, None),
    }
}

/// `child` inside `directory`, with the separator that the directory uses.
#[must_use]
pub fn join(directory: &str, child: &str) -> String {
    if directory.is_empty() || is_absolute(child) {
        return child.to_owned();
    }
    let separator = if directory.contains('\\') && !directory.contains('/') { '\\' } else { '/' };
    if directory.ends_with(['/', '\\']) {
        format!("{directory}{child}")
    } else {
        format!("{directory}{separator}{child}")
    }
}

/// A name that is safe as one component of a path on every system.
#[must_use]
pub fn safe_name(name: &str) -> String {
    let unsafe_char = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    let safe: String = name.chars().map(|c| if unsafe_char(c) { '_' } else { c }).collect();
    if safe.is_empty() || safe.chars().all(|c| c == '.') { "_".repeat(safe.len().max(1)) } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_roots_of_both_systems() {
        for path in ["/x", "C:\\x", "c:/x", "\\\\server\\share"] {
            assert!(is_absolute(path), "{path}");
        }
        for path in ["x", "C:x", "./x", "", "1:/x"] {
            assert!(!is_absolute(path), "{path}");
        }
    }

    #[test]
    fn splits_and_joins() {
        assert_eq!(split("/a/b.png"), ("/a", "b.png"));
        assert_eq!(split("/b"), ("/", "b"));
        assert_eq!(split("C:\\b"), ("C:\\", "b"));
        assert_eq!(split("a\\b\\"), ("a\\b", ""));
        assert_eq!(split("b"), ("", "b"));
        assert_eq!(join("/a", "b"), "/a/b");
        assert_eq!(join("C:\\a", "b"), "C:\\a\\b");
        assert_eq!(join("/", "b"), "/b");
        assert_eq!(join("/a", "/b"), "/b");
    }

    #[test]
    fn finds_extensions_but_no_frame_tokens() {
        assert_eq!(stem_and_extension("/a.b/shot.v2.blend"), ("shot.v2", Some("blend")));
        assert_eq!(stem_and_extension("shot.####"), ("shot.####", None));
        assert_eq!(stem_and_extension("shot.v2.0001"), ("shot.v2.0001", None));
        assert_eq!(stem_and_extension(".hidden"), (".hidden", None));
    }

    #[test]
    fn makes_names_safe() {
        assert_eq!(safe_name("fg/key:light"), "fg_key_light");
        assert_eq!(safe_name(".."), "__");
        assert_eq!(safe_name(""), "_");
    }
}
