//! What goes wrong in Blender, by the words in its log: the most specific first, since a line about memory often
//! names a file, and a line about anything starts with `Error`.

use farmhand_sdk::prelude::*;
use farmhand_sdk::row;

/// How far a fault reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The current frame.
    Frame,
    /// The whole attempt: nothing it renders can be believed, or nothing is rendered at all.
    Attempt,
    /// The current frame, and no image of this process is believed from here on: Blender goes on, writes files and
    /// says that it saved them.
    FromHere,
}

/// What a fault is about, where that can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Nothing that has a name.
    Nothing,
    /// The task's GPU.
    Gpu,
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
        /// How far it reaches.
        reach: Reach,
        /// What has a name.
        about: About,
        /// What happened and what to do, without Blender's own words.
        advice: &'static str,
    },
    /// A linked library is missing; the job's options say how bad that is.
    MissingLibrary,
    /// An image is missing; the job's options say how bad that is.
    MissingImage,
    /// The result could not be written; the line and the one before it say why.
    CannotSave,
    /// The scene could not be opened; the line says why.
    CannotRead,
    /// Worth showing.
    Warning,
    /// Sounds bad and is not.
    Harmless,
}

use Meaning::{CannotRead, CannotSave, Fault, Harmless, MissingImage, MissingLibrary, Warning};
use Severity::{FrameFatal, Transient, WorkerFatal};

const fn fault(severity: Severity, cause: Cause, reach: Reach, advice: &'static str) -> Meaning {
    Fault { severity, cause, reach, about: About::Nothing, advice }
}

const fn of_gpu(severity: Severity, cause: Cause, reach: Reach, advice: &'static str) -> Meaning {
    Fault { severity, cause, reach, about: About::Gpu, advice }
}

const GPU_MEMORY: Meaning = of_gpu(
    WorkerFatal,
    Cause::Memory,
    Reach::FromHere,
    "the GPU ran out of memory: use smaller textures, less geometry or the CPU",
);
const HOST_MEMORY: Meaning = fault(
    WorkerFatal,
    Cause::Memory,
    Reach::FromHere,
    "the machine ran out of memory: render fewer tasks at once here, or make the scene lighter",
);
const GPU_HICCUP: Meaning = of_gpu(
    Transient,
    Cause::Gpu,
    Reach::FromHere,
    "the GPU or its driver stopped in the middle of the work; if it does so again, look at the driver and at what \
     else uses the card",
);
const GPU_UNFIT: Meaning = of_gpu(
    WorkerFatal,
    Cause::Gpu,
    Reach::FromHere,
    "this Blender cannot use this GPU: update the driver, or render on the CPU",
);
const GPU_ERROR: Meaning = of_gpu(
    WorkerFatal,
    Cause::Gpu,
    Reach::FromHere,
    "the GPU reported an error, so its images are not believed",
);
const NO_CONTEXT: Meaning = fault(
    WorkerFatal,
    Cause::Gpu,
    Reach::Attempt,
    "EEVEE and Workbench need a GPU with a display or EGL, and this node offers Blender none: start farmhand inside \
     a session, give it an X server such as Xvfb, or render with Cycles",
);
const CRASH: Meaning = fault(FrameFatal, Cause::Crash, Reach::Frame, "Blender crashed");
const BROKEN_PYTHON: Meaning = fault(
    WorkerFatal,
    Cause::Other,
    Reach::Attempt,
    "Blender's own Python does not start here: the installation is broken, or PYTHONHOME leaks into it",
);
const DISK_FULL: Meaning = fault(
    WorkerFatal,
    Cause::Disk,
    Reach::FromHere,
    "the disk of the output is full; Blender says `Saved` all the same, so make room before going on",
);
const NO_DIRECTORY: Meaning = fault(
    FrameFatal,
    Cause::Disk,
    Reach::Attempt,
    "the output directory cannot be written: check its permissions and that the share is mounted here",
);
const MOVIE: Meaning = fault(
    FrameFatal,
    Cause::Scene,
    Reach::Attempt,
    "this movie cannot be encoded: most codecs need an even width and height; change the resolution or the \
     percentage, or render images",
);
const DAMAGED: Meaning = fault(
    FrameFatal,
    Cause::Scene,
    Reach::Attempt,
    "Blender cannot read the scene: the file is damaged or still being copied, is no .blend, or comes from a newer \
     Blender",
);

const NO_DENOISER: Meaning = fault(
    WorkerFatal,
    Cause::Other,
    Reach::Attempt,
    "the denoiser that the scene asks for does not work here: switch denoising off, or use a Blender from blender.org",
);
/// The advice of every denoiser fault, by which the reader knows one.
pub const DENOISER_ADVICE: &str = match NO_DENOISER {
    Fault { advice, .. } => advice,
    _ => "",
};
/// What Blender says after a command-line script raised, when it was told to stop then.
pub const SCRIPT_FAILED: &str = "Error: script failed";

