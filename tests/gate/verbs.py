# SPDX-License-Identifier: Apache-2.0
"""All that pip does with a package, in one session: each way to name one, each verb, each folder to put it into."""
import bz2
import glob
import gzip
import io
import lzma
import os
import tarfile
import zipfile

import lab
import mkpkg
import steps
from told import Index

KNOWN_BAD = "identity.known-bad"
SETUP = """\
import os, setuptools
open(os.path.join(os.environ["TMPDIR"], "ran-{1}"), "w").close()
setuptools.setup(name="{0}", version="1.0", py_modules=["{0}"])
"""


def members(name, mark=""):
    return {"setup.py": SETUP.format(name, mark or name), name + ".py": "", "PKG-INFO": mkpkg.metadata(name, "1.0")}


def plain_tar(name):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for member, text in members(name).items():
            info = tarfile.TarInfo(f"{name}-1.0/{member}")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return raw.getvalue()


def source(folder, name, suffix):
    """A source under a name that pip takes for an archive's."""
    path = os.path.join(folder, f"{name}-1.0{suffix}")
    os.makedirs(folder, exist_ok=True)
    if suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for member, text in members(name).items():
                archive.writestr(f"{name}-1.0/{member}", text)
        return path
    pack = {".tar": bytes, ".tgz": gzip.compress, ".tar.bz2": bz2.compress, ".tbz": bz2.compress, ".tar.xz": lzma.compress,
            ".txz": lzma.compress, ".tar.lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
            ".tlz": lambda data: lzma.compress(data, lzma.FORMAT_ALONE)}[suffix]
    with open(path, "wb") as file:
        file.write(pack(plain_tar(name)))
    return path


SUFFIXES = (".zip", ".tbz", ".txz", ".tar.lzma", ".tlz")
MORE = (".tar", ".tgz", ".tar.bz2", ".tar.xz")


class Verbs(steps.Steps):
    """`refused`: the titles of what has to fail."""

    def __init__(self, suite, name, deny):
        self.suite, self.venv = suite, suite.lab.venv(name, "venv")
        super().__init__(suite.lab, name, {**suite.env(name), "CORDON_STATE": suite.lab.folder(name, "state", mode=0o700)}, deny)
        self.pip = [os.path.join(self.venv, "bin/python"), "-m", "pip"]
        self.own_pip = [lab.PYTHON, "-m", "pip"]
        self.local = ["--no-index", "--no-deps", "--no-build-isolation"]
        self.refused = []

    def both(self, title, *argv):
        """Once with what is allowed and once with what is denied: "NAME" in the arguments is which."""
        for name in ("good", "evil"):
            self.add(f"{title} ({name})", *(word.replace("NAME", name) for word in argv))
        self.refused.append(f"{title} (evil)")

    def outcomes(self):
        wrong = {title: step for title, step in self.steps.items() if (step.status == 0) == (title in self.refused) or step.status is None}
        self.suite.check(not wrong, f"{self.name}: what is denied fails, all else does not", "\n".join(
            f"{title}: {step.status}\n{step.said[-1500:]}" for title, step in wrong.items()))
        marks = {os.path.basename(path)[4:] for path in glob.glob(os.path.join(self.env["TMPDIR"], "ran-*"))}
        left = [os.path.join(folder, entry) for folder, folders, files in os.walk(self.folder) for entry in folders + files
                if entry.startswith("evil") and ("-packages" in folder or "/out/" in folder + "/")]
        self.suite.check(not left, f"{self.name}: nothing of it is there", left)
        return marks


def case_verbs(suite):
    """install into each kind of folder, download, wheel, a dry run; by path, by address and digest, from a folder."""
    work = suite.lab.folder("verbs-files")
    for name in ("good", "evil"):
        mkpkg.wheel(work, name, "1.0", {name + ".py": ""})
        mkpkg.sdist(work, name, "1.0", members(name))
    # Of a folder nobody knows the name before its code has said it: that runs, contained, and what it builds is refused.
    mkpkg.tree(os.path.join(work, "folder"), members("evil", "folder"))
    todo = Verbs(suite, "verbs", ["evil"])
    digests = {name: steps.digest(os.path.join(work, f"{name}-1.0-py3-none-any.whl"))[7:] for name in ("good", "evil")}
    wheel, sdist = f"{work}/NAME-1.0-py3-none-any.whl", f"{work}/NAME-1.0.tar.gz"
    install = [*todo.pip, "install", *todo.local]
    with Index(work) as index:
        for verb, option in (("download", "-d"), ("wheel", "-w")):
            for kind, path in (("wheel", wheel), ("source", sdist)):
                out = suite.lab.folder("verbs", "out", f"{verb}-{kind}")
                todo.both(f"{verb} of a {kind}", *todo.pip, verb, *todo.local, option, out, path)
        todo.both("dry run", *install, "--dry-run", sdist)
        todo.both("target", *install, "--target", suite.lab.folder("verbs", "out", "target"), wheel)
        todo.both("user", *todo.own_pip, "install", *todo.local, "--user", "--break-system-packages", sdist)
        todo.both("prefix", *install, "--prefix", suite.lab.folder("verbs", "out", "prefix"), "--ignore-installed", wheel)
        todo.both("requirements with digests", *install, "--force-reinstall", "--require-hashes", "-r",
                  suite.lab.path("verbs-files", "NAME.txt"))
        for name in ("good", "evil"):
            with open(suite.lab.path("verbs-files", f"{name}.txt"), "w", encoding="utf-8") as file:
                file.write(f"{index.url}/../files/{name}-1.0-py3-none-any.whl --hash=sha256:{digests[name]}\n")
            todo.add(f"address ({name})", *install, "--force-reinstall",
                     f"{index.url}/../files/{name}-1.0-py3-none-any.whl#sha256={digests[name]}")
        todo.refused.append("address (evil)")
        todo.add("folder", *install, "--force-reinstall", os.path.join(work, "folder"))
        todo.add("editable", *install, "--use-pep517", "-e", os.path.join(work, "folder"))
        todo.refused += ["folder", "editable"]
        todo.run()
        index.shutdown()
    marks = todo.outcomes()
    suite.check(marks <= {"good", "folder"}, "verbs: no code of it has run, but for the user's own folder's", marks)
    suite.check("cordon: refused pypi:evil 1.0" in todo.err and todo.status == lab.REFUSED, "verbs: cordon says so", todo.err)
    names = {finding["package"]["name"] for finding in todo.findings(KNOWN_BAD)}
    suite.check(names == {"evil"}, "verbs: it is recorded, and nothing else is", names)


def case_suffixes(suite):
    """pip unpacks more kinds of archives than wheels and .tar.gz."""
    todo = Verbs(suite, "suffixes", ["evil"])
    work = suite.lab.folder("suffixes-files")
    for suffix in SUFFIXES + MORE * (os.environ.get("FULL") == "1"):
        for name in ("good", "evil"):
            source(work, name, suffix)
        todo.both(suffix, *todo.pip, "install", *todo.local, "--force-reinstall", "--use-pep517", os.path.join(work, f"NAME-1.0{suffix}"))
    todo.run()
    marks = todo.outcomes()
    suite.check(marks == {"good"}, "suffixes: its code has not run", marks)


CASES = {"verbs": case_verbs, "suffixes": case_suffixes}
