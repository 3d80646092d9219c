//! The contract's versions: components of every released minor load and are understood, those of others are told what to
//! do, and the text of today holds all that was ever released.

use crate::support::{Bench, job, task};
use farmhand_model::dcc::{Decision, Outcome, ReaderEvent, Verify};
use farmhand_model::hooks::{HookAction, JobEnd, OnFailure};
use farmhand_model::{EndedBy, FrameSet, Needs, Seconds};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use wit_parser::{Function, Handle, InterfaceId, Resolve, Type, TypeDefKind, WorldItem};

/// Released minors of the contract, with the text and the component of each.
fn released() -> Vec<(String, PathBuf)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/contract");
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let texts = files.filter(|path| path.extension().is_some_and(|extension| extension == "wit"));
    let minors: Vec<_> =
        texts.map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), path)).collect();
    assert!(!minors.is_empty());
    minors
}

#[tokio::test]
async fn a_component_of_every_released_minor_loads_and_is_understood() {
    let bench = Bench::plain().await;
    for (minor, text) in released() {
        let plugin = bench.host.load_file(&text.with_extension("wasm")).await.unwrap();
        assert_eq!(plugin.descriptor().levels.len(), 3, "{minor}");
        let prepared = plugin.validate(&job("")).await.unwrap().unwrap();
        assert!(prepared.whole && prepared.notes[0].starts_with("job 7 shot /show/shot.fix"), "{prepared:?}");

        let command = plugin.build_command(&task("")).await.unwrap();
        let [of_task, of_host] = command.args.as_slice() else { panic!("{command:?}") };
        assert!(of_task.starts_with("task 3 [(1, 10, 1)] None 0 1 4 []"), "{of_task}");
        assert_eq!(of_host, "host {} None false false false false Ok([])");
        assert_eq!((command.outputs.len(), command.verify), (2, Verify::Images));

        // What came later is absent, and is not asked for.
        assert_eq!(plugin.needs(&job(""), 0).await.unwrap(), Needs::default(), "{minor}");

        let mut reader = plugin.reader(&task("")).await.unwrap();
        let events = reader.read(&["a".into(), "line".into()]).await.unwrap();
        assert!(events.len() == 7 && events[4] == ReaderEvent::Warning("a line".into()), "{events:?}");
        assert_eq!(reader.finish().await.unwrap().len(), 1);

        let outcome = outcome();
        let verdict = plugin.judge(&task(""), &outcome).await.unwrap();
        assert_eq!(verdict.decision, Decision::Accept);
        assert_eq!(verdict.reason, "outcome Some(0) None 1.5 1 0 [] []");

        let end = JobEnd { complete: true, frames_done: 10, frames_failed: 0, seconds: Seconds(2.0) };
        for hooks in [
            plugin.before_job(&job("")).await,
            plugin.after_job(&job(""), end).await,
            plugin.before_task(&task("")).await,
            plugin.after_task(&task(""), &outcome).await,
        ] {
            let [hook] = hooks.unwrap().try_into().unwrap();
            assert_eq!((hook.actions.len(), hook.on_failure), (7, OnFailure::Hold), "{hook:?}");
            assert!(matches!(&hook.actions[6], HookAction::Note(note) if note.contains("/show/shot.fix")));
        }
    }
}

fn outcome() -> Outcome {
    Outcome {
        exit_code: Some(0),
        signal: None,
        ended_by: EndedBy::Itself,
        seconds: Seconds(1.5),
        frames_done: "1-10".parse().unwrap(),
        frames_missing: FrameSet::new(),
        faults: vec![],
        facts: vec![],
        usage: Default::default(),
    }
}

