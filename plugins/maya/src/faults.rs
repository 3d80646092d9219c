//! What goes wrong in Maya and its renderers, by the words in their output: the most specific first. A line about memory
//! often names a file, and a line about anything may say `Error`.

use farmhand_sdk::prelude::*;
use farmhand_sdk::row;

/// How far a fault reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The current frame.
    Frame,
    /// The whole attempt: nothing it renders from here on is believed.
    Attempt,
}

/// What a fault is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Nothing that has a name.
    Nothing,
    /// This licence.
    Licence(&'static str),
    /// The renderer's licence, whichever it is.
    RendererLicence,
    /// The file that the line names.
    File,
    /// The GPU whose index the line ends with.
    Gpu,
    /// The task's GPU, where it has one.
    SomeGpu,
}

/// How a row is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A fault.
    Fault,
    /// A fault where the job is strict, else a warning: Maya goes on after it.
    Strict,
    /// What follows from another fault: told only where no other was.
    Consequence,
    /// The same, and only where the job is strict.
    StrictConsequence,
    /// The renderer's plug-in is missing, or one that this render can do without.
    PlugIn,
    /// A hiccup at first, the node's fault when it comes again.
    Once,
    /// The renderer leaves the GPU alone: a fault where the job asked for it.
    OnCpu,
    /// Worth showing.
    Warning,
}

/// What a line means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// How it is to be taken.
    pub kind: Kind,
    /// How bad.
    pub severity: Severity,
    /// What about.
    pub cause: Cause,
    /// How far it reaches.
    pub reach: Reach,
    /// Its licence, file or GPU.
    pub about: About,
    /// What happened and what to do, without Maya's own words.
    pub advice: &'static str,
}

use Cause::{Crash, Disk, Gpu, Licence, Memory, MissingFile, Other, Plugin as OwnPlugin, Scene, Script};
use Reach::{Attempt, Frame};
use Severity::{FrameFatal, Transient, WorkerFatal};

const fn fault(severity: Severity, cause: Cause, reach: Reach, advice: &'static str) -> Meaning {
    Meaning { kind: Kind::Fault, severity, cause, reach, about: About::Nothing, advice }
}

const fn strict(severity: Severity, cause: Cause, reach: Reach, advice: &'static str) -> Meaning {
    Meaning { kind: Kind::Strict, ..fault(severity, cause, reach, advice) }
}

const fn of_file(meaning: Meaning) -> Meaning {
    Meaning { about: About::File, ..meaning }
}

const fn of_gpu(meaning: Meaning) -> Meaning {
    Meaning { about: About::SomeGpu, ..meaning }
}

const fn licence(about: About, advice: &'static str) -> Meaning {
    Meaning { about, ..fault(Transient, Licence, Frame, advice) }
}

const fn consequence(advice: &'static str) -> Meaning {
    Meaning { kind: Kind::Consequence, ..fault(FrameFatal, Other, Frame, advice) }
}

const fn strict_consequence(advice: &'static str) -> Meaning {
    Meaning { kind: Kind::StrictConsequence, ..fault(FrameFatal, Other, Frame, advice) }
}

const GPU_MEMORY: Meaning = of_gpu(fault(
    WorkerFatal,
    Memory,
    Frame,
    "the GPU ran out of memory: close what else uses it, render on a bigger one, or make the scene lighter",
));
const HOST_MEMORY: Meaning = fault(
    WorkerFatal,
    Memory,
    Frame,
    "the machine ran out of memory: render fewer tasks at once here, or make the scene lighter",
);
const CRASH: Meaning = fault(FrameFatal, Crash, Frame, "Maya crashed");
const MAYA_LICENCE: Meaning = Meaning {
    reach: Attempt,
    ..licence(About::Licence("maya"), "Maya got no licence: wait, or look at the licence server")
};
const ARNOLD_LICENCE: Meaning =
    licence(About::Licence("arnold"), "Arnold got no licence: wait, or look at the licence server");
