use super::*;
use proptest::prelude::*;
use serde_json::json;

fn place(windows: &[&str], linux: &[&str], macos: &[&str]) -> Spellings {
    let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Spellings { windows: list(windows), linux: list(linux), macos: list(macos) }
}

fn studio() -> PathMap {
    PathMap::new(vec![
        place(&["P:/shows", "\\\\Files\\Shows"], &["/mnt/shows"], &["/Volumes/shows"]),
        place(&["P:\\shows\\archive\\"], &["/mnt/cold", "/net/cold"], &[]),
        place(&["T:/"], &["/mnt/textures/"], &["/Volumes/tex"]),
        place(&["//files/plates"], &["/plates"], &["/Volumes/Plates"]),
    ])
    .unwrap()
}

#[test]
fn paths_are_spelled_as_the_system_does() {
    let check = |os, path: &str, expect: &str| assert_eq!(studio().map(path, os), expect, "{path} on {os}");
    check(Os::Linux, "P:/shows/ep01/a.ma", "/mnt/shows/ep01/a.ma");
    check(Os::Linux, "p:\\SHOWS\\ep01\\a.ma", "/mnt/shows/ep01/a.ma");
    check(Os::Linux, "\\\\FILES\\shows\\ep01\\", "/mnt/shows/ep01/");
    check(Os::Linux, "//files/Shows", "/mnt/shows");
    check(Os::Linux, "\\\\?\\UNC\\files\\shows\\x", "/mnt/shows/x");
    check(Os::Linux, "\\\\?\\P:\\shows\\x", "/mnt/shows/x");
    check(Os::Linux, "P:/shows//ep01/./a", "/mnt/shows/ep01/a");
    check(Os::Linux, "/Volumes/shows/ep01/a", "/mnt/shows/ep01/a");
    check(Os::Linux, "/net/cold/x", "/mnt/cold/x");
    check(Os::Linux, "T:\\wood.tx", "/mnt/textures/wood.tx");
    check(Os::Linux, "t:", "/mnt/textures");
    check(Os::Windows, "/mnt/shows/ep01/a.ma", "P:/shows/ep01/a.ma");
    check(Os::Windows, "\\\\files\\shows\\a", "P:/shows/a");
    check(Os::Windows, "/mnt/textures/wood.tx", "T:/wood.tx");
    check(Os::Windows, "/plates/a", "//files/plates/a");
    check(Os::MacOs, "P:/shows/a", "/Volumes/shows/a");
    check(Os::MacOs, "/plates/A", "/Volumes/Plates/A");
}

#[test]
fn the_longest_place_goes_first() {
    let check = |path: &str, expect: &str| assert_eq!(studio().map(path, Os::Linux), expect);
    check("P:/shows/archive/a", "/mnt/cold/a");
    check("P:/shows/archived/a", "/mnt/shows/archived/a");
    check("P:/shows/ARCHIVE", "/mnt/cold");
}

#[test]
fn what_no_place_holds_stays() {
    for path in [
        "",
        "a.ma",
        "P:shows/a",
        "P:/show/a",
        "P:/showsx",
        "Q:/shows/a",
        "/mnt/shows/ep01//a",
        "/mnt/shows",
        "/volumes/shows/a",
        "/Volumes/shows2/a",
        "/mnt\\shows/a",
        "//mnt/shows/out_####",
        "//render/out_####",
        "Volumes/shows",
    ] {
        assert_eq!(studio().map(path, Os::Linux), path);
    }
    for path in ["p:\\shows\\a", "P:/shows/a", "C:\\Users"] {
        assert_eq!(studio().map(path, Os::Windows), path);
    }
    assert_eq!(studio().map("P:/shows/archive/a", Os::MacOs), "/Volumes/shows/archive/a");
}

#[test]
fn rules_for_plugins_are_the_longest_first() {
    let rules = studio().here(Os::Linux);
    let texts: Vec<String> = rules.iter().map(|rule| format!("{} > {}", rule.spelled, rule.here)).collect();
    assert_eq!(
        texts,
        [
            "P:/shows/archive > /mnt/cold",
            "/Volumes/Plates > /plates",
            "//files/plates > /plates",
            "/Volumes/shows > /mnt/shows",
            "//Files/Shows > /mnt/shows",
            "/Volumes/tex > /mnt/textures",
            "/net/cold > /mnt/cold",
            "P:/shows > /mnt/shows",
            "T: > /mnt/textures",
        ]
    );
    assert_eq!(PathMap::default().here(Os::Linux), []);
}

