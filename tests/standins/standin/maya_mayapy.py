"""`mayapy`: this Python, with stand-in modules for Maya's own. It runs scripts for real."""

import os
import runpy
import sys

from . import maya_faults, maya_procedures, process
from .kit import Kit
from .maya_session import Session, exit_now, version
from .output import complain, tell_exception

MODULES = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "modules")
USAGE = "usage: mayapy [option] ... [-c cmd | -m mod | file | -] [arg] ..."


class Process:
    """This process's Maya. `session` is None until `maya.standalone.initialize()`."""

    kit = None
    session = None
    scenes = ()
    finished = False


def leave(code):
    Process.kit.record("exit", code=code)
    exit_now(code)


def initialize():
    """What `maya.standalone.initialize` does."""
    if Process.session is not None:
        return
    folder = os.environ.get("MAYA_APP_DIR")
    if folder and os.path.exists(folder) and not (os.path.isdir(folder) and os.access(folder, os.W_OK)):
        raise RuntimeError(maya_faults.INITIALISE)
    renderer = maya_procedures.renderer_in(Process.scenes[0]) if Process.scenes else None
    fault = Process.kit.strike("start", renderer=renderer, names=("licence", "startup-script", "hang"))
    if fault is not None and fault.name == "hang":
        process.hang(fault.get("stubborn", False))
    if fault is not None and fault.name == "licence":
        for line in maya_faults.maya_licence():
            complain(line)
        raise RuntimeError(maya_faults.INITIALISE)
    if fault is not None:
        complain("Error: An error occurred during the Startup Script.")
        raise RuntimeError("An error occurred during the Startup Script.")
    Process.session = Session(Process.kit, leave)
    Process.kit.record("initialize")
    maya_procedures.run_user_setup(maya_procedures.table(Process.session))


def uninitialize():
    """What `maya.standalone.uninitialize` does: nothing of Maya works after it."""
    need_session()
    Process.session = None
    Process.finished = True
    Process.kit.record("uninitialize")


def need_session():
    if Process.session is None:
        when = "after maya.standalone.uninitialize()" if Process.finished else "before maya.standalone.initialize()"
        raise RuntimeError("Maya's commands are not available %s" % when)
    return Process.session


def main(argv):
    kit = Process.kit = Kit("mayapy", argv, version(argv[0]))
    options = argv[1:]
    while options and options[0] in ("-u", "-B", "-E", "-s", "-S", "-I", "-O", "-d", "-q", "-v", "-x"):
        options.pop(0)
    if options and options[0] in ("-V", "--version"):
        print("Python %s" % sys.version.split()[0])
        leave(0)
    if options and options[0].startswith("-") and options[0] not in ("-c", "-m", "-"):
        complain("unknown option %s\n%s" % (options[0], USAGE))
        leave(2)
    Process.scenes = kit.add_scenes_named_in(argv[1:])
    fault = kit.strike("start", names=("library-missing",))
    if fault is not None:
        leave(255)
    sys.path.insert(1, MODULES)
    code = run(options)
    kit.record("exit", code=code)
    # Python's own end, with all that a script wants done at it.
    sys.exit(code)


def run(options):
    """Runs the script as Python runs one; its exit code."""
    try:
        if not options or options[0] == "-":
            sys.argv = ["-"] + options[1:]
            execute(sys.stdin.read(), "<stdin>")
        elif options[0] == "-c":
            if len(options) < 2:
                complain("Argument expected for the -c option\n%s" % USAGE)
                return 2
            sys.argv = ["-c"] + options[2:]
            sys.path[0] = ""
            execute(options[1], "<string>")
        elif options[0] == "-m":
            sys.argv = options[1:]
            runpy.run_module(options[1], run_name="__main__", alter_sys=True)
        elif not os.path.isfile(options[0]):
            complain("mayapy: can't open file '%s': [Errno 2] No such file or directory" % options[0])
            return 2
        else:
            sys.argv = options
            sys.path[0] = os.path.dirname(os.path.abspath(options[0]))
            runpy.run_path(options[0], run_name="__main__")
        code = 0
    except SystemExit as end:
        code = exit_code(end)
    except BaseException:
        tell_exception()
        code = 1
    if Process.session is not None:
        # The real one may hang or crash here; the record tells a test that the script forgot.
        complain("stand-in: maya.standalone.uninitialize() was not called")
        Process.kit.record("forgotten", what="maya.standalone.uninitialize()")
    fault = Process.kit.strike("end", names=("child-left-behind",))
    if fault is not None:
        process.child(Process.kit, "left-behind", fault.get("session", False))
    return code


def execute(text, name):
    scope = {"__name__": "__main__", "__builtins__": __builtins__}
    exec(compile(text, name, "exec"), scope)


def exit_code(end):
    if end.code is None:
        return 0
    if isinstance(end.code, int):
        return end.code
    complain(str(end.code))
    return 1
