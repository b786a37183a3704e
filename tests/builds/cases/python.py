# SPDX-License-Identifier: Apache-2.0
"""Python packages of ours, by the ways in which their code gets to run: pip with a backend in the tree, with build
requirements, with setuptools; editable; from a repository; python -m build; uv."""
import os
import subprocess

import lab
import mkpkg
from behave import REGISTRY
import compile as _compile  # noqa: F401  (they register their behaviours)
import files as _files  # noqa: F401
import process as _process  # noqa: F401
import systems as _systems  # noqa: F401

HONEST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../honest")

# A backend in the tree of the package: what the behaviours leave in `out` becomes the wheel.
HOOKS = """\
import sys
import behave, mkpkg_small
import compile, files, process, systems

def names():
    with open("names.txt", encoding="utf-8") as file:
        return file.read().split()

def build_wheel(folder, config_settings=None, metadata_directory=None):
    behave.run(names(), "out")
    made = {"honest_pkg/" + name: data for name, data in behave.collect("out").items()}
    return mkpkg_small.wheel(folder, "honest", "1.0", {"honest_pkg/__init__.py": "", **made}).rpartition("/")[2]

def build_sdist(folder, config_settings=None):
    with open("MANIFEST", encoding="utf-8") as file:
        members = file.read().split("\\n")
    read = lambda name: open(name, "rb").read()
    return mkpkg_small.sdist(folder, "honest", "1.0",
                             {name: read(name) for name in members if name}).rpartition("/")[2]
"""
PYPROJECT = """\
[build-system]
requires = [%s]
build-backend = "hooks"
backend-path = ["."]
[project]
name = "honest"
version = "1.0"
"""
ANSWER_C = """\
#include <Python.h>

static PyObject *answer(PyObject *self, PyObject *args)
{
	return PyLong_FromLong(42);
}

static PyMethodDef methods[] = { { "answer", answer, METH_NOARGS, NULL }, { NULL } };
static struct PyModuleDef module = { PyModuleDef_HEAD_INIT, "_answer", NULL, -1, methods };

PyMODINIT_FUNC PyInit__answer(void)
{
	return PyModule_Create(&module);
}
"""
SETUP = """\
import sys
sys.path.insert(0, ".")
import behave, compile, files, process
from setuptools import Extension, setup

if "egg_info" not in sys.argv[1:2]:
    behave.run(open("names.txt").read().split(), "out")
setup(name="honest-ext", version="1.0", py_modules=["honest_ext"], ext_modules=[Extension("_answer", ["answer.c"])])
"""
PYPROJECT_SETUPTOOLS = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
"""
# Whom the code in them has to be taken for.
OURS = {("package", "pypi", "honest", "1.0")}
EXTENSION = {("package", "pypi", "honest-ext", "1.0")}
PROJECT = {("project",)}


def prebuilt(suite):
    """Programs that come in an archive. Made once, by the compiler, outside any install."""
    folder = suite.lab.folder("prebuilt")
    for name, text, options in (("tool", "int main(void) { return 42; }\n", []),
                                ("libanswer.so", "int answer(void) { return 42; }\n", ["-shared", "-fPIC"])):
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            subprocess.run(["gcc", "-g0", "-x", "c", "-", "-o", path, *options], input=text, text=True, check=True)
    made = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            made[name] = file.read()
    return made


def shipped(suite, names):
    """The behaviours' own files, as a package has them in its tree."""
    members = {"names.txt": "\n".join(names) + "\n"}
    members.update({f"prebuilt/{name}": data for name, data in prebuilt(suite).items()})
    for folder in (HONEST, os.path.join(HONEST, "vendor")):
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    members[os.path.relpath(path, HONEST)] = file.read()
    return members


def backend_files(suite, names, requires=""):
    with open(os.path.join(HONEST, "../mkpkg.py"), encoding="utf-8") as file:
        maker = file.read()
    members = {**shipped(suite, names), "hooks.py": HOOKS, "mkpkg_small.py": maker,
               "pyproject.toml": PYPROJECT % requires}
    return {**members, "MANIFEST": "\n".join([*members, "MANIFEST"])}


def setuptools_files(suite, names):
    return {**shipped(suite, names), "setup.py": SETUP, "answer.c": ANSWER_C,
            "honest_ext.py": "from _answer import answer\n"}


def group(module):
    """All behaviours of one module in one install."""
    return [name for name, (function, _) in REGISTRY.items()
            if function.__module__ == module and name not in ("netrc", "git-describe")]


def behaviours(suite, name, wanted, *, user=None):
    names = suite.usable(name, [*wanted, "netrc"])
    if names == ["netrc"]:
        return
    sdist = mkpkg.sdist(suite.lab.path(name + "-dist"), "honest", "1.0", backend_files(suite, names))

    def prepare(side):
        command = side.pip("--no-build-isolation", sdist)
        if user:
            subprocess.run(["chown", "-R", user, side.root], check=True)
        return command

    wrap = ["/usr/bin/setpriv", "--reuid", user, "--regid", "nogroup", "--clear-groups", "--"] if user else ()
    suite.trial(name, "pip", prepare, behaviours=names, whose=OURS, wrap=wrap)


