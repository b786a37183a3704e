# SPDX-License-Identifier: Apache-2.0
"""Cases of tests/gate/run: what becomes of a verdict when its file changes, and who cannot wait for one."""
import mmap
import os
import shutil
import subprocess
import time

import mkpkg
from steps import digest
from told import CHANGED, KNOWN_BAD, UNSEEN, Told


def case_swap(suite):
    """Between verdict and use: what else than the content changes, other content, another file under the name."""
    evil = digest(suite.wheel["evil"])
    told = Told(suite, "swap", "pip", suite.deny(evil))
    archive, moved = told.path("package.whl"), told.path("moved.whl")
    check, read = suite.check, "ok 504b0304"
    denied = read if suite.trace else "EPERM"
    check(told.ready == "ready", "swap: it starts", told.ready)
    shutil.copyfile(suite.wheel["good"], archive)
    check([told.tell("open", archive), told.tell("read"), told.tell("map")] == ["ok", read, read],
          "swap: what is allowed is opened, read and mapped")
    for what, use, change in (("mode", "read", lambda: os.chmod(archive, 0o640)), ("time", "map", lambda: os.utime(archive, (1, 1))),
                              ("name", "read", lambda: os.rename(archive, moved)), ("link", "map", lambda: os.link(moved, archive)),
                              ("content", "read", lambda: shutil.copyfile(suite.wheel["good"], archive))):
        change()
        check(told.tell(use) == read, f"swap: {use}: with another {what} it is looked at again, and allowed")
    check(not suite.findings(told.env, CHANGED), "swap: no finding so far")
    with open(archive, "r+b") as file:
        told.start("read")
        time.sleep(0.5)
        with open(suite.wheel["evil"], "rb") as other:
            file.write(other.read())
    check(told.answer(30) == denied, "swap: a writer is waited for, and what he has written is denied")
    check(told.tell("map") == denied, "swap: nor is it mapped")
    check(told.tell("open", archive) == suite.refused, "swap: what is in it now is denied")
    suite.refusal("swap", KNOWN_BAD, "evil", told.env)
    if suite.trace:
        told.end()
        told = Told(suite, "swap-rename", "pip", suite.deny(evil))
    archive = told.path("other.whl")
    shutil.copyfile(suite.wheel["good"], archive)
    check(told.tell("open", archive) == "ok", "swap: another file is looked at")
    shutil.copyfile(suite.wheel["evil"], archive + ".new")
    os.rename(archive + ".new", archive)
    check(told.tell("read") == denied, "swap: without a name its descriptor is of no use any more")
    if not suite.trace:
        check(bool(suite.findings(told.env, CHANGED)), "swap: recorded")
    check(told.tell("open", archive) == suite.refused, "swap: what has its name now is denied")
    told.end()


def case_restless(suite):
    """It changes each time that it was looked at: not for ever."""
    if suite.trace:
        suite.tap.skip("restless: it ends with a refusal", "trace does not see the reads")
        return
    told = Told(suite, "restless", "pip", suite.deny("evil"))
    archive = told.path("package.whl")
    shutil.copyfile(suite.wheel["good"], archive)
    suite.check(told.tell("open", archive) == "ok", "restless: it is opened")
    told.start("read")
    end, answer, changes = time.monotonic() + 60, "nothing", 0
    while time.monotonic() < end and answer == "nothing":
        os.chmod(archive, 0o600 + changes % 2 * 0o40)
        changes += 1
        answer = told.answer(0.001)
        if answer == "ok 504b0304":
            told.start("read")
            answer = "nothing"
    suite.check(answer == "EPERM", "restless: it ends with a refusal", f"{answer} after {changes} changes")
    found = suite.findings(told.env, UNSEEN)
    suite.check(bool(found) and "changes" in (found[0]["reason"] or ""), "restless: recorded, with the reason", found)
    told.end()


