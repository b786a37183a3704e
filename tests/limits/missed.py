# SPDX-License-Identifier: Apache-2.0
"""A kernel that preempts tracepoints (7.3) may skip what runs there. Here it is skipped always, so what is only late there is
seen to be made up for."""
import os

import lab
from guarded import Session

SKIP = os.path.join(lab.OUTPUT, "tools/missed.so")
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
tell(failed=failed, leaked="decoy" in os.environ.get("AWS_SECRET_ACCESS_KEY", ""), connect=connect(), secret=secret(),
     honest=program("/bin/true"))
"""


def missed(suite):
    """Whose start was missed is held a moment later, and becomes what it would have become: the installer first of all. Who is
    gone without a word is counted out before flood.tasks speaks, and the session ends."""
    name, count, check = "missed", 3 * BOUND, suite.tap.check
    # On trace nothing else sees a start.
    programs = "cordon_exit" if suite.backend == "trace" else "cordon_exit,cordon_exec"
    session = Session(suite.lab, name, FORKS.format(count=count), "tell(connect=connect())", limits=f"processes={BOUND}",
                      env={"LD_PRELOAD": SKIP, "ASAN_OPTIONS": "verify_asan_link_order=0", "MISSED": programs, "AWS_SECRET_ACCESS_KEY": "decoy"})
    said = session.read()
    check(said.pop("failed", None) == 0, f"{name}: {count} processes one after the other, of {BOUND} at a time", f"{said} {session.err}")
    killed = "killed" if suite.backend == "trace" else "refused"
    check(said == {"leaked": False, "connect": "refused", "secret": killed, "honest": "allowed"},
          f"{name}: package code is package code, without the user's secrets", f"{said} {session.err}")
    check(session.read() == {"connect": "refused"}, f"{name}: and so the next time", session.err)
    check(session.end() == suite.lab_refused, f"{name}: its session ends", session.err)
    findings = session.findings()
    told = {(finding["rule"], (finding["package"] or {}).get("name")) for finding in findings if finding["action"] != "log"}
    check({("net.connect", "hostile"), ("file.secret", "hostile")} <= told, f"{name}: findings name the package", told)
    check("flood.tasks" not in {rule for rule, _ in told}, f"{name}: flood.tasks is not told", told)
    suite.no_pins(name)
