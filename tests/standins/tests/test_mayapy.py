"""`mayapy`: scripts run for real, the order of calls is held to, and what is wrong raises as in Maya."""

import os
import sys
import unittest

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

import support

OPEN = """
import sys
import maya.standalone
maya.standalone.initialize(name="python")
from maya import cmds, mel
cmds.file(sys.argv[1], open=True, force=True)
cmds.workspace(fileRule=["images", sys.argv[2]])
"""
CLOSE = "\nmaya.standalone.uninitialize()\n"


class Mayapy(support.Case):
    def run_script(self, scene, body, close=CLOSE, **env):
        return self.run_tool("mayapy", self.script(OPEN + body + close), self.scene(scene), self.out, **env)

    def test_each_renderer_by_its_own_call(self):
        cases = [
            (
                "software.ma",
                """
cmds.setAttr("defaultRenderGlobals.startFrame", 3)
cmds.setAttr("defaultRenderGlobals.endFrame", 3)
cmds.render("persp", layer="defaultRenderLayer")
""",
                ["software.0003.png"],
            ),
            ("arnold.ma", 'cmds.arnoldRender(batch=True, seq="3", camera="perspShape")', ["arnold.0003.exr"]),
            (
                "vray.ma",
                """
cmds.setAttr("vraySettings.animType", 2)
cmds.setAttr("vraySettings.animFrames", "3", type="string")
cmds.vrend(camera="persp")
""",
                ["vray.0003.png"],
            ),
            (
                "redshift.ma",
                """
cmds.setAttr("defaultRenderGlobals.startFrame", 3)
cmds.setAttr("defaultRenderGlobals.endFrame", 3)
cmds.rsRender(render=True, animation=True, blocking=True)
""",
                ["redshift.0003.exr"],
            ),
            (
                "redshift.ma",
                """
cmds.setAttr("defaultRenderGlobals.startFrame", 3)
cmds.setAttr("defaultRenderGlobals.endFrame", 3)
mel.eval('string $opt = ""; mayaBatchRenderProcedure(0, "", "", "redshift", $opt);')
""",
                ["redshift.0003.exr"],
            ),
            ("hardware2.ma", 'cmds.ogsRender(camera="persp", frame=3)', ["hardware2.0003.png"]),
            ("arnold.ma", "mel.eval('arnoldRender -batch -seq \"3\"')", ["arnold.0003.exr"]),
        ]
        for index, (scene, body, images) in enumerate(cases):
            self.out = os.path.join(self.dir, "out%d" % index)
            result = self.run_script(scene, body)
            self.assertEqual((result.code, self.images()), (0, images), result.text)

    def test_renderman(self):
        result = self.run_script(
            "renderman.ma",
            """
import rfm2.render
cmds.workspace(sys.argv[2][:-3] + "project", openWorkspace=True)
rfm2.render.frame("-s 3 -e 4 -layer defaultRenderLayer")
""",
        )
        self.assertEqual(result.code, 0, result.text)
        self.assertEqual(self.frames(), [("defaultRenderLayer", 3), ("defaultRenderLayer", 4)])

    def test_what_raises(self):
        cases = [
            ('cmds.getAttr("no.thing")', "ValueError: No object matches name: no.thing"),
            (
                'cmds.setAttr("defaultRenderGlobals.nope", 1)',
                "RuntimeError: setAttr: No object matches name: defaultRenderGlobals.nope",
            ),
            ('cmds.setAttr("defaultRenderGlobals.imageFilePrefix", "x")', 'type="string" is missing'),
            ("cmds.studioRender()", "AttributeError: module 'maya.cmds' has no attribute 'studioRender'"),
            ('cmds.arnoldRender(batch=True, seq="1")', "has no attribute 'arnoldRender'"),
            ("cmds.ls(nope=True)", "TypeError: Invalid flag 'nope'"),
            ('cmds.loadPlugin("nope")', 'Plug-in, "nope", was not found on MAYA_PLUG_IN_PATH.'),
            ('cmds.editRenderLayerGlobals(currentRenderLayer="nope")', "RuntimeError: No object matches name: nope"),
            ('cmds.render("noCam")', "RuntimeError: No object matches name: noCam"),
            ('cmds.file("/none.ma", open=True)', "RuntimeError: Cannot load scene"),
            ('cmds.workspace("/none", openWorkspace=True)', "Cannot open project"),
            ('mel.eval("studioThing")', 'Cannot find procedure "studioThing"'),
            ('mel.eval("source \\"no.mel\\"")', 'Cannot find file "no.mel" for source statement.'),
            ("1 / 0", "ZeroDivisionError"),
        ]
        for body, text in cases:
            result = self.run_script("software.ma", body)
            self.assertEqual(result.code, 1, body)
            self.assertIn(text, result.text)

    def test_the_order_of_arnold(self):
        cases = [
            ('cmds.arnoldRender(seq="1")', "batch mode only"),
            (
                'cmds.setAttr("defaultRenderGlobals.currentRenderer", "mayaSoftware", type="string")\n'
                'cmds.arnoldRender(batch=True, seq="1")',
                "not Arnold",
            ),
        ]
        for body, text in cases:
            result = self.run_script("arnold.ma", body)
            self.assertEqual(result.code, 1)
            self.assertIn(text, result.text)
        result = self.run_script(
            "arnold.ma",
            'cmds.workspace(cmds.workspace(q=True, rd=True) if 0 else "project", o=True)\n'
            'cmds.setAttr("defaultArnoldRenderOptions.renderType", 1)\n'
            'cmds.arnoldRender(batch=True, seq="1")',
        )
        self.assertEqual((result.code, self.images()), (0, []), result.text)

    def test_nothing_works_outside_of_a_session(self):
        cases = [
            ("from maya import cmds\ncmds.ls()", "before maya.standalone.initialize()"),
            (
                "import maya.standalone as s\nfrom maya import cmds\ns.initialize()\ns.uninitialize()\ncmds.ls()",
                "after maya.standalone.uninitialize()",
            ),
        ]
        for text, when in cases:
            result = self.run_tool("mayapy", self.script(text))
            self.assertEqual(result.code, 1)
            self.assertIn("RuntimeError: Maya's commands are not available %s" % when, result.text)

    def test_a_forgotten_uninitialize_is_recorded(self):
        result = self.run_script("software.ma", "", close="")
        self.assertEqual(result.code, 0)
        self.assertEqual(len(self.records("forgotten")), 1)

    def test_layers_by_render_setup_and_by_name(self):
        result = self.run_script(
            "render-setup.ma",
            """
import maya.app.renderSetup.model.renderSetup as renderSetup
setup = renderSetup.instance()
print([layer.name() for layer in setup.getRenderLayers()])
setup.switchToLayer(setup.getRenderLayer("chars"))
cmds.arnoldRender(batch=True, seq="1")
cmds.editRenderLayerGlobals(currentRenderLayer="rs_env")
cmds.arnoldRender(batch=True, seq="2")
print(cmds.listConnections("chars.legacyRenderLayer"), cmds.ls(type="renderSetupLayer"))
""",
        )
        self.assertIn("['chars', 'env']", result.text)
        self.assertIn("['rs_chars'] ['chars', 'env']", result.text)
        self.assertEqual(self.frames(), [("rs_chars", 1), ("rs_env", 2)])

    def test_a_saved_copy_keeps_changes_and_faults(self):
        scene = self.scene("software.ma", [{"fault": "watermark"}])
        copy = os.path.join(self.dir, "copy.ma")
        result = self.run_tool(
            "mayapy",
            self.script(
                OPEN
                + """
cmds.setAttr("defaultRenderGlobals.endFrame", 9)
cmds.setAttr("defaultRenderGlobals.imageFilePrefix", 'a "b"', type="string")
cmds.file(rename=sys.argv[3])
cmds.file(save=True, type="mayaAscii")
cmds.file(sys.argv[3], open=True, force=True)
print(cmds.getAttr("defaultRenderGlobals.endFrame"), cmds.getAttr("defaultRenderGlobals.imageFilePrefix"))
"""
                + CLOSE
            ),
            scene,
            self.out,
            copy,
        )
        self.assertIn('9.0 a "b"', result.text)
        with open(copy, encoding="utf-8") as file:
            self.assertIn("standin:", file.read())

    def test_ways_to_start(self):
        cases = [
            (["-c", "import sys; sys.exit(len(sys.argv))", "a"], 2),
            ([self.script("import sys; sys.exit(sys.argv[1:] == ['-x', '--y'])"), "-x", "--y"], 1),
            (["-u", "-c", "pass"], 0),
            (["--nope"], 2),
            (["/none.py"], 2),
            ([self.script("raise SystemExit('no')", "no.py")], 1),
        ]
        for arguments, code in cases:
            self.assertEqual(self.run_tool("mayapy", *arguments).code, code, arguments)

    def test_what_is_done_at_exit_is_done(self):
        result = self.run_tool("mayapy", "-c", "import atexit; atexit.register(print, 'at', 'exit')")
        self.assertIn("at exit", result.text)

    def test_preferences_that_cannot_be_written(self):
        folder = self.script("a file", "prefs")
        result = self.run_tool("mayapy", "-c", "import maya.standalone as s; s.initialize()", MAYA_APP_DIR=folder)
        self.assertEqual(result.code, 1)
        self.assertIn("Error encountered when initializing Maya", result.text)


if __name__ == "__main__":
    unittest.main()
