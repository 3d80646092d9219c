"""The MEL commands and procedures of the stand-ins, and what the flags of `Render` set."""

import os
import re

from . import frames, maya_mel, maya_naming
from .maya_faults import FrameFailed
from .maya_mel import MelError, flags_of
from .maya_session import RENDERERS
from .output import complain, say

CALLBACKS = {
    "preRender": "preMel",
    "postRender": "postMel",
    "preLayer": "preRenderLayerMel",
    "postLayer": "postRenderLayerMel",
    "preFrame": "preRenderMel",
    "postFrame": "postRenderMel",
}
# Flags that set one attribute to their value.
SETTINGS = {
    "b": "defaultRenderGlobals.byFrameStep",
    "inc": "defaultRenderGlobals.byFrameStep",
    "skipExistingFrames": "defaultRenderGlobals.skipExistingFrames",
    "ard": "defaultResolution.deviceAspectRatio",
    "par": "defaultResolution.pixelAspect",
    "rt": "defaultArnoldRenderOptions.renderType",
    "ai:lve": "defaultArnoldRenderOptions.log_verbosity",
    "ai:alf": "defaultArnoldRenderOptions.abortOnLicenseFail",
    "ai:aerr": "defaultArnoldRenderOptions.abortOnError",
    "ai:slc": "defaultArnoldRenderOptions.skipLicenseCheck",
    "ai:ltc": "defaultArnoldRenderOptions.log_to_console",
    "ai:ltf": "defaultArnoldRenderOptions.log_to_file",
    "ai:lfn": "defaultArnoldRenderOptions.log_filename",
    "ai:sptx": "defaultArnoldRenderOptions.texture_searchpath",
    "ai:sppr": "defaultArnoldRenderOptions.procedural_searchpath",
    "ai:sppg": "defaultArnoldRenderOptions.plugin_searchpath",
    "ai:threads": "defaultArnoldRenderOptions.threads",
    "ai:device": "defaultArnoldRenderOptions.renderDevice",
    "ai:manGpuSel": "defaultArnoldRenderOptions.manual_gpu_devices",
    "ai:gpu": "defaultArnoldRenderOptions.render_devices",
}


def renderer_in(path):
    """The renderer that a scene's text names; None where it cannot be told."""
    try:
        with open(path, "rb") as file:
            found = re.search(
                r'"\.(?:ren|currentRenderer)" -type "string" "(\w+)"', file.read().decode("utf-8", "replace")
            )
    except OSError:
        return None
    return RENDERERS.get(found.group(1)) if found else None


def script_folders():
    return [folder for folder in os.environ.get("MAYA_SCRIPT_PATH", "").split(os.pathsep) if folder]


def find_script(name):
    """A MEL file by its path, or by its name on MAYA_SCRIPT_PATH; None where it is not there."""
    for folder in [""] + script_folders():
        if os.path.isfile(os.path.join(folder, name)):
            return os.path.join(folder, name)
    return None


def run_user_setup(procedures):
    """What Maya runs when it starts: the first `userSetup.mel` on its path. An error in it is only told."""
    for folder in script_folders():
        path = os.path.join(folder, "userSetup.mel")
        if os.path.isfile(path):
            try:
                with open(path, encoding="utf-8") as file:
                    maya_mel.evaluate(file.read(), procedures)
            except RuntimeError as problem:
                complain("Error: %s" % problem)
            return


