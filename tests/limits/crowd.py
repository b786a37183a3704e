# SPDX-License-Identifier: Apache-2.0
"""Many at once: sessions side by side, and a package that forks without end."""
import os
import pwd
import signal
import subprocess
import time

from guarded import EMULATED, FULL, PATIENCE, REFUSED, Session, marked, wait_for

SESSIONS = 40 if FULL or not EMULATED else 5
BUILD = """
wait("go")
with open("main.c", "w") as file:
    file.write('#include <unistd.h>\\nint main(void) {{ return write(1, "{number}", {length}) != {length}; }}\\n')
subprocess.run(["gcc", "-o", "main", "main.c"], check=True)
tell(built=subprocess.run([os.path.abspath("main")], stdout=subprocess.PIPE, text=True).stdout)
tell(connect=connect(), secret=secret(), honest=program("/bin/true"))
"""


def sessions(suite):
    """Each with an attack and an honest build; every other one only audits. None takes another's mode, package or findings."""
    running = []
    for number in range(SESSIONS):
        code = BUILD.format(number=number, length=len(str(number)))
        running.append(Session(suite.lab, f"sessions-{number}", code, mode="--audit" if number % 2 else "--enforce",
                               package=f"hostile-{number}"))
    for session in running:
        session.let("go")
    for number, session in enumerate(running):
        audit, name = number % 2 == 1, f"sessions: {number}"
        built, said = session.read(PATIENCE * 4), session.read()
        status = session.end()
        want = ("allowed",) if audit else REFUSED
        wrong = [] if built.get("built") == str(number) else [f"it built {built}"]
        if said.get("connect") not in want or said.get("secret") not in want or said.get("honest") != "allowed":
            wrong.append(f"its deeds: {said}")
        if status != (0 if audit else suite.lab_refused):
            wrong.append(f"status {status}")
        findings = session.findings()
        told = sorted((finding["rule"], finding["mode"], finding["package"]["name"], finding.get("count", 1))
                      for finding in findings if finding["action"] != "log")
        mode = "audit" if audit else "enforce"
        if told != [(rule, mode, f"hostile-{number}", 1) for rule in ("file.secret", "net.connect")]:
            wrong.append(f"its journal: {told}")
        if session.lost() != 0:
            wrong.append(f"{session.lost()} lost")
        suite.tap.check(not wrong, f"{name} of {SESSIONS}: {mode}", "\n".join(wrong) + f"\n{session.err}")
    suite.no_pins("sessions")


# Gives up at no failure, and does not wait for anything. Harmless without cordon too: there is a limit for its user.
BOMB = """
resource.setrlimit(resource.RLIMIT_NPROC, ({limit}, {limit}))
if not os.fork():
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep({pause})
tell(begun=1, connect=connect())
wait("go")
tell(connect=connect(), honest=open("/proc/self/comm").read().strip())
"""


def bomb(suite):
    """As a plain user, with a limit of his that is above cordon's."""
    name, bound = "bomb", 40 if EMULATED else 4096 if FULL else 150
    user = pwd.getpwnam("nobody")
    check = suite.tap.check
    session = Session(suite.lab, name, BOMB.format(limit=4 * bound, pause=0.5 if EMULATED else 0.01), user=user, limits=f"processes={bound}")
    try:
        check(session.read().get("connect") == "refused", f"{name}: it begins", f"{session.heard} {session.err}")
        most, slowest, until = 0, 0, time.monotonic() + 3
        while time.monotonic() < until:
            begun = time.monotonic()
            subprocess.run(["/bin/true"], check=True)
            slowest = max(slowest, time.monotonic() - begun)
            most = max(most, len(marked(session.mark)))
            time.sleep(0.05)
        # Beside installer, supervisor and controller: those that were being made when it was reached.
        check((2 if suite.backend == "trace" else bound // 3) < most <= 2 * bound, f"{name}: there are some {bound} processes of it at the most", most)
        check(slowest < (20 if EMULATED else 5), f"{name}: programs start as before", f"{slowest:.1f} s")
        # Next to it, not after it.
        other = Session(suite.lab, name + "-other", "tell(connect=connect(), honest=program('/bin/true'))")
        said = other.read()
        check(said == {"connect": "refused", "honest": "allowed"}, f"{name}: another install goes on", f"{said} {other.err}")
        check(other.end() == suite.lab_refused, f"{name}: and ends", other.err)
        session.let("go")
        said = session.read()
        if suite.backend != "trace" or said:  # there, whoever forks is ended, and what began it may be next
            check(said.get("connect") == "refused", f"{name}: none of it is unguarded", said)
        begun = time.monotonic()
        status = session.end()
        check(status == suite.lab_refused, f"{name}: its session ends", f"{status} {session.err}")
        suite.tap.diag(f"{name}: {most} processes, ended in {time.monotonic() - begun:.1f} s")
        # The controller goes last.
        check(wait_for(lambda: not marked(session.mark), PATIENCE if EMULATED else 20), f"{name}: and all of it with it", len(marked(session.mark)))
        floods = [finding for finding in session.findings() if finding["rule"] == "flood.tasks"]
        count = sum(finding.get("count", 1) for finding in floods)
        check(0 < count < 60, f"{name}: flood.tasks is told, and not for each try", f"{count}: {floods[:3]}")
        check({finding["answer"] for finding in floods} <= {"refused", "ended"}, f"{name}: as what it was", floods[:3])
    finally:
        for pid in marked(session.mark):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    suite.no_pins(name)
