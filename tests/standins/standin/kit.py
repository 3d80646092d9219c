"""The fault-injection kit: which fault strikes when, and the record of what was run.

A scene brings its faults along in comment lines (`// standin: {…}` in Maya ASCII, `# standin: {…}` in Nuke scripts):
copies of the scene fail alike. The variable STANDIN_FAULTS adds more of the same. What a fault then says
and does belongs to the programs. A mistake in the kit's own input ends the stand-in with code 64, never in silence.
"""

import hashlib
import json
import os
import re
import sys
import time

from . import frames as ranges
from .faults import FAULTS, LICENCE_PRODUCTS

MISUSE = 64
_COMMENT = re.compile(r"^\s*(?://|#)\s*standin:\s*(.+?)\s*$", re.M)
# A path between quotes, which may themselves be escaped: scripts hold JSON, and JSON holds paths.
_SCENE = re.compile(r"""["']([^"'\n]+\.(?:ma|mb|nk|nknc))\\*["']""")
_FILTERS = {"fault", "tool", "frames", "layer", "times", "argv", "env"}
_DETAILS = {"variant", "product", "seconds", "code", "lines", "plugin", "path", "key", "stubborn", "session"}
_RECORDED = re.compile(
    r"^(CUDA_VISIBLE_DEVICES|CUDA_DEVICE_ORDER|OCIO|HOME|PYTHONPATH|MAYA_\w+|NUKE_\w+|ARNOLD_\w+"
    r"|REDSHIFT_\w+|\w*_LICENSE|EDDY_DEVICE_LIST)$"
)


def misuse(message):
    sys.stdout.flush()
    sys.stderr.write("stand-in: %s\n" % message)
    sys.stderr.flush()
    os._exit(MISUSE)


class Fault(dict):
    """One fault as it was asked for; `fault["fault"]` is its name."""

    @property
    def name(self):
        return self["fault"]

    @property
    def variant(self):
        return self.get("variant")

    def check(self):
        if self.get("fault") not in FAULTS:
            misuse("unknown fault `%s`; there are: %s" % (self.get("fault"), ", ".join(sorted(FAULTS))))
        unknown = set(self) - _FILTERS - _DETAILS
        if unknown:
            misuse("fault `%s`: unknown key `%s`" % (self.name, "`, `".join(sorted(unknown))))
        if self.get("tool") not in (None, "Render", "mayapy", "nuke"):
            misuse("fault `%s`: `%s` is no tool; there are Render, mayapy and nuke" % (self.name, self["tool"]))
        variants = FAULTS[self.name].variants
        if self.variant is not None and self.variant not in variants:
            misuse(
                "fault `%s`: no variant `%s`; there are: %s" % (self.name, self.variant, ", ".join(variants) or "none")
            )
        if "frames" in self:
            try:
                ranges.frame_set(self["frames"])
            except ValueError as error:
                misuse("fault `%s`: %s" % (self.name, error))

    def moment(self, tool, renderer):
        """When it can strike in this tool; None for never."""
        if self.name == "licence" and tool != "nuke":
            product = self.product(renderer)
            return "start" if product == "maya" else "frame"
        if self.name == "hang" and self.variant == "start":
            return "start"
        return FAULTS[self.name].moments.get(tool)

    def product(self, renderer):
        return self.get("product") or LICENCE_PRODUCTS.get(renderer, "maya")


