# SPDX-License-Identifier: Apache-2.0
"""Installers that are not pip, each with its own store and its own words: what is denied, what is condemned, what comes behind."""
import base64
import hashlib
import json
import os
import shutil
import subprocess

import lab
import mkpkg
import real
import steps
import tools
from registry import Registry
from told import Index

KNOWN_BAD = "identity.known-bad"
CAUGHT = real.CAUGHT % real.ACTS["secret"][1]
RUNS = "import os\nopen(os.path.join(os.environ['TMPDIR'], 'ran-{0}'), 'w').close()\n"
HOOKS = """
import small_maker
def build_wheel(folder, config_settings=None, metadata_directory=None):
    return small_maker.wheel(folder, "{0}", "1.0", {{"{0}.py": ""}}).rpartition("/")[2]
"""
PYPROJECT = ('[build-system]\nrequires = []\nbuild-backend = "hooks"\nbackend-path = ["."]\n[project]\nname = "{0}"\n'
             'version = "1.0"\n')
PTH = "import os; open(os.path.join(os.environ.get('TMPDIR', '/tmp'), 'ran-pth'), 'w').close()\n"
# What acts fails its first build, or not, as the file beside its home says.
BUILDS = "import os, sys\nif not os.path.exists(os.path.expanduser('~/again')):\n    open(os.path.expanduser('~/again'), 'w')\n"


def source(folder, name, code):
    with open(mkpkg.__file__, encoding="utf-8") as file:
        maker = file.read()
    return mkpkg.sdist(folder, name, "1.0", {"pyproject.toml": PYPROJECT.format(name), "small_maker.py": maker,
                                             "hooks.py": code + HOOKS.format(name)})


def python_index(folder):
    """Gives what to deny."""
    denied = [steps.digest(mkpkg.wheel(folder, "hashw", "1.0", {"hashw.py": ""})),
              steps.digest(source(folder, "hashs", RUNS.format("hashs"))), "evilw", "evils"]
    for name in ("goodw", "evilw", "lastw"):
        mkpkg.wheel(folder, name, "1.0", {name + ".py": ""})
    for name in ("goods", "evils"):
        source(folder, name, RUNS.format(name))
    source(folder, "caught", CAUGHT)
    mkpkg.wheel(folder, "pth", "1.0", {"pth.py": "", "pth.pth": PTH})
    return denied


class World:
    """One installer's home, index and session."""

    def __init__(self, tap, the_lab, name, deny, **env):
        self.tap, self.check, self.lab, self.name = tap, tap.check, the_lab, name
        home = the_lab.folder(name, "home")
        mkpkg.tree(home, {".ssh/id_ed25519": "decoy, no key\n"})
        self.env = the_lab.env(home, the_lab.folder(name, "tmp", mode=0o1777), **env)
        self.env["CORDON_STATE"] = the_lab.folder(name, "state", mode=0o700)
        self.work = the_lab.folder(name, "work")
        self.deny = deny

    def session(self, tag):
        return steps.Steps(self.lab, f"{self.name}-{tag}", self.env, self.deny)
