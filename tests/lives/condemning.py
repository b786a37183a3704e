# SPDX-License-Identifier: Apache-2.0
"""Controller and supervisor are killed or stopped while a package is condemned: its tasks that come by no hook are theirs to
end. That those which do end by themselves is tests/condemned/run's `killed`."""
import signal

import guarded
import lab
from job import Job
from told import stat_of

CODE = """
say(bad=build('''
child(lambda: time.sleep(600))
say("ready")
wait("act")
child(act)
time.sleep(600)
''', folder("bad")))
say(second=build("say('runs again')", folder("bad")))
"""


class Condemned:
    """One whose guards are to be hit before it acts."""

    def __init__(self, suite, name):
        self.suite, self.name = suite, name
        self.job = Job(suite, name, CODE).start()
        suite.check(self.job.heard("ready"), f"{name}: the package's tasks are there", self.job.err)
        # Not what the controller has started itself, to read archives.
        self.controllers = [pid for pid in self.job.controllers() if stat_of(pid)[1] == str(self.job.process.pid)]
        suite.check(len(self.controllers) == 1, f"{name}: there is one controller", self.controllers)

    def act(self):
        self.before = len(self.job.package_tasks())
        self.job.let("act")

    def gone(self, how):
        check = self.suite.check
        check(self.job.all_gone(30) and self.before >= 2, f"{self.name}: {how}",
              f"{self.before} before, {self.job.package_tasks()} after\n{self.job.err}")
        check("runs again" not in self.job.said, f"{self.name}: and no more of it runs", self.job.said)


def condemn_stopped(suite):
    """The controller is stopped: the supervisor continues it, and it does its part."""
    it = Condemned(suite, "condemn-stopped")
    for pid in it.controllers:
        guarded.os.kill(pid, signal.SIGSTOP)
    it.act()
    suite.check(guarded.wait_for(lambda: len(it.job.package_tasks()) <= 2, 3), "condemn-stopped: who did it ends at once",
                it.job.package_tasks())
    it.gone("the others end once the controller goes on")
    suite.check(it.job.end() == lab.REFUSED, "condemn-stopped: cordon run says what it was", f"{it.job.status}\n{it.job.err}")


def condemn_orphaned(suite):
    """The supervisor is killed: the controller does its part all the same."""
    it = Condemned(suite, "condemn-orphaned")
    guarded.os.kill(it.job.process.pid, signal.SIGKILL)
    it.act()
    it.gone("all of its tasks end")
    gone = guarded.wait_for(lambda: not any(map(guarded.state_of, it.controllers)), 30)
    suite.check(gone, "condemn-orphaned: the controller ends too", it.controllers)
    it.job.end()
    suite.check(bool(it.job.findings("file.secret")), "condemn-orphaned: it is recorded")


def condemn_alone(suite):
    """Both are killed: the next start does it."""
    it = Condemned(suite, "condemn-alone")
    for pid in (*it.controllers, it.job.process.pid):
        guarded.os.kill(pid, signal.SIGSTOP)
    it.act()
    suite.check(guarded.wait_for(lambda: len(it.job.package_tasks()) <= 2, 3), "condemn-alone: who did it ends at once",
                it.job.package_tasks())
    for pid in (*it.controllers, it.job.process.pid):
        guarded.os.kill(pid, signal.SIGKILL)
    it.job.process.wait()
    guarded.wait_for(lambda: not any(map(guarded.state_of, it.controllers)), 10)
    job = Job(suite, "condemn-next", "say(fine=build('say(1 and \"runs\")', folder('bad')))").run()
    it.gone("the next start ends its tasks")
    suite.check(job.status == 0 and job.told("fine") == 0, "condemn-alone: and knows nothing of it", f"{job.said}\n{job.err}")
    it.job.end()


CASES = {"condemn-stopped": condemn_stopped, "condemn-orphaned": condemn_orphaned, "condemn-alone": condemn_alone}
