"""One Maya session: the open scene, the project, what is loaded, and rendering a frame by each renderer's own rules.

`Render` and the modules that `mayapy` offers are two doors to this.
"""

import os
import re
import sys

from . import images, maya_faults, maya_naming, maya_renderers, maya_scene
from .maya_faults import FrameFailed
from .output import complain, say, tell

PLUGINS = {
    "mtoa": "mtoa",
    "mtoa.so": "mtoa",
    "mtoa.mll": "mtoa",
    "vrayformaya": "vrayformaya",
    "redshift4maya": "redshift4maya",
    "RenderManForMaya": "RenderManForMaya",
    "RenderManForMaya.py": "RenderManForMaya",
    "AbcImport": "AbcImport",
    "AbcExport": "AbcExport",
    "fbxmaya": "fbxmaya",
    "renderSetup": "renderSetup",
    "renderSetup.py": "renderSetup",
    "mayaUsdPlugin": "mayaUsdPlugin",
    "OctanePlugin": "OctanePlugin",
}
RENDERER_PLUGINS = {
    "arnold": "mtoa",
    "vray": "vrayformaya",
    "redshift": "redshift4maya",
    "renderman": "RenderManForMaya",
    "octane": "OctanePlugin",
}
# The names that `defaultRenderGlobals.currentRenderer` may have, as the stand-ins call the renderers.
RENDERERS = {
    "mayaSoftware": "sw",
    "mayaHardware": "hw",
    "mayaHardware2": "hw2",
    "mentalRay": "mr",
    "arnold": "arnold",
    "vray": "vray",
    "redshift": "redshift",
    "renderman": "renderman",
    "renderManRIS": "renderman",
    "OctaneRender": "octane",
    "ifmIrayPhotoreal": "Iray",
    "3delight": "3delight",
}
MAYA_NAMES = {standin: maya for maya, standin in reversed(list(RENDERERS.items()))}

VERSION = "2024"


def version(path):
    """The version that the path of an installation names."""
    found = re.search(r"maya(?:IO)?(\d{4}(?:\.\d+)?)", os.path.abspath(path))
    return os.environ.get("STANDIN_VERSION") or (found.group(1) if found else VERSION)


class SceneError(RuntimeError):
    """The scene cannot be read; `lines` are what Maya says of it."""

    def __init__(self, lines):
        super().__init__(lines[-1])
        self.lines = lines


