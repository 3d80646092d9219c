//! What is dropped into the plugins directory: the guest in its moods, components that no compiler makes, and files
//! that are no plugins at all.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// The guest as it was built; `tests/hostile/build.sh` builds it.
pub const GUEST: &[u8] = include_bytes!("../../hostile/guest.wasm");
/// Where its specification begins, and how long it is.
const SPEC_START: &[u8] = b"HOSTILE{name=";
const SPEC_LENGTH: usize = 120;

/// What else goes into a folder.
pub type Fill = fn(&Path);

/// Something in the plugins directory.
pub enum Thing {
    File(Vec<u8>),
    Directory,
    Pipe,
    LinkTo(&'static str),
    /// One with a script that would be fine, filled further.
    Folder(Fill),
}

impl Thing {
    /// Puts it there, a file in one step.
    pub fn put(&self, path: &Path) {
        match self {
            Thing::File(bytes) => {
                let part = path.with_extension("part");
                std::fs::write(&part, bytes).unwrap();
                std::fs::rename(&part, path).unwrap();
            }
            Thing::Directory => std::fs::create_dir(path).unwrap(),
            Thing::Folder(fill) => {
                let part = path.with_file_name(".part");
                std::fs::create_dir(&part).unwrap();
                let plugin = "import farmhand\nclass Folder(farmhand.Plugin):\n    tools = ['sh']\n";
                std::fs::write(part.join("plugin.py"), plugin).unwrap();
                fill(&part);
                std::fs::rename(&part, path).unwrap();
            }
            Thing::Pipe => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
            Thing::LinkTo(target) => symlink(target, path).unwrap(),
        }
    }

    pub fn take_away(&self, path: &Path) {
        match self {
            Thing::Directory | Thing::Folder(_) => std::fs::remove_dir_all(path).unwrap(),
            Thing::File(_) | Thing::Pipe | Thing::LinkTo(_) => std::fs::remove_file(path).unwrap(),
        }
    }
}

/// The guest under this name, doing this while it describes itself.
pub fn guest(name: &str, told: &str) -> Vec<u8> {
    let at =
        GUEST.windows(SPEC_START.len()).position(|window| window == SPEC_START).expect("a specification");
    let spec = format!("HOSTILE{{name={name};do={told}}}");
    assert!(spec.len() <= SPEC_LENGTH, "too long: {spec}");
    let mut bytes = GUEST.to_vec();
    bytes[at..at + SPEC_LENGTH].copy_from_slice(format!("{spec:SPEC_LENGTH$}").as_bytes());
    bytes
}

/// The guest, doing this while it describes itself.
pub fn describing(told: &str) -> Thing {
    Thing::File(guest("describing", told))
}

/// The guest, with a core module beside it that runs when it is instantiated.
pub fn beside(wat: &str) -> Thing {
    let module = wat::parse_str(wat).unwrap();
    let mut bytes = guest("beside", "");
    let index = core_modules(&bytes);
    append(&mut bytes, 1, &module);
    // One instance of that module, which imports nothing.
    let instance = [&[1, 0][..], &leb(index), &[0]].concat();
    append(&mut bytes, 2, &instance);
    Thing::File(bytes)
}

/// How many core modules the outermost component has.
fn core_modules(component: &[u8]) -> u32 {
    let (mut rest, mut count) = (&component[8..], 0);
    while let Some((&section, after)) = rest.split_first() {
        let mut size = 0;
        let mut read = 0;
        for byte in after {
            size |= usize::from(byte & 0x7f) << (7 * read);
            read += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        count += u32::from(section == 1);
        rest = &after[read + size..];
    }
    count
}

fn append(component: &mut Vec<u8>, section: u8, content: &[u8]) {
    component.push(section);
    component.extend(leb(u32::try_from(content.len()).unwrap()));
    component.extend(content);
}

fn leb(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// What this text says.
pub fn wat(text: &str) -> Thing {
    Thing::File(wat::parse_str(text).unwrap())
}

/// A component with these functions and the right name outside.
pub fn with_code(functions: &str) -> Thing {
    wat(&format!(
        r#"(component (core module {functions}) (instance $i) (export "farmhand:dcc/dcc@0.1.0" (instance $i)))"#
    ))
}

/// A function that changes each of its variables in the innermost of many loops: short, and large to a compiler.
pub fn tangled(locals: usize, loops: usize) -> String {
    let sets: String =
        (1..locals).map(|local| format!("(local.set {local} (local.get {}))", local * 7 % locals)).collect();
    let (open, close) = ("(loop (br_if 0 (local.get 0)) ".repeat(loops), ")".repeat(loops));
    format!("(func (local {}) {open}{sets}{close})", "i32 ".repeat(locals))
}

/// A component whose imports are as many as fit.
pub fn many_imports() -> Thing {
    let mut content = leb(500_000);
    // An instance of type 0, by a name of four letters.
    for n in 0..500_000_u32 {
        content.extend([0, 4]);
        content.extend((0..4).map(|place| b'a' + (n / 26_u32.pow(place) % 26) as u8));
        content.extend([5, 0]);
    }
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    // An instance type without anything in it.
    append(&mut bytes, 7, &[1, 0x42, 0]);
    append(&mut bytes, 10, &content);
    Thing::File(bytes)
}

/// Bytes that mean nothing, the same every time.
pub fn noise(length: u32) -> Thing {
    Thing::File((0..length).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect())
}
