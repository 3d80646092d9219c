"""The runner without WebAssembly: scripts are imported, asked and adapted as in the component, with stand-ins for what
componentize-py makes of the contract. What only the component has (the snapshot, its stack) is tried in `host/plugin`.
"""

import contextlib
import enum
import importlib
import io
import linecache
import os
import sys
import types
import typing
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
RUNNER = os.path.dirname(HERE)
#: What `componentize-py bindings` wrote; scripts/build-runners leaves it beside the runner.
BINDINGS = os.environ.get("FARMHAND_PYTHON_BINDINGS", "")

sys.path[:0] = [RUNNER, os.path.join(RUNNER, "..", "..", "sdk-python"), BINDINGS]
if not hasattr(typing, "Self"):  # Python 3.10
    typing.Self = typing.Any

import farmhand
from componentize_py_types import Err
from wit_world.imports import context
from wit_world.imports import host as wit_host
from wit_world.imports import script as wit_script
from wit_world.imports import types as wit

OWN = ("adapt", "app", "dcc", "granted", "library", "loader", "session", "trouble")

PLUGIN = """
import farmhand
from farmhand import Command, Match, progress

class Glow(farmhand.Plugin):
    tools = ["glow"]
    options = {"quality": {"type": "integer", "default": 50}}
    lines = [Match(r"(?P<frame>\\\\d+) (?P<percent>\\\\d+)%", progress)]

    def build_command(self, task):
        return Command("glow", task.frames, task.job.options.quality, outputs=task.images("png").all())
"""


class Handle:
    """A resource of the host's: its getters give these values."""

    def __init__(self, **values):
        for name, value in values.items():
            setattr(self, name, lambda value=value: value)

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        return None


def job(**values):
    fields = {
        "id": 1, "name": "shot", "scene": "/show/s.glow", "output": "/out/s_##", "layers": [], "options": "{}",
        "frames": [wit.FrameRun(1, 2, 1)], "skip_existing": False, "hook_scripts": [], "path_map": [],
    }
    return Handle(**{**fields, **values})


def task(**values):
    fields = {
        "job": job(), "attempt": 7, "frames": [wit.FrameRun(1, 2, 1)], "layer": None, "level": 0, "try_number": 1,
        "threads": 4, "memory_bytes": 1 << 33, "gpus": [context.Gpu(0, "GPU-1", "H200", 1 << 37)], "scratch": "/sc", "staging": "/st",
        "tools": [context.Tool("glow", "/opt/glow", "1.2")],
    }
    return Handle(**{**fields, **values})


def outcome(**values):
    fields = {
        "exit_code": 0, "signal": None, "ended_by": context.EndedBy.ITSELF, "seconds": 1.0, "facts": [],
        "frames_done": [wit.FrameRun(1, 2, 1)], "frames_missing": [], "faults": [],
    }
    return Handle(**{**fields, **values})


class Farm:
    """A fresh instance of the runner with a script, as the host makes one for nearly every call."""

    def __init__(self, files, main="plugin.py", compiled=None):
        self.files = {main: files} if isinstance(files, str) else files
        self.logged = []
        wit_script.main = lambda: main
        wit_script.files = lambda: sorted(self.files)
        wit_script.read = self._read
        wit_script.compiled = lambda name: (compiled or {}).get(name)
        wit_host.log = lambda level, message: self.logged.append((level, message))
        for name in (*OWN, *[name for name in sys.modules if name.partition(".")[0] in ("__plugin__", "rules", "sub")]):
            sys.modules.pop(name, None)
        linecache.clearcache()

    def _read(self, name):
        if name not in self.files:
            raise Err(f"no file {name}")
        text = self.files[name]
        return text if isinstance(text, bytes) else text.encode()

    @contextlib.contextmanager
    def instance(self):
        """The exports; what they change of this Python is put back."""
        kept = (list(sys.meta_path), list(sys.path), dict(sys.modules), sys.getrecursionlimit())
        lines = importlib.import_module("farmhand.lines")
        output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        try:
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                app = importlib.import_module("app")
                yield app
        finally:
            sys.meta_path[:], sys.path[:] = kept[0], kept[1]
            sys.modules.update(kept[2])
            sys.setrecursionlimit(kept[3])
            lines._eager = True
            output.flush()
            self.printed = output.buffer.getvalue().decode()

    def _answer(self, export, function, *about):
        with self.instance() as app:
            try:
                return getattr(getattr(app, export)(), function)(*about)
            except Err as refused:
                # It is frozen, so no context manager of `contextlib` can pass it on.
                return refused

    def ask(self, export, function, *about):
        """The answer of a call that goes well."""
        answer = self._answer(export, function, *about)
        assert not isinstance(answer, Err), answer.value
        return answer

    def refusal(self, export, function, *about):
        """The error of a call that fails."""
        answer = self._answer(export, function, *about)
        assert isinstance(answer, Err), f"it answered {answer}"
        return answer.value


