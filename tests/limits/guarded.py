# SPDX-License-Identifier: Apache-2.0
"""One `cordon run` of a stand-in for pip (tests/fixtures/installer/pip) whose package code talks with the test: it prints a
line of JSON for each thing that it has to say, and waits for files that the test makes."""
import json
import os
import queue
import signal
import subprocess
import threading
import time
import uuid

import lab

HERE = os.path.dirname(os.path.abspath(__file__))
POLICY = os.path.join(HERE, "policy.toml")
EMULATED = os.environ.get("CORDON_GUEST") == "1"
FULL = os.environ.get("FULL") == "1"
# For what takes a moment on a quiet machine.
PATIENCE = 120 if EMULATED else 60

# What package code starts with. Each attack gives "allowed", "refused", "killed" or what else it was.
PRELUDE = """\
import json, os, resource, socket, subprocess, sys, time
HOME, GO = {home!r}, {go!r}
def tell(**said):
    os.write(1, (json.dumps(said) + "\\n").encode())
def wait(name):
    while not os.path.exists(os.path.join(GO, name)):
        time.sleep(0.02)
def outcome(deed):
    try:
        deed()
    except (PermissionError, FileNotFoundError):
        return "refused"
    except ConnectionRefusedError:
        pass
    except OSError as error:
        return repr(error)
    return "allowed"
def in_child(deed):
    done = subprocess.run([sys.executable, "-I", "-c", deed], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return "killed" if done.returncode == -9 else done.stdout.strip() or done.stderr[-300:]
def connect():
    return outcome(lambda: socket.create_connection(("127.0.0.1", 9), 5).close())
def secret(path=HOME + "/.ssh/id_ed25519"):
    return in_child(f'''
try:
    print("allowed" if open({{path!r}}).read() else "empty")
except PermissionError:
    print("refused")
''')
def program(path):
    try:
        return "allowed" if subprocess.run([path], timeout=60).returncode == 0 else "killed"
    except PermissionError:
        return "refused"
    except subprocess.TimeoutExpired:
        return "hangs"
def drop(path, tail):
    with open("/bin/true", "rb") as true, open(path, "wb") as file:
        file.write(true.read() + tail.encode())
    os.chmod(path, 0o755)
    return path
"""
REFUSED = ("refused", "killed")


def wait_for(condition, seconds=None):
    """Gives whether it came true in time."""
    until = time.monotonic() + (PATIENCE if seconds is None else seconds)
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def state_of(pid):
    """Its state as in /proc/PID/stat, "" where it is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            state = file.read().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""
    return "" if state in "ZX" else state


def marked(mark, program=None):
    """Pids of those that have the mark in their environment: only of one program where it is given."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/environ", "rb") as file:
                if mark.encode() not in file.read():
                    continue
            if program and os.readlink(f"/proc/{entry}/exe") != program:
                continue
        except OSError:
            continue  # it has just ended
        if state_of(entry):
            found.append(int(entry))
    return found


def pins():
    """Of cordons of this build and others: none are left where no session is on."""
    return [entry for entry in os.listdir("/sys/fs/bpf") if entry.startswith("cordon")]


class Session:
    """`codes`: one after the other. `before`: what starts cordon. `limits`: of the maps, where this one loads the programs. `env`: more of it."""

    def __init__(self, the_lab, name, *codes, mode="--enforce", limits="", env=None, user=None, unpack=0, package="hostile",
                 before=()):
        self.lab, self.name, self.mark = the_lab, name, f"LIMITS_MARK={uuid.uuid4().hex}"
        self.work = the_lab.folder(name)
        home, tmp = the_lab.folder(name, "home"), the_lab.folder(name, "tmp", mode=0o1777)
        self.home, self.tmp, self.go = home, tmp, the_lab.folder(name, "go")
        os.makedirs(os.path.join(home, ".ssh"), exist_ok=True)
        with open(os.path.join(home, ".ssh/id_ed25519"), "w", encoding="utf-8") as file:
            file.write("decoy, no key\n")
        if user:
            os.chown(home, user.pw_uid, -1)
        self.env = the_lab.env(home, tmp, **dict([self.mark.split("=")]), **(env or {}))
        self.env["CORDON_STATE"] = the_lab.folder(name, "state", mode=0o700)
        if limits:
            self.env["CORDON_DEBUG_LIMITS"] = limits
            # They are those of who loads the programs.
            if not wait_for(lambda: not pins()):
                raise RuntimeError(f"{name}: another session is on")
        prelude = PRELUDE.format(home=home, go=self.go)
        command = [*(["/usr/sbin/runuser", "-u", user.pw_name, "--"] if user else []), lab.PYTHON, the_lab.path("pip"),
                   "--unpack", str(unpack), "--package", package, *(prelude + code for code in codes)]
        argv = [*before, lab.CORDON, "run", "-q", mode, *(["--backend", lab.BACKEND] if lab.BACKEND else []), "--policy", POLICY,
                "--", *command]
        self.begun = time.monotonic()
        self.process = subprocess.Popen(argv, cwd=the_lab.folder(name, "start"), env=self.env, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                                        start_new_session=True)
        self.lines, self.heard, self.errors = queue.Queue(), [], []
        self.listeners = [threading.Thread(target=target, daemon=True) for target in (self.listen, self.listen_errors)]
        for listener in self.listeners:
            listener.start()

    def listen(self):
        for line in self.process.stdout:
            self.heard.append(line)
            try:
                self.lines.put(json.loads(line))
            except ValueError:
                pass
        self.lines.put(None)

    def listen_errors(self):
        for line in self.process.stderr:
            self.errors.append(line)

    def read(self, seconds=None):
        """The next thing that package code says; {} where it ends or says nothing in time."""
        try:
            return self.lines.get(timeout=PATIENCE if seconds is None else seconds) or {}
        except queue.Empty:
            return {}

    def let(self, name):
        with open(os.path.join(self.go, name), "w", encoding="utf-8"):
            pass

    def controllers(self):
        """`cordon attach`, while it starts two of them."""
        return [pid for pid in marked(self.mark, os.path.realpath(lab.CORDON)) if pid != self.process.pid]

    def signal(self, number, *pids):
        for pid in pids or [self.process.pid, *self.controllers()]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def end(self, seconds=None):
        """Waits for cordon's end. Gives its status, None where it did not end in time and was ended."""
        try:
            status = self.process.wait(PATIENCE if seconds is None else seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            status = None
        for listener in self.listeners:
            listener.join(10)
        return status

    def kill(self):
        """All of it: this is for a test that has failed."""
        for pid in marked(self.mark):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    @property
    def err(self):
        return "".join(self.errors)

    def findings(self):
        return self.lab.findings(self.env)

    def lost(self):
        """What the journal says, -1: nothing."""
        _, out, _ = self.lab.run([lab.CORDON, "log", "--sessions", "--json"], cwd="/", env=self.env, timeout=120)
        try:
            return json.loads(out.splitlines()[0]).get("lost", -1)
        except (ValueError, IndexError):
            return -1