/// The table.
pub static ROWS: &[Rule<Meaning>] = &[
    // Memory.
    row(&["System is out of GPU and shared host memory"], GPU_MEMORY),
    row(&["System is out of GPU memory"], GPU_MEMORY),
    row(
        &["error at cuCtxCreate: Out of memory"],
        of_gpu(
            Transient,
            Cause::Memory,
            Reach::FromHere,
            "something else holds the GPU's memory, so Blender could not start on it",
        ),
    ),
    row(&["Out of memory in CUDA queue enqueue"], GPU_MEMORY),
    row(&["Out of memory in HIP queue enqueue"], GPU_MEMORY),
    row(&["CUDA error: Out of memory"], GPU_MEMORY),
    row(&["Out of memory in cu"], GPU_MEMORY),
    row(&["Out of memory in hip"], GPU_MEMORY),
    row(&["Invalid value in cuMemcpy2DUnaligned"], GPU_MEMORY),
    row(&["Invalid value in cuTexRefSetAddress"], GPU_MEMORY),
    row(&["likely out of GPU memory"], GPU_MEMORY),
    row(&["Failed allocate render result"], HOST_MEMORY),
    row(&["Calloc returns null"], HOST_MEMORY),
    row(&["Malloc returns null"], HOST_MEMORY),
    row(&["std::bad_alloc"], HOST_MEMORY),
    row(&["St9bad_alloc"], HOST_MEMORY),
    row(&["Cannot allocate memory"], HOST_MEMORY),
    // Crashes.
    row(&["EXCEPTION_ACCESS_VIOLATION"], CRASH),
    row(&["Segmentation fault"], CRASH),
    row(&[".crash.txt", "Writing: "], CRASH),
    row(&["terminate called"], CRASH),
    row(&["double free or corruption"], CRASH),
    row(&["free(): invalid"], CRASH),
    row(&["(core dumped)"], CRASH),
    // The GPU itself.
    row(
        &["Found no Cycles device"],
        of_gpu(
            WorkerFatal,
            Cause::Gpu,
            Reach::FromHere,
            "the device went away after it had been chosen, and Blender rendered on the CPU",
        ),
    ),
    row(&["Launch exceeded timeout"], GPU_HICCUP),
    row(&["Launch failed in cu"], GPU_HICCUP),
    row(&["Illegal address in cu"], GPU_HICCUP),
    row(&["only with compute capability"], GPU_UNFIT),
    row(&["kernel compilation failed"], GPU_UNFIT),
    row(&["nvcc fatal"], GPU_UNFIT),
    row(&["Failed to load CUDA kernel"], GPU_UNFIT),
    row(&["Failed to load OptiX kernel"], GPU_UNFIT),
    row(&["CUDA error"], GPU_ERROR),
    row(&["OPTIX_ERROR"], GPU_ERROR),
    row(&["OptiX error"], GPU_ERROR),
    row(&["HIP error"], GPU_ERROR),
    row(&["oneAPI error"], GPU_ERROR),
    row(&["fallback to surfaceless EGL"], Harmless),
    row(&["EGL Error"], Harmless),
    row(&["nable to open a display"], NO_CONTEXT),
    row(&["graphics card", "OpenGL"], NO_CONTEXT),
    row(&["graphics card or driver", "not supported"], NO_CONTEXT),
    row(&["Unsupported graphics card"], NO_CONTEXT),
    row(&["Error creating OpenGL context"], NO_CONTEXT),
    row(&["Error creating GPU context"], NO_CONTEXT),
    row(&["GPU context", "Failed to create"], NO_CONTEXT),
    row(&["Build without OpenImageDenoise"], NO_DENOISER),
    row(&["No device available to denoise"], NO_DENOISER),
    row(&["OpenImageDenoiser is not supported"], NO_DENOISER),
    row(&["OpenImageDenoise error"], NO_DENOISER),
    row(&["OIDN error"], NO_DENOISER),
    // The installation.
    row(&["Fatal Python error"], BROKEN_PYTHON),
    row(&["No module named 'encodings'"], BROKEN_PYTHON),
    row(
        &["error while loading shared libraries"],
        fault(
            WorkerFatal,
            Cause::Other,
            Reach::Attempt,
            "Blender cannot start here: a shared library is missing",
        ),
    ),
    row(
        &["boost::filesystem::create_directory: Permission denied"],
        fault(WorkerFatal, Cause::Disk, Reach::Attempt, "Blender cannot write its cache directory here"),
    ),
    // Writing.
    row(&["No space left on device"], DISK_FULL),
    row(&["Disk quota exceeded"], DISK_FULL),
    row(&["cannot save: "], CannotSave),
    row(&["Unable to create directory"], NO_DIRECTORY),
    row(&["create directory for file"], NO_DIRECTORY),
    row(&["Couldn't touch file"], NO_DIRECTORY),
    row(
        &["Error writing render result"],
        fault(Transient, Cause::Disk, Reach::Frame, "Blender could not write the image"),
    ),
    // The scene and what it refers to.
    row(&["Cannot read file "], CannotRead),
    row(&["Failed to read blend file"], DAMAGED),
    row(&["File format is not supported in file"], DAMAGED),
    row(&["file could not be loaded"], CannotRead),
    row(
        &["unknown argument, loading as file"],
        fault(
            FrameFatal,
            Cause::Plugin,
            Reach::Attempt,
            "this Blender does not know an argument that farmhand gave it; please report it",
        ),
    ),
    row(
        &["Error: not a number '"],
        fault(
            FrameFatal,
            Cause::Plugin,
            Reach::Attempt,
            "Blender did not understand its frame list; please report it",
        ),
    ),
    row(&["Warning: Unable to open '"], MissingLibrary),
    row(&["Unable to open '", ".blend"], MissingLibrary),
    row(&["Cannot find lib '"], MissingLibrary),
    row(&["missing from '", "LIB"], MissingLibrary),
    row(&["linked data-blocks are missing"], MissingLibrary),
    row(&["does not exist", "Image file "], MissingImage),
    row(
        &["engine not found"],
        fault(
            FrameFatal,
            Cause::Scene,
            Reach::Attempt,
            "this Blender does not have the scene's render engine: install its add-on, or choose another engine",
        ),
    ),
    row(
        &["Cannot render, no camera"],
        fault(
            FrameFatal,
            Cause::Scene,
            Reach::Attempt,
            "the scene has no camera: set one in Blender, or name one in the job's options",
        ),
    ),
    row(&["Error initializing video stream"], MOVIE),
    row(&["not divisible by 2"], MOVIE),
    row(&["could not get a list of mounted file-systems"], Harmless),
    row(&["skipped to not overwrite"], Harmless),
    row(&["by newer Blender"], Warning),
    row(&["Error: "], Warning),
    row(&["Warning: "], Warning),
];

