//! The page, from the contract as `wit-parser` reads it.

use super::names::{self, Kind, Language};
use super::order::SECTIONS;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use wit_parser::{Docs, Function, FunctionKind, Handle, Resolve, Type, TypeDef, TypeDefKind, TypeId};

const INTRODUCTION: &str = "\
# The contract

<!-- Made by `FARMHAND_ACCEPT=1 cargo test -p farmhand-plugin --test contract`; do not edit. -->

What a plugin provides and what it may ask of the host, from [`wit/v0`](../../wit/v0), with the names that it has in the
three SDKs. The SDKs' own types carry the same sentences, so that an editor shows them too: `plugins/sdk-python/farmhand`,
`plugins/sdk-js/index.d.ts`, `plugins/sdk/src`.

Frames are a list of runs in the contract and `FrameRuns` in the SDKs, which expands them and writes them in a DCC's own
syntax. In JavaScript a value of an enumeration is a text: `Severity.FRAME_FATAL` and `\"frame-fatal\"` are the same.
";

/// One item that the page has a heading for.
#[derive(Clone, Copy)]
pub enum Item<'a> {
    Type(TypeId),
    Function(&'a Function),
}

/// What the contract has, each as `interface.item`.
pub fn items(resolve: &Resolve) -> BTreeMap<String, Item<'_>> {
    let mut items = BTreeMap::new();
    for (_, interface) in resolve.interfaces.iter() {
        let name = interface.name.as_deref().unwrap_or_default();
        for (item, id) in &interface.types {
            // What an interface uses of another one is told there.
            if !matches!(resolve.types[*id].kind, TypeDefKind::Type(Type::Id(_))) {
                items.insert(format!("{name}.{item}"), Item::Type(*id));
            }
        }
        for (item, function) in &interface.functions {
            if matches!(function.kind, FunctionKind::Freestanding) {
                items.insert(format!("{name}.{item}"), Item::Function(function));
            }
        }
    }
    items
}

/// Every name that the page gives in a language; runners have none.
pub fn names(resolve: &Resolve, language: Language) -> Vec<String> {
    let mut all = Vec::new();
    for (name, item) in items(resolve).iter().filter(|(name, _)| has_names(name)) {
        let mut cells = vec![names::of(name, kind_of(item), language)];
        if let Item::Type(id) = item {
            let rows = rows(resolve, name, *id);
            cells.extend(rows.iter().map(|row| names::of(&row.item, row.kind, language)));
        }
        all.extend(cells.iter().flat_map(|cell| names::quoted(cell).map(str::to_owned)));
    }
    all
}

/// The page, in Markdown.
pub fn of(resolve: &Resolve) -> String {
    let mut page = INTRODUCTION.to_owned();
    let (_, package) = resolve.packages.iter().next().unwrap();
    let _ = write!(page, "\nThis is `{}`. {}\n", package.name, docs(&package.docs));
    let items = items(resolve);
    for section in SECTIONS {
        let _ = write!(page, "\n## {}\n", section.title);
        if !section.about.is_empty() {
            let _ = write!(page, "\n{}\n", section.about);
        }
        for name in section.items {
            if let Some(item) = items.get(*name) {
                write_item(&mut page, resolve, name, *item);
            }
        }
    }
    page
}

fn has_names(item: &str) -> bool {
    !item.starts_with("script.") && !item.starts_with("runner.")
}

fn kind_of(item: &Item<'_>) -> Kind {
    match item {
        Item::Type(_) => Kind::Type,
        Item::Function(_) => Kind::Function,
    }
}

fn write_item(page: &mut String, resolve: &Resolve, name: &str, item: Item<'_>) {
    let heading = name.rsplit('.').next().unwrap_or(name);
    let _ = write!(page, "\n### {heading}\n\n");
    if has_names(name) {
        let named = Language::ALL.map(|language| names::of(name, kind_of(&item), language));
        let told = match named.iter().all(|one| *one == named[0]) {
            true => format!("In all three: {}.", named[0]),
            false => format!("Python: {}. JavaScript: {}. Rust: {}.", named[0], named[1], named[2]),
        };
        let _ = write!(page, "{told}\n\n");
    }
    match item {
        Item::Function(function) => {
            let about = docs(&function.docs);
            if !about.is_empty() {
                let _ = write!(page, "{about}\n\n");
            }
            let _ = writeln!(page, "{}", signature(resolve, function));
        }
        Item::Type(id) => write_type(page, resolve, name, id),
    }
}

