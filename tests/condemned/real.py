# SPDX-License-Identifier: Apache-2.0
"""Condemned packages under real installers: what pip and npm say, what is left, and two of them side by side."""
import glob
import os
import uuid

import guarded
import lab
import mkpkg
from job import EMULATED, Job

# What a package is condemned for; on trace the file may be there, empty: it is ended after that.
ACTS = {
    "secret": ("file.secret", "open(os.path.expanduser('~/.ssh/id_ed25519')).read()"),
    "startup": ("file.startup", "open(sysconfig.get_path('purelib') + '/evil.pth', 'w').write('import os')"),
    "persist": ("file.persist", "open(os.path.expanduser('~/.bashrc'), 'a').write('true')"),
    "memory": ("exec.memory", "fd = os.memfd_create('x'); os.write(fd, open('/bin/true', 'rb').read()); os.execve(fd, ['x'], {})"),
}
# In a child: the build itself would go on.
CAUGHT = """
import os, sys, sysconfig, time
if not os.fork():
    try:
        %s
    finally:
        os._exit(0)
os.wait()
"""
# Until the test lets it, as a daemon: what was built with it is installed by then.
LATE = """
import os, time
if not os.fork():
    os.setsid()
    if not os.fork():
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        while not os.path.exists(%r):
            time.sleep(0.05)
        %s
        time.sleep(600)
    os._exit(0)
os.wait()
"""
SETUP = "import setuptools\nsetuptools.setup(name=%r, version='1.0', py_modules=[%r])\n"
HOOKS = """
from setuptools.build_meta import *
from setuptools import build_meta
def build_wheel(*args, **more):
    exec(%r, {})
    return build_meta.build_wheel(*args, **more)
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "hooks"
backend-path = ["."]
[project]
name = "bad"
version = "1.0"
[tool.setuptools]
py-modules = ["bad"]
"""


class Install:
    """A home with a key, an environment, and what cordon run makes of a command in it."""

    def __init__(self, suite, name):
        self.suite, self.lab, self.name = suite, suite.lab, name
        self.home, self.go = self.lab.folder(name, "home"), self.lab.folder(name, "go")
        self.work = self.lab.folder(name, "work")
        os.makedirs(os.path.join(self.home, ".ssh"))
        with open(os.path.join(self.home, ".ssh/id_ed25519"), "w", encoding="utf-8") as file:
            file.write("decoy, no key\n")
        self.mark = uuid.uuid4().hex
        self.env = self.lab.env(self.home, self.lab.folder(name, "tmp", mode=0o1777), CONDEMNED_MARK=self.mark,
                                PIP_ROOT_USER_ACTION="ignore", PIP_DISABLE_PIP_VERSION_CHECK="1")
        self.env["CORDON_STATE"] = self.lab.folder(name, "state", mode=0o700)

    def make_venv(self):
        self.venv = self.lab.venv(self.name, "venv")
        self.python = os.path.join(self.venv, "bin/python")

    def pip(self, verb, *args):
        return [self.python, "-m", "pip", verb, "-q", "--no-index", "--no-deps", "--no-build-isolation", *args]

    def run(self, command, mode="--enforce"):
        self.status, self.out, self.err = self.lab.guarded([mode], command, cwd=self.work, env=self.env, timeout=300)
        return self

    def imports(self, module):
        return self.lab.run([self.python, "-c", f"import {module}"], cwd="/", env=self.env)[0] == 0

    def wheels(self):
        return [file for file in glob.glob(os.path.join(self.home, ".cache/pip/wheels/**/*"), recursive=True)
                if file.endswith(".whl")]

    def left(self):
        """Processes but cordon's own."""
        found = guarded.marked(f"CONDEMNED_MARK={self.mark}")
        return [pid for pid in found if pid not in guarded.marked(f"CONDEMNED_MARK={self.mark}", os.path.realpath(lab.CORDON))]

    def findings(self, rule=None):
        return [finding for finding in self.lab.findings(self.env) if rule in (None, finding["rule"])]


def ends_as_failed(suite, name, sdist, rule):
    """pip says that it failed, and nothing of the package is there."""
    check = suite.tap.check
    install = Install(suite, name)
    install.make_venv()
    install.run(install.pip("install", sdist))
    check(install.status == lab.REFUSED and "error" in install.err.replace("cordon", ""), f"{name}: pip fails, status {lab.REFUSED}",
          f"{install.status}\n{install.out}{install.err}")
    check("Successfully" not in install.out and not install.imports("bad"), f"{name}: nothing importable is left", install.out)
    check(not install.wheels() and guarded.wait_for(lambda: not install.left(), 10), f"{name}: no wheel, no process", f"{install.wheels()} {install.left()}")
    found = [finding for finding in install.findings(rule) if finding["action"] == "condemn"]
    check(found and found[0]["package"]["name"] == "bad" and found[0]["answer"] in ("refused", "ended"),
          f"{name}: it is recorded", install.findings())
    said = lab.own_words(install.err)
    check("condemned pypi:bad 1.0" in said and "nothing of it was found installed" in install.err, f"{name}: cordon says so",
          install.err)


