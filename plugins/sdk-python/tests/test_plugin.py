"""A plugin as the daemon asks it: its description, its answers, and what becomes of an author's mistakes."""

import contextlib
import io
import os
import tempfile
import unittest

from farmhand import (
    Cause,
    Command,
    Copy,
    Decision,
    Fault,
    FrameRuns,
    FrameShape,
    GpuNeed,
    Hook,
    HookScript,
    Image,
    JobEnd,
    Level,
    Match,
    Moment,
    Needs,
    Note,
    OnFailure,
    PathRule,
    Plugin,
    PluginError,
    PreparedJob,
    Problem,
    Progress,
    Reader,
    Run,
    Severity,
    Tool,
    ToolSpec,
    Verdict,
    done,
    fault,
    host,
    progress,
    testing,
)


class Glow(Plugin):
    """Renders scenes of glow.

    And more.
    """

    extensions = ["glow"]
    tools = ["glow"]
    options = {"quality": {"type": "integer", "default": 50}, "camera": {"type": "string"}}
    lines = [
        Match(r"^(?P<percent>\d+)%", progress),
        Match(r"^wrote (?P<path>.+)", done),
        Match(r"^LICENCE: (?P<message>.+)", fault(Severity.TRANSIENT, Cause.LICENCE)),
    ]

    def build_command(self, task):
        return Command("glow", "--frames", task.frames, "--quality", task.job.options.quality, task.job.scene)


def made(**members):
    """A class like Glow with other members."""
    return type("Glow", (Glow,), members)


class Descriptions(unittest.TestCase):
    def test_the_smallest_says_all(self):
        one = testing.descriptor(Glow)
        self.assertEqual(
            (one.name, one.version, one.summary, one.extensions, one.supports),
            ("glow", "0.1.0", "Renders scenes of glow.", ["glow"], "*"),
        )
        self.assertEqual(one.tools, [ToolSpec("glow", ["glow"])])
        self.assertEqual(one.levels, [Level("render", "Renders.", ["glow"], FrameShape.ANY)])
        self.assertEqual(
            one.options_schema, {"type": "object", "additionalProperties": False, "properties": Glow.options}
        )

    def test_what_is_said_is_taken(self):
        tool = ToolSpec("gl", ["gl2", "gl"], ["/opt/gl*/gl"], ["--version"])
        schema = {"type": "object", "properties": {}}
        levels = [Level("all", "", None), Level("one", "One by one.", ["gl"], FrameShape.SINGLE)]
        one = testing.descriptor(
            made(
                name="gl",
                version="2.0.0",
                summary="x",
                supports=">=2",
                tools=(tool, "glow"),
                levels=levels,
                options=schema,
            )
        )
        self.assertEqual((one.name, one.version, one.summary, one.supports), ("gl", "2.0.0", "x", ">=2"))
        self.assertEqual((one.tools[0], one.options_schema), (tool, schema))
        self.assertEqual([level.tools for level in one.levels], [["gl", "glow"], ["gl"]])
        self.assertEqual(testing.descriptor(type("GlowThreeD", (Glow,), {})).name, "glow-three-d")

    def test_mistakes_name_the_attribute(self):
        for members, part in (
            ({"tools": []}, "Glow.tools is empty"),
            ({"tools": "glow"}, "Glow.tools is 'glow': a list was expected"),
            ({"tools": [3]}, "Glow.tools[0] is 3: str or ToolSpec was expected"),
            ({"tools": [ToolSpec("glow", names=[3])]}, "Glow.tools[0]: `names[0]` is 3: a text was expected"),
            ({"extensions": ["glow", None]}, "Glow.extensions[1] is None: str was expected"),
            ({"version": 1.0}, "Glow.version is 1.0: a text was expected"),
            ({"levels": [Level("x", frames="any")]}, "Glow.levels[0]: `frames` is 'any': a farmhand.FrameShape was"),
            ({"options": {"quality": 50}}, "`quality` is 50; write its JSON schema"),
            ({"options": {"quality": {"default": {1}}}}, "cannot be written as JSON"),
            ({"options": []}, "Glow.options is []: a dict"),
            ({"lines": [("x", done)]}, "Glow.lines[0] is ('x', "),
            ({"build_command": Plugin.build_command}, "write `build_command(self, task)`"),
        ):
            with self.assertRaises(PluginError) as raised:
                testing.descriptor(made(**members))
            self.assertIn(part, str(raised.exception))


