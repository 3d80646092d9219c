//! What a file is, and which contract it speaks: read from its outline, without compiling or running anything.

use crate::error::PluginErrorKind;
use crate::logring::visible;
use semver::Version;
use std::collections::BTreeSet;
use wasmparser::{Chunk, Encoding, Parser, Payload, Validator, WasmFeatures};

/// The contract that this host speaks.
const PACKAGE: &str = "farmhand:dcc";
/// Its version.
const PROVIDED: Version = Version::new(0, 1, 0);
/// What a plugin must export.
const EXPORT: &str = "dcc";
/// What it may export besides.
const HOOKS: &str = "hooks";
/// The same.
const NEEDS: &str = "needs";
/// What a plugin may import of it.
const IMPORTS: [&str; 3] = ["types", "context", "host"];
/// What a runner of scripts imports besides.
const SCRIPT: &str = "script";
/// What else a plugin may import: WASI, with nothing behind it.
const WASI: [&str; 6] =
    ["wasi:io", "wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:random", "wasi:sockets"];

/// Names at the outside of a component; CPython's have about forty. Reading them must not cost more than the file.
const NAMES: usize = 1000;

/// The names at a component's outside.
#[derive(Debug, Default, PartialEq)]
struct Outline {
    imports: Vec<String>,
    exports: Vec<String>,
}

/// Whether the bytes are a whole component that speaks this host's contract. Looks at the outermost sections only,
/// so that it costs the same for a component of any size.
pub(crate) fn check(bytes: &[u8], role: Role) -> Result<(), PluginErrorKind> {
    let outline = outline(bytes)?;
    versions(&outline, role)?;
    foreign_imports(&outline)
}

/// What a component is to do here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// To be a plugin.
    Plugin,
    /// To run scripts that are plugins.
    Runner,
}

/// What a component is at its outside, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surface {
    /// The version of the contract that it was built against; absent where it names none.
    pub contract: Option<Version>,
    /// What it imports.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
}

/// The outside of a whole component.
pub(crate) fn surface(bytes: &[u8]) -> Result<Surface, PluginErrorKind> {
    let Outline { imports, exports } = outline(bytes)?;
    let contract = exports.iter().chain(&imports).filter_map(|name| ours(name)?.1).max();
    Ok(Surface { contract, imports, exports })
}

/// What a component that has passed [`check`] exports besides what it must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extras {
    pub(crate) hooks: bool,
    pub(crate) needs: bool,
}

/// What a component that has passed [`check`] exports besides what it must.
pub(crate) fn extras(bytes: &[u8]) -> Extras {
    let exports = outline(bytes).map_or_else(|_| Vec::new(), |outline| outline.exports);
    let has = |wanted: &str| {
        exports.iter().any(|name| ours(name).is_some_and(|(interface, _)| interface == wanted))
    };
    Extras { hooks: has(HOOKS), needs: has(NEEDS) }
}

/// Whether every byte of the component is valid. wasmtime checks this too, but only here does a file that is cut
/// off inside a section come out as [`PluginErrorKind::Incomplete`] and never as a failed compilation.
pub(crate) fn validate(bytes: &[u8]) -> Result<(), PluginErrorKind> {
    let features = WasmFeatures::default() | WasmFeatures::COMPONENT_MODEL;
    let invalid =
        |error: wasmparser::BinaryReaderError| foreign(format!("is damaged: {error}; build it again"));
    Validator::new_with_features(features).validate_all(bytes).map(drop).map_err(invalid)?;
    modest(bytes)
}

/// Functions of all core modules of a component; CPython with its standard library has 13,000.
const FUNCTIONS: usize = 50_000;
/// Their code in bytes; CPython's is 7 MB.
const CODE: usize = 32 << 20;
/// The longest of them, in bytes; CPython's is 430 KB.
const LONGEST: usize = 1 << 20;
/// Bytes of a function times its local variables: what the compiler holds of them at once grows by this. CPython and
/// QuickJS come to 4 million.
const WEIGHT: usize = 64 << 20;

