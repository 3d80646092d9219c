# What every script that farmhand generates shares: it reports what it does, one JSON object a line, and runs the
# studio's frame hooks. Python 3.7 and newer, standard library only.
import json
import os
import sys
import time
import traceback

STARTED = time.time()


class Stop(Exception):
    """Ends the script: what is wrong has been reported."""


def report(event, **fields):
    fields["event"] = event
    # On a line of its own: renderers print progress without ending their lines.
    sys.stdout.write("\n@farmhand " + json.dumps(fields, sort_keys=True) + "\n")
    sys.stdout.flush()


def log(message):
    print("[{}] {}".format(time.strftime("%Y-%m-%d %H:%M:%S"), message))
    sys.stdout.flush()


def fault(severity, cause, message, frame=None, about=None):
    report("fault", severity=severity, cause=cause, message=message, frame=frame, about=about)


def stop(cause, message, severity="frame-fatal", about=None):
    fault(severity, cause, message, about=about)
    raise Stop(message)


def what_is_wrong_with(path):
    """None for an image that was written by this process, as far as can be told without decoding it."""
    try:
        found = os.stat(path)
    except OSError as error:
        return "it is not there ({})".format(error.strerror)
    if found.st_size == 0:
        return "it is empty"
    # File systems keep whole seconds at times, and network clocks differ a little.
    if found.st_mtime < STARTED - 5:
        return "it is older than this process"
    return None


class FrameHooks:
    """The studio's scripts that run around each frame. Each is a Python file that defines before_frame(context) or
    after_frame(context), or both; it is read once."""

    def __init__(self, scripts):
        self.scripts = []
        for script in scripts:
            space = {"__name__": "farmhand_hook", "__file__": script["path"]}
            try:
                with open(script["path"], encoding="utf-8") as file:
                    exec(compile(file.read(), script["path"], "exec"), space)
                function = space.get(script["moment"].replace("-", "_"))
                if function is None:
                    raise NameError("{} defines no function {}".format(
                        script["path"], script["moment"].replace("-", "_")))
            except Exception:
                self.failed(script, None)
                continue
            self.scripts.append((script, function))

    def run(self, moment, frame, **context):
        for script, function in self.scripts:
            if script["moment"] != moment:
                continue
            began = time.time()
            try:
                function(dict(context, frame=frame, moment=moment))
            except Exception:
                self.failed(script, frame)
            else:
                log("hook {} {} of frame {} took {:.2f} s".format(
                    script["name"], moment, frame, time.time() - began))

    def failed(self, script, frame):
        traceback.print_exc()
        error = traceback.format_exc().strip().splitlines()[-1]
        message = "hook {} ({}) failed: {}".format(script["name"], script["moment"], error)
        if script["on_failure"] == "warn":
            report("warning", message=message)
        elif script["on_failure"] == "hold":
            if frame is not None:
                # The frame is to be looked at, and then rendered again.
                fault("frame-fatal", "script", message, frame)
            report("hold", message=message)
            raise Stop(message)
        elif frame is None:
            stop("script", message)
        else:
            raise RuntimeError(message)