fn write_type(page: &mut String, resolve: &Resolve, name: &str, id: TypeId) {
    let about = docs(&resolve.types[id].docs);
    let rows = rows(resolve, name, id);
    if !about.is_empty() {
        let _ = writeln!(page, "{about}");
    }
    if rows.is_empty() {
        return;
    }
    if !about.is_empty() {
        page.push('\n');
    }
    let has_types = rows.iter().any(|row| !row.ty.is_empty());
    let mut columns = match has_names(name) {
        true => vec!["Python", "JavaScript", "Rust"],
        false => vec!["name"],
    };
    columns.extend(has_types.then_some("type"));
    columns.push("what it is");
    let _ = writeln!(page, "| {} |\n|{}", columns.join(" | "), " --- |".repeat(columns.len()));
    for row in rows {
        let mut cells = match has_names(name) {
            true => Language::ALL.map(|language| names::of(&row.item, row.kind, language)).to_vec(),
            false => vec![format!("`{}`", row.item.rsplit('.').next().unwrap_or_default())],
        };
        cells.extend(has_types.then_some(row.ty));
        cells.push(row.about);
        let _ = writeln!(page, "| {} |", cells.join(" | "));
    }
}

/// A field, a getter, a case or a value.
struct Row {
    item: String,
    kind: Kind,
    ty: String,
    about: String,
}

/// What a type is made of.
fn rows(resolve: &Resolve, name: &str, id: TypeId) -> Vec<Row> {
    let row = |item: &str, kind, ty: String, about: &Docs| Row {
        item: format!("{name}.{item}"),
        kind,
        ty,
        about: docs(about),
    };
    match &resolve.types[id].kind {
        TypeDefKind::Record(record) => record
            .fields
            .iter()
            .map(|field| row(&field.name, Kind::Field, words(resolve, &field.ty), &field.docs))
            .collect(),
        TypeDefKind::Enum(of) => {
            of.cases.iter().map(|case| row(&case.name, Kind::Value, String::new(), &case.docs)).collect()
        }
        TypeDefKind::Variant(of) => {
            // Of decisions one has data, and they are values all the same.
            let kind = if of.cases.iter().all(|case| case.ty.is_some()) { Kind::Class } else { Kind::Value };
            let ty = |ty: &Option<Type>| ty.as_ref().map(|ty| words(resolve, ty)).unwrap_or_default();
            of.cases.iter().map(|case| row(&case.name, kind, ty(&case.ty), &case.docs)).collect()
        }
        TypeDefKind::Resource => getters(resolve, id)
            .map(|function| {
                let item = match function.kind {
                    FunctionKind::Constructor(_) => "reader",
                    _ => function.item_name(),
                };
                let gives = match name {
                    "dcc.reader" => signature(resolve, function),
                    _ => function.result.as_ref().map(|ty| words(resolve, ty)).unwrap_or_default(),
                };
                row(item, Kind::Field, gives, &function.docs)
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The functions of a resource.
fn getters(resolve: &Resolve, id: TypeId) -> impl Iterator<Item = &Function> {
    let functions = resolve.interfaces.iter().flat_map(|(_, interface)| interface.functions.values());
    functions.filter(move |function| match function.kind {
        FunctionKind::Method(of) | FunctionKind::Constructor(of) => of == id,
        _ => false,
    })
}

/// What a function takes and gives, in words.
fn signature(resolve: &Resolve, function: &Function) -> String {
    let takes: Vec<String> = function
        .params
        .iter()
        .filter(|param| param.name != "self")
        .map(|param| {
            let ty = words(resolve, &param.ty);
            if ty == format!("[{0}](#{0})", param.name) { ty } else { format!("{}, {ty}", param.name) }
        })
        .collect();
    let gives = match (&function.result, function.kind.clone()) {
        (_, FunctionKind::Constructor(_)) | (None, _) => String::new(),
        (Some(ty), _) => format!("Gives: {}.", words(resolve, ty)),
    };
    match takes.is_empty() {
        true => gives,
        false => format!("Takes: {}. {gives}", takes.join("; ")).trim_end().to_owned(),
    }
}

/// A type as a sentence says it.
fn words(resolve: &Resolve, ty: &Type) -> String {
    match ty {
        Type::Bool => "true or false".into(),
        Type::String => "text".into(),
        Type::F32 | Type::F64 => "number".into(),
        Type::Id(id) => named(resolve, &resolve.types[*id]),
        _ => "whole number".into(),
    }
}

fn named(resolve: &Resolve, ty: &TypeDef) -> String {
    if let Some(name) = &ty.name {
        return format!("[{name}](#{name})");
    }
    match &ty.kind {
        TypeDefKind::List(Type::U8) => "bytes".into(),
        TypeDefKind::List(of) => format!("list of {}", words(resolve, of)),
        TypeDefKind::Option(of) => format!("{}, or nothing", words(resolve, of)),
        TypeDefKind::Handle(Handle::Borrow(id) | Handle::Own(id)) => words(resolve, &Type::Id(*id)),
        TypeDefKind::Result(result) => {
            let side = |ty: &Option<Type>| ty.as_ref().map_or("nothing".into(), |ty| words(resolve, ty));
            format!("{}, or else {}", side(&result.ok), side(&result.err))
        }
        other => other.as_str().into(),
    }
}

/// A comment of the contract as one paragraph.
fn docs(docs: &Docs) -> String {
    let text = docs.contents.as_deref().unwrap_or_default();
    text.split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join(" ")
}
