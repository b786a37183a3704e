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