class Commands(unittest.TestCase):
    def test_knows_its_task_and_the_defaults_of_the_options(self):
        for options, quality in (({}, "50"), ({"quality": 70}, "70")):
            command = testing.command(Glow, testing.task("1-3", "/s.glow", options=options))
            self.assertEqual(command.args, ["--frames", "1-3", "--quality", quality, "/s.glow"])

    def test_an_option_that_is_not_there(self):
        task = testing.task(options={"quality": 1})
        with self.assertRaisesRegex(AttributeError, "`qualty`.* did you mean `quality`"):
            testing.command(made(build_command=lambda self, task: task.job.options.qualty), task)
        with self.assertRaisesRegex(
            KeyError, "no option `camera` is set and it has no default; those with a value: `quality`"
        ):
            testing.command(made(build_command=lambda self, task: task.job.options["camera"]), task)
        self.assertIsNone(task.job.options.get("camera"))

    def test_mistakes_say_where(self):
        for answer, part in (
            (None, "gave None; is a `return` missing? It has to give a farmhand.Command"),
            ("glow", "gave 'glow'."),
            (Command("glo"), "asks for the tool 'glo'; level 0 has 'glow'"),
            (Command("glow", cwd=3), "a Command in which `cwd` is 3"),
            (
                Command("glow", outputs=[Image("3", "/x")]),
                "`outputs[0]`: `frame` is '3': a whole number from -2147483648",
            ),
            (Command("glow", outputs=[3]), "`outputs[0]` is 3: a farmhand.Image was expected"),
            (Command("glow", "\ud800"), "without halves of characters"),
        ):
            with self.assertRaises(PluginError) as raised:
                testing.command(made(build_command=lambda self, task, answer=answer: answer))
            message = str(raised.exception)
            self.assertIn(part, message)
            self.assertRegex(message, r"Glow.build_command \(.*test_plugin.py, line \d+\)")
        command = Command("glow")
        command.args.append(5)
        with self.assertRaisesRegex(PluginError, r"`args\[0\]` is 5: a text was expected"):
            testing.command(made(build_command=lambda self, task: command))

    def test_tools_of_the_task(self):
        task = testing.task(tools=[Tool("glow", "/opt/glow", "1.2")])
        self.assertEqual(task.tool("glow").version, "1.2")
        with self.assertRaisesRegex(PluginError, "no tool `gl` is offered at level 0; offered: `glow`"):
            task.tool("gl")