/// Whether the code is no more than the compiler can take without hurting anybody: it wants several KiB for each
/// function, and a hundred times the size of each that it is at work on.
fn modest(bytes: &[u8]) -> Result<(), PluginErrorKind> {
    let damaged =
        |error: wasmparser::BinaryReaderError| foreign(format!("is damaged: {error}; build it again"));
    let (mut functions, mut code) = (0, 0);
    for payload in Parser::new(0).parse_all(bytes) {
        if let Payload::CodeSectionEntry(body) = payload.map_err(damaged)? {
            let length = body.range().len();
            let groups = body.get_locals_reader().map_err(damaged)?;
            let locals: usize = groups.into_iter().flatten().map(|(count, _)| count as usize).sum();
            functions += 1;
            code += length;
            if functions > FUNCTIONS || code > CODE || length > LONGEST || length * locals > WEIGHT {
                return Err(foreign(format!(
                    "has more code than a plugin may have: {FUNCTIONS} functions, {} MiB of them, {} MiB in one, and in \
                     each not very many variables",
                    CODE >> 20,
                    LONGEST >> 20
                )));
            }
        }
    }
    Ok(())
}

fn foreign(message: impl Into<String>) -> PluginErrorKind {
    PluginErrorKind::Foreign { message: message.into() }
}

