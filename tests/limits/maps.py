# SPDX-License-Identifier: Apache-2.0
"""What package code can fill: the ring and the maps. Each map is small for the test, and full when the attacks come."""
import os
import signal

import lab
from guarded import EMULATED, FULL, REFUSED, Session, marked, wait_for

# Said by every case, after its map is full.
ATTACKS = "tell(connect=connect(), secret=secret())\n"


def attacks_fail(suite, name, said):
    for attack in ("connect", "secret"):
        suite.tap.check(said.get(attack) in REFUSED, f"{name}: {attack} is refused all the same", said)


def ends(suite, name, session, lost=True, failed=False):
    """The session's end, which tells what was lost. `failed`: the command itself, since its package code was ended."""
    status = session.end()
    wait_for(lambda: not session.controllers()) # a full ring keeps it busy for longer than cordon run waits
    suite.tap.check(status == (1 if failed else suite.lab_refused), f"{name}: the session ends, and says what was refused", f"{status}\n{session.err}")
    count = session.lost()
    if lost:
        suite.tap.check(count > 0, f"{name}: the journal tells that records were lost", count)
        suite.tap.check("lost on the way" in session.err, f"{name}: so does cordon run", session.err)
    else:
        suite.tap.check(count == 0, f"{name}: nothing was lost", count)


def ring(suite):
    """Some 1,200 findings fit. The flood comes while nobody takes any out."""
    name, times = "ring", 1500 if EMULATED else 3000
    session = Session(suite.lab, name, f"""
tell(ready=1)
wait("flood")
went = [connect() for _ in range({times})]
tell(refused=went.count("refused"), honest=program("/bin/true"))
{ATTACKS}""", 'tell(second="runs")\n')
    session.read()
    session.signal(signal.SIGSTOP)
    session.let("flood")
    said = session.read()
    suite.tap.check(said.get("refused") == times, f"{name}: each of {times} connects is refused", said)
    suite.tap.check(said.get("honest") == "allowed", f"{name}: a program of the system starts", said)
    attacks_fail(suite, name, session.read())
    # The next package's code: no word of it reaches the controller, so nobody would take secrets from it, and wake it.
    ended = wait_for(lambda: not marked(session.mark, os.path.realpath(lab.PYTHON)), 8) # sooner than the controller is missed
    suite.tap.check(ended, f"{name}: package code is not held for ever", session.err)
    session.signal(signal.SIGCONT)
    ends(suite, name, session, failed=True)
    suite.tap.check(not any("second" in line for line in session.heard), f"{name}: but ends before it has begun", session.heard[-1:])
    told = sum(finding.get("count", 1) for finding in session.findings() if finding["rule"] == "net.connect")
    suite.tap.check(0 < told and told + session.lost() >= times, f"{name}: told or lost, none is missing",
                    f"{told} told, {session.lost()} lost")


def made(suite):
    """Entries of a temporary folder."""
    name = "map-made"
    if suite.backend == "trace":
        return suite.tap.skip(name, "trace keeps no such map: writing elsewhere is only logged there")
    size = 32768 if FULL else 24
    session = Session(suite.lab, name, f"""
import tempfile
temp, count = os.environ["TMPDIR"], 0
def make(number):
    open(os.path.join(temp, f"entry-{{number}}"), "w").close()
while count < {2 * size} and outcome(lambda: make(count)) == "allowed":
    count += 1
tell(made=count)
{ATTACKS}
os.makedirs("own/folder")
again = outcome(lambda: open(os.path.join(temp, "entry-0"), "a").write("more"))
os.unlink(os.path.join(temp, "entry-1"))
tell(own=os.path.isdir("own/folder"), again=again, freed=outcome(lambda: make(1)), moved=outcome(
    lambda: os.rename(os.path.join(temp, "entry-2"), os.path.join(temp, "entry-x"))))
""", limits=f"made_entries={size}")
    said = session.read()
    suite.tap.check(0 < said.get("made", 0) <= size, f"{name}: no more entries than can be kept", said)
    attacks_fail(suite, name, session.read())
    said = session.read()
    suite.tap.check(said.get("own") is True, f"{name}: the package's own folder is as before", said)
    suite.tap.check(said.get("again") == said.get("freed") == "allowed", f"{name}: what is there, and what was freed", said)
    ends(suite, name, session)


