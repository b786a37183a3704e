# SPDX-License-Identifier: Apache-2.0
"""One `cordon run` of a program that is named pip, so that it is the installer, and whose builds are a test's code."""
import json
import os
import signal
import subprocess
import threading
import time
import uuid

import guarded
import lab

EMULATED = guarded.EMULATED
# What the installer's code begins with. `build` and `start` run code as the package's that `folder` was made for.
INSTALLER = """\
import json, os, shutil, signal, subprocess, sys, tempfile, time
GO, MARK, PACKAGE = {go!r}, {mark!r}, {package!r}
def say(**said):
    os.write(2, ("said " + json.dumps(said) + "\\n").encode())
def wait(name):
    while not os.path.exists(os.path.join(GO, name)):
        time.sleep(0.02)
def folder(package):
    path = os.path.join(tempfile.mkdtemp(prefix="pip-install-"), package + "_" + "0" * 32)
    os.mkdir(path)
    return path
def start(code, where):
    return subprocess.Popen([sys.executable, "-I", "-c", PACKAGE + code], cwd=where, env={{**os.environ, "PACKAGE_MARK": MARK}})
def build(code, where):
    return start(code, where).wait()
def attempt(deed):
    # In a process of its own: trace ends who does what is refused.
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            deed()
            os.write(write, b"allowed")
        except PermissionError:
            os.write(write, b"refused")
        except OSError as error:
            os.write(write, repr(error).encode())
        os._exit(0)
    os.close(write)
    text = os.read(read, 300).decode()
    os.close(read)
    return "killed" if os.waitpid(child, 0)[1] == 9 else text
"""
# What the package's code begins with. `act` is what a package is condemned for.
PACKAGE = """\
import os, signal, sys, threading, time
GO, HOME = {go!r}, {home!r}
def say(text):
    os.write(2, ("said " + text + "\\n").encode())
def wait(name):
    while not os.path.exists(os.path.join(GO, name)):
        time.sleep(0.02)
def act():
    open(HOME + "/.ssh/id_ed25519").read()
def go_on():
    open("went-on", "w").close() # writing what is open already comes by no hook
    say("went on")
def child(deed):
    pid = os.fork()
    if not pid:
        try:
            deed()
        finally:
            os._exit(0)
    return pid
"""


class Job:
    """`code`: of the installer. `started` by start() or run(); what it says is in `said`, in the order in which it came."""

    def __init__(self, suite, name, code, *, mode="--enforce", policy="", limits="", script="pip", python=lab.PYTHON):
        self.suite, self.name = suite, name
        self.lab = suite.lab
        self.home, self.go = self.lab.folder(name, "home"), self.lab.folder(name, "go")
        self.work = self.lab.folder(name, "work")
        self.mark, self.package_mark = uuid.uuid4().hex, uuid.uuid4().hex
        os.makedirs(os.path.join(self.home, ".ssh"), exist_ok=True)
        with open(os.path.join(self.home, ".ssh/id_ed25519"), "w", encoding="utf-8") as file:
            file.write("decoy, no key\n")
        self.env = self.lab.env(self.home, self.lab.folder(name, "tmp", mode=0o1777), CONDEMNED_MARK=self.mark)
        self.env["CORDON_STATE"] = self.lab.folder(name, "state", mode=0o700)
        if limits:
            self.env["CORDON_DEBUG_LIMITS"] = limits
            # They are those of who loads the programs.
            if not guarded.wait_for(lambda: not guarded.pins()):
                raise RuntimeError(f"{name}: another session is on")
        package = PACKAGE.format(go=self.go, home=self.home)
        program = self.lab.path(name, script)
        with open(program, "w", encoding="utf-8") as file:
            file.write(INSTALLER.format(go=self.go, mark=self.package_mark, package=package) + code)
        options = [mode, *(["--backend", lab.BACKEND] if lab.BACKEND else [])]
        if policy:
            path = self.lab.path(name, "policy.toml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(policy)
            options += ["--policy", path]
        self.argv = [lab.CORDON, "run", *options, "--", python, "-I", program, "install"]
        self.said, self.lines, self.status, self.out = [], [], None, ""

    def start(self):
        self.process = subprocess.Popen(self.argv, cwd=self.work, env=self.env, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                                        start_new_session=True)
        self.listeners = [threading.Thread(target=target, daemon=True) for target in (self.listen, self.listen_out)]
        for listener in self.listeners:
            listener.start()
        return self

    def listen(self):
        for line in self.process.stderr:
            self.lines.append(line)
            if line.startswith("said "):
                self.said.append(line[5:].strip())

    def listen_out(self):
        self.out = self.process.stdout.read()

    @property
    def err(self):
        return "".join(line for line in self.lines if not line.startswith("said "))

    def heard(self, text, seconds=None):
        """Waits until it was said, or the command has ended."""
        guarded.wait_for(lambda: text in self.said or self.process.poll() is not None, seconds)
        return text in self.said

    def told(self, field):
        """What the installer's code said of itself, None: nothing."""
        for line in self.said:
            if line.startswith("{") and field in json.loads(line):
                return json.loads(line)[field]
        return None

    def let(self, name):
        with open(os.path.join(self.go, name), "w", encoding="utf-8"):
            pass

    def package_tasks(self):
        return guarded.marked(f"PACKAGE_MARK={self.package_mark}")

    def all_gone(self, seconds=None):
        return guarded.wait_for(lambda: not self.package_tasks(), seconds)

    def controllers(self):
        found = guarded.marked(f"CONDEMNED_MARK={self.mark}", os.path.realpath(lab.CORDON))
        return [pid for pid in found if pid != self.process.pid]

    def end(self):
        """Gives the status, None where it did not end in time and was ended."""
        try:
            self.status = self.process.wait(guarded.PATIENCE)
        except subprocess.TimeoutExpired:
            for pid in guarded.marked(f"CONDEMNED_MARK={self.mark}"):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait()
        for listener in self.listeners:
            listener.join(10)
        return self.status

    def run(self):
        self.start().end()
        return self

    def findings(self, rule=None, **want):
        """Those of that rule, with these values."""
        found = [finding for finding in self.lab.findings(self.env) if rule in (None, finding["rule"])]
        return [finding for finding in found if all(finding.get(key) == value for key, value in want.items())]

    def own_lines(self):
        """What cordon said of the package `bad`, from its first line to the next package's."""
        lines, own = self.err.splitlines(), []
        for line in lines:
            if line.startswith("cordon: "):
                own = [line] if ":bad" in line else own if not own else own + [None]
            elif own and None not in own and line.startswith("  "):
                own.append(line)
        return [line for line in own if line]

    def sleep(self, seconds):
        time.sleep(seconds)