class Validation(unittest.TestCase):
    def test_a_job_is_kept_as_it_is(self):
        job = testing.job(options={"quality": 7}, layers=["fg"])
        kept = testing.validate(Glow, job)
        self.assertEqual(
            (kept.options, kept.layers, kept.frames, kept.output), ({"quality": 7}, ["fg"], job.frames, job.output)
        )

    def test_problems_in_every_form(self):
        one, two = Problem("/options/quality", "odd"), Problem("/output", "no")

        def several(self, job):
            yield one
            yield two

        for validate, problems in (
            (lambda self, job: one, [one]),
            (lambda self, job: [one, two], [one, two]),
            (several, [one, two]),
            (lambda self, job: iter(()), None),
            (lambda self, job: [], None),
        ):
            answer = testing.validate(made(validate=validate))
            self.assertEqual(answer if problems else None, problems)

    def test_a_job_that_was_changed(self):
        def validate(self, job):
            kept = job.prepared()
            kept.licences.append("glow")
            return kept

        self.assertEqual(testing.validate(made(validate=validate)).licences, ["glow"])
        wrong = made(validate=lambda self, job: PreparedJob(frames="1-10"))
        with self.assertRaisesRegex(PluginError, "a PreparedJob in which `frames` is '1-10': a farmhand.FrameRuns was"):
            testing.validate(wrong)
        for answer, part in (
            ("no", "gave 'no'"),
            (3, "gave 3"),
            (["no"], "gave 'no'"),
            (PreparedJob(options={"a": {1}}), "as JSON"),
        ):
            with self.assertRaisesRegex(PluginError, part):
                testing.validate(made(validate=lambda self, job, answer=answer: answer))

    def test_what_no_plugin_has_to_look_for(self):
        for output, part in (("~/x", "`~` is not expanded"), (" ", "the output is empty")):
            self.assertIn(part, testing.validate(Glow, testing.job(output=output))[0].message)
        checked = made(validate=lambda self, job: job.template_problem())
        problem = testing.validate(checked, testing.job(output="/o/{shot}.png"))[0]
        self.assertEqual((problem.field, problem.message[:28]), ("/output", "column 4: unknown token `{sh"))
        for output in ("/o/a_####.png", None):
            self.assertIsInstance(testing.validate(checked, testing.job(output=output)), PreparedJob)
        of_frame = HookScript("denoise.py", "/h/denoise.py", Moment.AFTER_FRAME)
        job = testing.job(hook_scripts=[HookScript("a.py", "/h/a.py", Moment.AFTER_JOB), of_frame])
        self.assertEqual(testing.validate(Glow, job)[0].field, "/hooks/1/at")
        self.assertIsInstance(testing.validate(made(frame_hooks=True), job), PreparedJob)
        self.assertEqual(job.frame_hooks(), [of_frame])

    def test_paths_inside_a_scene_are_mapped(self):
        job = testing.job(
            path_map=[PathRule("//fs/show/a", "/a"), PathRule("//fs/show", "/show"), PathRule("P:/", "/p/")]
        )
        for path, here in (
            ("\\\\fs\\show\\a\\x.png", "/a/x.png"),
            ("//fs/show/b.png", "/show/b.png"),
            ("//fs/shows/b.png", "//fs/shows/b.png"),
            ("P:\\b.png", "/p/b.png"),
            ("/x", "/x"),
        ):
            self.assertEqual(job.mapped(path), here)


class Reading(unittest.TestCase):
    def test_the_table_is_the_reader(self):
        self.assertEqual(testing.events(Glow, "5%\nnoise"), [Progress(0.05)])
        self.assertEqual(testing.events(Glow, ["5%\n"]), [Progress(0.05)])

    def test_a_reader_of_its_own(self):
        class Lines(Reader):
            def line(self, line):
                return Progress(0.5)

            def finish(self):
                yield Progress(1.0)

        self.assertEqual(testing.events(made(reader=Lines), "x"), [Progress(0.5), Progress(1.0)])

    def test_mistakes(self):
        class Forgetful(Reader):
            def __init__(self, task):
                pass

        class Wrong(Reader):
            def line(self, line):
                return Progress("half")

        class Wronger(Reader):
            def line(self, line):
                return line

        for reader, part in (
            (lambda self, task: None, "gave None; is a `return` missing"),
            (Forgetful, "Forgetful.__init__ has to call `super().__init__(task)`"),
            (Wrong, "Wrong gave a Progress in which `part` is 'half': a number was expected"),
        ):
            with self.assertRaises(PluginError) as raised:
                testing.events(made(reader=reader), "x")
            self.assertIn(part, str(raised.exception))
        with self.assertRaisesRegex(TypeError, "Wronger.line gave 'x' where a farmhand event"):
            testing.events(made(reader=Wronger), "x")