def table(session):
    """Procedures by name, as functions of a statement's words."""

    def plain(function):
        return lambda words: function(*[maya_mel._value(word) for word in words])

    def set_attr(words):
        arguments, flags = flags_of(words, {"type": 1, "typ": 1, "lock": 1, "l": 1, "keyable": 1, "k": 1})
        if len(arguments) < 2:
            raise MelError("setAttr: Not enough data was provided.")
        try:
            session.set(arguments[0], arguments[1] if len(arguments) == 2 else arguments[1:])
        except LookupError as problem:
            raise MelError("setAttr: %s" % problem)

    def get_attr(words):
        arguments, _ = flags_of(words, {})
        try:
            node, attribute = session.plug(arguments[0])
        except LookupError as problem:
            raise MelError(str(problem))
        return node.attributes[attribute]

    def workspace(words):
        arguments, flags = flags_of(
            words,
            {
                "fr": 2,
                "fileRule": 2,
                "o": 1,
                "openWorkspace": 1,
                "s": 0,
                "dir": 1,
                "q": 0,
                "rd": 0,
                "rootDirectory": 0,
                "fre": 1,
                "fileRuleEntry": 1,
            },
        )
        rule = flags.get("fr") or flags.get("fileRule")
        if rule:
            session.rules[rule[0]] = str(rule[1])
        opened = flags.get("o") or flags.get("openWorkspace") or (arguments[0] if arguments else None)
        if opened:
            if not os.path.isdir(opened):
                raise MelError("Cannot open project %s" % opened)
            session.project = os.path.abspath(opened)
        if flags.get("q"):
            return session.rules.get(flags.get("fre") or flags.get("fileRuleEntry")) or session.project + "/"

    def layer_globals(words):
        _, flags = flags_of(words, {"crl": 1, "currentRenderLayer": 1, "q": 0})
        name = flags.get("crl") or flags.get("currentRenderLayer")
        if flags.get("q"):
            return session.current_layer
        layer = session.scene.find_layer(str(name))
        if layer is None:
            raise MelError("No object matches name: %s" % name)
        session.current_layer = layer.name

    def make_renderable(words):
        name = words[0][0]
        camera = session.scene.find_camera(name)
        if camera is None:
            raise MelError("makeCameraRenderable.mel line 34: Camera [%s] does not exist." % name)
        for other in session.scene.of_kind("camera"):
            other.attributes["renderable"] = other is camera

    def python(words):
        scope = {"__name__": "__main__"}
        try:
            exec(compile(words[0][0], "<maya console>", "exec"), scope)
        except Exception as problem:
            raise MelError("python: %s: %s" % (type(problem).__name__, problem))

    def source(words):
        path = find_script(words[0][0])
        if path is None:
            raise MelError('Cannot find file "%s" for source statement.' % words[0][0])
        with open(path, encoding="utf-8") as file:
            return maya_mel.evaluate(file.read(), procedures)

    def error(words):
        raise MelError(words[-1][0])

    def load_plugin(words):
        arguments, _ = flags_of(words, {"quiet": 0, "qt": 0})
        return [session.load_plugin(name) for name in arguments]

    def dirmap(words):
        _, flags = flags_of(words, {"en": 1, "enable": 1, "m": 2, "mapDirectory": 2})
        mapped = flags.get("m") or flags.get("mapDirectory")
        if mapped:
            session.directory_maps.append(mapped)

    def current_time(words):
        arguments, _ = flags_of(words, {"e": 0, "u": 1, "q": 0})
        if arguments:
            session.current_time = float(arguments[0])
        return session.current_time

    def image_format(words):
        renderer = session.renderer()
        try:
            maya_naming.set_format(session, renderer, words[0][0])
        except LookupError:
            raise MelError("The image format %s is not known to %s" % (words[0][0], renderer))

    def naming(words):
        text = words[0][0]
        number = int(text) if text.isdigit() else maya_naming.NAMING.get(text)
        if number not in maya_naming.NAMING.values():
            raise MelError("The naming convention %s is not known" % text)
        session.naming = number

    def percent(words):
        for owner in ("defaultResolution", "vraySettings"):
            for side in ("width", "height"):
                plug = "%s.%s" % (owner, side)
                if session.node(owner) is not None:
                    session.set(plug, max(1, int(session.value(plug) * float(words[0][0]) / 100)))

    def batch_render(words):
        arguments = [maya_mel._value(word) for word in words]
        if len(arguments) < 4:
            raise MelError("Wrong number of arguments on call to mayaBatchRenderProcedure")
        batch_render_procedure(session, str(arguments[3]))

    def about(words):
        return session.kit.version

    def select_devices(words):
        session.redshift_gpus = [int(word) for word, _ in words]

    def of_plugin(name, plugin):
        def call(words):
            if plugin not in session.plugins:
                raise MelError('line 1: Cannot find procedure "%s".' % name)
            session.scene.load_plugin_nodes(plugin)

        return call

    def pixels(words):
        for owner in ("defaultResolution", "vraySettings"):
            if session.node(owner) is not None:
                session.set("%s.%s" % (owner, words[0][0]), int(words[1][0]))

    procedures = {
        "setAttr": set_attr,
        "getAttr": get_attr,
        "workspace": workspace,
        "editRenderLayerGlobals": layer_globals,
        "makeCameraRenderable": make_renderable,
        "python": python,
        "source": source,
        "error": error,
        "loadPlugin": load_plugin,
        "dirmap": dirmap,
        "currentTime": current_time,
        "about": about,
        "print": plain(lambda text="": say(str(text), end="")),
        "standinFormat": image_format,
        "standinNaming": naming,
        "standinPixels": pixels,
        "standinPercent": percent,
        "mayaBatchRenderProcedure": batch_render,
        "setProject": workspace,
        "warning": plain(lambda text="": say("Warning: %s" % text)),
        "eval": lambda words: maya_mel.evaluate(words[0][0], procedures),
        "setMayaSoftwareFrameExt": plain(lambda shape, only=0: naming([(str(shape), True)])),
        "unifiedRenderGlobalsWindow": plain(lambda *_: None),
        "redshiftSelectCudaDevices": select_devices,
        "threadCount": lambda words: flags_of(words, {"n": 1, "numberOfThreads": 1})[1].get("n"),
        "rsPreference": of_plugin("rsPreference", "redshift4maya"),
        "redshiftCreateOptionsNode": of_plugin("redshiftCreateOptionsNode", "redshift4maya"),
        "vrayCreateVRaySettingsNode": of_plugin("vrayCreateVRaySettingsNode", "vrayformaya"),
    }
    return procedures


def batch_render_procedure(session, name):
    """`mayaBatchRenderProcedure`: start to end frame of the current layer, by the renderer named or the scene's."""
    renderer = RENDERERS.get(name) if name else session.renderer()
    if renderer is None:
        raise MelError("The renderer %s is not known" % name)
    session.need_plugin(renderer)
    value = session.value
    if renderer == "vray" and value("vraySettings.animType") == 2:
        wanted = frames.arnold_sequence(str(value("vraySettings.animFrames")).replace("-", ".."))
    elif value("defaultRenderGlobals.animation"):
        wanted = frames.stepped(
            value("defaultRenderGlobals.startFrame"),
            value("defaultRenderGlobals.endFrame"),
            value("defaultRenderGlobals.byFrameStep"),
        )
    else:
        wanted = [frames.number_of(session.current_time)]
    cameras = session.cameras()
    if not cameras:
        raise FrameFailed("This scene does not have any renderable cameras")
    written = []
    for frame in wanted:
        for camera in cameras:
            written.append(session.render_frame(renderer, frame, camera=camera))
    return written
