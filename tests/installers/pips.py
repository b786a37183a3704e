# SPDX-License-Identifier: Apache-2.0
"""Many versions of pip and what the policy denies: old ones unpack, build and install in ways of their own."""
import glob
import os
import re

import lab
import mkpkg
import steps
import tools

KNOWN_BAD = "identity.known-bad"
# The last of each minor version; between them the legacy resolver went (20.3), a pip of its own for requirements came (21.1) and
# changed (22.2), --dry-run came (22.2), `setup.py install` went (23.1), wheels are built in the cache (25.3). "": the newest.
EVERY = ("20.0.2", "20.1.1", "20.2.4", "20.3.4", "21.0.1", "21.1.3", "21.2.4", "21.3.1", "22.0.4", "22.1.2", "22.2.2", "22.3.1",
         "23.0.1", "23.1.2", "23.2.1", "23.3.2", "24.0", "24.1.2", "24.2", "24.3.1", "25.0.1", "25.1.1", "25.2", "25.3", "26.0.1",
         "26.1.2", "26.2.1", "")

SETUP = """\
import os, setuptools
open(os.path.join(os.environ["TMPDIR"], "ran-{0}"), "w").close()
setuptools.setup(name="{0}", version="1.0", py_modules=["{0}"])
"""
# A backend of our own: with build isolation pip installs it by a pip below itself.
BACKEND = """
import os, small_maker
def build_wheel(folder, config_settings=None, metadata_directory=None):
    open(os.path.join(os.environ["TMPDIR"], "ran-" + os.path.basename(os.getcwd()).partition("_")[0]), "w").close()
    name = [line for line in open("PKG-INFO") if line.startswith("Name: ")][0][6:].strip()
    return small_maker.wheel(folder, name, "1.0", {name + ".py": ""}).rpartition("/")[2]
"""
PYPROJECT = '[build-system]\nrequires = [%s]\nbuild-backend = "backend"\n[project]\nname = "%s"\nversion = "1.0"\n'


def index(folder):
    """Wheels end in `w`, sources in `s`. Gives the entries that deny."""
    with open(mkpkg.__file__, encoding="utf-8") as file:
        maker = file.read()
    for name in ("goodw", "evilw", "hashw", "lastw"):
        mkpkg.wheel(folder, name, "1.0", {name + ".py": ""})
    for name in ("goods", "evils", "hashs"):
        mkpkg.sdist(folder, name, "1.0", {"setup.py": SETUP.format(name), name + ".py": ""})
    mkpkg.wheel(folder, "backend", "1.0", {"backend.py": BACKEND, "small_maker.py": maker})
    mkpkg.sdist(folder, "isolated", "1.0", {"pyproject.toml": PYPROJECT % ('"backend"', "isolated")})
    mkpkg.sdist(folder, "needing", "1.0", {"pyproject.toml": PYPROJECT % ('"backend", "evilw"', "needing")})
    return ["evilw", "evils", steps.digest(os.path.join(folder, "hashw-1.0-py3-none-any.whl")), steps.digest(os.path.join(folder, "hashs-1.0.tar.gz"))]


def number(version):
    return tuple(int(part) for part in version.split(".")) if version else (99,)


