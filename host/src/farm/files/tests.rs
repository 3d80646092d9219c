//! Directories as they should be, and as they should not.

use super::*;
use proptest::prelude::*;

fn extensions() -> Extensions {
    let one = |extension: &str, plugins: &[&str]| {
        (extension.to_owned(), plugins.iter().map(ToString::to_string).collect())
    };
    [one("blend", &["blender"]), one("nk", &["nuke", "nuke-next"])].into()
}

/// `in/` is the root, `out/` is not.
struct Tree {
    _dir: tempfile::TempDir,
    base: PathBuf,
    roots: Roots,
}

fn tree(files: &[&str]) -> Tree {
    let dir = tempfile::tempdir().unwrap();
    let base = dir.path().canonicalize().unwrap();
    for directory in ["in", "out"] {
        fs::create_dir(base.join(directory)).unwrap();
    }
    for file in files {
        let path = base.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "scene").unwrap();
    }
    let roots = Roots::new([base.join("in")]).unwrap();
    Tree { _dir: dir, base, roots }
}

impl Tree {
    fn look(&self, path: Option<&str>, search: Option<&str>, limit: usize) -> Result<FilesView, String> {
        let path = path.map(|path| self.base.join(path).to_str().unwrap().to_owned());
        look(&self.roots, &extensions(), &FilesQuery { path, search: search.map(str::to_owned), limit })
    }
}

fn names(view: &FilesView) -> Vec<&str> {
    view.entries.iter().map(|entry| entry.name.as_str()).collect()
}

#[test]
fn directories_come_first_and_then_scenes_that_somebody_takes() {
    let tree = tree(&[
        "in/shot10.blend",
        "in/shot2.BLEND",
        "in/Shot1.nk",
        "in/notes.txt",
        "in/.hidden.blend",
        "in/seq/a.blend",
        "in/Art/b.blend",
    ]);
    let view = tree.look(Some("in"), None, 100).unwrap();
    assert_eq!(names(&view), ["Art", "seq", "Shot1.nk", "shot2.BLEND", "shot10.blend"]);
    assert_eq!((view.found, view.left_out, view.cut, view.confined), (5, 0, false, true));
    assert_eq!(view.root, view.path);
    let scene = &view.entries[2];
    assert_eq!(scene.plugins, ["nuke", "nuke-next"]);
    assert_eq!((scene.kind, scene.bytes), (FileKind::Scene, Some(5)));
    assert!(scene.modified.is_some());
    assert_eq!(scene.path, tree.base.join("in/Shot1.nk").to_str().unwrap());
    assert_eq!((view.entries[0].kind, view.entries[0].bytes), (FileKind::Directory, None));

    let view = tree.look(Some("in"), Some("SHOT"), 2).unwrap();
    assert_eq!((names(&view).as_slice(), view.found), (["Shot1.nk", "shot2.BLEND"].as_slice(), 3));
    let view = tree.look(Some("in/seq/../seq"), None, 100).unwrap();
    assert_eq!(view.path.as_deref(), tree.base.join("in/seq").to_str());
    assert_eq!(view.root.as_deref(), tree.base.join("in").to_str());
    let view = tree.look(None, None, 100).unwrap();
    assert_eq!(names(&view), [tree.base.join("in").to_str().unwrap()]);
    assert_eq!((view.path, view.root), (None, None));
}

#[test]
fn without_roots_there_is_nothing_to_list() {
    let ask = |path: Option<&str>| {
        look(
            &Roots::Anywhere,
            &extensions(),
            &FilesQuery { path: path.map(str::to_owned), ..FilesQuery::default() },
        )
    };
    let view = ask(None).unwrap();
    assert!(!view.confined && view.entries.is_empty());
    assert!(ask(Some("/")).unwrap_err().contains("`paths.roots`"));
}