class Scripts(unittest.TestCase):
    def test_a_script_is_prepared_and_runs_from_its_code(self):
        prepared = Farm(PLUGIN).ask("Runner", "prepare")
        self.assertEqual((prepared.has_hooks, [unit.name for unit in prepared.compiled]), (False, ["plugin.py"]))
        compiled = {unit.name: unit.code for unit in prepared.compiled}
        farm = Farm({"plugin.py": "this is not read"}, compiled=compiled)
        self.assertEqual(farm.ask("Dcc", "describe").name, "glow")

    def test_modules_of_the_script_s_own(self):
        files = {
            "plugin.py": PLUGIN
            + """
import rules
from . import rules as again
from sub import deep
import plugin as me
from sub.deep import VALUE

def of_all():
    return [rules is again, rules.deep is deep, me.Glow is Glow, VALUE, farmhand.host.script_file("sub/a.json")]

Glow.before_job = lambda self, job: farmhand.Note(repr(of_all()))
""",
            "rules.py": "from .sub import deep",
            "sub/deep.py": "from .. import rules\nVALUE = 'deep'",
            "sub/a.json": b"{}",
        }
        hooks = Farm(files).ask("Hooks", "before_job", job())
        self.assertEqual(hooks[0].actions[0].value, repr([True, True, True, "deep", b"{}"]))
        self.assertTrue(Farm(files).ask("Runner", "prepare").has_hooks)

    def test_a_file_of_the_script_s_own_comes_before_others_of_its_name(self):
        files = {
            "plugin.py": PLUGIN + "import loader, json\nGlow.summary = loader.NAME + json.NAME\n",
            "loader.py": "import farmhand\nNAME = farmhand.Plugin.version",
            "json.py": "NAME = ' own'",
            "farmhand/__init__.py": "this is not read",
        }
        self.assertEqual(Farm(files).ask("Dcc", "describe").summary, "0.1.0 own")
        self.assertEqual(len(Farm(files).ask("Runner", "prepare").compiled), 3)
        single = Farm(PLUGIN + "import random\nrandom.random()\n", main="random.py")
        self.assertEqual(single.ask("Dcc", "describe").name, "glow")

    def test_every_mistake_in_the_syntax_is_told_at_once(self):
        files = {"plugin.py": "def f(:\n", "a.py": "x = 1\n  y = 2\n", "b.py": b"x = 1\0", "c.json": "{"}
        refused = Farm(files).refusal("Runner", "prepare")
        self.assertRegex(refused.message, r"\(a.py, line 2\), and 2 more$")
        for part in ('File "a.py", line 2', 'File "plugin.py", line 1\n    def f(:\n          ^', "null bytes"):
            self.assertIn(part, refused.traceback)

    def test_the_main_file_holds_one_plugin(self):
        base = (
            "import farmhand\nclass Base(farmhand.Plugin):\n    tools = ['a']\n    def build_command(self, task): ...\n"
        )
        for text, part in (
            ("import farmhand", "plugin.py holds no subclass of farmhand.Plugin; write `class NAME(farmhand.Plugin):`"),
            ("class Glow:\n    def build_command(self, task): ...", "write `class Glow(farmhand.Plugin):`"),
            (
                base + "class A(farmhand.Plugin): ...",
                "holds 2 subclasses of farmhand.Plugin, and has to hold one: `Base`",
            ),
        ):
            self.assertIn(part, Farm(text).refusal("Runner", "prepare").message)
        self.assertEqual(Farm(base + "class Gleam(Base): ...").ask("Dcc", "describe").name, "gleam")
        of_another = {"plugin.py": "from rules import Base", "rules.py": base}
        self.assertEqual(Farm(of_another).ask("Dcc", "describe").name, "base")

    def test_a_module_that_is_not_there(self):
        for line, part in (
            ("import subprocess", "a plugin runs nothing itself"),
            ("from urllib import reqest, parse", "ImportError: cannot import name 'reqest'"),
            ("import tomlib", "there is `tomllib`"),
            ("import rulez", "there is `rules`"),
            ("import rules.none", "no module `rules.none` here"),
        ):
            refused = Farm({"plugin.py": line, "rules.py": ""}).refusal("Runner", "prepare")
            self.assertIn(part, refused.message)
            self.assertIn(f'File "plugin.py", line 1, in <module>\n    {line}', refused.traceback)

    def test_what_is_printed_and_logged(self):
        text = PLUGIN + "print('hello')\nimport logging, warnings\nlogging.info('%s', 1)\nwarnings.warn('old')\n"
        farm = Farm(text)
        farm.ask("Dcc", "describe")
        self.assertEqual(farm.printed, "hello\n")
        info, warn = wit_host.LogLevel.INFO, wit_host.LogLevel.WARN
        self.assertEqual(farm.logged, [(info, "1"), (warn, "plugin.py, line 15: UserWarning: old")])


