"""What Maya and its renderers say when something goes wrong, line by line as documented."""

import os
import signal

from . import process
from .output import tell


class FrameFailed(RuntimeError):
    """A frame that will not come. `code` is what `Render` ends with; 0 where it goes on to the next frame and ends as
    if all were well. In `mayapy` it is the RuntimeError that the renderer's call raises."""

    def __init__(self, message, code=210):
        super().__init__(message)
        self.code = code


ARNOLD_ABORT = "ERROR   | aborting render because this is a batch render and abort_on_license_fail option is enabled"
ARNOLD_LICENCE = {
    "clm22": ["[clm.v1] generic license checkout error (22)"],
    "clm44": ["[clm] license checkout error (44)", "ERROR   | could not initialize license"],
    "library": ["[clm.v1] error loading a library (4)"],
    "rlm": [
        "[rlm] error initializing license system",
        "[rlm] error checking out license for arnold: No license for product (-1)",
    ],
}
WATERMARK = "WARNING | rendering with watermarks because of failed authorization:"
FATAL_ERROR = "Fatal Error. Attempting to save in /usr/tmp/.20190417.0215.ma"
INITIALISE = (
    "Error encountered when initializing Maya - Please check for sufficient disk space and necessary write "
    "permissions of MAYA_APP_DIR"
)
PLUGIN_FILES = {"arnold": "mtoa", "vray": "vrayformaya", "redshift": "redshift4maya", "renderman": "RenderManForMaya"}
PNG_HANG = ["libpng error: Invalid IHDR data", "double free or corruption (!prev)"]


def plugin_missing(plugin):
    return 'Plug-in, "%s", was not found on MAYA_PLUG_IN_PATH.' % plugin


def maya_licence():
    return ['FLEXlm error: -15,570. System Error: 115 "Operation now in progress"', "Maya: License was not obtained"]


def licence(fault, session, renderer):
    """A licence that is not there, frame by frame: raises, or returns for a frame with a watermark."""
    product = fault.product(renderer)
    if product == "arnold":
        tell(ARNOLD_LICENCE.get(fault.variant, ARNOLD_LICENCE["clm22"]))
        forced = os.environ.get("ARNOLD_FORCE_ABORT_ON_LICENSE_FAIL")
        aborts = session.value("defaultArnoldRenderOptions.abortOnLicenseFail", True)
        if forced is not None:
            aborts = forced != "0"
        if not aborts:
            tell([WATERMARK])
            return
        tell([ARNOLD_ABORT, "[mtoa] Failed batch render"])
        raise FrameFailed("[mtoa] Failed batch render", code=0)
    if product == "redshift":
        if fault.variant == "maxon":
            tell(["Redshift Error: Maxon licensing error: User not logged in (7)"])
        else:
            tell(["Error: [Redshift] License error: (RLM) All licenses in use (-22) //"])
        tell(["[Redshift] Frame rendering aborted."])
    elif product == "vray":
        tell(["error: Could not obtain a license (-98)."])
    elif product == "renderman":
        tell(["{SEVERE} License: none is available"])
    elif product == "octane":
        tell(["OctaneRender is not activated!"])
    else:
        tell(maya_licence())
    raise FrameFailed("could not get a license for %s" % product)


MEMORY = {
    ("redshift", "gpu"): [
        "There's less than 128MB of free VRAM once fixed data (96 MB) are considered. Aborting the render",
        "[Redshift] Frame rendering aborted.",
    ],
    ("vray", "host"): ["Memory allocation failure; out of memory", "V-Ray error: Rendering was aborted."],
    ("mr", "host"): ["mental ray: out of memory"],
}

TEXTURE = {
    "arnold": "WARNING | [texturesys] unspecified OIIO error",
    "vray": 'V-Ray warning: Could not load bitmap "%s"',
    "redshift": '[Redshift] WARNING: Could not open texture "%s"',
}