#[test]
fn what_is_outside_is_refused() {
    let tree = tree(&["out/b.blend", "in/a.blend"]);
    for (path, expect) in [
        ("out", "outside the directories"),
        ("in/../out", "outside the directories"),
        ("", "outside the directories"),
        ("in/nothing", "cannot be looked into"),
        ("in/a.blend", "cannot be looked into"),
        ("in/no/../../out", "goes up"),
        ("in/a\0b", "zero byte"),
    ] {
        let refusal = tree.look(Some(path), None, 10).unwrap_err();
        assert!(refusal.contains(expect), "{path}: {refusal}");
    }
    let relative = FilesQuery { path: Some("in".into()), ..FilesQuery::default() };
    assert!(look(&tree.roots, &extensions(), &relative).unwrap_err().contains("relative"));
}

#[cfg(unix)]
#[test]
fn links_count_as_what_they_lead_to() {
    use std::os::unix::fs::symlink;
    let tree = tree(&["out/b.blend", "in/real/a.blend"]);
    for (target, link) in [
        ("in/real", "in/dir"),
        ("in/real/a.blend", "in/scene.blend"),
        ("in/real/a.blend", "in/no-extension"),
        ("out", "in/way-out"),
        ("out/b.blend", "in/outside.blend"),
        ("out/nothing", "in/dangling.blend"),
        ("in/loop", "in/loop"),
        ("in/ping.blend", "in/pong.blend"),
        ("in/pong.blend", "in/ping.blend"),
        ("in", "in/real/up"),
    ] {
        symlink(tree.base.join(target), tree.base.join(link)).unwrap();
    }
    let view = tree.look(Some("in"), None, 100).unwrap();
    assert_eq!(names(&view), ["dir", "real", "scene.blend"]);
    assert_eq!(view.left_out, 6);
    assert!(tree.look(Some("in/way-out"), None, 100).unwrap_err().contains("outside the directories"));
    assert!(tree.look(Some("in/loop"), None, 100).is_err());
    // Round and round through a link that leads up: always the one real directory.
    let round = tree.look(Some("in/real/up/real/up/real"), None, 100).unwrap();
    assert_eq!(round.path.as_deref(), tree.base.join("in/real").to_str());
    assert_eq!(names(&round), ["up", "a.blend"]);
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_and_files_that_are_none_are_left_out() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::UnixListener;
    let tree = tree(&["in/a.blend"]);
    fs::write(tree.base.join("in").join(OsStr::from_bytes(b"\xff\xfe.blend")), "scene").unwrap();
    fs::create_dir(tree.base.join("in").join(OsStr::from_bytes(b"dir\xff"))).unwrap();
    let _socket = UnixListener::bind(tree.base.join("in/socket.blend")).unwrap();
    let view = tree.look(Some("in"), None, 100).unwrap();
    assert_eq!((names(&view).as_slice(), view.left_out), (["a.blend"].as_slice(), 2));
}

#[test]
fn a_huge_directory_is_cut() {
    let tree = tree(&[]);
    let directory = tree.base.join("in");
    // Hard links, which cost nothing but their names.
    let first = directory.join("0.blend");
    fs::write(&first, "scene").unwrap();
    for index in 1..3000 {
        fs::hard_link(&first, directory.join(format!("{index}.blend"))).unwrap();
    }
    let view = tree.look(Some("in"), None, 10).unwrap();
    assert_eq!((view.entries.len(), view.found, view.cut), (10, 3000, false));
    assert_eq!(names(&view)[..3], ["0.blend", "1.blend", "2.blend"]);
    assert_eq!(names(&tree.look(Some("in"), Some("2999"), 10).unwrap()), ["2999.blend"]);
}

proptest! {
    #[test]
    fn natural_is_an_order(names in proptest::collection::vec("[aA0-9éÉ.]{0,6}", 3)) {
        let [a, b, c] = [&names[0], &names[1], &names[2]];
        prop_assert_eq!(natural(a, b), natural(b, a).reverse());
        if natural(a, b).is_le() && natural(b, c).is_le() {
            prop_assert!(natural(a, c).is_le());
        }
        prop_assert_eq!(natural(a, b).is_eq(), a == b);
    }
}