LINK = """
with open("main.c", "w") as file:
    file.write("void _start(void) { __asm__ volatile(\\"syscall\\" : : \\"a\\"(60), \\"D\\"(0)); }")
subprocess.run(["gcc", "-c", "-nostdlib", "-fno-stack-protector", "main.c"], check=True)
def link(number):
    path = os.path.abspath(f"built-{number}")
    subprocess.run(["ld", f"--build-id=0x{number:08x}", "-o", path, "main.o"], check=True)
    return path
"""


def origins(suite):
    """Programs that a linker has written."""
    name, size = "map-origins", 6
    session = Session(suite.lab, name, f"""{LINK}
built = [link(number) for number in range({size} + 6)]
tell(built=[program(path) for path in built])
tell(first=program(built[0]), system=program("/bin/true"), dropped=program(drop(os.path.abspath("dropped"), "x")))
with open(built[0], "ab") as file: # built no longer
    file.write(b"y")
tell(changed=program(built[0]))
{ATTACKS}""", limits=f"origins={size}")
    said = session.read().get("built") or [""]
    suite.tap.check(said[0] == "allowed", f"{name}: what was linked while there was room runs", said)
    if suite.backend != "trace":
        # There, what a linker writes and nobody else is no evidence against it.
        suite.tap.check(said[-1] in REFUSED, f"{name}: what was linked later does not", said)
    suite.tap.check("hangs" not in said, f"{name}: nobody waits", said)
    said = session.read()
    suite.tap.check(said.get("first") == said.get("system") == "allowed", f"{name}: what is known runs on", said)
    suite.tap.check(said.get("dropped") in REFUSED, f"{name}: a dropped program is refused", said)
    suite.tap.check(session.read().get("changed") in REFUSED, f"{name}: so is a changed one", session.heard)
    attacks_fail(suite, name, session.read())
    ends(suite, name, session)


def tainted(suite):
    """Files that package code has open for writing: evidence against them."""
    name, size = "map-tainted", 65536 if FULL and suite.backend == "trace" else 16
    session = Session(suite.lab, name, f"""
shipped = os.path.abspath("shipped")
tell(before=program(shipped))
def touch(path):
    with open(path, "a") as file:
        file.write("more")
went = [outcome(lambda: touch(f"unpacked-{{number % 40}}" if number < 40 else f"new-{{number}}"))
        for number in range({max(size, 40)} + 8)]
tell(went=went[:48], system=program("/bin/true"))
opened = outcome(lambda: touch(shipped))
tell(opened=opened, shipped=program(shipped), dropped=program(drop(os.path.abspath("dropped"), "x")))
{ATTACKS}
open("more", "w").close()
tell(more=os.path.exists("more"))
""", limits=f"tainted={size}", unpack=40)
    suite.tap.check(session.read().get("before") == "allowed", f"{name}: an unpacked program runs", session.heard)
    said = session.read()
    if suite.backend != "trace":
        went = said.get("went") or [""]
        suite.tap.check(went[0] == "allowed" and went[39] == "refused", f"{name}: what cannot be kept is refused", said)
    suite.tap.check(said.get("system") == "allowed", f"{name}: a program of the system starts", said)
    said = session.read()
    changed = said.get("opened") == "allowed"
    suite.tap.check(said.get("shipped") in REFUSED or not changed, f"{name}: no changed program runs", said)
    if suite.backend != "trace":
        suite.tap.check(not changed and said.get("shipped") == "allowed", f"{name}: one that could not be changed does", said)
    suite.tap.check(said.get("dropped") in REFUSED, f"{name}: no dropped one", said)
    attacks_fail(suite, name, session.read())
    suite.tap.check(session.read().get("more") is True, f"{name}: new files can be written", session.heard)
    ends(suite, name, session)


DROPPED = """
paths = [drop(os.path.abspath(f"dropped-{number}"), str(number)) for number in range(%d)]
tell(went=[program(path) for path in paths + paths])
"""


