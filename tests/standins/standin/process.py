"""What happens to the process itself: crashes, hangs, dialogs, children left behind.

Whatever waits "for ever" gives up after a quarter of an hour, so that a test that fails to kill it leaves nothing on
the machine for good. Waiting takes no CPU.
"""

import os
import signal
import subprocess
import sys
import threading
import time

AT_MOST = 900


def crash(number=None):
    """Dies by a real signal, as a crashed program does."""
    number = number or signal.SIGSEGV
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass
    if number != getattr(signal, "SIGKILL", None):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + int(number))


def hang(stubborn=False):
    """Waits until it is killed. A stubborn one takes no notice of requests to end."""
    sys.stdout.flush()
    sys.stderr.flush()
    if stubborn:
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)
    else:
        for name in ("SIGTERM", "SIGINT"):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    threading.Event().wait(AT_MOST)
    os._exit(99)


def child(kit, what, session=False):
    """Starts a process that waits and holds on to this one's output, as a forgotten helper does."""
    code = "import threading; threading.Event().wait(%d)" % AT_MOST
    started = subprocess.Popen(
        [sys.executable, "-S", "-c", code, what], start_new_session=session, stdin=subprocess.DEVNULL
    )
    # Its end is nobody's business here: without this, Python would warn that it still runs.
    started.returncode = 0
    kit.record("child", child=started.pid, what=what)
    return started.pid


def sleep(seconds):
    """As long as a fault asked for, and no longer."""
    time.sleep(float(seconds))
