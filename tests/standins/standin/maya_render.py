"""`Render`: one process for a run of frames. Its codes: 206 for the command line, 211 for the scene, 210 for the
rendering; 0 now and then for a failure, as documented."""

import os
import re
import sys

from . import frames, maya_faults, maya_grammar, maya_mayapy, maya_mel, maya_naming, maya_procedures, process
from .kit import Kit
from .maya_faults import FrameFailed
from .maya_mel import MelError, quote
from .maya_session import MAYA_NAMES, RENDERER_PLUGINS, SceneError, Session, exit_now, version
from .output import complain, say, tell


def main(argv):
    kit = Kit("Render", argv, version(argv[0]))
    try:
        line = maya_grammar.parse(argv[1:])
    except maya_grammar.Usage as reason:
        usage(kit, str(reason))
    if line.wants == "list":
        say("Renderers available in this stand-in:")
        for name in sorted(maya_grammar.RENDERERS):
            say("  %s" % name)
        leave(kit, 0)
    if line.wants == "help":
        help_text(line.renderer)
        leave(kit, 0)
    kit.add_scene(line.scene)
    log = line.last("log")
    if log:
        redirect(log)
    Run(kit, line).go()


def usage(kit, reason):
    complain("Error: %s" % reason)
    for text in maya_grammar.USAGE:
        complain(text)
    leave(kit, 206)


def help_text(renderer):
    for text in maya_grammar.USAGE:
        say(text)
    if renderer:
        say('Specific options for renderer "%s":' % renderer)
        for name, kinds in maya_grammar.RENDERERS[renderer].items():
            say("  -%s %s" % (name, " ".join(kinds)))


