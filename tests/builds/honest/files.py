# SPDX-License-Identifier: Apache-2.0
"""What builds do with files in their own tree and in the folders for temporary ones."""
import compileall
import errno
import fcntl
import importlib
import mmap
import os
import shutil
import stat
import sys
import tarfile
import tempfile
import zipfile

from compile import do, write
from behave import behaviour, expect


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


@behaviour("pycache")
def pycache(_):
    write("fresh/__init__.py", "ANSWER = 42\n")
    sys.path.insert(0, os.getcwd())
    sys.dont_write_bytecode = False
    expect(importlib.import_module("fresh").ANSWER, 42)
    expect(os.path.isdir("fresh/__pycache__"), True, "__pycache__ was written")
    expect(compileall.compile_dir("fresh", quiet=1, force=True), True, "compileall")


@behaviour("temporary")
def temporary(_):
    """Every kind of temporary file, in TMPDIR and in the tree."""
    with tempfile.NamedTemporaryFile("w+") as file:
        file.write("x")
        file.flush()
        expect(read(file.name), "x")
    handle, path = tempfile.mkstemp(suffix=".c")
    os.close(handle)
    os.unlink(path)
    with tempfile.TemporaryFile() as file:  # O_TMPFILE
        file.write(b"x")
    with tempfile.SpooledTemporaryFile(max_size=1) as file:
        file.write(b"xx")
    with tempfile.TemporaryDirectory() as folder:
        write(os.path.join(folder, "deeper/file"), "x")
    with tempfile.TemporaryDirectory(dir=".") as folder:
        write(os.path.join(folder, "file"), "x")
    kept = tempfile.mkdtemp()
    os.mkfifo(os.path.join(kept, "fifo"))
    handle = os.open(os.path.join(kept, "fifo"), os.O_RDWR | os.O_NONBLOCK)
    os.close(handle)
    os.rename(kept, kept + "-renamed")
    shutil.rmtree(kept + "-renamed")
    folder = tempfile.mkdtemp(dir="/tmp")  # not every tool asks TMPDIR
    write(os.path.join(folder, "file"), "x")
    shutil.rmtree(folder)
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        file.write(b"x")


@behaviour("links")
def links(out):
    """Links and renames within its own tree, and moves from a temporary folder into it and back."""
    write("one", "1")
    os.link("one", "two")
    os.symlink("one", "three")
    os.symlink("no/such", "dangling")
    os.rename("two", "four")
    write("five", "5")
    os.replace("five", "four")
    expect((read("one"), read("three"), read("four")), ("1", "1", "5"))
    os.makedirs("folder/below")
    os.rename("folder", "other")
    with tempfile.TemporaryDirectory() as temp:
        write(os.path.join(temp, "made"), "made elsewhere")
        shutil.move(os.path.join(temp, "made"), "moved")
        shutil.move("other", os.path.join(temp, "other"))
        os.mkdir("again")
    do("ln", "-sf", "moved", "three")
    do("cp", "-a", ".", "../links-copy")
    shutil.rmtree("../links-copy")
    shutil.copy("moved", out)


@behaviour("attributes")
def attributes(out):
    """Modes, times, owners, extended attributes, locks, mappings, copies in the kernel: of its own files."""
    path = write("file", "content")
    os.chmod(path, 0o755)
    os.utime(path, (1577836800, 1577836800))
    os.chown(path, os.getuid(), os.getgid())
    shutil.copy2(path, "copy")
    expect(stat.S_IMODE(os.stat("copy").st_mode), 0o755, "mode")
    expect(os.stat("copy").st_mtime, 1577836800.0, "time")
    try:
        os.setxattr(path, "user.honest", b"x")
        shutil.copystat(path, "copy")
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise  # else this file system has none
    os.truncate("copy", 3)
    with open("copy", "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        fcntl.lockf(file, fcntl.LOCK_EX)
        os.posix_fallocate(file.fileno(), 0, 4096)
        with mmap.mmap(file.fileno(), 4096) as mapped:
            mapped[:3] = b"new"
        os.fsync(file.fileno())
    expect(read("copy")[:3], "new", "written through a mapping")
    with open(path, "rb") as source, open("sent", "wb") as target:
        os.sendfile(target.fileno(), source.fileno(), 0, 7)
    expect(read("sent"), "content", "sendfile")
    do("touch", "-d", "2020-01-01", "sent")
    do("chmod", "-R", "u+rwX,go-w", ".")
    handle = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    os.fchmod(handle, 0o755)
    os.close(handle)
    shutil.copy2(path, out)


@behaviour("deep-and-long")
def deep_and_long(out):
    """Thirty folders deep, names of 200 bytes, names that are not ASCII or have blanks in them."""
    deep = os.path.join(*[f"folder{number}" for number in range(30)])
    long = "n" * 196 + ".txt"
    for name in (os.path.join(deep, long), "sp ace/ünïcode ☃.txt", os.path.join("d" * 200, "e" * 200, "file")):
        write(name, "found")
        expect(read(name), "found", name)
        write(os.path.join(out, name), "found")
    os.rename(deep, "folder-moved")
    expect(read(os.path.join("folder-moved", long)), "found")
    shutil.rmtree("folder0")


@behaviour("many")
def many(out):
    """2,000 generated files, listed, packed and deleted."""
    for number in range(2000):
        folder = f"generated/{number % 20}"
        if number < 20:
            os.makedirs(folder)
        with open(f"{folder}/module{number}.py", "w", encoding="utf-8") as file:
            file.write(f"NUMBER = {number}\n")
    expect(sum(len(files) for _, _, files in os.walk("generated")), 2000)
    shutil.copytree("generated/0", os.path.join(out, "generated"))
    shutil.rmtree("generated")


@behaviour("archives", "tar")
def archives(_):
    """Packs and unpacks its own files, with python and with tar."""
    for number in range(20):
        write(f"tree/file{number}", str(number))
    with tarfile.open("tree.tar.gz", "w:gz") as tar:
        tar.add("tree")
    shutil.unpack_archive("tree.tar.gz", "by-tarfile")
    with zipfile.ZipFile("tree.zip", "w") as archive:
        archive.write("tree/file7", "file7")
    shutil.unpack_archive("tree.zip", "by-zipfile")
    os.mkdir("by-tar")
    do("tar", "-xf", "tree.tar.gz", "-C", "by-tar")
    expect((read("by-tarfile/tree/file7"), read("by-zipfile/file7"), read("by-tar/tree/file7")), ("7", "7", "7"))


@behaviour("devices")
def devices(_):
    for path, flags in (("/dev/null", os.O_WRONLY), ("/dev/zero", os.O_RDONLY), ("/dev/urandom", os.O_RDONLY),
                        ("/dev/full", os.O_WRONLY)):
        os.close(os.open(path, flags))
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise  # else there is no terminal
    with open("/dev/stdout", "w", encoding="utf-8"), open("/proc/self/fd/1", "w", encoding="utf-8"):
        pass
    with open("/proc/self/oom_score_adj", encoding="utf-8") as file:
        file.read()