def pip_case(version):
    def case(tap, the_lab, name):
        try:
            source = tools.pip(version)
        except tools.Missing as why:
            tap.skip(name, why)
            return
        where = the_lab.folder(name, "index")
        env = the_lab.env(the_lab.folder(name, "home"), the_lab.folder(name, "tmp", mode=0o1777), PYTHONPATH=source,
                          PIP_ROOT_USER_ACTION="ignore", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INDEX="1", PIP_FIND_LINKS=where,
                          CORDON_STATE=the_lab.folder(name, "state", mode=0o700))
        todo = steps.Steps(the_lab, name, env, index(where))
        venv = the_lab.venv(name, "venv")
        todo.venv = venv
        pip = [os.path.join(venv, "bin/python"), "-m", "pip"]
        install = [*pip, "install", "--no-deps"]
        todo.add("allowed wheel", *install, "goodw")
        todo.add("allowed source", *install, "--no-build-isolation", "goods")
        todo.add("allowed source, isolated", *install, "isolated")
        refused = {}

        def refuse(title, package, *argv):
            refused[title] = package
            todo.add(title, *argv)

        refuse("wheel by name", "evilw", *install, "evilw")
        refuse("source by name", "evils", *install, "--no-build-isolation", "evils")
        refuse("wheel by digest", "hashw", *install, "hashw")
        refuse("source by digest", "hashs", *install, "--no-build-isolation", "hashs")
        refuse("build requirement", "evilw", *install, "needing")
        for verb, option in (("download", "-d"), ("wheel", "-w")):
            out = the_lab.folder(name, verb)
            refuse(f"{verb} of a wheel", "evilw", *pip, verb, "--no-deps", option, out, "evilw")
            refuse(f"{verb} of a source", "evils", *pip, verb, "--no-deps", "--no-build-isolation", option, out, "evils")
        if number(version) >= (22, 2):
            refuse("dry run", "evils", *install, "--dry-run", "--no-build-isolation", "evils")
        todo.add("allowed wheel behind them", *install, "lastw")
        todo.run()
        judge(tap, the_lab, name, todo, refused)
    return case


def judge(tap, the_lab, name, todo, refused):
    trace = (lab.BACKEND or the_lab.ask_backend()) == "trace"
    check = tap.check
    wrong = {title: step.status for title, step in todo.steps.items() if (step.status == 0) == (title in refused)}
    check(not wrong, f"{name}: what is denied fails, all else does not",
          "\n".join(f"{title}: {status}\n{todo.steps[title].said[-1500:]}" for title, status in wrong.items()))
    killed = [title for title in refused if todo.steps[title].status == 137]
    # trace ends it, or the pip below it that fetches what a build needs.
    silent = [title for title in refused if title not in killed and not re.search(
        "Operation not permitted" + "|status -9|exit code: -9" * trace, todo.steps[title].said)]
    check(not silent, f"{name}: pip itself says why it failed", "\n".join(todo.steps[title].said for title in silent))
    site = glob.glob(os.path.join(todo.venv, "lib/python3*/site-packages"))[0]
    there = {entry.partition("-")[0].removesuffix(".py") for entry in os.listdir(site)} - {"__pycache__", "_distutils_hack"}
    check(there == {"goodw", "goods", "isolated", "lastw"}, f"{name}: only what is allowed is installed", there)
    ran = {os.path.basename(path)[4:] for path in glob.glob(os.path.join(todo.env["TMPDIR"], "ran-*"))}
    check(ran == {"goods", "isolated"}, f"{name}: no code of what is denied has run", ran)
    left = [file for verb in ("download", "wheel") for file in os.listdir(the_lab.path(name, verb))]
    check(not left, f"{name}: pip download and pip wheel leave nothing", left)
    found = sorted(finding["package"]["name"] for finding in todo.findings(KNOWN_BAD))
    # `download` and a dry run may come to the same file as before: then it is refused as before, and counted.
    check(set(found) == set(refused.values()), f"{name}: each is recorded by its name", found)
    said = lab.own_words(todo.err)
    check(all(f"pypi:{package} 1.0" in said for package in set(refused.values())), f"{name}: cordon says which", todo.err)
    check(todo.status == lab.REFUSED, f"{name}: status {lab.REFUSED}", todo.status)
    others = [f"{finding['rule']} {finding['action']} {finding['object']}" for finding in the_lab.findings(todo.env)
              if finding["rule"] != KNOWN_BAD and finding["action"] != "log"]
    check(not others, f"{name}: nothing else is refused", "\n".join(others))


CASES = {f"denied-pip-{version or 'newest'}": pip_case(version) for version in EVERY}
SLOW = [name for name in CASES if name not in ("denied-pip-20.0.2", "denied-pip-22.3.1", "denied-pip-newest")]
