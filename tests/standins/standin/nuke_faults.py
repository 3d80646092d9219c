"""What Nuke says when something goes wrong, line by line as documented."""

import os
import signal
import time

from . import process
from .output import complain, tell


class NukeError(RuntimeError):
    """An error that stops rendering, or only its frame where Nuke was told to go on."""


def stamp():
    return time.strftime("[%H:%M.%S]")


def error(text):
    complain("%s ERROR: %s" % (stamp(), text))


_CAUSES = {
    "none": "A license for nuke was not found",
    "comm": "ENT_STATUS_RLM_LICENSE_COMM_ERROR : Communications error with license server",
    "badhost": "ENT_STATUS_RLM_LICENSE_BADHOST : Bad server hostname in license file",
    "noproduct": "ENT_STATUS_RLM_LICENSE_NOPRODUCT : No license for product",
}


def licence(fault, key):
    """The report of a run without a licence."""
    if fault.variant == "rlm-short":
        return ["A license for nuke was not found", "RLM : A suitable license does not exist."]
    cause = _CAUSES.get(fault.variant or "none", _CAUSES["none"])
    return [
        "A license for nuke was not found",
        "",
        "FOUNDRY LICENSE ERROR REPORT",
        "----------------------------",
        "Login: ENT_STATUS_TEND_TOKEN_NO_PRODUCT",
        "%s: %s" % (key, cause),
        "",
    ]


_READS = {
    None: "Read error: No such file or directory",
    "scanline": 'Error reading pixel data from image file "%s". Scan line 12 is missing.',
    "early-end": 'Error reading pixel data from image file "%s". '
    "Early end of file: read 12 out of 4096 requested bytes.",
    "channel": "Missing input channel",
    "lut": "Error reading LUT file. %s: unable to open file.",
    "denied": "Can't read %s: Permission denied",
}


def at_frame(fault, session, frame, write):
    """Does what the fault does instead of rendering the frame. Returns "image" where one comes all the same, and
    "no-image" where nothing comes and nothing is said."""
    name, variant = fault.name, fault.variant
    path = fault.get("path", "/mnt/plates/bg.%04d.exr" % frame)
    if name == "slow-frame":
        process.sleep(fault.get("seconds", 0))
    elif name == "exit-0-without-image":
        return "no-image"
    elif name == "memory":
        if variant == "killed":
            process.crash(signal.SIGKILL)
        if variant == "gpu" and not session.gpu:
            return "image"
        raise NukeError("%s: %s" % (write, "GPU: out of memory" if variant == "gpu" else "std::bad_alloc"))
    elif name == "missing-texture":
        raise NukeError("Read1: Can't read %s: No such file or directory" % path)
    elif name in ("missing-asset", "read-error"):
        text = _READS.get(variant, _READS[None])
        raise NukeError("Read1: %s" % (text % path if "%s" in text else text))
    elif name == "cont-past-errors":
        raise NukeError("%s: Node execution error: the frame could not be made" % write)
    elif name == "crash":
        process.crash(signal.SIGABRT if variant == "abort" else signal.SIGSEGV)
    elif name == "hang":
        process.hang(fault.get("stubborn", False))
    elif name == "dialog":
        dialog(fault, session)
    elif name == "gpu-init":
        if not session.gpu:
            return "image"
        text = "CUDA_ERROR_UNKNOWN" if variant == "unknown" else "Failed to init the CUDA driver API"
        raise NukeError("%s: %s" % (write, text))
    elif name == "exit":
        tell(fault.get("lines", []))
        session.leave(int(fault.get("code", 1)))
    return "image"


def dialog(fault, session):
    """The crash reporter asks whether to send a report; where prompts are off, the crash is only a crash, but for
    the variant `anyway`."""
    off = (
        session.no_crash_prompt
        or os.environ.get("NUKE_NO_CRASH_PROMPT")
        or os.environ.get("NUKE_CRASH_HANDLING") == "0"
    )
    if off and fault.variant != "anyway":
        process.crash(signal.SIGSEGV)
    process.child(session.kit, "NukeCrashReporter")
    process.hang(fault.get("stubborn", False))