def redirect(path):
    """`-log`: both streams go into the file."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(descriptor, sys.stdout.fileno())
    os.dup2(descriptor, sys.stderr.fileno())


def leave(kit, code):
    kit.record("exit", code=code)
    exit_now(code)


class Run:
    def __init__(self, kit, line):
        self.kit = kit
        self.line = line
        self.session = Session(kit, self.end)
        self.renderer = None
        self.procedures = maya_procedures.table(self.session)
        self.session.abort_on_missing_texture = line.last("amt") is True
        # Callbacks in Python find Maya's modules here as well.
        maya_mayapy.Process.kit, maya_mayapy.Process.session = kit, self.session
        sys.path.insert(1, maya_mayapy.MODULES)

    def end(self, code):
        """The wrapper repeats the code of the Maya that it ran."""
        say("// Maya exited with status %d" % code)
        leave(self.kit, code)

    def fail(self, text):
        complain("Error: %s" % text)
        complain(
            "Error: file: /var/tmp/ASTMP%d.mel line 36: Scene %s failed to render." % (os.getpid(), self.line.scene)
        )
        self.end(210)

    def go(self):
        self.start()
        self.open()
        try:
            mel = self.settings()
            if self.line.last("test"):
                for text in mel:
                    say(text)
                leave(self.kit, 0)
            for text in mel:
                if self.line.last("verb"):
                    say(text)
                self.run(text)
            code = self.render()
        except RuntimeError as problem:
            self.fail(str(problem))
        end = self.kit.strike("end", renderer=self.renderer)
        say("Scene %s completed." % self.line.scene)
        if end is not None and end.name == "211-with-images":
            code = 211
        elif end is not None and end.name == "child-left-behind":
            process.child(self.kit, "left-behind", end.get("session", False))
        self.end(code)

    # Before the scene

    def start(self):
        line = self.line
        project = line.last("proj")
        if project is not None and not os.path.isdir(project):
            usage(self.kit, "the project directory %s does not exist" % project)
        folder = line.last("rd")
        if folder is not None and re.match(r"^([A-Za-z]:)?[\\/]*$", folder):
            usage(self.kit, "%s is no directory to render into" % (folder or "an empty name"))
        fault = self.kit.strike("start", renderer=self.renderer_ahead(), frames=self.wanted_frames())
        if fault is None:
            pass
        elif fault.name == "hang":
            process.hang(fault.get("stubborn", False))
        elif fault.name == "library-missing":
            leave(self.kit, 255)
        elif fault.name == "206":
            usage(self.kit, "the command line could not be parsed")
        elif fault.name == "licence":
            tell(maya_faults.maya_licence())
            self.end(1)
        elif fault.name == "startup-script":
            complain("Error: An error occurred during the Startup Script.")
            self.end(210)
        maya_procedures.run_user_setup(self.procedures)
        if project is not None:
            self.session.project = os.path.abspath(project)

    def renderer_ahead(self):
        """The renderer, as far as the scene's text tells before it is opened."""
        if self.line.renderer not in (None, "file"):
            return self.line.renderer
        return maya_procedures.renderer_in(self.line.scene)

    def wanted_frames(self):
        sequence = self.line.last("seq")
        first, last = self.line.last("s"), self.line.last("e")
        if sequence:
            return sequence
        if first is None and last is None:
            return None
        first = last if first is None else first
        last = first if last is None else last
        return frames.stepped(first, last, self.line.last("b", "inc") or 1.0)

    def open(self):
        fault = self.kit.strike("run", renderer=self.renderer_ahead(), names=("211",), frames=self.wanted_frames())
        try:
            if fault is not None:
                raise SceneError(
                    [
                        "Error: Error reading file. : %s" % self.line.scene,
                        "Scene was not loaded properly, please check the scene name",
                    ]
                )
            self.session.open(self.line.scene)
        except SceneError as problem:
            for text in problem.lines:
                complain(text)
            self.end(211)
        # `-r file`, like no `-r` at all, leaves the choice to the scene.
        if self.line.renderer in (None, "file"):
            self.renderer = self.session.renderer()
        else:
            self.renderer = self.line.renderer
        plugin = RENDERER_PLUGINS.get(self.renderer)
        if plugin is not None:
            try:
                self.session.load_plugin(plugin)
            except RuntimeError as problem:
                complain("Error: %s" % problem)
                if self.renderer == "redshift":
                    complain('Error: Cannot find procedure "rsPreference".')
                self.fail("%s is not available" % self.renderer)

    # Settings

    def settings(self):
        """The flags as MEL, in their order: each runs after the scene is read, and a later one may undo it."""
        mel = ['setAttr -type "string" "defaultRenderGlobals.currentRenderer" %s' % quote(MAYA_NAMES[self.renderer])]
        for name, values in self.line.flags:
            value = values[0] if values else None
            found = getattr(self, "_flag_" + re.sub(r"\W", "_", name), None)
            if found is not None:
                mel.extend(found(value))
            elif name in maya_procedures.SETTINGS and (name != "rt" or self.renderer == "arnold"):
                mel.append("setAttr %s %s" % (quote(maya_procedures.SETTINGS[name]), mel_value(value)))
        return mel

    def _flag_rd(self, value):
        return ["workspace -fr %s %s" % (quote(rule), quote(value)) for rule in ("images", "depth")]

    def _flag_im(self, value):
        plug = "vraySettings.fileNamePrefix" if self.renderer == "vray" else "defaultRenderGlobals.imageFilePrefix"
        return ['setAttr -type "string" %s %s' % (quote(plug), quote(value))]

    def _flag_of(self, value):
        return ["standinFormat %s" % quote(value)]

    def _flag_fnc(self, value):
        return ["standinNaming %s" % quote(value)]

    def _flag_s(self, value):
        return [
            'setAttr "defaultRenderGlobals.animation" 1',
            'setAttr "defaultRenderGlobals.startFrame" %r' % value,
        ] + self._vray_animation()

    def _flag_e(self, value):
        return [
            'setAttr "defaultRenderGlobals.animation" 1',
            'setAttr "defaultRenderGlobals.endFrame" %r' % value,
        ] + self._vray_animation()

    def _vray_animation(self):
        return ['setAttr "vraySettings.animType" 1'] if self.renderer == "vray" else []

    def _flag_pad(self, value):
        mel = ['setAttr "defaultRenderGlobals.extensionPadding" %d' % value]
        return mel + (['setAttr "vraySettings.fileNamePadding" %d' % value] if self.renderer == "vray" else [])

    def _flag_x(self, value):
        return ["standinPixels width %d" % value]

    def _flag_y(self, value):
        return ["standinPixels height %d" % value]

    def _flag_cam(self, value):
        return ["makeCameraRenderable %s" % quote(value)]

    def _flag_percentRes(self, value):
        return ["standinPercent %r" % value]

    # Rendering

    def run(self, text):
        maya_mel.evaluate(text, self.procedures)

    def callbacks(self, name):
        """The MEL of one moment: Arnold's `-preRender` comes behind the scene's own, others replace it."""
        own = self.session.value("defaultRenderGlobals." + maya_procedures.CALLBACKS[name])
        given = self.line.all(name)
        inserted = self.line.all("insert" + name[0].upper() + name[1:])
        if given and self.renderer != "arnold":
            own = None
        return [text for text in inserted + [own] + given if text]

    def call(self, name):
        for text in self.callbacks(name):
            say("// %s: %s" % (name, text))
            self.kit.record("mel", moment=name, mel=text)
            self.run(text)

    def layers(self):
        asked = self.line.last("rl", "lr")
        if asked is None or asked in maya_grammar.ON:
            layers = self.session.renderable_layers()
            if not layers:
                raise FrameFailed("no render layer is renderable")
            return layers
        if asked in maya_grammar.OFF:
            return [self.session.scene.find_layer("defaultRenderLayer")]
        found = []
        for name in re.split(r"[,\s]+", asked.strip()):
            layer = self.session.scene.find_layer(name)
            if layer is None:
                raise FrameFailed("No object matches name: %s" % name)
            found.append(layer)
        return found

    def frames(self):
        sequence = self.line.last("seq")
        if sequence:
            return [(frame, None) for frame in sequence]
        value = self.session.value
        if not value("defaultRenderGlobals.animation"):
            return [(frames.number_of(self.session.current_time), None)]
        try:
            found = frames.stepped(
                value("defaultRenderGlobals.startFrame"),
                value("defaultRenderGlobals.endFrame"),
                value("defaultRenderGlobals.byFrameStep"),
            )
        except ValueError as problem:
            raise FrameFailed(str(problem))
        first, step = self.line.last("rfs"), self.line.last("rfb")
        if first is None:
            return [(frame, None) for frame in found]
        return [(frame, first + index * (step or 1)) for index, frame in enumerate(found)]

    def render(self):
        """Every frame of every layer by every camera; the code for the end."""
        session = self.session
        fault = self.kit.strike("run", renderer=self.renderer, names=("script-error",), frames=self.wanted_frames())
        if fault is not None:
            raise MelError('line 1: Cannot find procedure "studioPreRender".')
        if self.renderer == "arnold" and session.value("defaultArnoldRenderOptions.renderType") == 1:
            return self.export()
        if self.line.last("noRender"):
            return self.export_vrscene()
        session.redshift_gpus = self.line.last("gpu") if self.renderer == "redshift" else None
        cameras = session.cameras()
        if not cameras:
            raise FrameFailed("This scene does not have any renderable cameras")
        self.call("preRender")
        for layer in self.layers():
            session.current_layer = layer.name
            self.call("preLayer")
            for frame, number in self.frames():
                session.current_time = float(frame)
                self.call("preFrame")
                for camera in cameras:
                    self.frame(layer.name, camera, frame, number)
                self.call("postFrame")
            self.call("postLayer")
        self.call("postRender")
        return 0

    def frame(self, layer, camera, frame, number):
        try:
            self.session.render_frame(self.renderer, frame, layer, camera, number=number)
        except FrameFailed as problem:
            if problem.code:
                raise

    def export(self):
        """Arnold's render type 1 writes scenes for Arnold and no image."""
        for frame, _ in self.frames():
            path = os.path.join(
                self.session.project, "%s.%s.ass" % (maya_naming.scene_name(self.session), maya_naming.padded(frame, 4))
            )
            with open(path, "w", encoding="utf-8") as file:
                file.write("### stand-in\n")
            say("[mtoa] Exported %s" % path)
        return 0

    def export_vrscene(self):
        path = self.line.last("exportFileName")
        if path is None:
            raise FrameFailed("-noRender without -exportFileName")
        with open(path, "w", encoding="utf-8") as file:
            file.write("// stand-in\n")
        return 0


def mel_value(value):
    if isinstance(value, bool):
        return "1" if value else "0"
    return quote(value) if isinstance(value, str) else repr(value)
