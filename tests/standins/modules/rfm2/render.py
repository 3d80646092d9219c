"""Stand-in for RenderMan's batch rendering of frames."""

import shlex

from standin import frames, maya_mayapy
from standin.maya_faults import FrameFailed


def frame(arguments):
    """Renders as `-s N -e N -layer L -camera C` say. RuntimeError without the plug-in or with another flag."""
    session = maya_mayapy.need_session()
    session.need_plugin("renderman")
    words = shlex.split(arguments)
    options = {}
    while words:
        flag = words.pop(0)
        if flag not in ("-s", "-e", "-b", "-layer", "-camera", "-cam") or not words:
            raise RuntimeError("rfm Error: unknown option %s" % flag)
        options[flag] = words.pop(0)
    first = float(options.get("-s", session.current_time))
    last = float(options.get("-e", first))
    layer = session.current_layer
    if "-layer" in options:
        found = session.scene.find_layer(options["-layer"])
        if found is None:
            raise RuntimeError("No object matches name: %s" % options["-layer"])
        layer = found.name
    camera = None
    name = options.get("-camera") or options.get("-cam")
    if name:
        camera = session.scene.find_camera(name)
        if camera is None:
            raise RuntimeError("No object matches name: %s" % name)
    for number in frames.stepped(first, last, float(options.get("-b", 1))):
        try:
            session.render_frame("renderman", number, layer, camera)
        except FrameFailed as problem:
            raise RuntimeError(str(problem)) from None
