# SPDX-License-Identifier: Apache-2.0
"""^Z, ^C and a terminal that goes away, while an installer waits at the gate; installs by hand in a shell below cordon."""
import os
import pty
import select
import shutil
import signal
import time

import guarded
import lab
from guarded import marked, state_of, wait_for

# pip by its name: opens archives, says so, and asks its user.
PIP = """
import os, sys
print("pid", os.getpid(), flush=True)
for path in sys.argv[1:]:
    open(path, "rb").read(4)
print("ope" + "ned", flush=True)
print("got " + sys.stdin.readline(), flush=True)
"""


class Terminal:
    """A command on a terminal of its own, whose session it leads."""

    def __init__(self, argv, cwd, env):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            # A shell's background job ignores them, and would pass that on.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGQUIT, signal.SIG_DFL)
            os.chdir(cwd)
            os.execve(argv[0], argv, env)
        self.seen, self.at = b"", 0

    def pump(self, seconds):
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                self.seen += os.read(self.fd, 65536)
            except OSError:  # nobody has it open any more
                time.sleep(seconds)

    def expect(self, text, seconds=None):
        """Whether it comes, behind what was expected last."""
        until = time.monotonic() + (guarded.PATIENCE if seconds is None else seconds)
        while self.seen.find(text.encode(), self.at) < 0:
            if time.monotonic() > until:
                return False
            self.pump(0.1)
        self.at = self.seen.find(text.encode(), self.at) + len(text.encode())
        return True

    def send(self, text):
        os.write(self.fd, text.encode())

    def close(self):
        os.close(self.fd)
        self.fd = -1

    def wait(self, seconds=None):
        """Its status as a shell has it, None: it does not end, and was ended."""
        until = time.monotonic() + (guarded.PATIENCE if seconds is None else seconds)
        while time.monotonic() < until:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            if self.fd >= 0:
                self.pump(0.05)
            else:
                time.sleep(0.05)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None


class Desk:
    """A folder with such a pip and an archive in it."""

    def __init__(self, suite, name):
        self.suite, self.name, self.check = suite, name, suite.check
        self.folder = suite.lab.folder(name)
        self.env = {**suite.env(name), "TERM": "dumb", "PS1": "$ ", "LIVES_MARK": name}
        self.pip, self.archive = os.path.join(self.folder, "pip"), os.path.join(self.folder, "good.whl")
        with open(self.pip, "w", encoding="utf-8") as file:
            file.write(PIP)
        shutil.copyfile(suite.wheel, self.archive)
        self.guard = suite.cordon(name, suite.deny("evil"), "--enforce")
        self.command = [lab.PYTHON, "-I", self.pip, self.archive]

    def start_shell(self, shell="/bin/bash", options=("--norc", "--noprofile")):
        """A shell below cordon, in which the installer was started."""
        terminal = self.start([*self.guard, "--", shell, *options, "-i"])
        terminal.send(" ".join(self.command) + "\n")
        self.begins()
        return terminal

    def start(self, argv):
        self.terminal = Terminal(argv, self.folder, self.env)
        return self.terminal

    def begins(self):
        """The installer has said who it is."""
        self.check(self.terminal.expect("pid "), f"{self.name}: it starts", self.terminal.seen)
        self.terminal.expect("\n")

    def reads(self, seconds=None):
        """The installer asks its user."""
        self.terminal.send("word\n")
        self.check(self.terminal.expect("got word", seconds), f"{self.name}: it has the terminal", self.terminal.seen)

    def leave(self):
        """The shell's end."""
        self.terminal.send("exit\n")
        self.terminal.wait()
        self.all_gone()

    def waits(self):
        """The installer has said who it is, and is stopped at the gate: somebody writes the archive."""
        self.begins()
        pid = int(self.terminal.seen[:self.terminal.at].split()[-1])
        self.check(wait_for(lambda: state_of(pid) == "T", 10), f"{self.name}: it waits at the gate", state_of(pid))
        return pid

    def all_gone(self, seconds=30):
        left = f"LIVES_MARK={self.name}"
        self.check(wait_for(lambda: not marked(left), seconds), f"{self.name}: nobody is left",
                   [(pid, state_of(pid)) for pid in marked(left)])


def stop(suite):
    """^Z while it waits: the job stops, and fg goes on with it."""
    desk = Desk(suite, "terminal-stop")
    terminal = desk.start(["/bin/bash", "--norc", "-i"])
    with open(desk.archive, "r+b"):
        terminal.send(" ".join([*desk.guard, "--", *desk.command]) + "\n")
        pid = desk.waits()
        terminal.send("\x1a")
        time.sleep(0.2)
    desk.check(terminal.expect("Stopped", 20), "terminal-stop: the shell says that it stopped", terminal.seen)
    time.sleep(1)
    desk.check(state_of(pid) == "T", "terminal-stop: it did", state_of(pid))
    terminal.send("fg\n")
    # Between its continuation and its stop it may have come so far.
    desk.check(b"opened" in terminal.seen or terminal.expect("opened"), "terminal-stop: fg goes on with it", terminal.seen)
    time.sleep(0.5)
    # While it runs, by itself.
    terminal.send("\x1a")
    desk.check(terminal.expect("Stopped", 20), "terminal-stop: and stops once more", terminal.seen)
    terminal.send("fg\n")
    time.sleep(0.5)
    desk.reads()
    terminal.send("echo status-$?\n")
    desk.check(terminal.expect("status-0"), "terminal-stop: and ends well", terminal.seen)
    desk.leave()