def case_uring(suite):
    """What io_uring opens and reads nobody can wait for: a system call can have it, and what is denied nobody."""
    if suite.trace:
        suite.tap.skip("uring: it is told to take a system call", "trace does not see what io_uring does")
        return
    # Which no installer may have of itself.
    policy = suite.deny(digest(suite.wheel["evil"])) + '[rules.installer]\n"kernel.io_uring" = "allow"\n'
    told = Told(suite, "uring", "uv", policy, tool="uring")
    paths = {name: told.path(f"{name}.whl") for name in ("good", "evil")}
    plain = os.path.abspath(__file__)
    for name, path in paths.items():
        shutil.copyfile(suite.wheel[name], path)
    ways = ("inline", "worker", "polled", "linked")
    if told.tell("inline", plain) == "ENOSYS":
        suite.tap.skip("uring: it is told to take a system call", "no io_uring here")
        told.end()
        return
    for title, path, want in (("what is no archive", plain, "ok"), ("an archive", paths["good"], "EOPNOTSUPP"),
                              ("a denied one", paths["evil"], "EOPNOTSUPP")):
        got = [told.tell(way, path) for way in ways]
        suite.check(got == [want] * len(ways), f"uring: {title}: {want}", got)
    suite.check(not suite.findings(told.env, UNSEEN), "uring: nothing is said of that")
    got = [told.tell("open", path) for path in (paths["evil"], paths["good"])]
    suite.check(got == ["EPERM", "ok"], "uring: a system call opens what is allowed", got)
    got = [told.tell(way, paths["good"]) for way in ways] + [told.tell("read")]
    suite.check(got == ["ok"] * 5, "uring: and so does io_uring from then on, and reads", got)
    got = [told.tell(way, paths["evil"]) for way in ways]
    suite.check(got == ["EPERM"] * 4, "uring: but not what is denied", got)
    os.chmod(paths["good"], 0o640)
    suite.check(told.tell("read") == "EOPNOTSUPP", "uring: what has changed it does not read")
    suite.check([told.tell("open", paths["good"]), told.tell("read")] == ["ok", "ok"], "uring: until it was looked at again")
    told.end()


def case_writer(suite):
    """Somebody maps it writable, and changes it when he likes: no verdict, however long one asks."""
    told = Told(suite, "writer", "pip", suite.deny("evil"))
    archive = told.path("package.whl")
    shutil.copyfile(suite.wheel["good"], archive)
    with open(archive, "r+b") as file, mmap.mmap(file.fileno(), 0) as mapping:
        file.close()
        start = time.monotonic()
        suite.check(told.tell("open", archive) == suite.refused, "writer: a mapped writer's file is refused")
        suite.check(time.monotonic() - start > 1, "writer: after some waiting")
        mapping[0:1] = b"P"
    found = suite.findings(told.env, UNSEEN)
    suite.check(bool(found) and "open for writing" in (found[0]["reason"] or ""), "writer: recorded, with the reason", found)
    told.end()
    told = Told(suite, "late", "pip", suite.deny("evil"))
    archive = told.path("package.whl")
    shutil.copyfile(suite.wheel["good"], archive)
    with open(archive, "r+b"):
        told.start("open", archive)
        time.sleep(1)
    suite.check(told.answer(30) == "ok", "writer: one that closes it in time is waited for")
    suite.check(told.tell("create", told.path("own.whl")) == "ok", "writer: what the installer makes itself is not asked about")
    suite.check(told.tell("open", told.path("own.whl"), "O_RDWR|O_CREAT") == "ok", "writer: nor what it opens to write")
    told.end()


def case_overlay(suite):
    """On overlayfs, which calls the hooks once more for what it does on its layer: asked about once, by the name that it has."""
    if suite.trace:
        suite.tap.skip("overlay: names that things get in a store", "trace does not follow them")
        return
    at = {name: suite.lab.folder("overlay", name) for name in ("lower", "upper", "work")}
    at["cache"] = suite.lab.folder("overlay", "tmp", "cache")
    layers = f"lowerdir={at['lower']},upperdir={at['upper']},workdir={at['work']}"
    if subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, at["cache"]], check=False, capture_output=True).returncode:
        suite.tap.skip("overlay: names that things get in a store", "no overlayfs here")
        return
    try:
        told = Told(suite, "overlay", "uv", suite.deny("evil"))
        store, got = os.path.join(at["cache"], "archive-v0"), []
        os.mkdir(store)
        for name in ("good", "evil"):
            info = os.path.join(at["cache"], f".tmp{name}", f"{name}-1.0.dist-info")
            os.makedirs(info)
            with open(os.path.join(info, "METADATA"), "w", encoding="utf-8") as file:
                file.write(mkpkg.metadata(name, "1.0"))
            got.append(told.tell("rename", os.path.dirname(info), os.path.join(store, name)))
        suite.check(got == ["ok", "EPERM"], "overlay: an unpacked wheel gets its name only where it is allowed", got)
        archive = os.path.join(at["cache"], "package.whl")
        shutil.copyfile(suite.wheel["good"], archive)
        got = [told.tell("open", archive), told.tell("read"), told.tell("map")]
        os.chmod(archive, 0o640)
        got += [told.tell("read"), told.tell("map")]
        suite.check(got == ["ok"] + ["ok 504b0304"] * 4, "overlay: an archive is opened, read and mapped, and again with another mode", got)
        suite.refusal("overlay", KNOWN_BAD, "evil", told.env)
        unseen = suite.findings(told.env, UNSEEN)
        suite.check(not unseen, "overlay: everything could be looked at", unseen)
        told.end()
    finally:
        subprocess.run(["umount", "-l", at["cache"]], check=False)