class Verdicts(unittest.TestCase):
    def test_standard_unless_the_plugin_knows_better(self):
        ended = testing.outcome("1", "2-10", 1)
        self.assertEqual(testing.verdict(Glow, ended, log="LICENCE: none").after_ms, 30_000)
        hold = Verdict(Decision.HOLD_JOB, "x")
        for judge, decision in (
            (lambda self, task, outcome: None, Decision.FAIL_FRAMES),
            (lambda self, task, outcome: hold, Decision.HOLD_JOB),
        ):
            self.assertIs(testing.verdict(made(judge=judge), testing.outcome("", "1", 1)).decision, decision)
        two_levels = made(levels=[Level("a"), Level("b")])
        self.assertIs(testing.verdict(two_levels, testing.outcome("", "1", 1)).decision, Decision.FALL_BACK)

    def test_mistakes(self):
        for answer, part in (
            (Decision.ACCEPT, "farmhand.Verdict"),
            (Verdict("accept", ""), "`decision` is 'accept': a farmhand.Decision was expected"),
            (Verdict(Decision.RETRY, "x", -1), "`after_ms` is -1"),
            (Verdict(Decision.RETRY, "x", 0.5), "`after_ms` is 0.5"),
        ):
            with self.assertRaisesRegex(PluginError, part):
                testing.verdict(made(judge=lambda self, task, outcome, answer=answer: answer), testing.outcome())

    def test_an_outcome_in_a_line(self):
        self.assertEqual(testing.outcome("1-3", "4", signal=11).exit_code, None)
        self.assertEqual(testing.outcome([1, 2], 4).frames_done, FrameRuns.range(1, 2))
        broken = Fault(Severity.TRANSIENT, Cause.DISK, "x")
        self.assertEqual(testing.outcome(faults=[broken]).faults, [broken])


class TaskNeeds(unittest.TestCase):
    def test_nothing_unless_the_plugin_says_it(self):
        self.assertEqual(testing.needs(Glow), Needs())
        self.assertEqual(testing.needs(made(needs=lambda self, job, level: None)), Needs())

    def test_by_job_and_level(self):
        def needs(self, job, level):
            return Needs(memory_bytes=job.options.quality, gpus=None if level else GpuNeed(2, required=False))

        plugin = made(needs=needs, options={"quality": {"type": "integer", "default": 50}})
        self.assertEqual(testing.needs(plugin, 0), Needs(50, GpuNeed(2, None, False)))
        self.assertEqual(testing.needs(plugin, 1, testing.job(options={"quality": 7})), Needs(7))

    def test_mistakes(self):
        for answer, part in (
            (3, "gave 3. It has to give a farmhand.Needs, or None"),
            (Needs("8 GB"), "a Needs in which `memory_bytes` is '8 GB': a whole number"),
            (Needs(-1), "`memory_bytes` is -1"),
            (Needs(gpus=1), "`gpus` is 1: a farmhand.GpuNeed was expected"),
            (Needs(gpus=GpuNeed(required=1)), "`gpus`: `required` is 1: True or False was expected"),
        ):
            with self.assertRaises(PluginError) as raised:
                testing.needs(made(needs=lambda self, job, level, answer=answer: answer))
            self.assertIn(part, str(raised.exception))