def interrupt(suite):
    """^C while it waits."""
    desk = Desk(suite, "terminal-interrupt")
    terminal = desk.start([*desk.guard, "--", *desk.command])
    with open(desk.archive, "r+b"):
        desk.waits()
        terminal.send("\x03")
        time.sleep(0.2)
    status = terminal.wait(20)
    desk.check(status == 130, "terminal-interrupt: ^C ends it", f"{status} {terminal.seen}")
    desk.all_gone()


def hangup(suite):
    """The terminal goes away while it waits: of cordon itself, and of the shell that it was started in."""
    for name, shell in (("hangup", False), ("hangup-shell", True)):
        desk = Desk(suite, name)
        argv = [*desk.guard, "--", *desk.command]
        terminal = desk.start(["/bin/bash", "--norc", "-i"] if shell else argv)
        with open(desk.archive, "r+b"):
            if shell:
                terminal.send(" ".join(argv) + "\n")
            desk.waits()
            terminal.close()
            status = terminal.wait(20)
            desk.check(status is not None, f"{name}: it ends", status)
        desk.all_gone()
        sessions = suite.lab.run([lab.CORDON, "log", "--sessions", "--json"], cwd="/", env=desk.env)[1]
        desk.check('"ended":"' in sessions.split("\n")[0], f"{name}: the journal has its end", sessions)


def shells(suite):
    """In an interactive shell below cordon an install is a job of that shell: it waits at the gate, and yet is not stopped."""
    if suite.trace:
        suite.tap.skip("shells: a job is not stopped", "trace stops it behind the call, which cannot be made again")
        return
    for shell, options in (("bash", ["--norc", "--noprofile"]), ("dash", []), ("zsh", ["-f"])):
        path, name = lab.which(shell), f"shell-{shell}"
        if not path:
            suite.tap.skip(f"{name}: a job", f"no {shell}")
            continue
        desk = Desk(suite, name)
        with open(desk.archive, "r+b"):
            terminal = desk.start_shell(path, options)
            time.sleep(1)
            desk.check(b"opened" not in terminal.seen, f"{name}: it waits", terminal.seen)
        desk.check(terminal.expect("opened"), f"{name}: its archive is opened", terminal.seen)
        desk.reads(20)
        terminal.send("echo status-$?\n")
        desk.check(terminal.expect("status-0", 20), f"{name}: and ends well", terminal.seen)
        desk.check(b"topped" not in terminal.seen, f"{name}: nothing was stopped", terminal.seen)
        terminal.send("exit\n")
        if terminal.wait(5) is None:
            desk.check(False, f"{name}: the shell ends", terminal.seen)
        desk.all_gone()


def jobs(suite):
    """What else becomes of such a job: ^Z while it waits, the controller's death, a refusal."""
    if suite.trace:
        suite.tap.skip("jobs: a job is not stopped", "trace stops it behind the call, which cannot be made again")
        return
    desk = Desk(suite, "job-stop")
    with open(desk.archive, "r+b"):
        terminal = desk.start_shell()
        time.sleep(0.5)
        terminal.send("\x1a")
        desk.check(terminal.expect("Stopped", 20), "job-stop: ^Z stops it while it waits", terminal.seen)
    time.sleep(2)
    desk.check(b"opened" not in terminal.seen, "job-stop: the verdict does not continue it", terminal.seen)
    terminal.send("fg\n")
    desk.check(terminal.expect("opened"), "job-stop: fg does", terminal.seen)
    desk.reads()
    desk.leave()
    for name in ("job-lost", "job-refused"):
        desk = Desk(suite, name)
        with open(desk.archive, "r+b"):
            terminal = desk.start_shell()
            if name == "job-lost":
                time.sleep(0.5)
                for pid in marked(f"LIVES_MARK={name}", os.path.realpath(lab.CORDON)):
                    if pid != terminal.pid:
                        os.kill(pid, signal.SIGKILL)
            desk.check(terminal.expect("PermissionError", 20), f"{name}: it is told no", terminal.seen)
        terminal.send("echo status-$?\n")
        desk.check(terminal.expect("status-1", 20) and b"topped" not in terminal.seen, f"{name}: the shell goes on", terminal.seen)
        desk.leave()


CASES = {"terminal-stop": stop, "terminal-interrupt": interrupt, "hangup": hangup, "shells": shells, "jobs": jobs}