/// Why an image could not be written, by the error that the system gave.
#[must_use]
pub fn cannot_save(reason: &str) -> (Severity, &'static str) {
    if reason.contains("No space left") || reason.contains("quota") {
        (WorkerFatal, "the disk of the output is full: make room before going on")
    } else if reason.contains("Permission denied") {
        (
            FrameFatal,
            "the output directory may not be written by the user that renders: check its permissions",
        )
    } else if reason.contains("Read-only") {
        (FrameFatal, "the output directory is on a read-only file system")
    } else if reason.contains("No such file") || reason.contains("Not a directory") {
        (FrameFatal, "the output directory does not exist: check that the share is mounted here")
    } else {
        (FrameFatal, "the image could not be written")
    }
}

/// Why a scene could not be opened.
#[must_use]
pub fn cannot_read(line: &str) -> &'static str {
    if line.contains("Permission denied") {
        "the scene may not be read by the user that renders: check its permissions"
    } else if line.contains("No such file") {
        "the scene is not there: check the path, and that its share is mounted on this node"
    } else {
        "the scene cannot be opened"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which row a line meets, by its first needle; the wording is free to change.
    #[test]
    fn the_specific_row_comes_before_the_general() {
        let rules = Rules::new(ROWS);
        for (line, expected) in [
            (
                "Error: System is out of GPU memory, check '/a/No space left.exr'",
                "System is out of GPU memory",
            ),
            ("CUDA error at cuCtxCreate: Out of memory", "error at cuCtxCreate: Out of memory"),
            ("CUDA error: Out of memory in cuMemAlloc", "CUDA error: Out of memory"),
            ("CUDA error: Illegal address in cuCtxSynchronize(), line 1", "Illegal address in cu"),
            ("Error: CUDA error", "CUDA error"),
            ("Error: Cannot render, no camera", "Cannot render, no camera"),
            ("Warning: Unable to open '/a': No such file or directory", "Warning: Unable to open '"),
            ("Unable to open a display", "nable to open a display"),
            ("Error: something new", "Error: "),
        ] {
            assert_eq!(rules.find(line).map(|rule| rule.needles[0]), Some(expected), "{line}");
        }
    }

    #[test]
    fn what_most_lines_say_meets_no_row() {
        let rules = Rules::new(ROWS);
        for line in [
            "Read blend: /a/b.blend",
            "Saved: '/a/b.png'",
            " Time: 00:01.06 (Saving: 00:00.02)",
            "Blender quit",
        ] {
            assert!(rules.find(line).is_none(), "{line}");
        }
    }
}