class Session:
    def __init__(self, kit, leave):
        self.kit = kit
        self.leave = leave
        self.scene = maya_scene.Scene()
        self.plugins = set()
        # What a fault hid once in this process stays hidden.
        self.missing = set()
        self.project = os.environ.get("MAYA_PROJECT") or os.path.join(
            os.path.expanduser("~"), "maya", "projects", "default"
        )
        self.rules = {"images": "images", "depth": "images", "scene": "scenes", "sourceImages": "sourceimages"}
        self.current_layer = "defaultRenderLayer"
        self.current_time = 1.0
        self.abort_on_missing_texture = False
        self.directory_maps = []
        # Set by `Render -fnc`; otherwise the scene's attributes say how files are named.
        self.naming = None
        # Redshift's choice of GPUs; None for all that it sees.
        self.redshift_gpus = None
        self.device_problem_told = False

    # Attributes

    def node(self, name):
        node = self.scene.nodes.get(name.split("|")[-1])
        if node is None and name.lstrip(":") in self.scene.nodes:
            node = self.scene.nodes[name.lstrip(":")]
        return node

    def plug(self, plug):
        """The node and the attribute's long name. LookupError where there is none of them."""
        name, dot, attribute = plug.partition(".")
        node = self.node(name)
        attribute = attribute.partition("[")[0]
        if node is None or not dot or not node.has(attribute):
            raise LookupError("No object matches name: %s" % plug)
        return node, node.long_name(attribute)

    def value(self, plug, otherwise=None):
        try:
            node, attribute = self.plug(plug)
        except LookupError:
            return otherwise
        return node.attributes[attribute]

    def set(self, plug, value):
        node, attribute = self.plug(plug)
        node.attributes[attribute] = value

    # Scene and plug-ins

    def open(self, path):
        path = path if os.path.isabs(path) else os.path.join(os.getcwd(), path)
        self.kit.add_scene(path)
        try:
            self.scene = maya_scene.read(path)
        except OSError:
            raise SceneError(
                ["Error: Could not open file.", 'Cannot load scene "%s". Please check the scene name.' % path]
            )
        except maya_scene.Unreadable as problem:
            complain("Error: %s" % problem)
            raise SceneError(
                ["Error: Error reading file. : %s" % path, "Scene was not loaded properly, please check the scene name"]
            )
        self.current_layer = "defaultRenderLayer"
        self.current_time = float(self.value("defaultRenderGlobals.startFrame", 1.0))
        for plugin in self.scene.plugins:
            try:
                self.load_plugin(plugin)
            except RuntimeError as problem:
                complain("Error: %s" % problem)
        for plugin in self.plugins:
            self.scene.load_plugin_nodes(plugin)
        if self.scene.uses_render_setup() and self.scene.legacy_layers():
            complain("Warning: The scene contains legacy render layers but uses render setup: they are ignored.")

    def load_plugin(self, name):
        """RuntimeError where the plug-in is unknown or a fault hides it."""
        plugin = PLUGINS.get(os.path.basename(name))
        if plugin is None:
            raise RuntimeError(maya_faults.plugin_missing(name))
        if plugin in self.plugins:
            return plugin
        if plugin not in self.missing and self._hidden(plugin):
            self.missing.add(plugin)
        if plugin in self.missing:
            raise RuntimeError(maya_faults.plugin_missing(plugin))
        self.plugins.add(plugin)
        self.scene.load_plugin_nodes(plugin)
        return plugin

    def _hidden(self, plugin):
        """Whether a fault hides the plug-in: the one that it names, or else a renderer's."""
        for fault in self.kit.faults:
            if fault.name == "plugin-missing" and (
                fault.get("plugin") == plugin or "plugin" not in fault and plugin in RENDERER_PLUGINS.values()
            ):
                return self.kit.strike("plugin", names=("plugin-missing",)) is not None
        return False

    def renderer(self):
        """The scene's renderer, as the stand-ins call it."""
        return RENDERERS.get(self.value("defaultRenderGlobals.currentRenderer"), "sw")

    def need_plugin(self, renderer):
        """RuntimeError unless the renderer's plug-in is loaded."""
        plugin = RENDERER_PLUGINS.get(renderer)
        if plugin is not None and plugin not in self.plugins:
            raise RuntimeError(maya_faults.plugin_missing(plugin))

    # Rendering

    def cameras(self):
        return [camera for camera in self.scene.of_kind("camera") if camera.attributes["renderable"]]

    def renderable_layers(self):
        if self.scene.uses_render_setup():
            made = [
                layer
                for layer in self.scene.layers()
                if layer.name == "defaultRenderLayer" or layer.name.startswith("rs_")
            ]
        else:
            made = self.scene.layers()
        return [layer for layer in made if layer.attributes["renderable"]]

    def render_frame(self, renderer, frame, layer=None, camera=None, size=None, number=None):
        """One frame of one layer by one camera. The image's path; None where none was written and nobody was told.

        `number` is the frame's number in the file name where that differs. FrameFailed where it failed aloud.
        """
        layer = layer or self.current_layer
        if camera is None:
            cameras = self.cameras()
            if not cameras:
                raise FrameFailed("This scene does not have any renderable cameras")
            camera = cameras[0]
        path = maya_naming.image_path(self, renderer, layer, camera, frame if number is None else number)
        if self.value("defaultRenderGlobals.skipExistingFrames") and os.path.isfile(path):
            say("Skipping frame %g: %s exists." % (frame, path))
            return path
        maya_renderers.devices(self, renderer)
        maya_renderers.begin(self, renderer, frame, layer)
        fault = self.kit.strike("frame", frame=frame, layer=layer, renderer=renderer)
        if fault is not None and maya_faults.at_frame(fault, self, renderer, frame) == "no-image":
            return None
        maya_renderers.progress(self, renderer, frame)
        written = self._write(path, renderer, frame, layer, camera, size)
        maya_renderers.finish(self, renderer, frame, written)
        self.kit.record(
            "frame", renderer=renderer, frame=frame, layer=layer, camera=camera.parent or camera.name, path=written
        )
        return written

    def _write(self, path, renderer, frame, layer, camera, size):
        fault = self.kit.strike("image", frame=frame, layer=layer, renderer=renderer)
        name = fault.name if fault is not None else None
        if name == "disk-full":
            tell(["error 101003: can't create file (No space left on device): %s" % path])
            raise FrameFailed("can't create file (No space left on device): %s" % path)
        if name == "wrong-name":
            stem, extension = os.path.splitext(path)
            path = "%s_wrong%s" % (stem, extension)
        owner = "vraySettings" if renderer == "vray" else "defaultResolution"
        width, height = size or (self.value(owner + ".width"), self.value(owner + ".height"))
        folder = os.path.dirname(path)
        try:
            os.makedirs(folder, exist_ok=True)
            images.write(
                path,
                width,
                height,
                (renderer, frame, layer, camera.name),
                truncated=name == "truncated-image",
                extension=maya_naming.extension(self, renderer),
            )
        except OSError as problem:
            if renderer == "vray":
                tell(["V-Ray warning: The file path for %s cannot be created" % path])
            tell(["Error: can't create file (%s): %s" % (problem.strerror, path)])
            raise FrameFailed("can't create file (%s): %s" % (problem.strerror, path))
        except images.Unwritable as problem:
            raise FrameFailed(str(problem))
        return path


def exit_now(code):
    """Ends the process at once, with what was said flushed; POSIX keeps the lowest byte of the code."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 0xFF)