class Errors(unittest.TestCase):
    def test_a_traceback_shows_the_script_and_nothing_else(self):
        raising = PLUGIN + "    def judge(self, task, outcome):\n        import json\n        return json.loads('{')\n"
        refused = Farm(raising).refusal("Dcc", "judge", task(), outcome())
        self.assertTrue(refused.message.startswith("JSONDecodeError: Expecting property name"), refused.message)
        self.assertIn("File \"plugin.py\", line 14, in judge\n    return json.loads('{')", refused.traceback)
        self.assertEqual(refused.traceback.count("File "), 1)

    def test_every_kind_of_exception_is_told(self):
        for line, message in (
            ("raise farmhand.PluginError('no seat')", "no seat"),
            ("raise KeyError('x')", "KeyError: 'x'"),
            ("raise ValueError", "ValueError"),
            ("import sys; sys.exit(3)", "SystemExit: 3"),
            ("open('/not/there')", "a plugin has no files of its own"),
            (
                "class E(Exception):\n            def __str__(self): return 1 / 0\n        raise E()",
                "E, which cannot be shown",
            ),
            ("def f(): f()\n        f()", "RecursionError: maximum recursion depth exceeded"),
            ("return 3", "Glow.judge (plugin.py, line 12) gave 3. It has to give a farmhand.Verdict"),
        ):
            text = PLUGIN + f"    def judge(self, task, outcome):\n        {line}\n"
            self.assertIn(message, Farm(text).refusal("Dcc", "judge", task(), outcome()).message)

    def test_a_reader_that_cannot_be_made_says_so_at_its_first_line(self):
        with Farm(PLUGIN + "    def reader(self, task): return 1 / 0\n").instance() as app:
            reader = app.dcc.Reader(task())
            for read in (lambda: reader.read(["x"]), reader.finish):
                try:
                    self.fail(f"it answered {read()}")
                except Err as refused:
                    self.assertEqual(refused.value.message, "ZeroDivisionError: division by zero")

    def test_what_is_wrong_with_validate_is_a_problem_of_the_job(self):
        refused = Farm(PLUGIN + "    def validate(self, job): return 1 / 0\n").refusal("Dcc", "validate", job())
        self.assertEqual((len(refused), refused[0].field), (1, ""))
        self.assertIn("ZeroDivisionError: division by zero\nTraceback", refused[0].message)