def pip_setup(suite):
    for act, (rule, code) in ACTS.items():
        if EMULATED and not guarded.FULL and act != "secret":
            continue
        name = "pip-setup-" + act
        sdist = mkpkg.sdist(suite.lab.path(name, "dist"), "bad", "1.0", {
            "setup.py": CAUGHT % code + SETUP % ("bad", "bad"), "bad.py": ""})
        ends_as_failed(suite, name, sdist, rule)


def pip_hook(suite):
    rule, code = ACTS["secret"]
    sdist = mkpkg.sdist(suite.lab.path("pip-hook", "dist"), "bad", "1.0", {
        "hooks.py": HOOKS % (CAUGHT % code), "pyproject.toml": PYPROJECT, "bad.py": ""})
    ends_as_failed(suite, "pip-hook", sdist, rule)


def pip_plugin(suite):
    """A build requirement runs as the package: the finding names it."""
    install = Install(suite, "pip-plugin")
    install.make_venv()
    dist = install.lab.path("pip-plugin", "dist")
    mkpkg.wheel(dist, "plugin", "2.5", {"plugin.py": "import os\ndef build_wheel(*args, **more):\n    exec("
                                        f"{CAUGHT % ACTS['secret'][1]!r}, {{}})\n    return 'none'\n"})
    sdist = mkpkg.sdist(dist, "bad", "1.0", {"pyproject.toml": '[build-system]\nrequires = ["plugin"]\nbuild-backend = "plugin"\n'
                                             '[project]\nname = "bad"\nversion = "1.0"\n'})
    install.run([install.python, "-m", "pip", "install", "-q", "--no-index", "--find-links", dist, "--no-deps", sdist])
    found = [finding for finding in install.findings("file.secret") if finding["action"] == "condemn"]
    suite.tap.check(install.status == lab.REFUSED and len(found) == 1 and found[0]["package"]["name"] == "bad", "pip-plugin: its package is condemned",
                    f"{install.status} {found}\n{install.out}{install.err}")
    suite.tap.check(found and "it was built with plugin 2.5" in found[0]["reason"], "pip-plugin: the finding names the plugin",
                    found and found[0]["reason"])


def pip_late(suite):
    """It acts when it is installed already: what it built goes, what is installed is told."""
    check = suite.tap.check
    install = Install(suite, "pip-late")
    install.make_venv()
    caught = os.path.join(install.go, "act")
    sdist = mkpkg.sdist(install.lab.path("pip-late", "dist"), "bad", "1.0", {
        "hooks.py": HOOKS % (LATE % (caught, ACTS["secret"][1])), "pyproject.toml": PYPROJECT, "bad.py": ""})
    pip = " ".join(install.pip("install", "--force-reinstall", sdist))
    wheel = " ".join(install.pip("wheel", "-w", "out", sdist))
    cache = os.path.join(install.home, ".cache/pip/wheels")
    # The cache is looked at as soon as the package is condemned: until there is nothing, or for ten seconds.
    install.run(["/bin/sh", "-c", f"{wheel}; echo first $?; {pip}; echo second $?; find {cache} -name '*.whl'; : > {caught}; "
                 f"for i in $(seq 100); do [ -z \"$(find {cache} -name '*.whl')\" ] && break; sleep 0.1; done; "
                 f"{pip}; echo third $?"])
    said = install.out.split()
    check(said[:2] == ["first", "0"] and said[2:4] == ["second", "0"] and len(said) == 7, "pip-late: it was installed, and is in the cache",
          f"{install.out}{install.err}")
    check(said[-2:] == ["third", "1"] and not install.wheels(), "pip-late: what it built is not used again, nor there",
          f"{install.wheels()}\n{install.out}{install.err}")
    out = os.listdir(os.path.join(install.work, "out"))
    check(out == ["bad-1.0-py3-none-any.whl.refused-by-cordon"], "pip-late: the wheel that the user has is put aside", out)
    check(guarded.wait_for(lambda: not install.left(), 10), "pip-late: no process is left", install.left())
    found = {(finding["answer"], os.path.basename(finding["object"]["path"])): finding for finding in install.findings("file.condemned")}
    there = found.get(("passed", "bad-1.0.dist-info"))
    check(there and "pip uninstall bad" in there["hint"] and ("refused", "bad-1.0-py3-none-any.whl") in found,
          "pip-late: the journal has both", list(found))
    check("bad-1.0.dist-info is there; to remove it: pip uninstall bad" in install.err and "nothing of it" not in install.err,
          "pip-late: cordon says what is left, and how to remove it", install.err)
    check(install.status == lab.REFUSED, f"pip-late: status {lab.REFUSED}", install.status)