const REDSHIFT_LICENCE: Meaning =
    licence(About::Licence("redshift"), "Redshift got no licence: wait, or look at the licence server");
const RENDERER_LICENCE: Meaning =
    licence(About::RendererLicence, "the renderer got no licence: wait, or look at the licence server");
const NO_SCENE: &str = "the scene was not read: it is missing, damaged, or its share is not mounted here";
const NO_CAMERA: Meaning = strict(
    FrameFatal,
    Scene,
    Attempt,
    "the scene has no renderable camera: set one in Maya, or name one in the job's options",
);
const DISK_FULL: Meaning =
    fault(WorkerFatal, Disk, Attempt, "the disk of the output is full: make room before going on");
const NO_DIRECTORY: Meaning = of_file(strict(
    FrameFatal,
    MissingFile,
    Frame,
    "an image cannot be created: its directory is not there, or may not be written",
));
const BROKEN: Meaning = fault(
    WorkerFatal,
    Other,
    Attempt,
    "a library is missing here: install it, or reinstall Maya or the renderer",
);
const TEXTURE: Meaning = of_file(strict(FrameFatal, MissingFile, Frame, "a texture is missing or damaged"));
const ARCHIVE: Meaning =
    of_file(fault(FrameFatal, MissingFile, Frame, "a file that the scene needs is missing or damaged"));
const RENDERMAN: Meaning = strict(FrameFatal, Other, Frame, "RenderMan reported an error");
const WARNING: Meaning = Meaning { kind: Kind::Warning, ..fault(Transient, Other, Frame, "") };

