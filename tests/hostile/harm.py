"""A plugin that does harm as its job tells it: `PLACE:WHAT`. Told nothing, it runs a line of shell."""

import os
import re
import sys
import time

import farmhand
from farmhand import Command, Verify

POISON = "\x1b[2J\x1b]0;owned\x07<img src=x onerror=alert(1)>\u202e"


def down(n):
    return down(n + 1) + n


def harm(job, place):
    told, _, what = job.raw_options.get("do", "").partition(":")
    if told != place:
        return
    if what == "loop":
        while True:
            pass
    if what == "stubborn":
        while True:
            try:
                while True:
                    pass
            except BaseException:
                continue
    if what == "recursion":
        down(0)
    if what == "deep":
        sys.setrecursionlimit(1_000_000_000)
        down(0)
    if what == "memory":
        hoard = []
        while True:
            hoard.append(bytearray(1 << 20))
    if what == "number":
        return 9 ** 9 ** 9
    if what == "print":
        for n in range(1_000_000):
            print(POISON, "print", n, "x" * 1000)
    if what == "exit":
        sys.exit(0)
    if what == "hard-exit":
        os._exit(0)
    if what == "sleep":
        time.sleep(3600)
    if what == "regex":
        re.match(r"(a+)+$", "a" * 100 + "b")
    if what == "open":
        open("/etc/passwd").read()
    if what == "write":
        open("/tmp/farmhand-hostile", "w").write("x")
    if what == "socket":
        import socket

        socket.create_connection(("127.0.0.1", 22))
    if what == "system":
        os.system("touch /tmp/farmhand-hostile")
    if what == "subprocess":
        import subprocess

        subprocess.run(["touch", "/tmp/farmhand-hostile"])
    if what == "thread":
        import threading

        threading.Thread(target=print).start()
    if what == "look":
        seen = [name for name in ("PATH", "HOME") if name in os.environ] + sys.argv[1:]
        raise farmhand.PluginError(f"saw {seen}")
    if what == "raise":
        raise ValueError(POISON * 10_000)
    if what == "late":
        # Found at the end of the run, when nobody listens any more.
        sys.stdout.write(POISON * 1_000_000)


class Reader(farmhand.Reader):
    def line(self, line):
        harm(self.task.job, "reader")


class Harm(farmhand.Plugin):
    name = "harm-py"
    extensions = ["harmpy"]
    tools = ["sh"]
    options = {"do": {"type": "string"}}

    def validate(self, job):
        harm(job, "validate")

    def build_command(self, task):
        harm(task.job, "command")
        return Command("sh", "-c", "echo a line", verify=Verify.EXIT_CODE)

    def reader(self, task):
        return Reader(task)

    def judge(self, task, outcome):
        harm(task.job, "judge")
