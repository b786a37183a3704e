# SPDX-License-Identifier: Apache-2.0
"""Places that are deeper than the kernel's walk goes: nobody knows what they lie in, so they count as the worst."""
import os
import subprocess

from guarded import EMULATED, REFUSED, Session

BOUND = 64  # CORDON_WALK_MAX
DEEP = 90
# Looks from within, by a path of one name: what counts is where the file lies, not how it was asked for.
WITHIN = """
def descend(top, depth):
    for part in [top] + ["d"] * depth:
        os.chdir(part)
def within(top, depth, name):
    def look():
        descend(top, depth)
        print("allowed" if open(name).read() else "empty")
    child = os.fork()
    if not child:
        try:
            look()
        except PermissionError:
            os._exit(3)
        except OSError:
            os._exit(4)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    return "killed" if status == 9 else {0: "allowed", 3: "refused"}.get(status >> 8, str(status))
"""


def tree(top, depth, name):
    """A file below so many folders. Gives a descriptor of the last one."""
    os.makedirs(top, exist_ok=True)
    here = os.open(top, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        here, last = os.open("d", os.O_RDONLY, dir_fd=here), here
        os.close(last)
    with open(os.open(name, os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=here), "w", encoding="utf-8") as file:
        file.write("decoy\n")
    return here


def deep(suite):
    """Folders, by descent and through a bind mount; what package code makes itself."""
    name = "walk-deep"
    home, temp = suite.lab.folder(name, "home"), suite.lab.folder(name, "tmp", mode=0o1777)
    trees = [tree(os.path.join(home, ".aws"), DEEP, "credentials"), tree(os.path.join(temp, "deep"), DEEP, "file"),
             tree(os.path.join(home, "Documents"), BOUND // 3, "file")]
    aside = suite.lab.folder(name, "aside")
    # mount(8) wants a path, and that of the folder itself is as long as it is deep.
    subprocess.run(["/bin/mount", "--bind", f"/proc/{os.getpid()}/fd/{trees[0]}", aside], check=True)
    try:
        session = Session(suite.lab, name, WITHIN + f"""
temp, aside = os.environ["TMPDIR"], {aside!r}
tell(below=within(HOME + "/.aws", {DEEP}, "credentials"), aside=secret(aside + "/credentials"),
     temp=within(temp + "/deep", {DEEP}, "file"), honest=within(HOME + "/Documents", {BOUND // 3}, "file"))
own = os.getcwd()
def make(depth):
    for number in range(depth):
        try:
            os.mkdir("d")
        except PermissionError:
            return number
        os.chdir("d")
    return depth
honest = make({BOUND // 2})
with open("mine", "w") as file:
    file.write("mine")
made = make({DEEP})
late = outcome(lambda: open("late", "w").close()) if {suite.backend != "trace"} else in_child('open("late", "w").close()')
os.chdir(own)
tell(honest=honest, made=made, late=late)
tell(connect=connect(), secret=secret())
""")
        said = session.read()
        for way in ("below", "aside", "temp"):
            suite.tap.check(said.get(way) in REFUSED, f"{name}: what lies too deep is refused: {way}", said)
        suite.tap.check(said.get("honest") == "allowed", f"{name}: what does not is read", said)
        said = session.read()
        suite.tap.check(said.get("honest") == BOUND // 2, f"{name}: a package's tree may be {BOUND // 2} deep", said)
        if suite.backend != "trace":
            suite.tap.check(said.get("made", DEEP) < BOUND, f"{name}: but not deeper than can be judged", said)
        else:
            suite.tap.check(said.get("late") == "killed", f"{name}: nothing is written deeper than can be judged", said)
        said = session.read()
        suite.tap.check(set(said.values()) <= set(REFUSED) and said, f"{name}: attacks are refused all the same", said)
        suite.tap.check(session.end() == suite.lab_refused, f"{name}: the session ends", session.err)
        told = [finding for finding in session.findings() if finding["rule"] == "file.secret"]
        suite.tap.check(len(told) >= 3, f"{name}: the journal has them", told)
    finally:
        subprocess.run(["/bin/umount", "-l", aside], check=False)
        for handle in trees:
            os.close(handle)


def mounts(suite):
    """File systems, one in the other: each ends the walk, so each is a place of its own."""
    name, many = "walk-mounts", 20 if EMULATED else 60
    top = os.path.join(suite.lab.folder(name, "home"), ".aws")
    path, mounted = top, []
    os.makedirs(path)
    try:
        for _ in range(many):
            path = os.path.join(path, "m")
            os.mkdir(path)
            subprocess.run(["/bin/mount", "-t", "tmpfs", "none", path], check=True)
            mounted.append(path)
        with open(os.path.join(path, "credentials"), "w", encoding="utf-8") as file:
            file.write("decoy\n")
        session = Session(suite.lab, name, f"""
path = {path!r}
tell(last=secret(path + "/credentials"), within=in_child(f'''
import os
os.chdir({{path!r}})
try:
    print("allowed" if open("credentials").read() else "empty")
except PermissionError:
    print("refused")
'''))
tell(honest=program("/bin/true"), connect=connect())
""")
        said = session.read()
        suite.tap.check(said.get("last") in REFUSED, f"{name}: the innermost of {many} is refused", said)
        suite.tap.check(said.get("within") in REFUSED, f"{name}: from within too", said)
        said = session.read()
        suite.tap.check(said == {"honest": "allowed", "connect": "refused"}, f"{name}: all else is as it was", said)
        suite.tap.check(session.end() == suite.lab_refused, f"{name}: the session ends", session.err)
    finally:
        for path in reversed(mounted):
            subprocess.run(["/bin/umount", "-l", path], check=False)