class Kit:
    """What one process of a stand-in knows of the faults asked for, and where it records."""

    def __init__(self, tool, argv, version):
        self.tool = tool
        self.argv = list(argv)
        self.version = version
        self.faults = []
        self.state = None
        self.records = []
        self._texts = set()
        self._waiting = []
        if os.environ.get("STANDIN_RECORD"):
            self.records.append(os.environ["STANDIN_RECORD"])
        if os.environ.get("STANDIN_FAULTS"):
            self.add(os.environ["STANDIN_FAULTS"], os.getcwd(), "STANDIN_FAULTS")
        self.record(
            "run",
            argv=self.argv,
            cwd=os.getcwd(),
            version=version,
            env={name: value for name, value in sorted(os.environ.items()) if _RECORDED.match(name)},
        )

    def add(self, text, folder, source):
        """More faults, once for each text: a copy of a scene brings no second helping."""
        if text in self._texts:
            return
        self._texts.add(text)
        try:
            data = json.loads(text)
        except ValueError as error:
            misuse("%s: not JSON: %s" % (source, error))
        if isinstance(data, list):
            data = {"faults": data}
        elif isinstance(data, dict) and "fault" in data:
            data = {"faults": [data]}
        if not isinstance(data, dict) or set(data) - {"faults", "state", "record"}:
            misuse('%s: expected {"faults": […], "state": path, "record": path}' % source)
        if data.get("state"):
            self.state = os.path.join(folder, data["state"])
        if data.get("record"):
            path = os.path.join(folder, data["record"])
            if path not in self.records:
                self.records.append(path)
                for line in self._waiting:
                    _append(path, line)
        for fault in data.get("faults", []):
            fault = Fault(fault)
            fault.check()
            self.faults.append(fault)

    def add_scene(self, path):
        """The faults that a scene brings along. A scene that cannot be read brings none."""
        try:
            with open(path, "rb") as file:
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return
        for found in _COMMENT.finditer(text):
            self.add(found.group(1), os.path.dirname(os.path.abspath(path)), path)

    def add_scenes_named_in(self, arguments):
        """Looks through arguments, and through the text files among them, for scenes: some faults strike before a
        script has opened its scene. The scenes found."""
        texts = list(arguments)
        for argument in arguments:
            if argument.endswith((".py", ".json", ".txt")) and os.path.isfile(argument):
                with open(argument, "rb") as file:
                    texts.append(file.read(1 << 20).decode("utf-8", "replace"))
        scenes = []
        for text in texts:
            for path in [text] + _SCENE.findall(text):
                path = path.replace("\\\\", "\\").replace("\\/", "/")
                if path.endswith((".ma", ".mb", ".nk", ".nknc")) and os.path.isfile(path) and path not in scenes:
                    scenes.append(path)
                    self.add_scene(path)
        return scenes

    def strike(self, moment, frame=None, layer=None, renderer=None, frames=None, names=None):
        """The first fault asked for that strikes now. One with `frames` strikes only where its frame is at hand:
        before the frames, where one of those to come (`frames`) is its."""
        for fault in self.faults:
            if names is not None and fault.name not in names:
                continue
            if fault.moment(self.tool, renderer) != moment or fault.get("tool", self.tool) != self.tool:
                continue
            if "frames" in fault:
                here = {frame} if frame is not None else set(frames or ())
                if not here & ranges.frame_set(fault["frames"]):
                    continue
            if "layer" in fault and layer is not None and fault["layer"] not in (layer, _bare(layer)):
                continue
            if "argv" in fault and fault["argv"] not in self.argv:
                continue
            if any(os.environ.get(name, "") != value for name, value in fault.get("env", {}).items()):
                continue
            if "times" in fault and not self._left(fault):
                continue
            self.record("fault", fault=fault.name, frame=frame, layer=layer)
            return fault
        return None

    def _left(self, fault):
        """Takes one of the fault's times, where one is left; counted across processes in the state file."""
        if not self.state:
            misuse("fault `%s`: `times` needs a `state` file to count in" % fault.name)
        key = hashlib.sha1(json.dumps(fault, sort_keys=True).encode("utf-8")).hexdigest()[:16]
        descriptor = os.open(self.state, os.O_RDWR | os.O_CREAT, 0o644)
        with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
            _lock(file)
            counts = json.loads(file.read() or "{}")
            if counts.get(key, 0) >= int(fault["times"]):
                return False
            counts[key] = counts.get(key, 0) + 1
            file.seek(0)
            file.truncate()
            json.dump(counts, file)
            file.flush()
            return True

    def record(self, kind, **facts):
        """One JSON line in every record. Lines from before a scene named its record are added to it then."""
        line = {"kind": kind, "tool": self.tool, "pid": os.getpid(), "time": round(time.time(), 3)}
        line.update(facts)
        text = json.dumps(line, sort_keys=True)
        self._waiting.append(text)
        for path in self.records:
            _append(path, text)


def _append(path, text):
    # One write call in append mode: lines of several processes never mix.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, (text + "\n").encode("utf-8"))
    finally:
        os.close(descriptor)


def _lock(file):
    try:
        import fcntl
    except ImportError:
        return
    fcntl.flock(file, fcntl.LOCK_EX)


def _bare(layer):
    return layer[3:] if layer.startswith("rs_") else layer
