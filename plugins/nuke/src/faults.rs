//! What goes wrong in Nuke, by the words in its output: memory before crashes, crashes before licences, licences before
//! missing files, and `ERROR:` last, since a line about memory often names a file, and a line about anything may begin
//! with an error's mark.

use farmhand_sdk::prelude::*;
use farmhand_sdk::row;

/// What a fault is about, where the output or the job says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Nothing that has a name.
    Nothing,
    /// The licence that the job takes.
    Licence,
    /// The GPU that the task was given.
    Gpu,
    /// The file that the line names.
    File,
}

/// What a line means.
#[derive(Debug, Clone, Copy)]
pub enum Meaning {
    /// A fault.
    Fault {
        /// How bad.
        severity: Severity,
        /// What about.
        cause: Cause,
        /// Whether it is about the frame in work, or the whole attempt.
        of_frame: bool,
        /// What it names.
        about: About,
        /// What happened and what to do, without Nuke's own words.
        advice: &'static str,
    },
    /// An image that cannot be read to its end: whoever makes it may still be writing, so it is worth one more try.
    Unfinished,
    /// Nuke's general mark of an error; it ends the frame unless the job goes on after errors.
    Generic,
    /// Worth showing.
    Warning,
    /// Sounds bad and is not.
    Harmless,
}

use Meaning::{Fault, Generic, Harmless, Unfinished, Warning};
use Severity::{FrameFatal, Transient, WorkerFatal};

/// A fault of the whole attempt.
const fn of_attempt(severity: Severity, cause: Cause, about: About, advice: &'static str) -> Meaning {
    Fault { severity, cause, of_frame: false, about, advice }
}

/// A fault of the frame in work.
const fn of_frame(severity: Severity, cause: Cause, about: About, advice: &'static str) -> Meaning {
    Fault { severity, cause, of_frame: true, about, advice }
}

const MEMORY: Meaning = of_attempt(
    WorkerFatal,
    Cause::Memory,
    About::Nothing,
    "the machine ran out of memory: render fewer tasks at once here, or lower the cache's limit",
);
const GPU_MEMORY: Meaning = of_attempt(
    WorkerFatal,
    Cause::Memory,
    About::Gpu,
    "the GPU ran out of memory: render on a bigger one or on the CPU, or in smaller pieces",
);
const CRASH: Meaning = of_frame(FrameFatal, Cause::Crash, About::Nothing, "Nuke crashed");
const GPU: Meaning = of_attempt(
    WorkerFatal,
    Cause::Gpu,
    About::Gpu,
    "the GPU or its driver failed; Nuke can render on the CPU",
);
const NO_LICENCE: Meaning = of_attempt(
    Transient,
    Cause::Licence,
    About::Licence,
    "no licence for Nuke was to be had; farmhand waits and tries again",
);
const MISSING: Meaning = of_frame(
    FrameFatal,
    Cause::MissingFile,
    About::File,
    "a file that the script reads is not there: check the path, and that its share is mounted on this node",
);
const WORKER_PROCESS: Meaning =
    of_frame(FrameFatal, Cause::Other, About::Nothing, "a node failed while it was rendered");

