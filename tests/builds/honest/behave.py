# SPDX-License-Identifier: Apache-2.0
"""Runs honest behaviours from within a build. Shipped in the test's packages; the harness reads the same registry.

A behaviour is a function that works in a fresh folder, its current one, within the package's source tree; what it puts
into `out` is installed, so both runs of the test compare it. It raises where something does not work. Each runs in a
process of its own: one that is ended takes no other with it, and a failure has its name.
"""
import os
import shutil
import sys
import traceback

REGISTRY = {}  # name -> (function, programs that it needs)


def behaviour(name, *needs):
    def register(function):
        REGISTRY[name] = (function, needs)
        return function
    return register


def expect(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r}, not {wanted!r}")


def _child(name, work, out):
    status = 1
    try:
        os.chdir(work)
        REGISTRY[name][0](out)
        status = 0
    except BaseException:  # pylint: disable=broad-except; also what a library means as an exit
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def run(names, out):
    """Does `names`, each with a folder out/NAME. Leaves out/report.txt; prints the same lines as they come."""
    out = os.path.abspath(out)
    lines = []
    for name in names:
        work = os.path.abspath(os.path.join("honest-work", name))
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        os.makedirs(os.path.join(out, name), exist_ok=True)
        sys.stdout.flush()
        pid = os.fork()
        if not pid:
            _child(name, work, os.path.join(out, name))
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        line = f"honest: {name}: {'ok' if status == 0 else f'status {status}'}"
        print(line, flush=True)
        lines.append(line)
    shutil.rmtree("honest-work", ignore_errors=True)
    with open(os.path.join(out, "report.txt"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def collect(out):
    """File name below `out` -> its bytes. Folders without files are nobody's."""
    found = {}
    for folder, _, files in os.walk(out):
        for file in files:
            path = os.path.join(folder, file)
            with open(path, "rb") as opened:
                found[os.path.relpath(path, out)] = opened.read()
    return found
