"""One Nuke session: the open script, and rendering frames of its Write nodes."""

import os
import time

from . import images, nuke_script
from .nuke_faults import NukeError, at_frame, error, stamp
from .output import complain, say

# The image that Nuke writes for a file type, where the name's extension does not say it.
EXTENSIONS = {"jpeg": "jpg", "tiff": "tif", "targa": "tga"}


class Session:
    def __init__(self, kit, leave):
        self.kit = kit
        self.leave = leave
        self.script = nuke_script.Script()
        self.arguments = []
        self.remap = []
        self.only_views = None
        self.proxy = None
        self.gpu = False
        self.quiet = False
        self.verbosity = 0
        self.no_crash_prompt = False
        self.callbacks = {}
        # What a Python callback may ask for while a Write renders.
        self.this_node = None
        self.frame = None
        self.first_error = None

    # Scripts

    def open(self, path):
        """NukeError where there is no such script or it is broken."""
        self.kit.add_scene(path)
        fault = self.kit.strike("run", names=("script-error",))
        if fault is not None:
            raise NukeError('%s: invalid command name "StudioGizmo"' % path)
        try:
            self.script = nuke_script.read(path)
        except OSError as problem:
            raise NukeError("Can't read %s: %s" % (path, problem.strerror))
        except nuke_script.Broken as problem:
            raise NukeError(str(problem))
        if os.path.exists(path + ".autosave"):
            complain("%s Warning: Autosave file for %s is newer" % (stamp(), path))
        self.frame = int(self.script.root.number("first_frame", 1))
        if self.verbosity >= 2:
            say("Loading %s" % path)
        self.kit.record("open", path=os.path.abspath(path))

    def names(self):
        return nuke_script.Names(self.script, self.arguments, self.remap)

    def active(self):
        return [write for write in self.script.writes() if not write.on("disable") and not write.on("reading")]

    def views(self, write, wanted=None):
        wanted = wanted or self.only_views
        views = self.script.views_of(write)
        if not wanted:
            return views
        unknown = [view for view in wanted if view not in self.script.views()]
        if unknown:
            raise NukeError("There is no view named %s" % unknown[0])
        return [view for view in views if view in wanted]

    def frames_of(self, write):
        node = write if write.on("use_limit") else self.script.root
        names = ("first", "last") if write.on("use_limit") else ("first_frame", "last_frame")
        return list(range(int(node.number(names[0], 1)), int(node.number(names[1], 1)) + 1))

    # Rendering

    def run_callbacks(self, name, write):
        self.this_node = write
        for function, args, kwargs, kind in list(self.callbacks.get(name, ())):
            if kind in ("*", "Write", write.kind):
                function(*args, **kwargs)
        code = write.knobs.get(name, "")
        if code:
            exec(compile(code, "%s.%s" % (write.full_name, name), "exec"), {"__name__": "__main__"})

    def check_arguments(self, writes):
        """A name that lacks an argument stops everything, before the first frame."""
        fault = self.kit.strike("run", names=("missing-argv",))
        if fault is not None:
            raise nuke_script.Missing("Missing command-line argument #2 for %s.file" % writes[0].full_name)
        for write in writes:
            self.names().text(write, self.knob(write))

    def knob(self, write):
        return "proxy" if self.in_proxy() and write.knobs.get("proxy") else "file"

    def in_proxy(self):
        return self.script.root.on("proxy") if self.proxy is None else self.proxy

    def render(self, writes, frames, views=None, go_on=False):
        """All frames of all these Writes. NukeError at the first error, unless it goes on. How many frames failed."""
        started = time.time()
        failed = 0
        for write in writes:
            self.run_callbacks("beforeRender", write)
        for index, frame in enumerate(frames):
            self.frame = frame
            try:
                for write in writes:
                    self.run_callbacks("beforeFrameRender", write)
                    self.render_frame(write, frame, self.views(write, views))
                    self.run_callbacks("afterFrameRender", write)
            except NukeError as problem:
                if not go_on:
                    raise
                error(str(problem))
                self.first_error = self.first_error or str(problem)
                failed += 1
                continue
            if not self.quiet:
                say("Frame %d (%d of %d)" % (frame, index + 1, len(frames)))
        for write in writes:
            self.run_callbacks("afterRender", write)
        if not self.quiet:
            say("Total render time: %.2f seconds" % (time.time() - started))
        return failed

    def render_frame(self, write, frame, views):
        for view in views:
            if len(self.script.views()) > 1:
                say('EXECUTING VIEW "%s"' % view)
            fault = self.kit.strike("frame", frame=frame, layer=write.full_name)
            if fault is not None and at_frame(fault, self, frame, write.full_name) == "no-image":
                continue
            # Tenths of the frame, which no newline follows: they stand before whatever comes next.
            say(".1.5.9", end="")
            started = time.time()
            path = self.write(write, frame, view)
            say("Writing %s took %.2f seconds" % (path, time.time() - started))
            self.kit.record("frame", frame=frame, layer=write.full_name, view=view, path=path)

    def path(self, write, frame, view):
        try:
            return self.names().path(write, frame, view, self.knob(write))
        except (nuke_script.Broken, nuke_script.Missing) as problem:
            raise NukeError(str(problem))

    def write(self, write, frame, view):
        path = self.path(write, frame, view)
        if not path:
            raise NukeError("%s: No output file name is given" % write.full_name)
        if "\\" in path:
            raise NukeError("%s: can't create %s: No such file or directory" % (write.full_name, path))
        fault = self.kit.strike("image", frame=frame, layer=write.full_name)
        name = fault.name if fault is not None else None
        if name == "disk-full":
            raise NukeError("%s: can't create %s: No space left on device" % (write.full_name, path))
        extension = os.path.splitext(path)[1] or EXTENSIONS.get(write.knobs["file_type"], write.knobs["file_type"])
        if name == "wrong-name":
            path = "%s_wrong%s" % os.path.splitext(path)
        if write.on("create_directories"):
            os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        numbers = [int(word) for word in self.script.root.knobs["format"].split() if word.isdigit()]
        width, height = numbers[:2] if len(numbers) >= 2 else (64, 36)
        if self.in_proxy():
            width, height = width // 2, height // 2
        try:
            images.write(
                path,
                width,
                height,
                (write.full_name, frame, view),
                truncated=name == "truncated-image",
                extension=extension,
            )
        except OSError as problem:
            raise NukeError("%s: can't create %s: %s" % (write.full_name, path, problem.strerror))
        except images.Unwritable as problem:
            raise NukeError("%s: %s" % (write.full_name, problem))
        return path