def compares(suite):
    """Programs that were compared, and are equal to nothing good: where that cannot be kept nobody is asked for ever."""
    name = "map-compares"
    first = Session(suite.lab, name, DROPPED % 6 + ATTACKS + "wait('end')", limits="compares=3")
    said = first.read().get("went") or []
    suite.tap.check(len(said) == 12 and all(went in REFUSED for went in said), f"{name}: each is refused, and soon", said)
    attacks_fail(suite, name, first.read())
    # All places are the first one's.
    other = Session(suite.lab, name + "-other", DROPPED % 3 + "tell(system=program('/bin/true'))\n" + ATTACKS)
    said = other.read().get("went") or []
    suite.tap.check(len(said) == 6 and all(went in REFUSED for went in said), f"{name}: of another session too", said)
    suite.tap.check(other.read().get("system") == "allowed", f"{name}: a program of the system starts", other.heard)
    attacks_fail(suite, f"{name}: of another session", other.read())
    audit = Session(suite.lab, name + "-audit", DROPPED % 2, mode="--audit")
    said = audit.read().get("went") or []
    suite.tap.check(said == ["allowed"] * 4, f"{name}: nothing is refused in audit", said)
    suite.tap.check(audit.end() == 0, f"{name}: and it ends", audit.err)
    ends(suite, f"{name}: the other one", other, lost=False)
    first.let("end")
    ends(suite, name, first, lost=False)


FORKS = """
def child(number):
    with open(f"child-{{number}}", "w") as file:
        file.write("runs")
    wait("forked")
    went = connect()
    with open(f"child-{{number}}", "a") as file:
        file.write(" " + went)
    os._exit(0)
def forker():
    for number in range({times}):
        try:
            if not os.fork():
                child(number)
        except OSError as error:
            os._exit(1)
    os._exit(0)
first = os.fork() # on trace it is ended for it
if not first:
    forker()
tell(status=os.waitpid(first, 0)[1])
wait("forked")
def heard():
    return [open(name).read() for name in os.listdir(".") if name.startswith("child-")]
before, same = heard(), 0
while same < {looks}:
    time.sleep(0.3)
    now = heard()
    before, same = now, same + 1 if now == before else 0
tell(said=before)
again = 0
for number in range(100): # as they end
    try:
        again = os.fork()
        break
    except OSError:
        time.sleep(0.1)
if not again:
    os._exit(0)
os.waitpid(again, 0)
tell(honest=program("/bin/true"))
tell(connect=in_child("import socket; socket.create_connection(('127.0.0.1', 9))"), secret=secret())
"""
# Without cgroup2 nothing but its label tells that a process is one of the install.
NO_CGROUP = ("/usr/bin/unshare", "--mount", "/bin/sh", "-c",
             'umount -l /sys/fs/cgroup/unified 2> /dev/null || umount -l /sys/fs/cgroup; exec "$@"', "sh")


def labels(suite):
    """Processes. What has no label is no process of the install, so it must not be."""
    size = 24
    for name, before in (("map-labels", ()), ("map-labels-no-cgroup", NO_CGROUP)):
        if before and suite.backend != "trace":
            continue  # where a fork can be refused, no cgroup is asked for
        session = Session(suite.lab, name, FORKS.format(times=2 * size, looks=10 if EMULATED else 4), before=before,
                          limits=f"labels={size}")
        said = session.read()
        suite.tap.check(said.get("status"), f"{name}: there is an end to it", f"{said}\n{session.err}")
        session.let("forked")
        said = session.read().get("said") or []
        suite.tap.check(0 < len(said) < size, f"{name}: no more than can be kept run", said)
        suite.tap.check(set(said) <= {"runs", "runs refused"}, f"{name}: none is unguarded", said)
        said = session.read()
        suite.tap.check(said.get("honest") == "allowed", f"{name}: with room again, the package goes on", f"{said}\n{session.err}")
        said = session.read()
        suite.tap.check(said.get("secret") in REFUSED and ("PermissionError" in said["connect"] or said["connect"] == "killed"),
                        f"{name}: attacks are refused", said)
        ends(suite, name, session)


# Map -> a size that no session fits in. What only the controller fills it fills before the command starts.
TOO_SMALL = {"zones": 8, "zone_names": 8, "recognition": 4, "guards": 1, "guard_ids": 8, "guard_objects": 8}


def setup(suite):
    """The maps of the controller alone: a session that does not fit does not begin."""
    for table, size in TOO_SMALL.items():
        if EMULATED and not FULL and table not in ("zones", "guard_objects"):
            continue
        session = Session(suite.lab, "map-setup-" + table, "tell(ran=1)", limits=f"{table}={size}")
        status = session.end()
        suite.tap.check(status == suite.lab_cannot and not session.heard,
                        f"map-setup: {table} is full: 125, nothing is run", f"{status} {session.heard}\n{session.err}")
        suite.no_pins("map-setup: " + table)