/// The table.
pub static ROWS: &[Rule<Meaning>] = &[
    // Memory.
    row(&["less than 128MB of free VRAM"], GPU_MEMORY),
    row(&["CUDA_ERROR_OUT_OF_MEMORY"], GPU_MEMORY),
    row(&["Memory allocation failure"], HOST_MEMORY),
    row(&["mental ray: out of memory"], HOST_MEMORY),
    row(&["Not enough storage is available"], Meaning { kind: Kind::Strict, ..HOST_MEMORY }),
    row(&["std::bad_alloc"], HOST_MEMORY),
    row(&["Cannot allocate memory"], HOST_MEMORY),
    row(&["ut of memory", "GPU"], GPU_MEMORY),
    row(&["ut of memory"], HOST_MEMORY),
    // Crashes.
    row(&["Fatal Error. Attempting to save"], CRASH),
    row(&["signal caught: SIG"], CRASH),
    row(
        &["double free or corruption"],
        fault(
            WorkerFatal,
            Crash,
            Attempt,
            "Maya destroyed its own memory, which this version does on some images, and may hang",
        ),
    ),
    row(&["ASSERT FAILED"], CRASH),
    row(&["DL inf loop detected"], CRASH),
    row(&["Stack trace:"], CRASH),
    row(&["Segmentation fault"], CRASH),
    row(&["(core dumped)"], CRASH),
    // Licences.
    row(
        &["[clm.v1] error loading a library"],
        fault(
            WorkerFatal,
            Other,
            Attempt,
            "Arnold's licence library is damaged on this node, and no server was asked: reinstall it",
        ),
    ),
    row(&["FLEXlm error:"], MAYA_LICENCE),
    row(&["License was not obtained"], MAYA_LICENCE),
    row(
        &["Error encountered when initializing Maya"],
        Meaning {
            advice: "Maya got no licence, or has no room or no permission to write below MAYA_APP_DIR",
            ..MAYA_LICENCE
        },
    ),
    row(
        &["abort_on_license_fail", "aborting render because"],
        // What the licence module said before may be worse than a licence that is taken.
        Meaning { kind: Kind::Consequence, ..ARNOLD_LICENCE },
    ),
    row(
        &["rendering with watermarks because of failed"],
        licence(About::Licence("arnold"), "Arnold got no licence and renders with a watermark"),
    ),
    row(&["generic license checkout error"], ARNOLD_LICENCE),
    row(&["error (44)", "[clm"], ARNOLD_LICENCE),
    row(&["could not initialize license"], ARNOLD_LICENCE),
    row(&["LICENSE_CHECKOUT_ERROR"], ARNOLD_LICENCE),
    row(&["error initializing license system"], ARNOLD_LICENCE),
    row(&["error checking out license"], ARNOLD_LICENCE),
    row(&["No license for product"], ARNOLD_LICENCE),
    row(&["Redshift", "License error:"], REDSHIFT_LICENCE),
    row(&["Maxon licensing error"], REDSHIFT_LICENCE),
    row(
        &["{SEVERE}", "License"],
        licence(About::Licence("renderman"), "RenderMan got no licence: wait, or look at the licence server"),
    ),
    row(
        &["OctaneRender is not activated"],
        licence(About::Licence("octane"), "Octane is not activated here"),
    ),
    row(&["Could not obtain a license"], RENDERER_LICENCE),
    row(&["ould not get a license"], Meaning { kind: Kind::Strict, ..RENDERER_LICENCE }),
    row(&["pgLicenseCheck"], Meaning { kind: Kind::Strict, ..RENDERER_LICENCE }),
    // GPUs.
    row(
        &["CUDA_ERROR_UNKNOWN"],
        fault(
            WorkerFatal,
            Gpu,
            Attempt,
            "the GPU's driver is in a bad state: restart the machine or reload the driver",
        ),
    ),
    row(
        &["Failed to init the CUDA driver"],
        fault(WorkerFatal, Gpu, Attempt, "the GPU's driver does not start here: look at its installation"),
    ),
    row(
        &["required CUDA compute capabilities"],
        fault(WorkerFatal, Gpu, Attempt, "this GPU is too old for the renderer"),
    ),
    row(
        &["Invalid device id", "redshiftSelectCudaDevices"],
        Meaning {
            about: About::Gpu,
            ..fault(
                WorkerFatal,
                Gpu,
                Attempt,
                "Redshift does not know the GPU that it was given, and would use all of them",
            )
        },
    ),
    row(
        &["No devices found. Aborting rendering"],
        fault(WorkerFatal, Gpu, Attempt, "Redshift found no GPU that it can use here"),
    ),
    row(
        &["alling back to CPU"],
        Meaning {
            kind: Kind::OnCpu,
            ..fault(
                WorkerFatal,
                Gpu,
                Attempt,
                "the job asks for the GPU, and the renderer left it for the CPU",
            )
        },
    ),
    row(
        &["illegal memory access was encountered"],
        Meaning {
            kind: Kind::Once,
            ..fault(Transient, Gpu, Frame, "the GPU stopped in the middle of the work")
        },
    ),
    row(
        &["Graphics card capabilities are insufficient"],
        strict(
            WorkerFatal,
            Gpu,
            Attempt,
            "this machine's graphics card cannot render this with Hardware 2.0",
        ),
    ),
    // The installation.
    row(
        &["was not found on MAYA_PLUG_IN_PATH"],
        Meaning {
            kind: Kind::PlugIn,
            ..fault(WorkerFatal, Other, Attempt, "the renderer is not installed here")
        },
    ),
    row(
        &["Cannot find procedure \"rsPreference\""],
        fault(WorkerFatal, Other, Attempt, "Redshift is not loaded here: look at its module file"),
    ),
    row(
        &["Could not read V-Ray environment variable"],
        strict(WorkerFatal, Other, Attempt, "V-Ray is not set up here: its environment is incomplete"),
    ),
    row(&["The specified module could not be found"], Meaning { kind: Kind::Strict, ..BROKEN }),
    row(&["error while loading shared libraries"], BROKEN),
    // Writing.
    row(&["No space left on device"], DISK_FULL),
    row(&["Disk quota exceeded"], DISK_FULL),
    row(
        &["The file path for", "cannot be created"],
        fault(WorkerFatal, Disk, Attempt, "V-Ray cannot write to the output directory from this node"),
    ),
    row(
        &["post-processing failed while attempting to rename"],
        strict(Transient, Disk, Frame, "an image could not be renamed: something else has it open"),
    ),
    row(&["can't create file"], NO_DIRECTORY),
    // The scene and what it refers to.
    row(&["Cannot load scene"], of_file(fault(FrameFatal, MissingFile, Attempt, NO_SCENE))),
    row(
        &["Cannot open project"],
        of_file(strict(
            FrameFatal,
            MissingFile,
            Attempt,
            "the project directory is not there: check its share",
        )),
    ),
    row(&["Could not open file."], of_file(strict(FrameFatal, MissingFile, Attempt, NO_SCENE))),
    row(&["Error reading file. :"], of_file(strict(FrameFatal, MissingFile, Attempt, NO_SCENE))),
    row(&["Scene was not loaded properly"], strict(FrameFatal, MissingFile, Attempt, NO_SCENE)),
    row(&["Failed to open IFF file for reading"], TEXTURE),
    row(
        &["for source statement", "Cannot find file"],
        of_file(strict(
            FrameFatal,
            MissingFile,
            Attempt,
            "a MEL script that the scene or the job sources is missing",
        )),
    ),
    row(&["Error reading pixel data from image file"], TEXTURE),
    row(&["[texturesys] unspecified OIIO error"], TEXTURE),
    row(&["[ass] can't open"], ARCHIVE),
    row(&["[ass] can't read in"], ARCHIVE),
    row(&["[alembic] invalid archive"], ARCHIVE),
    row(&["No file \"", ".vrscene", "exists"], ARCHIVE),
    row(
        &["Usage: Render"],
        fault(
            FrameFatal,
            OwnPlugin,
            Attempt,
            "this Render does not take the command line that farmhand gave it; the line before says what is wrong",
        ),
    ),
    row(
        &["An error occurred during the Startup Script"],
        fault(FrameFatal, Script, Attempt, "a start-up script of this site failed"),
    ),
    row(&["does not have any renderable cameras"], NO_CAMERA),
    row(&["No renderable cameras found"], Meaning { kind: Kind::Fault, ..NO_CAMERA }),
    row(
        &["does not exist", "Camera", "Error"],
        strict(FrameFatal, Scene, Attempt, "the scene does not have the camera that was asked for"),
    ),
    row(
        &["Number of arguments on call to preLayerScript"],
        strict(
            FrameFatal,
            Scene,
            Attempt,
            "a render layer's script does not fit this Maya: clear it in the render settings",
        ),
    ),
    row(
        &["was locked in a referenced file"],
        strict(
            FrameFatal,
            Scene,
            Attempt,
            "an attribute that must be set is locked in a referenced scene: unlock it there",
        ),
    ),
    row(
        &["contains legacy render layers", "uses render setup"],
        fault(
            FrameFatal,
            Scene,
            Attempt,
            "the scene has legacy render layers and uses render setup: Maya ignores the layers and renders everything \
             as masterLayer",
        ),
    ),
    // The frame.
    row(&["[mtoa] Failed batch render"], consequence("Arnold did not render the frame")),
    row(&["V-Ray error:"], fault(FrameFatal, Other, Frame, "V-Ray reported an error")),
    row(&["3DL ERROR"], fault(FrameFatal, Other, Frame, "3Delight reported an error")),
    row(&["Frame rendering aborted"], consequence("Redshift gave the frame up")),
    row(&["Rendering was internally aborted"], consequence("Redshift gave the frame up")),
    row(&["rman Error:"], RENDERMAN),
    row(&["rman Fatal:"], RENDERMAN),
    row(&["Error: R12001"], RENDERMAN),
    row(
        &["Error writing render region to raw image"],
        strict(FrameFatal, Other, Frame, "a part of the image could not be written"),
    ),
    row(&["An exception has occurred, rendering aborted"], strict_consequence("Maya gave the render up")),
    row(&["fatal error rendering the scene"], strict_consequence("Maya gave the render up")),
    row(&["fatal error building the scene for V-Ray"], consequence("V-Ray could not translate the scene")),
    row(&["Render interrupted"], consequence("the render was interrupted")),
    row(&["Render failed"], strict_consequence("the render failed")),
    row(&["Fatal Error:"], strict_consequence("Maya reported a fatal error")),
    row(&["Fatal Error"], consequence("Maya reported a fatal error")),
    row(&["Frame aborted"], consequence("the frame was given up")),
    row(&["failed to render"], consequence("Maya could not render the scene")),
    row(&["(kFailure)"], consequence("a command of Maya failed")),
    row(&["Error: "], WARNING),
    row(&["Warning: "], WARNING),
    row(&["ERROR   |"], WARNING),
    row(&["WARNING |"], WARNING),
    row(&["V-Ray warning"], WARNING),
];