class Hooks(unittest.TestCase):
    def test_in_every_form(self):
        note, copy = Note("x"), Copy("/a", "/b")
        publish = Hook("publish", copy, on_failure=OnFailure.HOLD)
        for answer, hooks in (
            (None, []),
            (note, [Hook("after-task", note)]),
            ([note, copy], [Hook("after-task", note, copy)]),
            (publish, [publish]),
            ([publish, note], [Hook("after-task", note), publish]),
        ):
            plugin = made(after_task=lambda self, task, outcome, answer=answer: answer)
            self.assertEqual(testing.hooks(plugin, "after_task", testing.task(), testing.outcome()), hooks)

    def test_the_others(self):
        self.assertEqual(testing.hooks(Glow, "before_job", testing.job()), [])
        self.assertEqual(testing.hooks(Glow, "before_task", testing.task()), [])
        noted = made(after_job=lambda self, job, end: Note(f"{end.frames_done} of {job.frames.count}"))
        self.assertEqual(
            testing.hooks(noted, "after_job", testing.job(), JobEnd(frames_done=3))[0].actions, [Note("3 of 10")]
        )
        self.assertEqual(Run("glow", "-v", 4, env={"A": 1}).args, ["-v", "4"])

    def test_mistakes(self):
        for answer, part in (
            ("x", "gave 'x'"),
            (["x"], "gave 'x'"),
            (Hook("x", "y"), "a Hook in which `actions[0]` is 'y': a farmhand.Action was expected"),
            (Copy("/a", None), "`actions[0]`: `target` is None: a text was expected"),
        ):
            with self.assertRaises(PluginError) as raised:
                testing.hooks(made(before_task=lambda self, task, answer=answer: answer), "before_task", testing.task())
            self.assertIn(part, str(raised.exception))


class Host(unittest.TestCase):
    def test_a_test_sets_its_answers(self):
        files = {"/s/a.txt": "größe\r\nlast", "/s/sub/b.bin": b"\xff\n" + b"x" * (2 << 20) + b"\nend"}
        with testing.host({"seats": 3}, {"HOME": "/h"}, files, {"p.json": "{}"}) as answering:
            self.assertEqual(
                (host.config(), host.env("HOME"), host.env("X"), host.env("X", "y")), ({"seats": 3}, "/h", None, "y")
            )
            self.assertEqual(host.read_file("/s/a.txt"), "größe\r\nlast")
            self.assertEqual(list(host.scan("/s/a.txt")), ["größe", "last"])
            self.assertEqual(list(host.scan("/s/sub/b.bin"))[0::2], ["\ufffd", "end"])
            self.assertEqual(len(list(host.scan("/s/sub/b.bin", 10))), 1)
            self.assertEqual(host.read_part("/s/a.txt", 6, 3), b"e\r\n"[:3])
            self.assertTrue(host.file_exists("/s/a.txt") and host.directory_exists("/s/sub"))
            self.assertFalse(host.file_exists("/s/b") or host.directory_exists("/t"))
            self.assertEqual(host.list_files("/s"), sorted(files))
            self.assertEqual(host.script_file("p.json"), b"{}")
            with self.assertRaisesRegex(PluginError, "/s/none: the test set no such file"):
                host.read_file("/s/none")
            host.debug(1)
            host.info("two")
            host.warn("three")
            host.error("four")
        self.assertEqual(
            answering.logged,
            list(
                zip(
                    (host.LogLevel.DEBUG, host.LogLevel.INFO, host.LogLevel.WARN, host.LogLevel.ERROR),
                    ("1", "two", "three", "four"),
                    strict=True,
                )
            ),
        )

    def test_without_a_host_files_come_from_disk(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "a.txt")
            with open(file, "w", encoding="utf-8") as out:
                out.write("one\ntwo")
            self.assertEqual(
                (host.read_file(file), host.read_part(file, 1, 2), host.list_files(folder)), ("one\ntwo", b"ne", [file])
            )
            self.assertTrue(host.file_exists(file) and host.directory_exists(folder))
            with self.assertRaisesRegex(PluginError, "none"):
                host.read_file(os.path.join(folder, "none"))
            with self.assertRaisesRegex(PluginError, "none"):
                host.read_part(os.path.join(folder, "none"), 0, 1)
        self.assertEqual((host.config(), host.env("PATH")), ({}, None))
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            host.info("hello")
        self.assertEqual(said.getvalue(), "info: hello\n")
        self.assertIn(b"test_a_test_sets", host.script_file("test_plugin.py"))
        with self.assertRaisesRegex(PluginError, "holds no file `none.json`"):
            host.script_file("none.json")


if __name__ == "__main__":
    unittest.main()
