# SPDX-License-Identifier: Apache-2.0
"""cordon as the first process of a container, many installs at once, and how long audit has anybody wait."""
import os
import shutil
import time

import guarded
import lab
from deaths import Waiting
from guarded import marked, wait_for

INSTALLS = 200 if guarded.FULL else 10 if lab.EMULATED else 60
# Each is an installer of its own, with its own archive; it says what it read.
ONE = "import sys\nprint(sys.argv[1][-7:], open(sys.argv[1], 'rb').read(2).decode(), flush=True)\n"
ALL = """
import subprocess, sys
running = [subprocess.Popen([sys.executable, "-I", "-S", sys.argv[1], path]) for path in sys.argv[2:]]
sys.exit(any([process.wait() for process in running]))
"""


def crowd(suite):
    """So many installers at once in one session; none is left waiting, each has its verdict."""
    root, env = suite.lab.folder("crowd"), suite.env("crowd")
    pip, paths = os.path.join(root, "pip"), [os.path.join(root, f"{number:03}.whl") for number in range(INSTALLS)]
    with open(pip, "w", encoding="utf-8") as file:
        file.write(ONE)
    for path in paths:
        shutil.copyfile(suite.wheel, path)
    begun = time.monotonic()
    status, out, err = suite.lab.run([*suite.cordon("crowd", suite.deny("evil")), "--", lab.PYTHON, "-I", "-S", "-c", ALL, pip, *paths],
                                     cwd=root, env=env)
    suite.tap.diag(f"crowd: {INSTALLS} in {time.monotonic() - begun:.1f} s")
    want = sorted(f"{os.path.basename(path)} PK" for path in paths)
    suite.check(status == 0 and sorted(out.splitlines()) == want, f"crowd: {INSTALLS} at once, each reads its archive",
                f"{status} {len(out.splitlines())}\n{err}")
    suite.check(not suite.findings(env, "identity.malformed"), "crowd: none is refused")


def container(suite):
    """`cordon run` is process 1: whatever it leaves behind goes with it, and nothing of the guard stays."""
    root, env = suite.lab.folder("container"), {**suite.env("container"), "LIVES_MARK": "container"}
    pip, archive = os.path.join(root, "pip"), os.path.join(root, "one.whl")
    shutil.copyfile(suite.wheel, archive)
    build = suite.lab.folder("container", "tmp/pip-install-0/good_" + "0" * 32)
    with open(pip, "w", encoding="utf-8") as file:
        file.write("import os, subprocess, sys\nopen(sys.argv[1]).close()\nassert os.getppid() == 1\n"
                   f"subprocess.run(['/bin/sh', '-c', 'cat ~/.ssh/id; echo ran'], cwd={build!r})\n"
                   "subprocess.Popen(['/usr/bin/setsid', '/bin/sleep', '600'], cwd=os.environ['TMPDIR'])\nsys.exit(3)\n")
    os.makedirs(os.path.join(env["HOME"], ".ssh"))
    with open(os.path.join(env["HOME"], ".ssh/id"), "w", encoding="utf-8") as file:
        file.write("decoy, no key\n")
    for mode in ("--enforce", "--audit"):
        status, out, err = suite.lab.run(
            ["/usr/bin/unshare", "--pid", "--fork", "--mount-proc", *suite.cordon("container", suite.deny("evil"), mode), "--",
             lab.PYTHON, "-I", pip, archive], cwd=root, env=env, timeout=120)
        audit = mode == "--audit"
        suite.check(status == (3 if audit else lab.REFUSED), f"container: {mode}: its status", f"{status}\n{out}{err}")
        suite.check(("decoy" in out) == audit, f"container: {mode}: package code is guarded", f"{out}{err}")
        suite.check(wait_for(lambda: not marked("LIVES_MARK=container"), 20), f"container: {mode}: nobody is left",
                    marked("LIVES_MARK=container"))
        found = suite.findings(env, "file.secret")
        suite.check([finding["answer"] == "passed" for finding in found] == [audit], f"container: {mode}: it is recorded", found)
        sessions = suite.lab.run([lab.CORDON, "log", "--sessions", "--json"], cwd="/", env=env)[1].split("\n")
        suite.check('"ended":"' in sessions[0] and '"status":3' in sessions[0], f"container: {mode}: with its end", sessions[0])
        suite.no_pins(f"container: {mode}")


def audit_gate(suite):
    """Nobody waits for long, and what is found later is told all the same."""
    waiting = Waiting(suite, "audit-wait", "--audit")
    with open(waiting.archives[0], "r+b"):
        begun = time.monotonic()
        answer = waiting.told.tell("open", waiting.archives[0])
        took = time.monotonic() - begun
    suite.check(answer == "ok" and 0.4 < took < (8 if lab.EMULATED else 1.5), "audit-wait: an archive that is written is opened soon",
                f"{answer} {took:.1f} s")
    waiting.end(0)
    suite.check(not suite.findings(waiting.told.env, "identity.malformed"), "audit-wait: it was closed in time, so it is fine")


# All of one size, and different in the last byte.
SEARCH = """
import os, subprocess, sys, time
size, programs = 64 << 20, [os.path.abspath(name) for name in "abcdefghijkl"]
for name in programs:
    with open(name, "wb") as file:
        file.write(open("/bin/true", "rb").read())
        file.truncate(size)
        file.seek(size - 1)
        file.write(name[-1:].encode())
    os.chmod(name, 0o755)
begun = time.monotonic()
running = [subprocess.Popen([name]) for name in programs]
statuses = {process.wait() for process in running}
print("took", time.monotonic() - begun, statuses, flush=True)
"""


def audit_compare(suite):
    """Nor for programs that are compared with many of their size, one after the other."""
    if lab.EMULATED:
        suite.tap.skip("audit-compare: programs run soon", "not here: files of that size")
        return
    root, env = suite.lab.folder("audit-compare"), suite.env("audit-compare")
    shutil.copy(os.path.join(os.path.dirname(__file__), "../fixtures/installer/pip"), root)
    status, out, err = suite.lab.run([*suite.cordon("audit-compare", "", "--audit"), "--", lab.PYTHON, os.path.join(root, "pip"),
                                      "--package", "good", SEARCH], cwd=root, env=env)
    words = out.split()
    suite.check(status == 0 and words[:1] == ["took"] and words[2] == "{0}", "audit-compare: they run", f"{status} {out}{err}")
    suite.check(float(words[1]) < 1.2, "audit-compare: soon", out)
    found = suite.findings(env, "exec.dropped")
    suite.check({finding["answer"] for finding in found} == {"passed"}, "audit-compare: it is recorded", found)


CASES = {"crowd": crowd, "container": container, "audit-wait": audit_gate, "audit-compare": audit_compare}