class Answers(unittest.TestCase):
    def test_the_description(self):
        one = Farm(PLUGIN).ask("Dcc", "describe")
        self.assertEqual(one.tools, [wit.ToolSpec("glow", ["glow"], [], [])])
        self.assertEqual(one.levels, [wit.Level("render", "Renders.", ["glow"], wit.FrameShape.ANY)])
        self.assertIn('"quality"', one.options_schema)

    def test_jobs(self):
        kept = Farm(PLUGIN).ask("Dcc", "validate", job(options='{"quality": 7}', layers=["fg"]))
        self.assertEqual((kept.options, kept.layers, kept.frames), ('{"quality": 7}', ["fg"], [wit.FrameRun(1, 2, 1)]))
        self.assertEqual(Farm(PLUGIN).refusal("Dcc", "validate", job(output=" "))[0].field, "/output")
        hook = context.HookScript("a.py", "/h/a.py", wit.Moment.AFTER_FRAME, wit.OnFailure.HOLD)
        self.assertEqual(Farm(PLUGIN).refusal("Dcc", "validate", job(hook_scripts=[hook]))[0].field, "/hooks/0/at")

    def test_commands(self):
        command = Farm(PLUGIN).ask("Dcc", "build_command", task())
        self.assertEqual((command.tool, command.args, command.verify), ("glow", ["1-2", "50"], wit.VerifyRule.IMAGES))
        self.assertEqual(command.outputs[0], wit.Output_Image(wit.Image(1, "/st/s_01.png", "/out/s_01.png")))
        full = PLUGIN.replace(
            'outputs=task.images("png").all())',
            "env={'A': 1}, cwd='/sc', files=[farmhand.TextFile('/sc/a', 'x')], "
            "outputs=[farmhand.Movie('/st/m.mov', task.frames)], verify=farmhand.Verify.EXIT_CODE)",
        )
        command = Farm(full).ask("Dcc", "build_command", task(job=job(options='{"quality": 9}')))
        self.assertEqual(
            (command.args[1], command.env, command.cwd, command.files, command.outputs, command.verify),
            (
                *("9", [wit.EnvVar("A", "1")], "/sc", [wit.TextFile("/sc/a", "x", True)]),
                *([wit.Output_Movie(wit.Movie("/st/m.mov", None, [wit.FrameRun(1, 2, 1)]))], wit.VerifyRule.EXIT_CODE),
            ),
        )

    def test_every_event(self):
        events = (
            "FrameStarted(3)",
            "Progress(1)",
            "FrameDone(farmhand.Image(3, '/a'))",
            "FrameSkipped(farmhand.Image(3, '/a', '/b'))",
            "Warned('w')",
            "Fault(farmhand.Severity.WORKER_FATAL, farmhand.Cause.GPU, 'm', 3, '0')",
            "MemoryUsed(1 << 40)",
            "Fact('a', 'b')",
        )
        listed = ", ".join(f"farmhand.{event}" for event in events)
        text = PLUGIN + f"    lines = [Match('x', lambda reader, found: [{listed}])]\n"
        with Farm(text).instance() as app:
            reader = app.dcc.Reader(task())
            seen = reader.read(["x", "y"])
            self.assertEqual(reader.finish(), [])
        image = wit.Image(3, "/a", None)
        fault = wit.Fault(wit.Severity.WORKER_FATAL, wit.Cause.GPU, "m", 3, "0")
        self.assertEqual(
            seen,
            [
                *(wit.Event_FrameStarted(3), wit.Event_Progress(1.0), wit.Event_FrameDone(image)),
                *(wit.Event_FrameSkipped(wit.Image(3, "/a", "/b")), wit.Event_Warning("w"), wit.Event_Fault(fault)),
                *(wit.Event_MemoryBytes(1 << 40), wit.Event_Fact(wit.Fact("a", "b"))),
            ],
        )

    def test_every_decision(self):
        for decision in farmhand.Decision:
            after = ", 5" if decision is farmhand.Decision.RETRY else ""
            text = PLUGIN + (
                "    def judge(self, task, outcome):\n"
                f"        return farmhand.Verdict(farmhand.Decision.{decision.name}, 'why'{after})\n"
            )
            verdict = Farm(text).ask("Dcc", "judge", task(), outcome())
            name = "".join(word.title() for word in decision.name.split("_"))
            self.assertEqual((type(verdict.decision).__name__, verdict.reason), (f"Decision_{name}", "why"))
            self.assertEqual(getattr(verdict.decision, "value", None), 5 if after else None)
        fault = wit.Fault(wit.Severity.TRANSIENT, wit.Cause.LICENCE, "none", None, None)
        ended = outcome(exit_code=1, frames_missing=[wit.FrameRun(1, 2, 1)], faults=[fault])
        self.assertEqual(Farm(PLUGIN).ask("Dcc", "judge", task(), ended).decision, wit.Decision_Retry(30_000))

    def test_every_action(self):
        actions = (
            "Run('glow', 1, env={'A': 1}, seconds=5), farmhand.Write('/a', 'x'), farmhand.Copy('/a', '/b'), "
            "farmhand.Move('/a', '/b'), farmhand.MakeDirectory('/d'), farmhand.Remove('/a'), farmhand.Note('n')"
        )
        text = PLUGIN + (
            "    def after_job(self, job, end):\n"
            "        hold = farmhand.OnFailure.HOLD\n"
            f"        return farmhand.Hook(str(end.frames_done), farmhand.{actions}, on_failure=hold)\n"
            "    def after_task(self, task, outcome):\n"
            "        return farmhand.Note(str(outcome.exit_code))\n"
        )
        end = Handle(complete=True, frames_done=2, frames_failed=0, seconds=1.0)
        hook = Farm(text).ask("Hooks", "after_job", job(), end)[0]
        self.assertEqual((hook.name, hook.on_failure), ("2", wit.OnFailure.HOLD))
        kinds = [type(action).__name__ for action in hook.actions]
        self.assertEqual(
            kinds, [f"Action_{kind}" for kind in ("Run", "Write", "Copy", "Move", "MakeDirectory", "Remove", "Note")]
        )
        program = hook.actions[0].value
        self.assertEqual((program.args, program.env, program.seconds), (["1"], [wit.EnvVar("A", "1")], 5))
        self.assertEqual(Farm(text).ask("Hooks", "after_task", task(), outcome())[0].actions[0].value, "0")
        self.assertEqual(Farm(text).ask("Hooks", "before_task", task()), [])

    def test_the_words_are_the_contract_s(self):
        for name in ("FrameShape", "Severity", "Cause", "Moment", "OnFailure"):
            words = [one.name for one in getattr(wit, name)]
            self.assertEqual([one.name for one in getattr(farmhand, name)], words, name)
        self.assertTrue(issubclass(wit.Severity, enum.Enum) and isinstance(wit, types.ModuleType))


if __name__ == "__main__":
    unittest.main()
