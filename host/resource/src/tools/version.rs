//! Versions as DCCs write them, made comparable with `semver` requirements.

use farmhand_model::dcc::ToolSpec;
use semver::{Version, VersionReq};
use std::path::Path;

/// A program's version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolVersion {
    /// As the program writes it, such as `2024.2`.
    pub text: String,
    /// The same with three parts, such as `2024.2.0`.
    pub number: Version,
}

impl ToolVersion {
    /// Whether the requirement allows it.
    #[must_use]
    pub fn is_welcome(&self, wanted: &VersionReq) -> bool {
        wanted.matches(&self.number)
    }

    /// The version in what the program printed: the first number of the first line that begins with one of the
    /// tool's names, since libraries print warnings of their own, or else of the first line that has a number.
    pub(super) fn from_output(output: &str, spec: &ToolSpec) -> Option<Self> {
        let names = || spec.names.iter().chain([&spec.id]);
        let is_named = |line: &str| {
            let line = line.to_lowercase();
            names().any(|name| line.starts_with(&name.to_lowercase()))
        };
        let named = output.lines().filter(|line| is_named(line.trim_start())).find_map(Self::first_in);
        named.or_else(|| output.lines().find_map(Self::first_in))
    }

    /// The version in the path of the program: of the innermost part that has one, `2024` for
    /// `/usr/autodesk/maya2024/bin/mayapy`.
    pub(super) fn from_path(path: &Path) -> Option<Self> {
        path.iter().rev().find_map(|part| Self::first_in(&part.to_string_lossy()))
    }

    /// The first `3.4.1` or `2024` of a text; what follows it, as in `15.1v3`, does not count.
    fn first_in(text: &str) -> Option<Self> {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let rest = &text[start..];
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        // A dot counts only before a digit: a sentence may end here.
        let text = rest[..end].split("..").next()?.trim_end_matches('.');
        let mut parts = text.split('.').map(|part| part.parse::<u64>().ok());
        let mut next = || parts.next().unwrap_or(Some(0));
        let number = Version::new(next()?, next()?, next()?);
        Some(Self { text: text.to_owned(), number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str, number: &str) -> Option<ToolVersion> {
        Some(ToolVersion { text: text.into(), number: number.parse().unwrap() })
    }

    #[test]
    fn finds_the_version_in_what_programs_print() {
        let spec = ToolSpec {
            id: "blender".into(),
            names: vec!["blender".into(), "Nuke".into()],
            globs: vec![],
            version_args: vec!["--version".into()],
        };
        let table = [
            ("Blender 3.4.1\n\tbuild date: 2022-12-19\n", version("3.4.1", "3.4.1")),
            ("Blender 4.2.2 LTS (hash abc)\n", version("4.2.2", "4.2.2")),
            ("Nuke 15.1v3, 64 bit, built Jul 1 2024.\n", version("15.1", "15.1.0")),
            ("/run/user/1000/gvfs/ non-existent directory\nBlender 2.83\n", version("2.83", "2.83.0")),
            ("libdecor: no plugins\nversion 7\n", version("7", "7.0.0")),
            ("Python 3.10.8.\n", version("3.10.8", "3.10.8")),
            ("1..2\n", version("1", "1.0.0")),
            ("20.05.332.9\n", version("20.05.332.9", "20.5.332")),
            ("99999999999999999999.1\n", None),
            ("no number at all\n", None),
            ("", None),
        ];
        for (output, expect) in table {
            assert_eq!(ToolVersion::from_output(output, &spec), expect, "{output:?}");
        }
    }

    #[test]
    fn finds_the_version_in_the_path() {
        let table = [
            ("/usr/autodesk/maya2024/bin/mayapy", version("2024", "2024.0.0")),
            ("/mnt/nas2/Nuke15.1v3/Nuke15.1", version("15.1", "15.1.0")),
            ("/Applications/Autodesk/maya2025.2/Maya.app/Contents/bin/mayapy", version("2025.2", "2025.2.0")),
            ("/opt/blender-3.6.2-linux-x64/blender", version("3.6.2", "3.6.2")),
            ("/usr/bin/mayapy", None),
        ];
        for (path, expect) in table {
            assert_eq!(ToolVersion::from_path(Path::new(path)), expect, "{path}");
        }
    }

    #[test]
    fn short_versions_meet_requirements() {
        let table = [
            ("2024.2", ">=2022, <2027", true),
            ("2027", ">=2022, <2027", false),
            ("3.4", "~3.4", true),
            ("3.4", "^3.5", false),
            ("15.1", "=15.1", true),
            ("3.4.1", "*", true),
        ];
        for (text, wanted, expect) in table {
            let version = ToolVersion::first_in(text).unwrap();
            assert_eq!(version.is_welcome(&wanted.parse().unwrap()), expect, "{text} {wanted}");
        }
    }
}