fn outline(bytes: &[u8]) -> Result<Outline, PluginErrorKind> {
    let incomplete = || PluginErrorKind::Incomplete { bytes: bytes.len() as u64 };
    if !bytes.starts_with(b"\0asm") {
        return Err(match b"\0asm".starts_with(bytes) {
            true => incomplete(),
            false => foreign("is no WebAssembly; a plugin is a component, as built for wasm32-wasip2"),
        });
    }
    let mut parser = Parser::new(0);
    let mut outline = Outline::default();
    let mut rest = bytes;
    loop {
        let damaged =
            |error: wasmparser::BinaryReaderError| foreign(format!("is damaged: {error}; build it again"));
        let (consumed, payload) = match parser.parse(rest, false).map_err(damaged)? {
            Chunk::Parsed { consumed, payload } => (consumed, payload),
            // At the end of a section there may be more of them, or not: the exports tell.
            Chunk::NeedMoreData(_) if rest.is_empty() => break,
            Chunk::NeedMoreData(_) => return Err(incomplete()),
        };
        rest = &rest[consumed..];
        let too_many = |reader: u32, outline: &Outline| {
            reader as usize + outline.imports.len() + outline.exports.len() > NAMES
        };
        match payload {
            Payload::ComponentImportSection(imports) if too_many(imports.count(), &outline) => {
                return Err(foreign(format!("imports more than {NAMES} things; no plugin does")));
            }
            Payload::ComponentExportSection(exports) if too_many(exports.count(), &outline) => {
                return Err(foreign(format!("exports more than {NAMES} things; no plugin does")));
            }
            Payload::Version { encoding: Encoding::Module, .. } => {
                return Err(foreign(
                    "is a core module, not a component; build it for wasm32-wasip2, or wrap it with \
                     `wasm-tools component new`",
                ));
            }
            Payload::ComponentImportSection(imports) => {
                for import in imports {
                    outline.imports.push(import.map_err(damaged)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    outline.exports.push(export.map_err(damaged)?.name.name.to_owned());
                }
            }
            Payload::ModuleSection { unchecked_range, .. }
            | Payload::ComponentSection { unchecked_range, .. } => {
                rest = rest.get(unchecked_range.len()..).ok_or_else(incomplete)?;
            }
            _ => {}
        }
    }
    match outline.exports.is_empty() && outline.imports.is_empty() {
        true => Err(incomplete()),
        false => Ok(outline),
    }
}

/// The interface and version of a name of this contract.
fn ours(name: &str) -> Option<(&str, Option<Version>)> {
    let rest = name.strip_prefix(PACKAGE)?.strip_prefix('/')?;
    Some(match rest.split_once('@') {
        Some((interface, version)) => (interface, Version::parse(version).ok()),
        None => (rest, None),
    })
}

/// Some of the names, as anyone can see them.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let mut text = names.iter().take(SHOWN).map(|name| visible(name)).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

fn versions(outline: &Outline, role: Role) -> Result<(), PluginErrorKind> {
    let incompatible = |message| Err(PluginErrorKind::Incompatible { message });
    let targets: BTreeSet<_> =
        outline.exports.iter().chain(&outline.imports).filter_map(|name| ours(name)?.1).collect();
    if let Some(target) = targets.iter().find(|target| (target.major, target.minor) != (0, PROVIDED.minor)) {
        let remedy = match *target > PROVIDED {
            true => "update farmhand, or build the plugin with an older SDK",
            false => "build the plugin again with the present SDK",
        };
        return incompatible(format!(
            "speaks {PACKAGE} {target}, and this farmhand speaks {PROVIDED}, which does not mix; {remedy}"
        ));
    }
    if let Some(target) = targets.last().filter(|target| **target > PROVIDED) {
        return incompatible(format!(
            "speaks {PACKAGE} {target}, and this farmhand only {PROVIDED}; update farmhand, or build the plugin with \
             an older SDK"
        ));
    }
    let exported = |name: &String| ours(name).is_some_and(|(interface, _)| interface == EXPORT);
    if !outline.exports.iter().any(exported) {
        let exports = match outline.exports.is_empty() {
            true => "nothing".to_owned(),
            false => list(&outline.exports),
        };
        return incompatible(format!(
            "is a component, but no farmhand plugin: it exports {exports}, and a plugin exports \
             {PACKAGE}/{EXPORT}@{PROVIDED}"
        ));
    }
    let imports = |wanted: &str| {
        outline.imports.iter().any(|name| ours(name).is_some_and(|(interface, _)| interface == wanted))
    };
    if role == Role::Plugin && imports(SCRIPT) {
        return incompatible(
            "is a runner of scripts without a script; put the script itself here, or pack it with `farmhand plugin build`"
                .to_owned(),
        );
    }
    let given = |interface: &str| IMPORTS.contains(&interface) || interface == SCRIPT;
    let unknown: Vec<_> = outline
        .imports
        .iter()
        .filter(|name| ours(name).is_some_and(|(interface, _)| !given(interface)))
        .cloned()
        .collect();
    match unknown.is_empty() {
        true => Ok(()),
        false => incompatible(format!(
            "imports {}, which {PACKAGE} {PROVIDED} does not have; build it against this farmhand's contract",
            list(&unknown)
        )),
    }
}

fn foreign_imports(outline: &Outline) -> Result<(), PluginErrorKind> {
    let wasi = |name: &str| match name.split_once('/') {
        Some((package, interface)) => {
            WASI.contains(&package)
                && interface.rsplit('@').next().is_some_and(|version| version.starts_with("0.2."))
        }
        None => false,
    };
    let imports: Vec<_> =
        outline.imports.iter().filter(|name| ours(name).is_none() && !wasi(name)).cloned().collect();
    match imports.is_empty() {
        true => Ok(()),
        false => Err(PluginErrorKind::Denied { imports }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_contracts() {
        let wit = include_str!("../../../wit/v0/types.wit");
        assert!(wit.contains(&format!("package {PACKAGE}@{PROVIDED};")));
    }

    /// What the outline of a component of these imports and exports is refused for.
    fn refusal(imports: &[&str], exports: &[&str]) -> String {
        let list = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let outline = Outline { imports: list(imports), exports: list(exports) };
        match versions(&outline, Role::Plugin).and_then(|()| foreign_imports(&outline)) {
            Ok(()) => String::new(),
            Err(kind) => kind.to_string(),
        }
    }

    #[test]
    fn only_what_speaks_this_contract_passes() {
        let dcc = "farmhand:dcc/dcc@0.1.0";
        for (imports, exports, expect) in [
            (&[][..], &[dcc][..], ""),
            (&["farmhand:dcc/host@0.1.0", "wasi:cli/stderr@0.2.9"], &[dcc, "farmhand:dcc/later@0.1.0"], ""),
            (&[], &["wasi:cli/run@0.2.0"], "it exports wasi:cli/run@0.2.0"),
            (&["farmhand:dcc/host@0.1.0"], &[], "it exports nothing"),
            (&[], &["farmhand:dcc/dcc@1.0.0"], "speaks farmhand:dcc 1.0.0, and this farmhand speaks 0.1.0"),
            (&[], &["farmhand:dcc/dcc@0.2.0"], "update farmhand"),
            (&[], &["farmhand:dcc/dcc@0.0.3"], "present SDK"),
            (&["farmhand:dcc/host@0.1.4"], &[dcc], "speaks farmhand:dcc 0.1.4, and this farmhand only 0.1.0"),
            (&["farmhand:dcc/farm@0.1.0"], &[dcc], "imports farmhand:dcc/farm@0.1.0, which"),
            (
                &["wasi:http/outgoing-handler@0.2.0"],
                &[dcc],
                "no plugin gets: wasi:http/outgoing-handler@0.2.0",
            ),
            (&["wasi:cli/stdin@0.3.0"], &[dcc], "no plugin gets: wasi:cli/stdin@0.3.0"),
            (&["studio:db/query", "run"], &[dcc], "no plugin gets: studio:db/query, run"),
        ] {
            let refusal = refusal(imports, exports);
            assert!(
                refusal.contains(expect) && refusal.is_empty() == expect.is_empty(),
                "{exports:?}: {refusal}"
            );
        }
    }

    #[test]
    fn more_code_than_the_compiler_can_take_is_refused() {
        let component =
            |functions: &str| wat::parse_str(format!("(component (core module {functions}))")).unwrap();
        assert_eq!(validate(&component(&"(func)".repeat(FUNCTIONS))), Ok(()));
        let sets: String = (0..5000).map(|local| format!("(local.set {local} (local.get 0))")).collect();
        for functions in [
            "(func)".repeat(FUNCTIONS + 1),
            format!("(func (local {}) {sets})", "i32 ".repeat(5000)),
            format!("(func {})", "(drop (i32.const 100000))".repeat(LONGEST / 5)),
        ] {
            let refusal = validate(&component(&functions)).unwrap_err().to_string();
            assert!(refusal.contains("more code than a plugin may have"), "{refusal}");
        }
    }

    #[test]
    fn a_component_of_nothing_but_names_is_refused() {
        let names: String = (0..=NAMES).map(|n| format!(r#"(import "i{n}" (instance))"#)).collect();
        let refusal = outline(&wat::parse_str(format!("(component {names})")).unwrap()).unwrap_err();
        assert!(refusal.to_string().contains("imports more than 1000 things"), "{refusal}");
    }

    #[test]
    fn every_cut_of_a_component_is_incomplete_or_complete() {
        let whole = wat::parse_str(
            r#"(component (core module (func (export "f"))) (component) (instance $i) (export "a:b/c" (instance $i)))"#,
        )
        .unwrap();
        let complete = outline(&whole).unwrap();
        assert_eq!(complete.exports, ["a:b/c"]);
        let mut incomplete = 0;
        for end in 0..whole.len() {
            match outline(&whole[..end]) {
                Err(PluginErrorKind::Incomplete { bytes }) => incomplete += usize::from(bytes == end as u64),
                // After the exports there are only names for debugging.
                got => assert_eq!(
                    got,
                    Ok(Outline { imports: vec![], exports: complete.exports.clone() }),
                    "{end}"
                ),
            }
        }
        assert!(incomplete > whole.len() - 20, "{incomplete} of {}", whole.len());
    }
}
