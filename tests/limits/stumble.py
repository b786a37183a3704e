# SPDX-License-Identifier: Apache-2.0
"""cordon itself stumbles (tests/tools/preload/trip.c): an allocation fails, or one of its processes is killed or stopped."""
import json
import os
import signal
import struct
import time

import lab
from guarded import EMULATED, FULL, PATIENCE, REFUSED, Session, marked, state_of, wait_for

TRIP = os.path.join(lab.OUTPUT, "tools/trip.so")
# Whatever happens meanwhile: attacks, and a program that is compared with one of its size.
CODE = """
tell(started=1)
drop("alike", "y")
for deed in (connect, secret, lambda: program(drop(os.path.abspath("dropped"), "x"))):
    tell(attack=deed())
tell(honest=program("/bin/true"))
"""
SECOND = """
tell(started=2)
tell(attack=connect())
"""
# Stays behind, and has to be ended: that takes the session a second or two.
LEFT = """
if not os.fork():
    os.setsid()
    os.close(2)
    tell(attack=connect())
    os.close(1)
    time.sleep(600)
    os._exit(0)
"""


def trips(case):
    """A case that needs trip.c."""
    def run(suite):
        with open(lab.CORDON, "rb") as file:
            if b"__asan_init" in file.read():
                return suite.tap.skip(case.__name__, "this build has the sanitizers' allocator, which goes with no other")
        return case(suite)
    return run


def calls_of(path):
    """Gives [(name, pid)] of a log of trip.c."""
    try:
        with open(path, encoding="utf-8") as file:
            return [tuple(line.split()) for line in file if line.endswith("\n")]
    except OSError:
        return []


def cgroups():
    """Those of controllers that are gone."""
    found = []
    for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
        for folder in sorted(os.listdir(root)) if os.path.exists(os.path.join(root, "cgroup.procs")) else []:
            words = folder.split("-")
            if words[0] == "cordon" and len(words) == 3 and not os.path.exists(f"/proc/{words[1]}"):
                found.append(folder)
    return found


class Stumble:
    """Runs of one case, which are numbered."""

    def __init__(self, suite, name):
        self.suite, self.name, self.count = suite, name, 0

    def session(self, who, *codes, **trip):
        """`who`: run or attach. `trip`: what becomes TRIP_..."""
        self.count += 1
        name = f"{self.name}-{self.count}"
        log = os.path.join(self.suite.lab.folder(name), "trip.log")
        env = {"TRIP_IN": who, "TRIP_LOG": log, **{"TRIP_" + key.upper(): str(trip[key]) for key in trip}}
        session = Session(self.suite.lab, name, *(codes or (CODE, SECOND)), env={"LD_PRELOAD": TRIP, **env} if who else {})
        session.trip_log = log
        return session

    def reference(self, who, *codes):
        """Gives the names of the calls that an undisturbed run makes, in order, and how many allocations."""
        known = self.suite.references.get((who, codes))
        if known:
            return known
        session = self.session(who, *codes)
        wrong = self.complaints(session, session.end())
        if session.process.returncode != lab.REFUSED:
            wrong.append(f"status {session.process.returncode}")
        self.suite.tap.check(not wrong, f"{self.name}: undisturbed, all is refused and all ends", f"{wrong}\n{session.err}")
        with open(session.trip_log + ".allocs", "rb") as file:
            allocations = struct.unpack("Q", file.read(8))[0]
        known = [name for name, _ in calls_of(session.trip_log)], allocations
        self.suite.references[who, codes] = known
        return known

    def complaints(self, session, status):
        """What went wrong in a run that has ended with that status."""
        said, wrong = [], []
        for line in session.heard:
            try:
                said.append(json.loads(line))
            except ValueError:
                wrong.append(f"it said {line!r}")
        attacks = [line["attack"] for line in said if "attack" in line]
        if any(attack not in REFUSED for attack in attacks):
            wrong.append(f"attacks: {attacks}")
        if any(line.get("honest", "allowed") != "allowed" for line in said):
            wrong.append(f"a program of the system did not start: {said}")
        if status in (None, 0):
            wrong.append("it did not end in time" if status is None else "status 0, although something is to be refused")
        if "nothing was run" in session.err and (said or os.listdir(session.tmp) or status != lab.CANNOT_GUARD):
            wrong.append(f"status {status}: it says that nothing was run, and yet: {said} {os.listdir(session.tmp)}")
        return wrong + ([] if status is None else self.remains(session))

    @staticmethod
    def remains(session):
        """Nobody of the session is there any more: last goes the controller, which unloads the programs."""
        if wait_for(lambda: not marked(session.mark), PATIENCE if EMULATED else 20):
            return []
        left = {pid: state_of(pid) for pid in marked(session.mark)}
        session.kill()
        return [f"left behind: {left}"]

    def next_works(self):
        session = self.session("", "tell(attack=connect())")
        said, status = session.read(), session.end()
        left = cgroups()
        self.suite.tap.check(not left, f"{self.name}: no cgroups are left", left)
        self.suite.tap.check(said.get("attack") == "refused" and status == lab.REFUSED, f"{self.name}: the next install works",
                             f"{said} {status}\n{session.err}")
        self.suite.no_pins(self.name)

    def judge(self, what, session, status, more=()):
        wrong = self.complaints(session, status) + list(more)
        return self.suite.tap.check(not wrong, f"{self.name}: {what}", "\n".join(map(str, wrong)) + f"\n{session.err}")


