//! Everything that is tried, and what each of it must come to.

use super::files::{GUEST, Thing, beside, describing, guest, many_imports, noise, tangled, wat, with_code};

/// A file in the plugins directory that must not serve.
pub struct HostileFile {
    pub name: &'static str,
    pub thing: fn() -> Thing,
    /// Words of the line that its slot shows.
    pub told: &'static str,
}

/// A job of the plugin `hostile`, whose option `do` this is.
pub struct HostileJob {
    pub told: &'static str,
    pub comes_to: ComesTo,
}

/// What a job must come to.
pub enum ComesTo {
    /// It is not taken, in these words.
    Refused(&'static str),
    /// It ends in this state, and its attempt says these words: in a fault, or in its verdict.
    Ends(&'static str, &'static str),
    /// It waits, as the attempt says in these words, until it is cancelled.
    Waits(&'static str),
}

use ComesTo::{Ends, Refused, Waits};

const fn file(name: &'static str, thing: fn() -> Thing, told: &'static str) -> HostileFile {
    HostileFile { name, thing, told }
}

const fn job(told: &'static str, comes_to: ComesTo) -> HostileJob {
    HostileJob { told, comes_to }
}

/// A table grows as long as it may, a reference at a time.
const TABLE_BOMB: &str = "(module (table 1 funcref) (func $grow
    (loop (drop (table.grow (ref.null func) (i32.const 1000))) (br 0))) (start $grow))";
/// Many memories, each within the limit.
const MEMORIES: &str = "(module (memory 900) (memory 900) (memory 900))";
/// A trap whose place has a name that a terminal would act on.
const NAMED_TRAP: &str =
    r#"(module (func $trap (@name "\1b[2J\07<script>alert(1)</script>") unreachable) (start $trap))"#;

