"""The render commands of `maya.cmds`: Maya's own and those of the renderers' plug-ins."""

import functools
import os

from . import frames, maya_mayapy, maya_naming
from .maya_faults import FrameFailed
from .output import say

_SHORT = {
    "q": "query",
    "e": "edit",
    "o": "open",
    "f": "force",
    "s": "save",
    "sn": "sceneName",
    "typ": "type",
    "crl": "currentRenderLayer",
    "l": "loaded",
    "r": "reference",
    "rn": "rename",
    "new": "newFile",
    "fr": "fileRule",
    "fre": "fileRuleEntry",
    "rd": "rootDirectory",
    "dir": "directory",
    "qt": "quiet",
    "ast": "animationStartTime",
    "aet": "animationEndTime",
    "min": "minTime",
    "max": "maxTime",
    "v": "version",
    "en": "enable",
    "m": "mapDirectory",
    "ver": "version",
    "b": "batch",
    "mod": "modified",
}


def flags_of(command, given, known):
    """The flags under their long names; one that is not known is refused as Maya refuses it."""
    flags = {}
    for name, value in given.items():
        long_name = name if name in known else _SHORT.get(name, name)
        if long_name not in known:
            raise TypeError("Invalid flag '%s'" % name)
        flags[long_name] = value
    return flags


def plain(command):
    """A command whose failed frame is a plain RuntimeError, as Maya raises it."""

    @functools.wraps(command)
    def call(*names, **given):
        try:
            return command(*names, **given)
        except FrameFailed as problem:
            raise RuntimeError(str(problem)) from None

    return call


def _camera(session, name):
    if name is None or name == "":
        return None
    camera = session.scene.find_camera(name)
    if camera is None:
        raise RuntimeError("No object matches name: %s" % name)
    return camera


def _layer(session, name):
    if not name:
        return session.current_layer
    node = session.node(name)
    if node is None or node.kind != "renderLayer":
        raise RuntimeError("No object matches name: %s" % name)
    return node.name


def scene_frames(session):
    """Maya Software renders start to end where the scene is animated, and the current frame where it is not."""
    value = session.value
    if not value("defaultRenderGlobals.animation"):
        return [frames.number_of(session.current_time)]
    return frames.stepped(
        value("defaultRenderGlobals.startFrame"),
        value("defaultRenderGlobals.endFrame"),
        value("defaultRenderGlobals.byFrameStep"),
    )


@plain
def render(*cameras, **given):
    session = maya_mayapy.need_session()
    flags = flags_of(
        "render", given, ("layer", "l", "xresolution", "x", "yresolution", "y", "batch", "b", "keepPreImage")
    )
    size = (flags.get("x") or flags.get("xresolution"), flags.get("y") or flags.get("yresolution"))
    layer = _layer(session, flags.get("layer") or flags.get("l"))
    renderer_name = session.renderer()
    written = None
    for name in cameras or (None,):
        for frame in scene_frames(session):
            written = session.render_frame(
                "hw2" if renderer_name == "hw2" else "sw",
                frame,
                layer,
                _camera(session, name),
                size if all(size) else None,
            )
    return written


@plain
def ogsRender(**given):
    session = maya_mayapy.need_session()
    flags = flags_of(
        "ogsRender",
        given,
        (
            "camera",
            "cam",
            "currentFrame",
            "cf",
            "frame",
            "f",
            "layer",
            "l",
            "width",
            "w",
            "height",
            "h",
            "noRenderView",
            "nrv",
            "enableMultisample",
            "currentView",
            "cv",
        ),
    )
    size = (flags.get("width") or flags.get("w"), flags.get("height") or flags.get("h"))
    frame = flags.get("frame", flags.get("f", session.current_time))
    return session.render_frame(
        "hw2",
        frames.number_of(frame),
        _layer(session, flags.get("layer") or flags.get("l")),
        _camera(session, flags.get("camera") or flags.get("cam")),
        size if all(size) else None,
    )


@plain
def arnoldRender(*cameras, **given):
    session = maya_mayapy.need_session()
    flags = flags_of(
        "arnoldRender", given, ("batch", "seq", "camera", "cam", "width", "w", "height", "h", "port", "p", "layer", "b")
    )
    batch = flags.get("batch") or flags.get("b")
    if "seq" in flags and not batch:
        raise RuntimeError("[mtoa] A sequence is rendered in batch mode only")
    if session.renderer() != "arnold":
        raise RuntimeError("[mtoa] The current renderer is not Arnold")
    wanted = frames.arnold_sequence(flags["seq"]) if "seq" in flags else [frames.number_of(session.current_time)]
    size = (flags.get("width") or flags.get("w"), flags.get("height") or flags.get("h"))
    camera = _camera(session, flags.get("camera") or flags.get("cam") or (cameras[0] if cameras else None))
    kind = session.value("defaultArnoldRenderOptions.renderType", 0)
    for frame in wanted:
        if kind in (1, 2):
            path = os.path.join(session.project, "%s.%04d.ass" % (maya_naming.scene_name(session), int(frame)))
            with open(path, "w", encoding="utf-8") as scene:
                scene.write("### stand-in\n")
            say("[mtoa] Exported %s" % path)
        if kind != 1:
            session.render_frame("arnold", frame, None, camera, size if all(size) else None)


@plain
def vrend(*cameras, **given):
    session = maya_mayapy.need_session()
    flags = flags_of("vrend", given, ("camera", "cam", "layer", "width", "w", "height", "h", "preview"))
    value = session.value
    camera = _camera(session, flags.get("camera") or flags.get("cam") or (cameras[0] if cameras else None))
    if value("vraySettings.animType") == 2:
        wanted = frames.arnold_sequence(str(value("vraySettings.animFrames")).replace("-", ".."))
    elif value("vraySettings.animType") == 1 or value("defaultRenderGlobals.animation"):
        wanted = scene_frames(session)
    else:
        wanted = [frames.number_of(session.current_time)]
    if value("vraySettings.sys_distributed_rendering_on"):
        raise RuntimeError("V-Ray error: no render host for distributed rendering answers")
    if value("vraySettings.vrscene_on"):
        say("V-Ray: Exporting scene to %s" % value("vraySettings.vrscene_filename"))
    if not value("vraySettings.vrscene_render_on") or value("vraySettings.dontSaveImage"):
        return
    for frame in wanted:
        session.render_frame("vray", frame, _layer(session, flags.get("layer")), camera)


@plain
def rsRender(*names, **given):
    session = maya_mayapy.need_session()
    flags = flags_of(
        "rsRender",
        given,
        ("render", "r", "animation", "blocking", "camera", "cam", "layer", "frame", "startFrame", "endFrame", "gpu"),
    )
    if not (flags.get("render") or flags.get("r")):
        raise RuntimeError("rsRender: nothing to do")
    camera = _camera(session, flags.get("camera") or flags.get("cam"))
    wanted = scene_frames(session) if flags.get("animation") else [frames.number_of(session.current_time)]
    for frame in wanted:
        session.render_frame("redshift", frame, _layer(session, flags.get("layer")), camera)
