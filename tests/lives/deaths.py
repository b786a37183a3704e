# SPDX-License-Identifier: Apache-2.0
"""Controller and supervisor are killed or stopped while an installer waits at the gate, a package at its exec."""
import os
import shutil
import signal
import time

import guarded
from guarded import state_of, wait_for
from told import Told

# Beyond CORDON_HEARTBEAT_STALE_NS.
STALE = 10.5


class Waiting:
    """A told installer with an archive that somebody has open for writing, and a program of a package."""

    def __init__(self, suite, name, *options):
        self.suite, self.name = suite, name
        self.told = Told(suite, name, "pip", suite.deny("evil"), *options)
        self.pid = int(self.told.tell("pid").split()[1])
        self.supervisor, self.guards = self.told.process.pid, self.told.controllers()
        self.archives = [self.told.path(f"{number}.whl") for number in range(3)]
        for path in self.archives:
            shutil.copyfile(suite.wheel, path)
        # Where pip builds, so it is package code; a program of the system, so it may run.
        self.build = suite.lab.folder(name, "tmp/pip-install-0/good_" + "0" * 32)
        self.hand = None
        suite.check(len(self.guards) == 1, f"{name}: there is one controller", self.guards)

    def open(self, number=0):
        """Begins to open an archive, and waits until it is stopped for that."""
        self.hand = open(self.archives[number], "r+b")
        self.told.start("open", self.archives[number])
        return self.is_stopped()

    def tell(self, *words):
        """As Told.tell(); cordon run has the other end of its output too, and may be stopped."""
        self.told.start(*words)
        answer, until = "nothing", time.monotonic() + guarded.PATIENCE
        while answer == "nothing" and time.monotonic() < until:
            answer = self.told.answer(0.05) if state_of(self.pid) else "ended"
        return answer

    def is_stopped(self):
        return self.suite.check(wait_for(lambda: state_of(self.pid) == "T", 10), f"{self.name}: the installer waits",
                                state_of(self.pid))

    def close(self):
        self.hand.close()

    def run(self):
        """Begins to start package code."""
        self.told.start("run", self.build, "/bin/sh", "-c", "echo ran > ran")

    def has_run(self):
        return os.path.exists(os.path.join(self.build, "ran"))

    def signal(self, number, *pids):
        for pid in pids or (*self.guards, self.supervisor):
            os.kill(pid, number)

    def held(self):
        """What waits at its exec: children of the installer that are stopped."""
        with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="utf-8") as file:
            return [int(pid) for pid in file.read().split() if state_of(int(pid)) == "T"]

    def end(self, *statuses):
        """It ends, with one of these, and so do its guards."""
        status, said = self.told.end()
        check = self.suite.check
        check(status in statuses, f"{self.name}: cordon run ends, with {' or '.join(map(str, statuses))}", f"{status}\n{said}")
        gone = wait_for(lambda: not any(map(state_of, (self.pid, *self.guards))), 20)
        check(gone, f"{self.name}: nobody is left", [(pid, state_of(pid)) for pid in (self.pid, *self.guards)])
        return said


def gate_stopped(suite):
    """Only the controller is stopped: the supervisor continues it."""
    waiting = Waiting(suite, "gate-stopped")
    waiting.signal(signal.SIGSTOP, *waiting.guards)
    waiting.told.start("open", waiting.archives[0])
    waiting.is_stopped()
    suite.check(waiting.told.answer(30) == "ok", "gate-stopped: the supervisor continues the controller, which answers")
    waiting.end(0)


def gate_orphaned(suite):
    """The supervisor is killed: the controller goes on, and leaves nothing."""
    waiting = Waiting(suite, "gate-orphaned")
    waiting.open()
    waiting.signal(signal.SIGKILL, waiting.supervisor)
    time.sleep(0.5)
    waiting.close()
    suite.check(waiting.told.answer(30) == "ok", "gate-orphaned: the controller answers all the same")
    suite.check(waiting.told.tell("open", waiting.archives[1]) == "ok", "gate-orphaned: and the next one")
    waiting.run()
    suite.check(waiting.told.answer(30) == "ok 0" and waiting.has_run(), "gate-orphaned: package code runs")
    waiting.end(-9)


def gate_alone(suite):
    """Both are killed: it waits on, since nobody can wake it, until anybody starts cordon."""
    waiting = Waiting(suite, "gate-alone")
    waiting.open()
    waiting.signal(signal.SIGKILL)
    waiting.told.process.wait()
    next_one = Told(suite, "gate-next", "pip", suite.deny("evil"))
    answer = waiting.told.answer(30)
    if suite.trace:
        suite.check("ended" in (answer, waiting.told.tell("pid")), "gate-alone: the next start ends it", answer)
    else:
        suite.check(answer == "EPERM", "gate-alone: with the next start it is told no", answer)
        suite.check(waiting.told.tell("open", waiting.archives[1]) == "EPERM", "gate-alone: and so from then on")
    suite.check(next_one.tell("open", waiting.archives[2]) == "ok", "gate-alone: the next install works")
    suite.check(next_one.end()[0] == 0, "gate-alone: and ends")
    waiting.close()
    waiting.end(-9)