/// Files, one after the other.
pub const FILES: &[HostileFile] = &[
    file("loop.wasm", || describing("loop"), "ran longer than 250ms"),
    file("recursion.wasm", || describing("recurse"), "recursed until its stack was full"),
    file("memory.wasm", || describing("memory"), "MiB of memory, where 64.0 MiB is the limit"),
    file("sleep.wasm", || describing("sleep"), "waited far longer than its 250ms; a plugin must not sleep"),
    file("string.wasm", || describing("string"), "in describe"),
    file("megabytes.wasm", || describing("megabytes"), "handed over more than 8.0 MiB in one call"),
    file("huge-name.wasm", || describing("huge-name"), "handed over more than 8.0 MiB in one call"),
    file("panic.wasm", || describing("panic"), "panicked or aborted"),
    file("exit.wasm", || describing("exit"), "called exit"),
    file("flood.wasm", || describing("flood"), "of a flood"),
    file("outside.wasm", || describing("outside"), "reached: []"),
    file("paths.wasm", || describing("paths"), "found: 0"),
    file("changing.wasm", || describing("changing"), "`describe` answers differently each time"),
    file("poison.wasm", || describing("poison"), r"the name `a\u{1b}[2J"),
    file("many.wasm", || describing("many"), "is looked for in too many places"),
    file("globs.wasm", || describing("globs"), "a search of the whole disk"),
    file("schema-deep.wasm", || describing("schema-deep"), "nested deeper than 32"),
    file("schema-abyss.wasm", || describing("schema-abyss"), "the options schema is"),
    file("schema-huge.wasm", || describing("schema-huge"), "bytes long, and 262144 is the most"),
    file("schema-bomb.wasm", || describing("schema-bomb"), "uses `$ref`"),
    file("schema-pattern.wasm", || describing("schema-pattern"), "the options schema is no JSON Schema"),
    file("table-bomb.wasm", || beside(TABLE_BOMB), "table elements, where 100000 is the limit"),
    file("memories.wasm", || beside(MEMORIES), "MiB of memory, where 64.0 MiB is the limit"),
    file("named-trap.wasm", || beside(NAMED_TRAP), "panicked or aborted in <script>alert(1)</script>"),
    file(
        "wrong-world.wasm",
        || wat(r#"(component (instance $i) (export "wasi:cli/run@0.2.0" (instance $i)))"#),
        "is a component, but no farmhand plugin: it exports wasi:cli/run@0.2.0",
    ),
    file(
        "network.wasm",
        || {
            wat(r#"(component (import "wasi:http/outgoing-handler@0.2.0" (instance))
                (instance $i) (export "farmhand:dcc/dcc@0.1.0" (instance $i)))"#)
        },
        "imports what no plugin gets: wasi:http/outgoing-handler@0.2.0",
    ),
    file(
        "newer.wasm",
        || wat(r#"(component (instance $i) (export "farmhand:dcc/dcc@1.0.0" (instance $i)))"#),
        "speaks farmhand:dcc 1.0.0, and this farmhand speaks 0.1.0",
    ),
    file(
        "core-module.wasm",
        || wat("(module (func (export \"describe\")))"),
        "is a core module, not a component",
    ),
    file("imports.wasm", many_imports, "imports more than 1000 things"),
    file(
        "functions.wasm",
        || with_code(&"(func (param i32) (result i32) (local.get 0))".repeat(60_000)),
        "has more code than a plugin may have",
    ),
    file(
        "function.wasm",
        || with_code(&format!("(func {})", "(drop (i32.const 100000))".repeat(250_000))),
        "has more code than a plugin may have",
    ),
    file("variables.wasm", || with_code(&tangled(20_000, 2000)), "has more code than a plugin may have"),
    file("cut.wasm", || Thing::File(GUEST[..GUEST.len() / 2].to_vec()), "ends in the middle, after"),
    file("empty.wasm", || Thing::File(Vec::new()), "ends in the middle, after 0 bytes"),
    file("noise.wasm", || noise(4096), "is no WebAssembly"),
    file("large.wasm", || noise(70 << 20), "is 73400320 bytes large, where 67108864 is the limit"),
    file(
        "directory.wasm",
        || Thing::Directory,
        "it is neither a regular file nor a folder with a plugin.py or plugin.js",
    ),
    file(
        "pipe.wasm",
        || Thing::Pipe,
        "it is neither a regular file nor a folder with a plugin.py or plugin.js",
    ),
    file(
        "endless.wasm",
        || Thing::LinkTo("/dev/zero"),
        "it is neither a regular file nor a folder with a plugin.py or plugin.js",
    ),
    file(
        "\u{1b}[2J\u{7}<img src=x onerror=alert(1)>\u{202e}.wasm",
        || noise(100),
        r"\u{1b}[2J\u{7}<img src=x onerror=alert(1)>\u{202e}",
    ),
    file(
        "other-name.wasm",
        || Thing::File(guest("hostile", "")),
        "claims a name that hostile.wasm already serves",
    ),
];

/// Jobs, one after the other.
pub const JOBS: &[HostileJob] = &[
    job("validate:loop", Refused("ran longer than 2s")),
    job("validate:memory", Refused("MiB of memory, where 64.0 MiB is the limit")),
    job("validate:outside", Refused("reached: []")),
    job("validate:frames", Refused("the job's frames were 1,2, and are 1-1000000 now")),
    job("validate:endless-frames", Refused("frames")),
    job("validate:notes", Ends("done", "judged")),
    job("validate:layers", Refused("is no name of a layer")),
    job("validate:options", Refused("bytes long, and 1048576 is the most")),
    job("command:loop", Ends("failed", "ran longer than 2s")),
    job("command:recurse", Ends("failed", "recursed until its stack was full")),
    job("command:memory", Ends("failed", "MiB of memory, where 64.0 MiB is the limit")),
    job("command:string", Ends("failed", "in build-command")),
    job("command:flood", Ends("failed", "of a flood")),
    job("command:exit", Ends("failed", "called exit")),
    job("command:outside", Ends("failed", "reached: []")),
    job("command:paths", Ends("failed", "found: 0")),
    job("command:long", Ends("failed", "handed over more than 8.0 MiB in one call")),
    job("command:longer-than-allowed", Ends("failed", "; 1048576 are allowed")),
    job("command:many", Ends("failed", "in build-command")),
    job("command:variables", Ends("failed", "did not start")),
    job("command:nul", Ends("failed", "contains a NUL byte")),
    job("command:tool", Ends("failed", "the command names the tool `bash")),
    job("command:other-tool", Ends("failed", "the command names the tool `other`; this task has sh")),
    job("command:up", Ends("failed", "which leads to /etc/passwd, is outside the directories")),
    job("command:root", Ends("failed", "/etc/passwd is outside the directories")),
    job("command:null", Ends("failed", "/dev/null is not a path that farmhand uses: it is a device")),
    job("command:disk", Ends("failed", "/dev/sda is")),
    job("command:share", Ends("failed", r"\\host\share\x.png is a relative path")),
    job("command:link", Ends("failed", "which leads to /etc/passwd, is outside")),
    job("command:poison", Ends("failed", r"\u{1b}[2J")),
    job("command:place", Ends("failed", "/etc/farmhand-hostile.png is outside the directories")),
    job("command:foreign-frame", Ends("failed", "shows frame 99999, which this task does not render")),
    job("reader.new:loop", Ends("done", "ran longer than 2s")),
    job("reader:loop", Ends("done", "ran longer than 500ms")),
    job("reader:recurse", Ends("done", "recursed until its stack was full")),
    job("reader:memory", Ends("done", "MiB of memory, where 64.0 MiB is the limit")),
    job("reader:flood", Ends("done", "of a flood")),
    job("reader:exit", Ends("done", "called exit")),
    job(
        "reader:foreign",
        Ends("done", "the plugin reported frame 9000, but this attempt renders 1,2; ignored"),
    ),
    job("reader:begun", Ends("done", "judged")),
    job("reader:faults", Ends("done", "fault 0")),
    job("reader:facts", Ends("done", "judged")),
    job("reader:contradict", Ends("done", "fault 1")),
    job("reader:nonsense", Ends("done", "a progress of NaN is none")),
    job(
        "reader:elsewhere",
        Ends("failed", "the plugin named a file that it may not: /etc/passwd is outside"),
    ),
    job("reader:linked", Ends("failed", "which leads to /etc/passwd, is outside")),
    job("reader:endless", Ends("failed", "it is a device, a pipe or a socket")),
    job("reader:unplaced", Ends("done", "has no place to go to")),
    job("judge:loop", Ends("failed", "ran longer than 2s")),
    job("judge:memory", Ends("failed", "MiB of memory, where 64.0 MiB is the limit")),
    job("judge:silent", Ends("failed", "the verdict gives no reason")),
    job("judge:never", Waits("in 3600.0 s")),
];
