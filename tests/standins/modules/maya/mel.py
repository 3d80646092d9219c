"""Stand-in for `maya.mel`."""

from standin import maya_mayapy, maya_mel, maya_procedures


def eval(text):
    """Runs MEL. RuntimeError as Maya raises it, with the script's line in the message."""
    session = maya_mayapy.need_session()
    try:
        return maya_mel.evaluate(text, maya_procedures.table(session))
    except maya_mel.MelError as problem:
        raise RuntimeError("Error occurred during execution of MEL script\n%s" % problem)