def pip_two(suite):
    """Two pips in one session: the package that is not condemned is installed."""
    install = Install(suite, "pip-two")
    install.make_venv()
    marker = os.path.join(install.go, "act")
    dist = install.lab.path("pip-two", "dist")
    bad = mkpkg.sdist(dist, "bad", "1.0", {"setup.py": CAUGHT % ACTS["secret"][1] + SETUP % ("bad", "bad"), "bad.py": ""})
    # It is being built when the other one is done for.
    good = mkpkg.sdist(dist, "good", "1.0", {"good.py": "", "setup.py": f"import os, time\nuntil = time.time() + 60\n"
                       f"while not os.path.exists({marker!r}) and time.time() < until:\n    time.sleep(0.05)\n" + SETUP % ("good", "good")})
    install.run(["/bin/sh", "-c", f"{' '.join(install.pip('install', good))} & {' '.join(install.pip('install', bad))}; "
                 f"echo bad $?; : > {marker}; wait $!; echo good $?"])
    check = suite.tap.check
    check("bad 1" in install.out and "good 0" in install.out, "pip-two: one fails, the other does not", install.out + install.err)
    check(install.imports("good") and not install.imports("bad"), "pip-two: and so it is in the environment", install.err)
    check(install.status == lab.REFUSED and "condemned pypi:bad 1.0" in install.err and "pypi:good" not in install.err,
          "pip-two: cordon speaks of the one", f"{install.status}\n{install.err}")


# Recognised as npm, since a program named node runs a script of that name. `lifecycle` is how npm starts a script.
NPM = """
def lifecycle(name, code):
    where = os.path.join(os.getcwd(), "node_modules", name)
    os.makedirs(where)
    with open(os.path.join(where, "package.json"), "w") as file:
        file.write("{}")
    status = subprocess.call(["/bin/sh", "-c", code], cwd=where, env={**os.environ, "PACKAGE_MARK": MARK,
        "npm_package_name": name, "npm_package_version": "1.0.0",
        "npm_package_resolved": f"https://registry.example.org/{name}/-/{name}-1.0.0.tgz"})
    return status, where
"""
SCRIPT = 'cat "$HOME/.ssh/id_ed25519" > /dev/null; : | cat; echo said went on >&2; sleep 60'


def npm_like(suite):
    """A lifecycle script; npm takes the module away again, or does not care (an optional dependency)."""
    check = suite.tap.check
    node = os.path.join(suite.lab.folder("bin"), "node")
    os.symlink(lab.PYTHON, node)
    for name, after in (("npm-fails", "shutil.rmtree(where)"), ("npm-optional", "status = 0")):
        job = Job(suite, name, NPM + f"""
status, where = lifecycle("bad", {SCRIPT!r})
say(bad=status, fine=lifecycle("fine", "true")[0])
{after}
sys.exit(bool(status))
""", script="npm", python=node).run()
        kept = os.path.exists(os.path.join(job.work, "node_modules/bad"))
        check(job.told("bad") not in (None, 0) and job.told("fine") == 0 and "went on" not in job.said,
              f"{name}: its script ends, another one's does not", f"{job.said}\n{job.err}")
        check(job.status == lab.REFUSED, f"{name}: status {lab.REFUSED}, whatever npm's own", f"{job.status}\n{job.err}")
        if kept:
            want = "node_modules/bad is there; to remove it: npm uninstall bad"
        else:
            want = "nothing of it was found installed"
        check("condemned npm:bad 1.0.0" in job.err and want in job.err, f"{name}: cordon says what is left", job.err)


def npm_real(suite):
    if not lab.which("npm") or not lab.which("node"):
        suite.tap.skip("npm-real", "no npm")
        return
    install = Install(suite, "npm-real")
    tarball = mkpkg.tarball(install.lab.path("npm-real", "dist"), {
        "name": "bad", "version": "1.0.0", "scripts": {"install": SCRIPT}}, {"index.js": ""})
    mkpkg.tree(install.work, {"package.json": '{"name": "mine", "version": "1.0.0"}'})
    install.run([lab.which("npm"), "install", "--offline", "--no-audit", "--no-fund", tarball])
    check = suite.tap.check
    check(install.status == lab.REFUSED and "npm" in install.err, f"npm-real: npm fails, status {lab.REFUSED}",
          f"{install.status}\n{install.err}")
    check(not os.path.exists(os.path.join(install.work, "node_modules/bad")) and not install.left(), "npm-real: nothing is left",
          f"{install.left()}")
    check("cordon: condemned " in install.err and "its processes were ended" in install.err, "npm-real: cordon says so", install.err)


CASES = {"pip-setup": pip_setup, "pip-hook": pip_hook, "pip-plugin": pip_plugin, "pip-late": pip_late, "pip-two": pip_two,
         "npm-like": npm_like, "npm-real": npm_real}
