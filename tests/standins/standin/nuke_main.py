"""`nuke`: renders a script's Writes (`-x`) or runs Python with the module `nuke` (`-t`). Its codes: 0, 1 for errors,
100 without a licence; 0 also where `--cont` went past failed frames, as documented."""

import os
import re
import runpy
import sys

from . import nuke_faults, nuke_grammar, nuke_script, process
from .kit import Kit
from .maya_renderers import visible_devices
from .maya_session import exit_now
from .nuke_faults import NukeError, error, stamp
from .nuke_session import Session
from .output import complain, say, tell, tell_exception

VERSION = "15.1v1"
MODULES = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "modules")


class Process:
    """This process's Nuke, for the module `nuke`."""

    session = None
    line = None


def version(path):
    """The version that the path of an installation names."""
    found = re.search(r"Nuke(\d+\.\d+v\d+)", os.path.abspath(path))
    return os.environ.get("STANDIN_VERSION") or (found.group(1) if found else VERSION)


def main(argv):
    kit = Kit("nuke", argv, version(argv[0]))

    def leave(code):
        kit.record("exit", code=code)
        exit_now(code)

    try:
        line = nuke_grammar.parse(argv[1:])
    except nuke_grammar.Usage as reason:
        complain("nuke: %s" % reason)
        complain(nuke_grammar.USAGE)
        leave(1)
    if "-version" in line.alone:
        say("Nuke %s, 64 bit, built Jun  6 2024." % kit.version)
        leave(0)
    if "-gpulist" in line.alone:
        for index in range(visible_devices()):
            say("%d: stand-in GPU" % index)
        leave(0)
    if not (line.executes() or line.terminal()):
        complain("stand-in: nuke has no window here; use -x or -t")
        leave(1)
    if "-tg" in line.alone and sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        complain("--tg needs a display")
        leave(1)
    kit.add_scenes_named_in(argv[1:])
    say("Nuke %s, 64 bit, built Jun  6 2024." % kit.version)
    say("A stand-in of farmhand's tests: it renders nothing.")
    session = Process.session = settle(Session(kit, leave), line)
    Process.line = line
    start(kit, line, leave)
    code = execute(session, line) if line.executes() else terminal(session, line)
    kit.record("exit", code=code)
    # Python's own end, with all that a script wants done at it.
    sys.exit(code)


def settle(session, line):
    session.gpu = line.gpu is not None or "-multigpu" in line.alone
    session.quiet = "q" in line.alone
    session.verbosity = int(line.last("V", 0))
    session.no_crash_prompt = "-nocrashprompt" in line.alone or line.last("-crashhandling") == "0"
    session.proxy = True if "p" in line.alone else False if "f" in line.alone else None
    session.only_views = line.last("-view", "").split(",") if line.last("-view") else None
    if "-remap" in line.values:
        words = line.last("-remap").split(",") if line.last("-remap") else []
        if not words:
            complain("%s Warning: --remap is empty" % stamp())
        session.remap = list(zip(words[::2], words[1::2]))
    return session


def start(kit, line, leave):
    key = "nuke_i" if line.interactive_key() else "nuke_r"
    for fault in kit.faults:
        # A fault that takes one kind of key leaves the other alone.
        if fault.name == "licence" and fault.get("key", key) != key:
            continue
        if fault.name not in ("licence", "startup-script", "hang"):
            continue
        struck = kit.strike("start", names=(fault.name,), frames=line.frames)
        if struck is None:
            continue
        if struck.name == "hang":
            process.hang(struck.get("stubborn", False))
        if struck.name == "licence":
            tell(nuke_faults.licence(struck, key))
            leave(100)
        complain(
            'Traceback (most recent call last):\n  File "init.py", line 1, in <module>\n    import studio_pipeline'
            "\nModuleNotFoundError: No module named 'studio_pipeline'"
        )
        leave(1)


def execute(session, line):
    session.arguments = line.arguments
    try:
        session.open(line.script)
        writes = chosen(session, line)
        session.check_arguments(writes)
        groups = [writes]
        if "-sro" in line.alone:
            orders = sorted({write.number("render_order", 1) for write in writes})
            groups = [[write for write in writes if write.number("render_order", 1) == order] for order in orders]
        for group in groups:
            frames = line.frames or sorted({frame for write in group for frame in session.frames_of(write)})
            session.render(group, frames, go_on="-cont" in line.alone)
    except nuke_script.Missing as problem:
        complain(str(problem))
        return 1
    except (NukeError, nuke_script.Broken) as problem:
        error(str(problem))
        return 1
    except Exception:
        tell_exception()
        return 1
    ended(session)
    return 0


def chosen(session, line):
    """The Writes to render: those named by -X, or all that are active."""
    names = line.last("X")
    if names is None:
        writes = session.active()
    else:
        writes = []
        for name in names.split(","):
            node = session.script.find(name.strip())
            if node is None:
                raise NukeError("There is no node named %s" % name.strip())
            if node.kind == "Write" and not node.on("disable") and not node.on("reading"):
                writes.append(node)
    if not writes:
        raise NukeError("There are no active Write operators in this script")
    return writes


def ended(session):
    fault = session.kit.strike("end", names=("child-left-behind",))
    if fault is not None:
        process.child(session.kit, "left-behind", fault.get("session", False))


def terminal(session, line):
    """Runs the Python script as `nuke -t` does: `sys.argv` begins with it."""
    sys.path.insert(1, MODULES)
    if line.script is not None and line.script.endswith((".nk", ".nknc")):
        try:
            session.open(line.script)
        except NukeError as problem:
            error(str(problem))
            return 1
        line.script = "-"
    try:
        if line.script in (None, "-"):
            sys.argv = ["-"] + line.arguments
            exec(compile(sys.stdin.read(), "<stdin>", "exec"), {"__name__": "__main__"})
        elif not os.path.isfile(line.script):
            error("Can't read %s: No such file or directory" % line.script)
            return 1
        else:
            sys.argv = [line.script] + line.arguments
            sys.path[0] = os.path.dirname(os.path.abspath(line.script))
            runpy.run_path(line.script, run_name="__main__")
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            complain(str(end.code))
            return 1
        ended(session)
        return end.code or 0
    except BaseException:
        tell_exception()
        return 1
    ended(session)
    return 0
