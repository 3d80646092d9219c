"""What the stand-ins' own tests share: a folder for each test, a stand-in run to its end, and images read back."""

import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
STANDINS = os.path.dirname(HERE)
SCENES = os.path.join(STANDINS, "scenes")
# Longer than any stand-in takes; reached only when a test has failed.
PATIENCE = 60


class Result:
    def __init__(self, code, text):
        self.code, self.text = code, text


class Case(unittest.TestCase):
    """A test with a folder of its own, a record of what ran, and a project."""

    def setUp(self):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="standins-"))
        self.addCleanup(shutil.rmtree, self.dir)
        self.record = os.path.join(self.dir, "record.jsonl")
        self.project = os.path.join(self.dir, "project")
        self.out = os.path.join(self.dir, "out")
        os.mkdir(self.project)

    def environment(self, **more):
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("STANDIN_", "MAYA_", "NUKE_", "ARNOLD_", "CUDA_"))
        }
        env.update({"STANDIN_RECORD": self.record, "HOME": self.dir})
        env.update(more)
        return env

    def command(self, tool, *arguments):
        # The interpreter of the tests, so that each of them tests the version that runs it.
        return [sys.executable, os.path.join(STANDINS, "bin", tool)] + [str(argument) for argument in arguments]

    def run_tool(self, tool, *arguments, **env):
        done = subprocess.run(
            self.command(tool, *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=self.environment(**env),
            cwd=self.dir,
            timeout=PATIENCE,
        )
        return Result(done.returncode, done.stdout.decode("utf-8"))

    def scene(self, name, faults=None, **more):
        """A copy of a sample scene, with faults in it."""
        path = os.path.join(self.dir, name)
        with open(os.path.join(SCENES, name), encoding="utf-8") as file:
            text = file.read()
        if faults is not None:
            mark = "#" if name.endswith(".nk") else "//"
            first, _, rest = text.partition("\n")
            text = "%s\n%s standin: %s\n%s" % (first, mark, json.dumps(dict(more, faults=faults)), rest)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def script(self, text, name="script.py"):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def records(self, kind):
        with open(self.record, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        return [line for line in lines if line["kind"] == kind]

    def frames(self):
        return [(line["layer"], line["frame"]) for line in self.records("frame")]

    def images(self, folder=None):
        """All files under the folder, as paths below it."""
        folder = folder or self.out
        found = []
        for path, _, names in os.walk(folder):
            found += [os.path.relpath(os.path.join(path, name), folder) for name in names]
        return sorted(found)


SCRIPT = """
import sys
import maya.standalone
maya.standalone.initialize()
from maya import cmds
cmds.file(sys.argv[1], open=True, force=True)
cmds.workspace(fileRule=["images", sys.argv[2]])
for frame in (1, 2, 3):
    %s
maya.standalone.uninitialize()
"""
CALLS = {
    "arnold.ma": 'cmds.arnoldRender(batch=True, seq=str(frame), camera="persp")',
    "redshift.ma": "cmds.currentTime(frame); cmds.rsRender(render=True)",
    "software.ma": 'cmds.setAttr("defaultRenderGlobals.startFrame", frame); '
    'cmds.setAttr("defaultRenderGlobals.endFrame", frame); cmds.render("persp")',
    "vray.ma": 'cmds.setAttr("vraySettings.animType", 2); '
    'cmds.setAttr("vraySettings.animFrames", str(frame), type="string"); cmds.vrend(camera="persp")',
}
RENDERERS = {
    "arnold.ma": "arnold",
    "redshift.ma": "redshift",
    "software.ma": "sw",
    "vray.ma": "vray",
    "renderman.ma": "renderman",
}


class Kit(Case):
    """Sample scenes with faults in them, rendered by each tool."""

    def maya(self, tool, scene, faults, *flags, **env):
        """Frames 1 to 3 of a sample scene with these faults, in a fresh output folder."""
        shutil.rmtree(self.out, ignore_errors=True)
        path = self.scene(scene, faults)
        if tool == "mayapy":
            return self.run_tool("mayapy", self.script(SCRIPT % CALLS[scene]), path, self.out, **env)
        line = ["-r", RENDERERS[scene], "-proj", self.project, "-rd", self.out]
        if scene == "renderman.ma":
            line = line[:4]
        return self.run_tool("Render", *(line + list(flags) + ["-s", 1, "-e", 3, path]), **env)

    def nuke(self, faults, *switches, **env):
        self.out = os.path.join(self.dir, "renders")
        shutil.rmtree(self.out, ignore_errors=True)
        script = self.scene("comp.nk", faults)
        return self.run_tool("nuke", *(list(switches) + ["-X", "Matte", "-F", "1-3", "-x", script]), **env)

    def numbers(self):
        """The frames that have an image."""
        return [int(image.split(".")[-2]) for image in self.images()]


def decode_png(data):
    """Width, height and rows. AssertionError where a check sum is wrong, zlib.error where the data is cut."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, body, size = 8, b"", None
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (check,) = struct.unpack(">I", data[at + 8 + length : at + 12 + length])
        assert check == zlib.crc32(kind + content) & 0xFFFFFFFF
        if kind == b"IHDR":
            size = struct.unpack(">II", content[:8])
        elif kind == b"IDAT":
            body += content
        at += 12 + length
    raw = zlib.decompress(body)
    width, height = size
    assert len(raw) == height * (1 + 3 * width)
    return width, height, [raw[y * (1 + 3 * width) + 1 : (y + 1) * (1 + 3 * width)] for y in range(height)]