#[test]
fn a_place_of_ours_inside_one_of_theirs_is_kept() {
    let map =
        PathMap::new(vec![place(&[], &["/data"], &["/Volumes"]), place(&["X:/"], &["/Volumes/local"], &[])])
            .unwrap();
    assert_eq!(map.map("/Volumes/local/a", Os::Linux), "/Volumes/local/a");
    assert_eq!(map.map("/Volumes/other/a", Os::Linux), "/data/other/a");
    let kept = PathRule { spelled: "/Volumes/local".to_owned(), here: "/Volumes/local".to_owned() };
    assert_eq!(map.here(Os::Linux)[0], kept);
}

#[test]
fn what_is_no_map_says_why() {
    let check = |places: Vec<Spellings>, expect: &str| {
        assert_eq!(PathMap::new(places).unwrap_err().to_string(), expect);
    };
    check(
        vec![place(&["P:/"], &["/p"], &[]), place(&[], &["/mnt/a", "/mnt/b"], &[])],
        "entry 2 has the spelling of fewer than two systems; give two of `windows`, `linux` and `macos`",
    );
    check(
        vec![place(&["shows"], &["/mnt/shows"], &[])],
        "entry 1: `shows` is no directory in full on Windows; write it like `P:/shows` or `//server/share`, without \
         `..`",
    );
    for wrong in ["mnt", "/", "", "P:/shows", "//files/shows", "/mnt/../x"] {
        let error = PathMap::new(vec![place(&["P:/"], &[wrong], &[])]).unwrap_err();
        assert!(matches!(error, PathMapError::Unusable { os: Os::Linux, .. }), "{wrong}: {error}");
    }
    for wrong in ["//files", "/mnt/shows", "P:shows"] {
        let error = PathMap::new(vec![place(&[wrong], &["/p"], &[])]).unwrap_err();
        assert!(matches!(error, PathMapError::Unusable { os: Os::Windows, .. }), "{wrong}: {error}");
    }
    check(
        vec![place(&["P:/Shows"], &["/mnt/a"], &[]), place(&["p:\\shows"], &["/mnt/b"], &[])],
        "entries 1 and 2 contradict each other: on Linux `P:/shows` would be both `/mnt/a` and `/mnt/b`",
    );
    check(
        vec![place(&["X:/"], &["/mnt"], &[]), place(&[], &["/vol/shows"], &["/mnt/shows"])],
        "entries 1 and 2 contradict each other: on Linux `/mnt/shows` would be both `/mnt/shows` and `/vol/shows`",
    );
    check(
        vec![place(&[], &["/a", "/a/b"], &["/m"])],
        "entries 1 and 1 contradict each other: on Linux `/a/b` would be both `/a/b` and `/a`",
    );
}

#[test]
fn a_place_that_two_systems_spell_alike_is_no_contradiction() {
    let map = PathMap::new(vec![place(&["P:/"], &["/shows"], &["/shows"])]).unwrap();
    assert_eq!(map.here(Os::Linux).len(), 1);
    assert_eq!(map.map("/shows/a", Os::MacOs), "/shows/a");
}

