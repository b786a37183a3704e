# SPDX-License-Identifier: Apache-2.0
"""What an installer waits for a verdict: twenty wheels, opened once each by a program that is pip by its name."""
import os
import subprocess

import lab
import mkpkg

WHEELS, SIZE = 20, 1 << 20
# Copies, since what was looked at once is not looked at again; the digest of each is what no gate can do without.
OPENER = """\
import hashlib, os, shutil, sys, time
wheel, folder = sys.argv[1:]
opened = hashed = 0
for index in range({wheels}):
    path = os.path.join(folder, f"{{os.getpid()}}-{{index}}.whl")
    shutil.copyfile(wheel, path)
    begin = time.perf_counter()
    descriptor = os.open(path, os.O_RDONLY)
    opened += time.perf_counter() - begin
    begin = time.perf_counter()
    with open(descriptor, "rb") as file:
        hashlib.sha256(file.read()).hexdigest()
    hashed += time.perf_counter() - begin
    os.unlink(path)
print(opened / {wheels}, hashed / {wheels})
"""


def measure(bench, guard):
    """Rows for the table: seconds a wheel."""
    folder = bench.lab.folder("gates")
    wheel = mkpkg.wheel(folder, "large", "1.0", {"large/data": os.urandom(SIZE)})
    script = os.path.join(folder, "pip")
    with open(script, "w", encoding="utf-8") as file:
        file.write(OPENER.format(wheels=WHEELS))

    def run(before):
        done = subprocess.run([*before, lab.PYTHON, script, wheel, folder], env=bench.env, cwd=folder, check=True,
                              capture_output=True, text=True)
        return tuple(float(word) for word in done.stdout.split())

    values = bench.rounds("gate", {"without": lambda: run([]), "cordon": lambda: run(guard)}, 3 if bench.quick else 9, 30)
    opened = {name: [first for first, _ in took] for name, took in values.items()}
    what = f"gate, {SIZE >> 20} MiB"
    bench.row(what, "reading and hashing it", [second for _, second in values["without"]], None, "ms")
    bench.row(what, "opening it, no session", opened["without"], None, "ms")
    bench.row(what, "opening it, cordon", opened["cordon"], None, "ms")
