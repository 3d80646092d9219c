//! Hostile scripts: what their text does when it is run, and what their functions do in a job.

use super::files::{Fill, Thing};
use super::table::ComesTo::{self, Ends, Refused};
use std::os::unix::fs::symlink;
use std::path::Path;

/// A script that must not serve: its file, what stands at its top, and words of what its slot shows.
pub const TOPS: &[(&str, &str, &str)] = &[
    ("loop.py", "while True: pass", "ran longer than 1s"),
    ("recursion.py", "def down(n): return down(n + 1)\ndown(0)", "RecursionError"),
    ("memory.py", "hoard = []\nwhile True: hoard.append(bytearray(1 << 20))", "limit in the configuration"),
    ("print.py", "for n in range(10**9): print('\\x1b[2J', n, 'x' * 1000)", "ran longer than 1s"),
    ("exit.py", "import sys\nsys.exit(0)", "exit"),
    ("hard-exit.py", "import os\nos._exit(0)", "exit"),
    ("open.py", "open('/etc/passwd')", "open.py\", line 1"),
    ("socket.py", "import socket\nsocket.create_connection(('127.0.0.1', 22))", "socket.py\", line"),
    ("system.py", "import os\nos.system('touch /tmp/farmhand-hostile')", "system.py\", line 2"),
    ("native.py", "import ctypes", "native.py\", line 1"),
    ("nested.py", "PARENTHESES", "recursed until its stack was full"),
    ("nothing.py", "\0", "null bytes"),
    ("lies.py", "__file__ = __name__ = None\nimport builtins\nbuiltins.__import__ = None", "lies.py"),
    ("loop.js", "for (;;);", "ran longer than 1s"),
    ("recursion.js", "const down = (n) => down(n + 1) + 1; down(0);", "recursion.js"),
    ("memory.js", "const hoard = []; for (;;) hoard.push(new Uint8Array(1 << 20).fill(1));", "memory"),
    ("print.js", "for (;;) console.log('\\x1b[2J', 'x'.repeat(1000));", "ran longer than 1s"),
    ("open.js", "require('fs').readFileSync('/etc/passwd');", "open.js"),
    ("import.js", "import fs from 'fs';", "fs"),
    ("await.js", "await new Promise(() => {});", "await.js"),
    ("\u{1b}[2J<b>.py", "open('/etc/passwd')", r"\u{1b}[2J<b>.py"),
];

/// The text of such a script: what is at its top, and a plugin that would be fine.
pub fn text(name: &str, top: &str) -> Thing {
    let plugin = match Path::new(name).extension().is_some_and(|extension| extension == "js") {
        true => {
            "import { Plugin } from \"farmhand\";\nexport default class Top extends Plugin { tools = [\"sh\"]; }\n"
        }
        false => "import farmhand\nclass Top(farmhand.Plugin):\n    tools = ['sh']\n",
    };
    let top = match top {
        "PARENTHESES" => "(".repeat(100_000),
        other => other.to_owned(),
    };
    Thing::File(format!("{top}\n{plugin}").into_bytes())
}

/// Folders that must not serve, and words of what their slot shows.
pub const FOLDERS: &[(&str, Fill, &str)] = &[
    ("linked", |dir| symlink("/etc/passwd", dir.join("passwd")).unwrap(), "passwd"),
    ("crowd", |dir| (0..501).for_each(|n| std::fs::write(dir.join(format!("f{n}.txt")), "").unwrap()), "500"),
    (
        "heavy",
        |dir| std::fs::write(dir.join("data.bin"), vec![0; 9 << 20]).unwrap(),
        "larger than 8388608 bytes together",
    ),
];

/// Jobs of the script in Python.
pub const PYTHON: &[(&str, ComesTo)] = &[
    ("validate:loop", Refused("ran longer than 1s")),
    ("command:loop", Ends("failed", "ran longer than 1s")),
    ("command:stubborn", Ends("failed", "ran longer than 1s")),
    ("command:recursion", Ends("failed", "RecursionError")),
    ("command:deep", Ends("failed", "limit in the configuration")),
    ("command:memory", Ends("failed", "limit in the configuration")),
    ("command:number", Ends("failed", "ran longer than 1s")),
    ("command:print", Ends("failed", "ran longer than 1s")),
    ("command:exit", Ends("failed", "exit")),
    ("command:hard-exit", Ends("failed", "exit")),
    ("command:regex", Ends("failed", "ran longer than 1s")),
    ("command:open", Ends("failed", "harm.py\", line")),
    ("command:write", Ends("failed", "harm.py\", line")),
    ("command:socket", Ends("failed", "harm.py\", line")),
    ("command:system", Ends("failed", "harm.py\", line")),
    ("command:subprocess", Ends("failed", "harm.py\", line")),
    ("command:thread", Ends("failed", "harm.py\", line")),
    ("command:look", Ends("failed", "saw []")),
    ("command:raise", Ends("failed", "ValueError")),
    ("command:late", Ends("done", "")),
    ("reader:loop", Ends("done", "ran longer than 250ms")),
    ("reader:memory", Ends("done", "limit in the configuration")),
    ("judge:loop", Ends("done", "ran longer than 1s")),
];

/// Jobs of the script in JavaScript.
pub const JAVASCRIPT: &[(&str, ComesTo)] = &[
    ("validate:loop", Refused("ran longer than 1s")),
    ("command:loop", Ends("failed", "ran longer than 1s")),
    ("command:stubborn", Ends("failed", "ran longer than 1s")),
    ("command:recursion", Ends("failed", "RangeError")),
    ("command:memory", Ends("failed", "limit in the configuration")),
    ("command:string", Ends("failed", "string too long")),
    ("command:print", Ends("failed", "ran longer than 1s")),
    ("command:regex", Ends("failed", "ran longer than 1s")),
    ("command:open", Ends("failed", "require is not defined\n  at harm (harm.js, line")),
    ("command:system", Ends("failed", "std is not defined")),
    ("command:fetch", Ends("failed", "fetch is not defined")),
    ("command:exit", Ends("failed", "process is not defined")),
    ("command:look", Ends("failed", "saw undefined undefined undefined undefined")),
    ("command:raise", Ends("failed", "Error")),
    ("command:throw", Ends("failed", "was thrown")),
    ("command:promise", Ends("done", "")),
    ("command:prototype", Ends("failed", " in build-command: ")),
    ("reader:loop", Ends("done", "ran longer than 250ms")),
    ("reader:memory", Ends("done", "limit in the configuration")),
    ("judge:loop", Ends("done", "ran longer than 1s")),
];
