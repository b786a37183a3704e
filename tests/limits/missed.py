# SPDX-License-Identifier: Apache-2.0
"""A kernel that preempts tracepoints (7.3) may skip what runs there. Here it is skipped always, so what is only late there is
seen to be mended."""
import os

import lab
from guarded import Session

MISSED = os.path.join(lab.OUTPUT, "tools/missed.so")
BOUND = 30
# One after the other, so there are never more than a few.
FORKS = """
failed = 0
for index in range({count}):
    try:
        pid = os.fork()
    except OSError:
        failed += 1
        continue
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    time.sleep(0.01)
tell(failed=failed, connect=connect(), secret=secret())
"""


def exits(suite):
    """Who is gone without a word is counted out before flood.tasks speaks, and the session ends."""
    name, count = "missed-exit", 3 * BOUND
    session = Session(suite.lab, name, FORKS.format(count=count), limits=f"processes={BOUND}",
                      env={"LD_PRELOAD": MISSED, "MISSED": "cordon_exit"})
    said = session.read()
    suite.tap.check(said.get("failed") == 0, f"{name}: {count} processes one after the other, of {BOUND} at a time", f"{said} {session.err}")
    suite.tap.check(said.get("connect") == "refused", f"{name}: none of it is unguarded", said)
    suite.tap.check(session.end() == suite.lab_refused, f"{name}: its session ends", session.err)
    floods = [finding for finding in session.findings() if finding["rule"] == "flood.tasks"]
    suite.tap.check(not floods, f"{name}: flood.tasks is not told", floods)
    suite.no_pins(name)


def execs(suite):
    """Whose start was missed is held a moment later, and becomes what it would have become: the installer first of all."""
    name = "missed-exec"
    if suite.backend == "trace":
        suite.tap.skip(f"{name}: it is held at its first operation", "there is nothing else that sees it")
        return
    session = Session(suite.lab, name, """
tell(role=1, environ=os.environ.get("AWS_SECRET_ACCESS_KEY", "none"), connect=connect(), secret=secret(), honest=program("/bin/true"))
""", """
tell(role=2, connect=connect())
""", limits="processes=1000", env={"LD_PRELOAD": MISSED, "MISSED": "cordon_exec", "AWS_SECRET_ACCESS_KEY": "decoy"})
    want = {"role": 1, "environ": "none", "connect": "refused", "secret": "refused", "honest": "allowed"}
    said = session.read()
    suite.tap.check({**said, "environ": "none" if "decoy" not in said.get("environ", "") else "decoy"} == want,
                    f"{name}: package code is package code, without the user's secrets", f"{said} {session.err}")
    suite.tap.check(session.read() == {"role": 2, "connect": "refused"}, f"{name}: and so the next time", session.err)
    suite.tap.check(session.end() == suite.lab_refused, f"{name}: its session ends", session.err)
    told = {(finding["rule"], (finding["package"] or {}).get("name")) for finding in session.findings() if finding["action"] != "log"}
    suite.tap.check({("net.connect", "hostile"), ("file.secret", "hostile")} <= told, f"{name}: findings name the package", told)
    suite.no_pins(name)