def missing_texture(fault, session, renderer):
    """A texture that is not there; whether the frame goes on without is a setting of Arnold and of Maya Software."""
    path = fault.get("path", "sourceimages/wood.tif")
    if renderer == "arnold":
        line = "Error reading pixel data from image file" if fault.variant == "unreadable" else TEXTURE["arnold"]
        if not session.value("defaultArnoldRenderOptions.abortOnError", True):
            tell(["%s: %s" % (line, path)])
            return
        tell(["ERROR   | %s: %s" % (line.replace("WARNING | ", ""), path), "[mtoa] Failed batch render"])
        raise FrameFailed("[mtoa] Failed batch render")
    if renderer in ("vray", "redshift"):
        tell([TEXTURE[renderer] % path])
        return
    tell(["Error: Failed to open IFF file for reading : %s" % path])
    if session.abort_on_missing_texture:
        raise FrameFailed("Failed to open IFF file for reading : %s" % path)


ASSETS = {
    "alembic": ["ERROR   | [alembic] invalid archive: %s"],
    "ass": ["ERROR   | [ass] can't open %s"],
    "vrscene": ['V-Ray error: No file "%s" exists'],
    "script": ['Error: Cannot find file "%s" for source statement.'],
}
GPU = {
    "driver": ["Failed to init the CUDA driver API"],
    "unknown": ["CUDA_ERROR_UNKNOWN"],
    "compute": ["The device does not support the required CUDA compute capabilities"],
    "no-devices": ["No devices found. Aborting rendering."],
    "illegal-access": ["Error an illegal memory access was encountered"],
}


def at_frame(fault, session, renderer, frame):
    """Does what the fault does instead of rendering the frame. Returns "image" where one comes all the same, and
    "no-image" where nothing comes and nothing is said."""
    name, variant = fault.name, fault.variant
    if name == "licence":
        licence(fault, session, renderer)
    elif name == "watermark":
        if renderer == "arnold":
            tell([WATERMARK])
    elif name == "slow-frame":
        process.sleep(fault.get("seconds", 0))
    elif name == "missing-texture":
        missing_texture(fault, session, renderer)
    elif name == "exit-0-without-image":
        return "no-image"
    elif name == "memory":
        if variant == "killed":
            process.crash(signal.SIGKILL)
        lines = MEMORY.get((renderer, variant or "host"), ["Not enough storage is available to process this command."])
        tell(lines)
        raise FrameFailed(lines[0])
    elif name == "missing-asset":
        path = fault.get("path", "cache/hero.abc")
        lines = [line % path for line in ASSETS.get(variant, ASSETS["alembic"])]
        tell(lines)
        if renderer == "arnold":
            tell(["[mtoa] Failed batch render"])
        raise FrameFailed(lines[0])
    elif name == "crash":
        crash(fault, session, renderer)
    elif name == "hang":
        if variant == "png":
            tell(PNG_HANG)
        process.hang(fault.get("stubborn", False))
    elif name == "dialog":
        dialog(fault, session)
    elif name == "gpu-init":
        lines = GPU[variant or "driver"]
        tell(["%s%s" % ("[Redshift] " if renderer == "redshift" else "", line) for line in lines])
        raise FrameFailed(lines[0])
    elif name == "210":
        raise FrameFailed("An exception has occurred, rendering aborted.")
    elif name == "exit":
        tell(fault.get("lines", []))
        session.leave(int(fault.get("code", 1)))
    return "image"


def crash(fault, session, renderer):
    if fault.variant == "fatal-error":
        tell([FATAL_ERROR])
        session.leave(1)
    if fault.variant == "access-violation":
        # The code of a Windows process, of which a POSIX exit code keeps the lowest byte.
        session.leave(-1073741819)
    if fault.variant == "abort":
        if renderer == "arnold":
            tell(["ERROR   | signal caught: SIGABRT -- Abnormal process abort"])
        process.crash(signal.SIGABRT)
    process.crash(signal.SIGSEGV)


def dialog(fault, session):
    """The crash reporter waits for a person; with MAYA_DISABLE_CER it does not come, and the crash is only a crash, but
    for the variant `anyway`."""
    tell([FATAL_ERROR])
    if os.environ.get("MAYA_DISABLE_CER") == "1" and fault.variant != "anyway":
        session.leave(1)
    process.child(session.kit, "cer_dialog")
    process.hang(fault.get("stubborn", False))
