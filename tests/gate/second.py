# SPDX-License-Identifier: Apache-2.0
"""The gate's second line: an installer puts files into an environment only from an archive that passed."""
import os
import shutil

from told import UNSEEN, Told


def case_environment(suite):
    def start(name, installer="pip"):
        told = Told(suite, name, installer, suite.deny("evil"))
        suite.lab.folder(name, "lib/python3/site-packages/pkg/__pycache__")
        for package in ("good", "evil"):
            shutil.copyfile(suite.wheel[package], told.path(f"{package}-1.0-py3-none-any.whl"))
        return told, told.path("lib/python3/site-packages")

    told, site = start("nothing")
    check = suite.check
    check(told.tell("create", told.path("lib/other.py")) == "ok", "environment: files elsewhere are not asked about")
    check(told.tell("create", f"{site}/pkg/__pycache__/m.pyc") == "ok", "environment: nor bytecode of what the installer imports")
    check(told.tell("create", f"{site}/pkg/deep.py") == suite.refused, "environment: without any archive no file is made there")
    found = suite.findings(told.env, UNSEEN)
    check(len(found) == 1 and "no archive" in (found[0]["reason"] or "") and (found[0]["object"] or {}).get("path", "").endswith("/site-packages/pkg/deep.py"),
          "environment: recorded, with the reason", found)
    if not suite.trace:
        check(not os.path.exists(f"{site}/pkg/deep.py"), "environment: it is not there")
        check(told.tell("link", told.path("lib/other.py"), f"{site}/other.py") == "EPERM", "environment: nor does one get its name there")
        evil = told.tell("open", told.path("evil-1.0-py3-none-any.whl"))
        check((evil, told.tell("create", f"{site}/evil.py")) == ("EPERM", "EPERM"), "environment: one that is denied opens no door")
    told.end()
    told, site = start("passed")
    check(told.tell("open", told.path("good-1.0-py3-none-any.whl")) == "ok", "environment: an archive passes")
    check(told.tell("create", f"{site}/pkg/deep.py") == "ok", "environment: then files are made there")
    told.end()
    told, site = start("uv-alone", "uv")
    check(told.tell("create", f"{site}/_virtualenv.py") == "ok", "environment: uv, which makes some itself, is not held to it")
    told.end()