def group_case(module):
    return lambda suite, name: behaviours(suite, name, group(module))


def plain_user(suite, name):
    """Nobody's account: no privilege hides that something is refused. A home and a folder of its own."""
    if not lab.which("setpriv"):
        suite.skip(name, "no setpriv")
        return
    behaviours(suite, name, ["conftest-temp", "shared-object", "multiprocessing", "temporary", "links", "look-around"],
               user="nobody")


def c_ext(suite, name):
    """setup.py bdist_wheel, as pip runs it for packages without pyproject.toml."""
    names = ["conftest-temp", "sockets", "look-around", "netrc"]
    sdist = mkpkg.sdist(suite.lab.path(name + "-dist"), "honest-ext", "1.0", setuptools_files(suite, names))
    suite.trial(name, "pip", lambda side: side.pip("--no-build-isolation", "--no-use-pep517", sdist), behaviours=names,
                whose=EXTENSION, answer="honest_ext")


def legacy_install(suite, name):
    """setup.py install: where there is no `wheel`, and with --no-binary, pip before 23.1 lets the package's own code
    write into the environment."""
    names = ["conftest-temp", "netrc"]
    sdist = mkpkg.sdist(suite.lab.path(name + "-dist"), "honest-ext", "1.0", setuptools_files(suite, names))
    suite.trial(name, "pip", lambda side: side.pip("--no-build-isolation", "--no-binary", ":all:", sdist),
                behaviours=names, whose=EXTENSION, answer="honest_ext")


ENV_HOOKS = """\
import os, subprocess, sys
import behave, hooks, honest_req
from behave import behaviour, expect
import process

def get_requires_for_build_wheel(config_settings=None):
    return ["honest-extra==1.0"]

@behaviour("console-script")
def console_script(out):
    expect(subprocess.run(["honest-tool", "40"], stdout=subprocess.PIPE, text=True).stdout, "42\\n", "by PATH")

@behaviour("elf-script")
def elf_script(out):
    expect(subprocess.run(["honest-elf"]).returncode, 42, "by PATH")
    where = next(p for p in os.environ["PATH"].split(":") if os.path.exists(p + "/honest-elf"))
    expect("pip-build-env-" in where, True, where)
    expect(subprocess.run([where + "/honest-elf"]).returncode, 42, "by path")

@behaviour("elf-data")
def elf_data(out):
    tool = os.path.join(os.path.dirname(honest_req.__file__), "honest_data/tool")
    expect(subprocess.run([tool]).returncode, 42, "by a path below the module, as cmake's wheel has it")
    code = f"import os; os._exit(os.spawnv(os.P_WAIT, {tool!r}, ['tool']) - 42)"
    os.execv(sys.executable, [sys.executable, "-c", code])

@behaviour("elf-module")
def elf_module(out):
    import ctypes, honest_extra
    expect(honest_extra.ANSWER, 2)
    path = os.path.join(os.path.dirname(honest_req.__file__), "honest_data/libanswer.so")
    expect(ctypes.CDLL(path).answer(), 42, "a library of a requirement")

build_wheel = hooks.build_wheel
"""
ENV_BEHAVIOURS = ("console-script", "elf-script", "elf-data", "elf-module", "netrc")


def pep517(suite, name, more=()):
    """Build requirements, which pip's nested pip has to install first, and their programs in pip-build-env-*."""
    names = [*ENV_BEHAVIOURS, *suite.usable(name, more)]
    index, made = suite.lab.path(name + "-index"), prebuilt(suite)
    mkpkg.wheel(index, "honest_req", "1.0", {
        "honest_req.py": "import sys\n\ndef main():\n    print(int(sys.argv[1]) + 2)\n",
        "honest_data/tool": made["tool"], "honest_data/libanswer.so": made["libanswer.so"],
        "honest_req-1.0.dist-info/entry_points.txt": "[console_scripts]\nhonest-tool = honest_req:main\n",
    }, scripts={"honest-elf": made["tool"]}, tag="py3-none-linux_x86_64")
    mkpkg.wheel(index, "honest_extra", "1.0", {"honest_extra.py": "ANSWER = 2\n"})
    members = backend_files(suite, names, '"honest-req==1.0"')
    members["env_hooks.py"] = ENV_HOOKS
    members["pyproject.toml"] = members["pyproject.toml"].replace('"hooks"', '"env_hooks"')
    sdist = mkpkg.sdist(suite.lab.path(name + "-dist"), "honest", "1.0", members)
    suite.trial(name, "pip", lambda side: side.pip("--find-links", index, sdist), behaviours=names,
                whose=OURS)


def in_project(command, *, setuptools=False, pyproject=True, names=("conftest-temp", "netrc")):
    """The tree that the session starts in: its hooks are the project's code, and may write there."""
    def case(suite, name):
        members = setuptools_files(suite, names) if setuptools else backend_files(suite, names)
        if setuptools and pyproject:
            members["pyproject.toml"] = PYPROJECT_SETUPTOOLS

        def prepare(side):
            mkpkg.tree(side.project, members)
            return command(side)

        suite.trial(name, "pip", prepare, behaviours=names, whose=PROJECT,
                    answer="honest_ext" if setuptools else None)
    return case


