# SPDX-License-Identifier: Apache-2.0
"""Installers from the index that this machine's clients are set up for, kept beside the build's outputs: a guest, which has no
network, runs what was fetched before."""
import glob
import os
import shutil
import subprocess
import zipfile

import lab

STORE = os.path.join(lab.OUTPUT, "installers")


class Missing(Exception):
    """Why it cannot be had."""


def keep(name, make):
    """`make(folder)` fills it, and gives why it could not, "" where it could. Gives the folder."""
    path, done = os.path.join(STORE, name), os.path.join(STORE, name + ".done")
    if os.path.exists(done):
        return path
    if lab.EMULATED:
        raise Missing("it was not fetched before this guest was started")
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    why = make(path)
    if why:
        raise Missing(f"not to be had: {why}")
    with open(done, "w", encoding="utf-8"):
        pass
    return path


def pip(version):
    """A folder to put into PYTHONPATH, or to copy into an environment: pip alone, as its wheel has it."""
    def make(folder):
        why = lab.from_index([lab.PYTHON, "-m", "pip", "download", "-q", "--no-deps", "-d", folder,
                              f"pip=={version}" if version else "pip"])
        for wheel in glob.glob(os.path.join(folder, "*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder)
            os.unlink(wheel)
        return why
    return keep(f"pip-{version or 'newest'}", make)


def python_tool(name, *packages):
    """A venv with it. Gives the path of its program."""
    def make(folder):
        subprocess.run([lab.PYTHON, "-m", "venv", "--without-pip", folder], check=True)
        return lab.from_index([lab.PYTHON, "-m", "pip", "--python", os.path.join(folder, "bin/python"), "install", "-q",
                               *(packages or (name,))])
    return os.path.join(keep(name, make), "bin", name)


def node_tool(package, folder_name):
    """The folder of a package of the registry, unpacked."""
    npm = lab.which("npm")
    if not npm:
        raise Missing("no npm")

    def make(folder):
        return lab.from_index([npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, package])
    return keep(folder_name, make)