/// The file that a line names: what stands in quotes, or else the word with a separator in it.
#[must_use]
pub fn file_in(line: &str) -> Option<&str> {
    let is_path = |text: &&str| {
        // An apostrophe opens no quotation: what it opens has no backquote or double quote in it.
        !text.contains(['"', '`'])
            && (text.contains(['/', '\\']) || path::stem_and_extension(text).1.is_some())
    };
    for quote in ["\"", "`", "'"] {
        let close = if quote == "`" { "'" } else { quote };
        if let Some(quoted) =
            text::between(line, quote, close).filter(|text| !text.is_empty()).filter(is_path)
        {
            return Some(quoted);
        }
    }
    let word = line.split_whitespace().rev().find(|word| word.contains(['/', '\\']))?;
    Some(word.trim_end_matches(['.', ',', ':', ';', ')']).trim_start_matches('('))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which row a line meets, by its first needle; the wording is free to change.
    #[test]
    fn the_specific_row_comes_before_the_general() {
        let rules = Rules::new(ROWS);
        for (line, expected) in [
            ("Error: mental ray: out of memory for '/a/Cannot load scene.tif'", "mental ray: out of memory"),
            ("V-Ray error: out of memory on GPU 0", "ut of memory"),
            ("V-Ray error: No file \"a.vrscene\" exists", "No file \""),
            ("Fatal Error. Attempting to save in /usr/tmp/.x.ma", "Fatal Error. Attempting to save"),
            ("Error: Scene /a.ma failed to render.", "failed to render"),
            ("[clm.v1] error loading a library (4)", "[clm.v1] error loading a library"),
            (
                "ERROR   | aborting render because the abort_on_license_fail option was enabled",
                "abort_on_license_fail",
            ),
            ("error 101003: can't create file (No space left on device)", "No space left on device"),
            ("Error: something new", "Error: "),
        ] {
            assert_eq!(rules.find(line).map(|rule| rule.needles[0]), Some(expected), "{line}");
        }
    }

    #[test]
    fn what_most_lines_say_meets_no_row() {
        let rules = Rules::new(ROWS);
        for line in [
            "Finished Rendering /a/b.0001.exr.",
            "Scene /a/b.ma completed.",
            "12:34:56      32MB   |   45% done - 23 rays/pixel",
            "INFO : [Redshift] Block 32/48 (7,4) rendered by GPU 0 in 2ms",
            "// Maya exited with status 0",
        ] {
            assert!(rules.find(line).is_none(), "{line}");
        }
    }

    #[test]
    fn the_file_of_a_line() {
        for (line, file) in [
            ("Error: Cannot find file \"x.mel\" for source statement.", Some("x.mel")),
            ("ERROR | [alembic] invalid archive: /cache/hero.abc", Some("/cache/hero.abc")),
            ("Error: can't create file (No such file or directory): C:\\out\\a.exr", Some("C:\\out\\a.exr")),
            ("Error: Could not open file.", None),
            ("[ass] can't open `/a/b.ass'", Some("/a/b.ass")),
        ] {
            assert_eq!(file_in(line), file, "{line}");
        }
    }
}