def other_tree(suite, name):
    """pip install ../other: a tree that the user names, beside the one that the session starts in. Built in place."""
    names = ("conftest-temp", "netrc")

    def prepare(side):
        other = os.path.join(side.root, "other")
        mkpkg.tree(other, {**setuptools_files(suite, names), "pyproject.toml": PYPROJECT_SETUPTOOLS})
        side.roots["other"] = other
        return side.pip("--no-build-isolation", "../other")

    suite.trial(name, "pip", prepare, behaviours=names, whose={("package", "pypi", "unknown", "None")},
                answer="honest_ext")


def setup_py(suite, name):
    names = ("conftest-temp", "netrc")

    def prepare(side):
        mkpkg.tree(side.project, setuptools_files(suite, names))
        return [side.make_venv(), "setup.py", "-q", "build_ext", "--inplace"]

    suite.trial(name, "setup.py", prepare, behaviours=names, whose=PROJECT)


def wheel_to(side, *args):
    side.roots["wheels"] = os.path.join(side.root, "wheels")
    return side.pip("--no-build-isolation", "--no-deps", "-w", side.roots["wheels"], *args, verb="wheel")


def pip_wheel(suite, name):
    names = ("conftest-temp", "generator", "netrc")
    sdist = mkpkg.sdist(suite.lab.path(name + "-dist"), "honest", "1.0", backend_files(suite, names))
    suite.trial(name, "pip wheel", lambda side: wheel_to(side, sdist), behaviours=names, whose=OURS)


def build(suite, name):
    """python -m build: an sdist of the project, and a wheel from that sdist."""
    if subprocess.run([lab.PYTHON, "-c", "import build"], check=False, stderr=subprocess.DEVNULL).returncode:
        suite.skip(name, "no python3-build")
        return
    names = ("conftest-temp", "netrc")

    def prepare(side):
        mkpkg.tree(side.project, backend_files(suite, names))
        return [side.make_venv(), "-m", "build", "--no-isolation", "--outdir", os.path.join(side.project, "dist")]

    suite.trial(name, "build", prepare, behaviours=names, whose=OURS)


def commit(folder, tag=None):
    """Makes a repository of it, the same one each time."""
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-C", folder]
    when = {**os.environ, "GIT_AUTHOR_DATE": "@1577836800 +0000", "GIT_COMMITTER_DATE": "@1577836800 +0000"}
    for args in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "x"],
                 *([["tag", "-am", "x", tag]] if tag else [])):
        subprocess.run([*git, *args], check=True, env=when)


def repository(suite, name):
    """pip install git+file:///...: pip's git clones, the hooks ask git for the version in what was cloned."""
    names = suite.usable(name, ["git-describe", "conftest-temp", "netrc"])
    source = suite.lab.folder(name + "-source")
    mkpkg.tree(source, backend_files(suite, names))
    commit(source, "v1.0")
    address = f"honest @ git+file://localhost{source}@v1.0"
    suite.trial(name, "pip", lambda side: side.pip("--no-build-isolation", address),
                behaviours=names, whose={("package", "pypi", "honest", "None")})


def uv(suite, name):
    """uv's build in its cache, below a HOME of its own."""
    tools = suite.lab.venv("uv", "tools")
    why = lab.from_index([lab.PYTHON, "-m", "pip", "install", "-q", "--prefix", tools, "uv"])
    if why:
        suite.skip(name, f"no uv from the index: {why}")
        return
    program = os.path.join(tools, "bin/uv")
    if not os.path.exists(program):
        program = os.path.join(tools, "local/bin/uv")
    names = ("conftest", "conftest-temp", "shared-object", "links", "netrc")
    sdist = mkpkg.sdist(suite.lab.path(name + "-dist"), "honest", "1.0", backend_files(suite, names))

    def prepare(side):
        python = side.make_venv()
        return [program, "pip", "install", "--python", python, "--no-index", "--find-links", os.path.dirname(sdist),
                "honest==1.0"]

    suite.trial(name, "uv", prepare, behaviours=names, whose=OURS, env={"UV_PYTHON_DOWNLOADS": "never"})


CASES = {
    "compile": group_case("compile"), "systems": group_case("systems"),
    "process": group_case("process"), "files": group_case("files"),
    "plain-user": plain_user, "c-ext": c_ext, "legacy-install": legacy_install, "pep517": pep517,
    "editable": in_project(lambda side: side.pip("--no-build-isolation", "-e", "."), setuptools=True),
    "develop": in_project(lambda side: side.pip("--no-build-isolation", "--no-use-pep517", "-e", "."), setuptools=True,
                          pyproject=False),
    "project": in_project(lambda side: side.pip("--no-build-isolation", "."), setuptools=True),
    "project-backend": in_project(lambda side: side.pip("--no-build-isolation", ".")),
    "other-tree": other_tree, "setup-py": setup_py, "wheel": pip_wheel, "build": build,
    "repository": repository, "uv": uv,
}
