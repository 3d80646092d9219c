//! Batch files good and bad, each with what comes of it: `tests/batches/CASE.yaml` and `CASE.expected`. With
//! `FARMHAND_ACCEPT=1` what comes of it now is what is expected.

use super::*;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/batches")
}

fn env(name: &str) -> Option<String> {
    match name {
        "SHOW" => Some("/shows/demo".to_owned()),
        "PRIORITY" => Some("70".to_owned()),
        _ => None,
    }
}

/// What comes of a file: the batch, or every mistake; without the directory of the repository.
fn outcome(path: &Path) -> String {
    let resolved = resolve_file(path, &Overrides::default(), &env);
    let text = match resolved {
        Ok(resolved) => serde_json::to_string_pretty(&resolved.batch).unwrap(),
        Err(mistakes) => format!("{} mistakes\n{mistakes}", mistakes.count()),
    };
    let cases = cases();
    let plain = std::fs::canonicalize(&cases).unwrap();
    text.replace(&cases.display().to_string(), "CASES").replace(&plain.display().to_string(), "CASES") + "\n"
}

/// The cases whose names begin so, in order.
fn case_files(prefix: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(cases())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.retain(|path| {
        Language::of(path).is_some() && path.file_name().unwrap().to_str().unwrap().starts_with(prefix)
    });
    files.sort();
    files
}

/// What a file says, before anything is made of it.
fn value_of(path: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let file = Files::default().add(path);
    Language::of(path).unwrap().parse(&text, file).ok().map(|node| node.to_json())
}

