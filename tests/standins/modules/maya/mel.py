"""Stand-in for `maya.mel`."""

from standin import maya_mayapy, maya_mel, maya_procedures
from standin.maya_faults import FrameFailed

from . import cmds

# Commands that MEL shares with Python, and how many words each of their flags takes.
_SHARED = {
    "arnoldRender": {"b": 0, "batch": 0, "seq": 1, "cam": 1, "camera": 1, "w": 1, "width": 1, "h": 1, "height": 1},
    "rsRender": {"render": 0, "r": 0, "animation": 0, "blocking": 0, "cam": 1, "camera": 1, "layer": 1},
    "vrend": {"camera": 1, "cam": 1, "layer": 1},
    "render": {"layer": 1, "l": 1, "x": 1, "y": 1, "xresolution": 1, "yresolution": 1, "batch": 0, "b": 0},
    "file": {"o": 0, "open": 0, "f": 0, "force": 0, "save": 0, "s": 0, "rename": 1, "new": 0, "newFile": 0},
    "objExists": {},
    "ls": {"type": 1, "cameras": 0},
}


def _shared(name):
    def call(words):
        arguments, flags = maya_mel.flags_of(words, _SHARED[name])
        try:
            command = getattr(cmds, name)
        except AttributeError:
            raise maya_mel.MelError('line 1: Cannot find procedure "%s".' % name) from None
        return command(*arguments, **flags)

    return call


def eval(text):
    """Runs MEL. RuntimeError as Maya raises it, with the script's line in the message."""
    session = maya_mayapy.need_session()
    try:
        procedures = {name: _shared(name) for name in _SHARED}
        procedures.update(maya_procedures.table(session))
        return maya_mel.evaluate(text, procedures)
    except maya_mel.MelError as problem:
        raise RuntimeError("Error occurred during execution of MEL script\n%s" % problem) from None
    except FrameFailed as problem:
        raise RuntimeError(str(problem)) from None