#[test]
fn options_that_are_paths_are_mapped_at_any_depth() {
    let schema = json!({
        "type": "object",
        "properties": {
            "lut": { "type": "string", "format": "path" },
            "note": { "type": "string" },
            "scripts": { "type": "array", "items": { "type": "string", "format": "path" } },
            "maybe": { "anyOf": [{ "type": "string", "format": "path" }, { "type": "null" }] },
            "shared": { "$ref": "#/$defs/file" },
            "looping": { "$ref": "#/properties/looping" },
            "render": {
                "type": "object",
                "properties": { "cache": { "type": "string", "format": "path" } },
                "additionalProperties": false
            },
            "textures": { "type": "object", "additionalProperties": { "type": "string", "format": "path" } },
            "passes": { "type": "array", "items": { "properties": { "file": { "format": "path" } } } }
        },
        "$defs": { "file": { "type": "string", "format": "path" } }
    });
    let mut options = json!({
        "lut": "P:/shows/a.cube",
        "note": "P:/shows/stays",
        "scripts": ["P:\\shows\\a.py", "rel.py", 3],
        "maybe": "P:/shows/m",
        "shared": "P:/shows/s",
        "looping": "P:/shows/l",
        "render": { "cache": "P:/shows/c", "other": "P:/shows/o" },
        "textures": { "wood": "T:/wood.tx" },
        "passes": [{ "file": "P:/shows/p" }],
        "unknown": "P:/shows/u"
    });
    studio().map_options(&schema, options.as_object_mut().unwrap(), Os::Linux);
    assert_eq!(
        options,
        json!({
            "lut": "/mnt/shows/a.cube",
            "note": "P:/shows/stays",
            "scripts": ["/mnt/shows/a.py", "rel.py", 3],
            "maybe": "/mnt/shows/m",
            "shared": "/mnt/shows/s",
            "looping": "P:/shows/l",
            "render": { "cache": "/mnt/shows/c", "other": "P:/shows/o" },
            "textures": { "wood": "/mnt/textures/wood.tx" },
            "passes": [{ "file": "/mnt/shows/p" }],
            "unknown": "P:/shows/u"
        })
    );
}

/// Few names, so that places nest, collide and differ by case alone.
fn parts() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::collection::vec(proptest::sample::select(vec!["a", "A", "b", "ab", "é", "..", "."]), 1..4)
}

fn unix() -> impl Strategy<Value = String> {
    parts().prop_map(|parts| format!("/{}", parts.join("/")))
}

fn windows() -> impl Strategy<Value = String> {
    let start = proptest::sample::select(vec!["P:/", "p:\\", "//s/", "\\\\S\\", "P:", "\\\\?\\P:\\"]);
    let slash = proptest::sample::select(vec!["/", "\\"]);
    (start, parts(), slash).prop_map(|(start, parts, slash)| format!("{start}{}", parts.join(slash)))
}

fn maps() -> impl Strategy<Value = PathMap> {
    let list = |one: BoxedStrategy<String>| proptest::collection::vec(one, 0..3);
    let place = (list(windows().boxed()), list(unix().boxed()), list(unix().boxed()))
        .prop_map(|(windows, linux, macos)| Spellings { windows, linux, macos });
    // Many random places contradict each other; those that do not are what there is to test.
    proptest::collection::vec(place, 1..4).prop_filter_map("it is a map", |places| {
        let good = places.into_iter().filter(|place| PathMap::new(vec![place.clone()]).is_ok());
        PathMap::new(good.collect()).ok().filter(|map| !map.is_empty())
    })
}

fn any_path() -> impl Strategy<Value = String> {
    prop_oneof![unix(), windows(), "[a-bP:/\\\\.]{0,12}"]
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 100_000, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn mapping_twice_is_mapping_once(map in maps(), path in any_path()) {
        for os in Os::ALL {
            let once = map.map(&path, os);
            prop_assert_eq!(map.map(&once, os), once);
        }
    }

    #[test]
    fn what_a_place_holds_begins_as_here_and_keeps_its_rest(map in maps(), rest in "[a-z]{3,6}") {
        for os in Os::ALL {
            for rule in map.here(os) {
                let expect = format!("{}/{rest}.png", rule.here);
                prop_assert_eq!(map.map(&format!("{}/{rest}.png", rule.spelled), os), expect);
            }
        }
    }

    #[test]
    fn a_place_ends_at_a_component(map in maps(), rest in "[a-z]{1,6}") {
        for os in Os::ALL {
            for rule in map.here(os) {
                let beside = format!("{}-{rest}", rule.spelled);
                let held = map.here(os).iter().any(|other| {
                    other.spelled.len() < rule.spelled.len() && map.map(&other.spelled, os) != other.spelled
                });
                // Only a place further up may have it.
                let mapped = map.map(&beside, os);
                prop_assert!(mapped == beside || held, "{beside} became {mapped}");
            }
        }
    }

    #[test]
    fn windows_spellings_have_no_case(map in maps(), path in windows()) {
        let upper = path.to_uppercase();
        let (mapped, loud) = (map.map(&path, Os::Linux), map.map(&upper, Os::Linux));
        prop_assert_eq!(mapped == path, loud == upper);
        prop_assert_eq!(mapped.to_uppercase(), loud.to_uppercase());
    }
}