/// The table.
pub static ROWS: &[Rule<Meaning>] = &[
    // Memory.
    row(&["CUDA_ERROR_OUT_OF_MEMORY"], GPU_MEMORY),
    row(&["CUDA error", "ut of memory"], GPU_MEMORY),
    row(&["std::bad_alloc"], MEMORY),
    row(&["St9bad_alloc"], MEMORY),
    row(&["out of memory"], MEMORY),
    row(&["Out of memory"], MEMORY),
    row(&["Cannot allocate memory"], MEMORY),
    // Crashes.
    row(&["Segmentation fault"], CRASH),
    row(&["EXCEPTION_ACCESS_VIOLATION"], CRASH),
    row(&["(core dumped)"], CRASH),
    // The GPU.
    row(&["CUDA_ERROR_"], GPU),
    row(&["CUDA error"], GPU),
    // Licences: a report says first that there is none, and then why.
    row(
        &["ENT_STATUS_RLM_LICENSE_COMM_ERROR"],
        of_attempt(
            Transient,
            Cause::Licence,
            About::Licence,
            "the licence server does not answer; check it and the network, farmhand tries again",
        ),
    ),
    row(
        &["ENT_STATUS_RLM_LICENSE_BADHOST"],
        of_attempt(
            WorkerFatal,
            Cause::Licence,
            About::Licence,
            "this node's licence file names a server that does not exist: correct it, or set foundry_LICENSE",
        ),
    ),
    row(
        &["ENT_STATUS_RLM_LICENSE_NOPRODUCT"],
        of_attempt(
            FrameFatal,
            Cause::Licence,
            About::Licence,
            "the licence server has no licence for this product: add one, or choose another with the job's `licence`",
        ),
    ),
    row(&["ENT_STATUS_TEND_TOKEN_NO_PRODUCT"], Harmless),
    row(&["RLM : A suitable license does not exist"], NO_LICENCE),
    row(&["FOUNDRY LICENSE ERROR REPORT"], NO_LICENCE),
    row(&["A license for nuke was not found"], NO_LICENCE),
    row(&["license key.", "Invalid"], NO_LICENCE),
    // The script and its arguments.
    row(
        &["Missing command-line argument #"],
        of_attempt(
            FrameFatal,
            Cause::Scene,
            About::Nothing,
            "a Write node's file needs a value for `[argv]` that the job's `argv` does not have",
        ),
    ),
    row(
        &["There are no active Write operators"],
        of_attempt(
            FrameFatal,
            Cause::Scene,
            About::Nothing,
            "the script has no active Write node; enable one and save the script",
        ),
    ),
    row(
        &["Missing input channel"],
        of_attempt(
            FrameFatal,
            Cause::Scene,
            About::Nothing,
            "the comp is broken: a node needs a channel that its input does not have",
        ),
    ),
    // Files that are read.
    row(
        &["Error reading LUT file", "unable to open file"],
        of_frame(
            FrameFatal,
            Cause::MissingFile,
            About::File,
            "a look-up table is not there: check the path, and that its share is mounted on this node",
        ),
    ),
    row(&["Error reading pixel data from image file", "is missing"], Unfinished),
    row(&["Early end of file: read"], Unfinished),
    row(
        &["Can't read ", "Permission denied"],
        of_attempt(
            WorkerFatal,
            Cause::Disk,
            About::File,
            "this node may not read a file that the script uses: check the mount and its permissions",
        ),
    ),
    row(&["Can't read ", "No such file or directory"], MISSING),
    row(&["Read error: No such file or directory"], MISSING),
    // The node.
    row(
        &["Too many open files"],
        of_attempt(
            WorkerFatal,
            Cause::Other,
            About::Nothing,
            "Nuke ran out of file handles, as scripts with hundreds of Read nodes do: raise the limit (`ulimit -Sn 2048`)",
        ),
    ),
    row(
        &["No space left on device"],
        of_attempt(WorkerFatal, Cause::Disk, About::Nothing, "the disk is full: make room before going on"),
    ),
    row(&["\\temp\\nuke"], CACHE),
    row(&["/temp/nuke"], CACHE),
    row(&["NUKE_DISK_CACHE"], CACHE),
    row(&["Worker process failed"], WORKER_PROCESS),
    row(&["Node execution error:"], WORKER_PROCESS),
    row(&["Warning: Autosave file for"], Warning),
    row(&["Warning: "], Warning),
    row(&["Eddy[ERROR]"], Generic),
    row(&["ERROR:"], Generic),
    row(&["Error:"], Generic),
    row(&["Error :"], Generic),
];

const CACHE: Meaning = of_attempt(
    WorkerFatal,
    Cause::Disk,
    About::Nothing,
    "Nuke's cache directory is missing here, so every frame fails: make it, or set NUKE_DISK_CACHE and TEMP",
);

/// The file that a line is about: in quotes, or between a word and the colon before the reason.
#[must_use]
pub fn file_in(line: &str) -> Option<&str> {
    let quoted = text::between(line, "\"", "\"");
    let named = quoted.or_else(|| {
        let rest = ["Can't read ", "Error reading LUT file. ", "Error reading LUT file "]
            .into_iter()
            .find_map(|mark| text::after(line, mark))?;
        // A Windows path has a colon of its own, without a space after it.
        rest.split(": ").next()
    });
    let read_error = || {
        let (before, _) = line.split_once(": Read error: ")?;
        before.rsplit([' ']).next()
    };
    let file = named.or_else(read_error)?.trim().trim_end_matches(['.', ':']);
    (file.contains(['/', '\\'])).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which row a line meets, by its first needle; the wording is free to change.
    #[test]
    fn the_specific_row_comes_before_the_general() {
        let rules = Rules::new(ROWS);
        for (line, expected) in [
            ("ERROR: Can't read /a.exr: out of memory", Some("out of memory")),
            (
                "ERROR: Read1: Read error: No such file or directory",
                Some("Read error: No such file or directory"),
            ),
            ("ERROR: Can't read /a.exr: Permission denied", Some("Can't read ")),
            ("Error: something new", Some("Error:")),
            ("Frame 7 (1 of 2)", None),
            ("Writing /a.0001.exr took 0.13 seconds", None),
        ] {
            assert_eq!(rules.find(line).map(|rule| rule.needles[0]), expected, "{line}");
        }
    }

    #[test]
    fn a_fault_names_its_file() {
        for (line, expected) in [
            ("Can't read /a b/c.exr: No such file or directory", Some("/a b/c.exr")),
            ("Can't read C:/a/c.exr: Permission denied", Some("C:/a/c.exr")),
            ("Error reading LUT file. /luts/a.cube: unable to open file.", Some("/luts/a.cube")),
            (
                "Error reading pixel data from image file \"/a/b.exr\". Scan line 3 is missing.",
                Some("/a/b.exr"),
            ),
            ("Read1: /a/b.exr: Read error: No such file or directory", Some("/a/b.exr")),
            ("Read1: Read error: No such file or directory", None),
        ] {
            assert_eq!(file_in(line), expected, "{line}");
        }
    }
}