def spread(count, points):
    """So many numbers of 1...count: half of them evenly, the others dense at first: what comes early is cordon's own, most of
    what comes later is libbpf's."""
    even = [1 + (count - 1) * point // points for point in range(points // 2)]
    return sorted({*even, *(max(1, round(count ** (point / (points // 2)))) for point in range(points // 2 + 1))})


@trips
def allocations(suite):
    """Each allocation of cordon fails once; and from some on all do."""
    for who, points in (("attach", 6 if EMULATED else 40), ("run", 4 if EMULATED else 10)):
        stumble = Stumble(suite, "alloc-" + who)
        _, count = stumble.reference(who, CODE, SECOND)
        for number in spread(count, 2000) if FULL else spread(count, points):
            session = stumble.session(who, alloc=number)
            stumble.judge(f"without its allocation {number} of {count} it guards, or runs nothing", session, session.end())
        for number in spread(count, 200 if FULL else points // 2):
            session = stumble.session(who, alloc=f"{number}+")
            stumble.judge(f"from allocation {number} on without any", session, session.end())
        stumble.next_works()


FAULTS = """
def fail(number):
    with open("/proc/thread-self/fail-nth", "w") as file:
        file.write(str(number))
went = set()
for number in range(1, 100):
    fail(number)
    went.add(connect())
    child = os.fork()
    if not child:
        fail(number)
        try:
            os._exit(1 if open(HOME + "/.ssh/id_ed25519").read() else 0)
        except OSError:
            os._exit(0)
    went.add("allowed" if os.waitpid(child, 0)[1] >> 8 == 1 else "refused")
tell(went=sorted(went))
"""


def faults(suite):
    """Allocations of the kernel fail, in the middle of what package code tries."""
    name = "faults"
    if not os.path.exists("/proc/self/fail-nth"):
        return suite.tap.skip(name, "this kernel cannot inject faults (CONFIG_FAULT_INJECTION)")
    session = Session(suite.lab, name, FAULTS)
    said = session.read()
    suite.tap.check("allowed" not in said.get("went", ["allowed"]), f"{name}: nothing goes through", said)
    suite.tap.check(session.end() == lab.REFUSED, f"{name}: and it ends", session.err)


# Call of trip.c and which of them, `part` of all: the first, those in between, the last. What they stand for: nothing is
# loaded yet, loading, pinning, attaching, trying it out; a session, its journal, ready; a hold waits, a compare waits.
STAGES = {
    "attach": [("flock", 0), ("bpf_object__load_skeleton", 0), ("bpf_obj_pin", .5), ("bpf_program__attach", 1), ("waitpid", 0),
               ("bpf_map_create", 1), ("sqlite3_step", .4), ("ring_buffer__new", 0), ("sendmsg", 0), ("ring_buffer__consume", 0),
               ("pread", 0), ("bpf_map_delete_elem", .8)],
    "run": [("sendmsg", 0), ("poll", 0), ("poll", .4)],
}
# With something left behind: it is being ended, the last word is said.
LAST_STAGES = {"attach": [("nanosleep", .4), ("open_memstream", 1)], "run": [("sendmsg", 1)]}
FEW = ("flock", "bpf_program__attach", "ring_buffer__consume", "nanosleep", "poll")
BEFORE_READY = ("flock:1", "bpf_object__load_skeleton", "bpf_program__attach", "waitpid:1", "ring_buffer__new")


def stages(wanted, calls):
    """Gives NAME:N; in FULL the first, two middle ones and the last of each kind."""
    if FULL:
        wanted = [(name, part) for name in dict.fromkeys(calls) for part in (0, .3, .7, 1)]
    elif EMULATED:
        wanted = [(name, part) for name, part in wanted if name in FEW]
    listed = [f"{name}:{max(1, round(calls.count(name) * part))}" for name, part in wanted if name in calls]
    return list(dict.fromkeys(listed))


def at_each_stage(stumble, who):
    """Gives (stage, what the packages do)."""
    for codes, wanted in (((CODE, SECOND), STAGES[who]), ((CODE + LEFT, SECOND), LAST_STAGES[who])):
        for stage in stages(wanted, stumble.reference(who, *codes)[0]):
            yield stage, codes


@trips
def killed(suite):
    """kill -9 at every stage of supervisor and controller."""
    for who in ("attach", "run"):
        stumble = Stumble(suite, "killed-" + who)
        for stage, codes in at_each_stage(stumble, who):
            session = stumble.session(who, *codes, call=stage, do="kill")
            status = session.end()
            name, number = stage.split(":")
            reached = [call for call, _ in calls_of(session.trip_log)].count(name)
            stumble.judge(f"before {stage}", session, status, [] if reached >= int(number) else [f"{reached} calls were made"])
        stumble.next_works()


@trips
def stopped(suite):
    """kill -STOP at every stage; what is only stopped goes on where it was, and the session ends as any other."""
    for who in ("attach", "run"):
        stumble = Stumble(suite, "stopped-" + who)
        for stage, codes in at_each_stage(stumble, who):
            session = stumble.session(who, *codes, call=stage, do="stop")

            def stopped_one():
                guards = [session.process.pid, *session.controllers()]
                return next((pid for pid in guards if state_of(pid) == "T"), 0)

            wait_for(lambda: stopped_one() or (session.process.poll() is not None and not session.controllers()))
            pid, ran = stopped_one(), os.listdir(session.tmp)
            if pid:
                time.sleep(0.1)
                os.kill(pid, signal.SIGCONT)
            status = session.end()
            more = [] if pid else ["it was not stopped there"]
            if status != lab.REFUSED:
                more.append(f"status {status}")
            if ran and stage.startswith(BEFORE_READY):
                more.append("the command ran before its guard was ready")
            stumble.judge(f"before {stage}", session, status, more)
        stumble.next_works()


WAITING = """
tell(started=1)
wait("go")
"""


def waiting(suite):
    """Killed and stopped by others, while package code runs or is held."""
    stumble = Stumble(suite, "waiting")
    check = suite.tap.check

    session = stumble.session("", WAITING, "open('ran', 'w')\n" + SECOND)
    session.read()
    session.signal(signal.SIGKILL, *session.controllers())
    wait_for(lambda: not session.controllers())
    session.let("go")
    status = session.end()
    stumble.judge("the controller is killed: what is started after that never runs", session, status,
                  ["it ran"] if any('"started": 2' in line for line in session.heard) else [])
    check("the controller is gone" in session.err, "waiting: cordon run says so", session.err)

    # The supervisor would continue it after some seconds of silence.
    session = stumble.session("", WAITING, SECOND)
    session.read()
    session.signal(signal.SIGSTOP)
    session.let("go")
    time.sleep(4)
    check(not session.read(0.1), "waiting: the controller is stopped: package code waits for it", session.heard)
    session.signal(signal.SIGCONT)
    status = session.end()
    stumble.judge("and goes on when it does", session, status, [] if status == lab.REFUSED else [f"status {status}"])
    names = {finding.get("package", {}).get("name") for finding in session.findings()}
    check(names == {"unknown"}, "waiting: it was held too long, so it is nobody's", names)

    # Only the controller: nobody but the supervisor does anything about it.
    session = stumble.session("", WAITING, SECOND)
    session.read()
    session.signal(signal.SIGSTOP, *session.controllers())
    session.let("go")
    status = session.end()
    stumble.judge("the supervisor continues a controller that is stopped", session, status,
                  [] if status == lab.REFUSED else [f"status {status}"])

    # Nobody is left to wake what is held, or to end what stays.
    session = stumble.session("", WAITING + LEFT, SECOND)
    session.read()
    guards = [session.process.pid, *session.controllers()]
    session.signal(signal.SIGSTOP, *guards)
    session.let("go")
    check(wait_for(lambda: "T" in [state_of(pid) for pid in marked(session.mark) if pid not in guards]),
          "waiting: package code is held", [state_of(pid) for pid in marked(session.mark)])
    session.signal(signal.SIGKILL, *guards)
    session.process.wait()
    stumble.next_works()
    wrong = stumble.remains(session) + stumble.complaints(session, -9)
    check(not wrong, "waiting: both are killed: the next install ends what they have left", wrong)