#[tokio::test]
async fn a_component_of_another_version_is_told_both_and_what_to_do() {
    let bench = Bench::plain().await;
    let newer = "update farmhand, or build the plugin with an older SDK";
    let older = "build the plugin again with the present SDK";
    for (theirs, remedy) in
        [("0.1.9", newer), ("0.2.0", newer), ("1.0.0", newer), ("2.7.1", newer), ("0.0.9", older)]
    {
        let exports = format!(r#"(instance $i) (export "farmhand:dcc/dcc@{theirs}" (instance $i))"#);
        // The same for one that says so in what it imports only.
        let imports = format!(
            r#"(import "farmhand:dcc/host@{theirs}" (instance)) (instance $i)
               (export "farmhand:dcc/dcc@0.1.0" (instance $i))"#
        );
        for names in [exports, imports] {
            let component = wat::parse_str(format!("(component {names})")).unwrap();
            let told = bench.load(&component).await.unwrap_err().to_string();
            let versions = [format!("speaks farmhand:dcc {theirs}, and this farmhand"), " 0.1.0".to_owned()];
            assert!(versions.iter().all(|version| told.contains(version.as_str())), "{told}");
            assert!(told.contains(remedy), "{told}");
        }
    }
}

#[test]
fn all_that_was_released_is_still_there() {
    let present = Contract::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/v0"));
    for (minor, text) in released() {
        let differences = present.differences(&Contract::read(&text));
        assert!(differences.is_empty(), "{minor} is released:\n{}", differences.join("\n"));
    }
}

#[test]
fn only_what_may_grow_may_be_new() {
    let (_, text) = released().pop().unwrap();
    let text = std::fs::read_to_string(text).unwrap();
    let old = Contract::parse(&text);
    for (from, to, expect) in [
        ("", "", None),
        ("name: func() -> string;", "name: func() -> string; user: func() -> string;", None),
        ("config: func() -> string;", "config: func() -> string; clock: func() -> u64;", None),
        ("world hooked {", "interface late { f: func(); } world later { export late; } world hooked {", None),
        ("config: func() -> string;", "", Some("host.config: gone")),
        ("config: func() -> string;", "config: func() -> option<string>;", Some("host.config: was")),
        ("read-file: func(path: string)", "read-file: func(name: string)", Some("host.read-file: was")),
        ("enum moment { before-job,", "enum moment { before-all, before-job,", Some("types.moment: was")),
        ("whole: bool,", "whole: bool, user: string,", Some("types.prepared-job: was")),
        ("interface dcc {", "interface dcc { extra: func();", Some("dcc.extra: new")),
        ("world hooked {", "world hooked { import host;", Some("world hooked")),
    ] {
        assert!(text.contains(from));
        let differences = Contract::parse(&text.replacen(from, to, 1)).differences(&old);
        match expect {
            None => assert_eq!(differences, [""; 0], "{to}"),
            Some(expect) => assert!(
                differences.len() == 1 && differences[0].starts_with(expect),
                "{to}: {differences:?}, not {expect}"
            ),
        }
    }
}

/// A contract as names and what they stand for, each spelled in one way.
struct Contract {
    /// Types and functions by `interface.name`; worlds by `world name`.
    items: BTreeMap<String, String>,
    /// Interfaces that a plugin provides. To it, whatever is added there is missing.
    provided: BTreeSet<String>,
}

impl Contract {
    fn read(path: &Path) -> Self {
        let mut resolve = Resolve::default();
        resolve.push_path(path).unwrap();
        Self::of(&resolve)
    }

    fn parse(text: &str) -> Self {
        let mut resolve = Resolve::default();
        resolve.push_str("contract.wit", text).unwrap();
        Self::of(&resolve)
    }

    fn of(resolve: &Resolve) -> Self {
        let (mut items, mut provided) = (BTreeMap::new(), BTreeSet::new());
        for (_, interface) in resolve.interfaces.iter() {
            let of = interface.name.as_deref().unwrap();
            for (name, id) in &interface.types {
                items.insert(format!("{of}.{name}"), kind(resolve, &resolve.types[*id].kind));
            }
            for (name, function) in &interface.functions {
                items.insert(format!("{of}.{name}"), signature(resolve, function));
            }
        }
        for (_, world) in resolve.worlds.iter() {
            let interfaces = |items: Vec<&WorldItem>| {
                let ids = items.into_iter().filter_map(|item| match item {
                    WorldItem::Interface { id, .. } => Some(interface(resolve, *id)),
                    _ => None,
                });
                ids.collect::<BTreeSet<_>>()
            };
            let exports = interfaces(world.exports.values().collect());
            let imports = interfaces(world.imports.values().collect());
            items.insert(format!("world {}", world.name), format!("{imports:?} to {exports:?}"));
            provided.extend(exports);
        }
        Self { items, provided }
    }

    /// What of a released contract is no longer there or not the same, and what is new where nothing may be.
    fn differences(&self, released: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        for (name, was) in &released.items {
            match self.items.get(name) {
                Some(is) if is == was => {}
                Some(is) => differences.push(format!("{name}: was {was}, is {is}")),
                None => differences.push(format!("{name}: gone")),
            }
        }
        for name in self.items.keys().filter(|name| !released.items.contains_key(*name)) {
            let provided = name.split_once('.').is_some_and(|(of, _)| released.provided.contains(of));
            if provided {
                differences.push(format!("{name}: new, in what plugins of that minor do not have"));
            }
        }
        differences
    }
}

fn interface(resolve: &Resolve, id: InterfaceId) -> String {
    resolve.interfaces[id].name.clone().unwrap()
}

fn signature(resolve: &Resolve, function: &Function) -> String {
    let parameters =
        function.params.iter().map(|param| format!("{}: {}", param.name, spelled(resolve, &param.ty)));
    let result = function.result.as_ref().map(|result| spelled(resolve, result));
    format!("func({}) -> {result:?}", parameters.collect::<Vec<_>>().join(", "))
}

/// A type by its name, where it has one.
fn spelled(resolve: &Resolve, of: &Type) -> String {
    match of {
        Type::Id(id) => match &resolve.types[*id].name {
            Some(name) => name.clone(),
            None => kind(resolve, &resolve.types[*id].kind),
        },
        plain => format!("{plain:?}"),
    }
}

/// A type by what it is made of.
fn kind(resolve: &Resolve, of: &TypeDefKind) -> String {
    let one = |of: &Type| spelled(resolve, of);
    let maybe = |of: &Option<Type>| of.as_ref().map_or("_".to_owned(), one);
    match of {
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter().map(|field| format!("{}: {}", field.name, one(&field.ty)));
            format!("record {:?}", fields.collect::<Vec<_>>())
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter().map(|case| format!("{}({})", case.name, maybe(&case.ty)));
            format!("variant {:?}", cases.collect::<Vec<_>>())
        }
        TypeDefKind::Enum(of) => {
            format!("enum {:?}", of.cases.iter().map(|case| &case.name).collect::<Vec<_>>())
        }
        TypeDefKind::Tuple(tuple) => format!("tuple {:?}", tuple.types.iter().map(one).collect::<Vec<_>>()),
        TypeDefKind::Option(of) => format!("option<{}>", one(of)),
        TypeDefKind::List(of) => format!("list<{}>", one(of)),
        TypeDefKind::Result(result) => format!("result<{}, {}>", maybe(&result.ok), maybe(&result.err)),
        TypeDefKind::Handle(Handle::Own(id)) => format!("own<{}>", one(&Type::Id(*id))),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", one(&Type::Id(*id))),
        TypeDefKind::Type(of) => format!("type {}", one(of)),
        TypeDefKind::Resource => "resource".to_owned(),
        other => panic!("the contract has a kind of type that this does not know: {other:?}"),
    }
}