def gate_thread(suite):
    """It is a thread that waits, as in node: the installer is told no, not ended."""
    waiting = Waiting(suite, "gate-thread")
    with open(waiting.archives[0], "r+b"):
        waiting.told.start("threads", waiting.archives[0])
        waiting.is_stopped()
        waiting.signal(signal.SIGKILL, *waiting.guards)
        answer = waiting.told.answer(30)
    suite.check(answer == ("ended" if suite.trace else "ok EPERM"), "gate-thread: the thread is told no", answer)
    suite.check(waiting.told.tell("pid") == ("ended" if suite.trace else f"ok {waiting.pid}"), "gate-thread: the others go on")
    waiting.end(*((137,) if suite.trace else (125,)))


def hold_lost(suite):
    """The controller is killed while package code is held: it never runs, and its installer goes on."""
    waiting = Waiting(suite, "hold-lost")
    waiting.signal(signal.SIGSTOP, *waiting.guards)
    waiting.run()
    suite.check(wait_for(waiting.held, 10), "hold-lost: package code is held", waiting.held())
    waiting.signal(signal.SIGKILL, *waiting.guards)
    suite.check(waiting.told.answer(30) == "ok -9" and not waiting.has_run(), "hold-lost: it is ended, and has not run")
    waiting.run()
    suite.check(waiting.told.answer(30) == "ok -9" and not waiting.has_run(), "hold-lost: nor does any after it")
    waiting.end(125)


def audit_lost(suite):
    """The same in audit: whatever waits goes on, and whatever comes after it."""
    waiting = Waiting(suite, "audit-lost", "--audit")
    waiting.signal(signal.SIGSTOP, *waiting.guards)
    waiting.run()
    suite.check(wait_for(waiting.held, 10), "audit-lost: package code is held", waiting.held())
    waiting.signal(signal.SIGKILL, *waiting.guards)
    answer = waiting.told.answer(30)
    suite.check(answer == "ok 0" and waiting.has_run(), "audit-lost: it runs", answer)
    suite.check(waiting.told.tell("open", waiting.archives[0]) == "ok", "audit-lost: archives are opened")
    waiting.end(125)
    waiting = Waiting(suite, "audit-gate", "--audit")
    waiting.signal(signal.SIGSTOP, *waiting.guards)
    waiting.told.start("open", waiting.archives[0])
    waiting.is_stopped()
    waiting.signal(signal.SIGKILL, *waiting.guards)
    answer = waiting.told.answer(30)
    suite.check(answer == "ok", "audit-gate: who waits at the gate passes", answer)
    suite.check(waiting.told.tell("open", waiting.archives[1]) == "ok", "audit-gate: and goes on")
    waiting.end(125)


def audit_alone(suite):
    """In audit both are killed: the next start lets go on what waits."""
    waiting = Waiting(suite, "audit-alone", "--audit")
    waiting.signal(signal.SIGSTOP)
    waiting.run()
    suite.check(wait_for(waiting.held, 10), "audit-alone: package code is held", waiting.held())
    waiting.signal(signal.SIGKILL)
    waiting.told.process.wait()
    next_one = Told(suite, "audit-next", "pip", suite.deny("evil"))
    answer = waiting.told.answer(30)
    suite.check(answer == "ok 0" and waiting.has_run(), "audit-alone: it runs", answer)
    next_one.end()
    waiting.end(-9)


def stale(suite):
    """Both are stopped for long: who comes then is refused at once, or in audit passes, and nobody is stopped."""
    pair = [Waiting(suite, "stale-audit", "--audit"), Waiting(suite, "stale")]
    for waiting in pair:
        waiting.signal(signal.SIGSTOP)
    time.sleep(STALE)
    for waiting, ran, opened in ((pair[1], "ok -9", suite.refused), (pair[0], "ok 0", "ok")):
        name, begun = waiting.name, time.monotonic()
        waiting.run()
        answer = waiting.told.answer(10)
        suite.check(answer == ran and waiting.has_run() == (ran == "ok 0"), f"{name}: package code: {ran}", answer)
        answer = waiting.tell("open", waiting.archives[0])
        suite.check(answer == opened, f"{name}: an archive: {opened}", answer)
        took = time.monotonic() - begun
        suite.check(took < (10 if guarded.EMULATED else 2), f"{name}: nobody waited", f"{took:.1f} s")
        waiting.signal(signal.SIGCONT)
    enforced = pair[1]
    if suite.trace:
        enforced.end(137)
    else:
        suite.check(wait_for(lambda: enforced.told.tell("open", enforced.archives[1]) == "ok", 20), "stale: afterwards it works again")
        enforced.end(120)
        found = suite.findings(enforced.told.env, "identity.malformed")
        suite.check(any(finding["answer"] == "refused" for finding in found), "stale: the refusal is told", found)
    pair[0].end(0)


CASES = {"gate-stopped": gate_stopped, "gate-orphaned": gate_orphaned, "gate-alone": gate_alone, "gate-thread": gate_thread,
         "hold-lost": hold_lost, "audit-lost": audit_lost, "audit-alone": audit_alone, "stale": stale}