#[test]
fn every_case_comes_to_what_is_expected() {
    let accept = std::env::var_os("FARMHAND_ACCEPT").is_some();
    let files = case_files("");
    assert!(files.len() > 20, "{files:?}");
    let mut wrong = Vec::new();
    for path in files {
        let expected =
            path.with_extension(format!("{}.expected", path.extension().unwrap().to_str().unwrap()));
        let found = outcome(&path);
        let is_bad = path.file_name().unwrap().to_str().unwrap().starts_with("bad-");
        assert_eq!(found.contains(" mistakes\n"), is_bad, "{}: {found}", path.display());
        if accept {
            std::fs::write(&expected, &found).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != found {
            wrong.push(format!("{}:\n{found}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_batch_is_the_same_in_every_language() {
    let read = |name: &str| {
        let resolved = resolve_file(&cases().join(name), &Overrides::default(), &env);
        let mut batch = resolved.map_err(|mistakes| mistakes.to_string()).unwrap().batch;
        batch["source"] = "".into();
        batch
    };
    assert_eq!(read("good-whole.yaml"), read("good-whole.toml"));
    assert_eq!(read("good-whole.yaml"), read("good-whole.json"));
}

/// What is accepted meets the schema, and what the schema refuses is refused.
#[test]
fn the_schema_describes_the_files() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for path in case_files("good-") {
        let name = path.display();
        let value = value_of(&path).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
    // What a schema cannot say: names that are given twice, circles, variables, and that there are jobs, of which another
    // file may have some.
    let beyond = ["bomb", "circle", "empty", "matrix-large", "names", "none", "variables"];
    let beyond = beyond.map(|name| format!("bad-{name}.yaml"));
    for path in case_files("bad-") {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // What is no YAML, TOML or JSON has nothing that could be asked.
        let Some(value) = value_of(&path) else { continue };
        assert_eq!(validator.is_valid(&value), beyond.contains(&name), "{name}");
    }
}

/// The committed schema, which editors find, is the one that this program has.
#[test]
fn the_published_schema_is_not_stale() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/batch.schema.json");
    let text = published();
    if std::env::var_os("FARMHAND_ACCEPT").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap();
    assert_eq!(found, text, "`farmhand batch schema > docs/batch.schema.json` renews it");
}

#[test]
fn what_the_daemon_refuses_has_its_place_too() {
    let path = cases().join("good-whole.yaml");
    let resolved = resolve_file(&path, &Overrides::default(), &env).map_err(|m| m.to_string()).unwrap();
    let problems = [
        ("/jobs/0/scene", "is not there"),
        ("/jobs/0/options/samples", "must be at least 1"),
        ("/jobs/0/output", "two layers would write the same files"),
        ("/workers", "no"),
    ];
    let told = resolved.mistakes(problems).to_string();
    let lines: Vec<&str> = told.lines().map(|line| line.rsplit('/').next().unwrap()).collect();
    assert!(lines.iter().all(|line| line.starts_with("good-whole.yaml:")), "{told}");
    assert_eq!(lines.len(), 4);
}

#[test]
fn the_command_line_goes_before_the_files() {
    let overrides = Overrides {
        head: json!({"workers": 9, "name": "mine"}).as_object().unwrap().clone(),
        job: json!({"priority": 99, "options": {"samples": 1}}).as_object().unwrap().clone(),
        user: Some("ana".to_owned()),
        variables: Map::new(),
    };
    let text = "name: seq\njobs:\n  - {scene: a.blend, priority: 5, options: {samples: 64, denoise: true}}\n";
    let dir = Path::new("/shows");
    let batch = resolve_text(text, Language::Yaml, dir, &overrides, &env).unwrap().batch;
    assert_eq!(
        batch,
        json!({"name": "mine", "workers": 9, "user": "ana", "source": "standard input", "jobs": [
            {"scene": "/shows/a.blend", "priority": 99, "options": {"samples": 1, "denoise": true}, "name": "a"}]})
    );
}

#[test]
fn variables_of_the_command_line_go_first() {
    let given = |variables: Value, text: &str| {
        let variables = variables.as_object().unwrap().clone();
        let overrides = Overrides { variables, ..Overrides::default() };
        let resolved = resolve_text(text, Language::Yaml, Path::new("/shows"), &overrides, &env);
        resolved.map(|resolved| resolved.batch["jobs"][0].clone()).map_err(|mistakes| mistakes.to_string())
    };
    let text = "name: s\nvariables: {shot: sh010, root: '${shot}/x'}\njobs: [{scene: '${root}.blend', priority: '${prio}'}]";
    let job = json!({"scene": "/shows/sh020/x.blend", "priority": 7, "name": "x"});
    assert_eq!(given(json!({"shot": "sh020", "prio": 7}), text), Ok(job));
    let told = given(json!({"shto": "a", "prio": "${nope}"}), text).unwrap_err();
    assert_eq!(
        told,
        "--set shto:1:1: unknown variable `shto`; did you mean `shot`?\n\
         --set prio:1:1: unknown variable `nope`; known are prio, root, shot, shto"
    );
}

#[test]
fn a_directory_of_shots_is_a_batch() {
    let dir = tempfile::tempdir().unwrap();
    let shots = dir.path().join("seq010");
    std::fs::create_dir(&shots).unwrap();
    let write = |name: &str, text: &str| std::fs::write(shots.join(name), text).unwrap();
    write("sh020.yaml", "scene: scenes/sh020.blend\nframes: 5\noutput: ignored/beauty_####\n");
    write("sh010.yaml", "scene: ${env:SHOW}/sh010.blend\nlayers: [a, b]\n");
    write("notes.txt", "not a shot");
    let mut want =
        Shots { dir: shots.clone(), pattern: "*.yaml".to_owned(), output: Some("/renders".into()) };
    let resolve = |want: &Shots| resolve_shots(want, &Overrides::default(), &env);
    let batch = resolve(&want).unwrap().batch;
    let scene = shots.join("scenes/sh020.blend").display().to_string();
    assert_eq!(
        batch,
        json!({"name": "seq010", "source": shots.display().to_string(), "jobs": [
            {"scene": "/shows/demo/sh010.blend", "layers": ["a", "b"], "name": "sh010",
             "output": "/renders/sh010/sh010_{layer}_####"},
            {"scene": scene, "frames": "5", "name": "sh020", "output": "/renders/sh020/beauty_####"}]})
    );
    want.pattern = "*.yml".to_owned();
    let told = resolve(&want).map(|_| ()).unwrap_err().to_string();
    assert!(told.contains("no file in") && told.contains("--pattern"), "{told}");
    write("bad.yml", "scen: a\n- b");
    write("worse.yml", "scene: a\nframs: 1");
    let told = resolve(&want).map(|_| ()).unwrap_err().to_string();
    assert!(told.contains("bad.yml:") && told.contains("worse.yml:2:1: unknown field `frams`"), "{told}");
}

proptest! {
    /// Whatever is read, it is read to its end without a panic.
    #[test]
    fn no_text_makes_it_panic(text in "[a-z:{}\\[\\]\\-&*<>|!\"'#,.$ \n\t0-9]{0,200}") {
        for language in [Language::Yaml, Language::Toml, Language::Json] {
            let _ = resolve_text(&text, language, Path::new("/nowhere"), &Overrides::default(), &env);
        }
    }

    #[test]
    fn no_change_of_a_good_file_makes_it_panic(at in 0..2000usize, cut in 0..20usize, text in ".{0,8}") {
        for (name, language) in
            [("good-whole.yaml", Language::Yaml), ("good-whole.toml", Language::Toml), ("good-whole.json", Language::Json)]
        {
            let whole = std::fs::read_to_string(cases().join(name)).unwrap();
            let chars: Vec<char> = whole.chars().collect();
            let at = at.min(chars.len());
            let changed: String = chars[..at].iter().copied()
                .chain(text.chars())
                .chain(chars[(at + cut).min(chars.len())..].iter().copied())
                .collect();
            let _ = resolve_text(&changed, language, &cases(), &Overrides::default(), &env);
        }
    }
}

#[test]
fn a_file_that_is_sent_as_text_stands_alone() {
    let read = |text: &str| resolve_upload(text, Language::Yaml, "seq.yaml", &Overrides::default());
    let check = |text: &str, expect: &[&str]| {
        let mistakes = read(text).unwrap_err();
        let lines: Vec<String> = mistakes.to_string().lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), expect.len(), "{lines:#?}");
        for (line, expect) in lines.iter().zip(expect) {
            assert!(line.starts_with(expect), "{line}");
        }
        let places: Vec<_> = mistakes.each().map(|(place, _)| place).collect();
        assert_eq!(places.len(), expect.len());
        assert!(places.iter().all(Option::is_some), "{places:?}");
    };
    // This very directory has files to include, and the environment has a PATH.
    let file = cases().join("parts/common.yaml");
    check(
        &format!("name: a\ninclude: {}\njobs: []\n", file.display()),
        &["seq.yaml:2:10: a file that is sent as text includes no other"],
    );
    check(
        "name: ${env:PATH}\njobs:\n  - scene: /s/a.blend\n",
        &["seq.yaml:1:7: the environment has no `PATH`"],
    );
    let resolved =
        read("name: a\njobs:\n  - scene: shots/a.blend\n  - {scene: /s/b.blend, frames: 7}\n").unwrap();
    assert_eq!(resolved.batch["source"], "seq.yaml");
    assert_eq!(resolved.batch["jobs"][0]["scene"], "shots/a.blend", "the daemon says that it is relative");
    assert_eq!(resolved.batch["jobs"][1]["frames"], "7");
    let placed = resolved.mistakes([("/jobs/0/scene", "it is relative")]);
    assert_eq!(placed.each().collect::<Vec<_>>(), [(Some((3, 12)), "it is relative")]);
}
