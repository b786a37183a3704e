# SPDX-License-Identifier: Apache-2.0
"""Runs the techniques of a plan, each as a process of its own. Goes into the hostile package, where setup.py or the
build backend calls main(); the twin runs the same file outside any install.

The plan (ATTACK_PLAN, JSON) says what to run. All that a package may do once it is guarded is print and write in its own
tree, so that is how it talks to the test: a line on stderr for each outcome and each question, and a socket of its own
where the test answers (with a socket made outside the session, the guard's pids, a file that appears now).
"""
import base64
import glob
import json
import os
import re
import socket
import subprocess
import sys
import tarfile
import tempfile

HANDED_FD = 9
HERE = os.path.dirname(os.path.abspath(__file__))


def tell(**message):
    """Coded, since pip decorates what it repeats; found by its first word. pip repeats it on its stderr."""
    print("@attack", base64.b64encode(json.dumps(message).encode()).decode(), file=sys.stderr, flush=True)


def ask(question, **more):
    """Takes: a question for the test. Gives: its answer, and the descriptor that came with it or None."""
    path = os.path.join(HERE, "answers")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.settimeout(60)
        server.bind(path)
        server.listen(1)
        try:
            tell(ask=question, at=path, **more)
            link, _ = server.accept()
        finally:
            os.unlink(path)
        with link:
            link.settimeout(60)
            data, fds, _, _ = socket.recv_fds(link, 65536, 1)
        answer = json.loads(data)
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer, fds[0] if fds else None


def fill(args, values):
    return [re.sub(r"\{(\w+)\}", lambda match: str(values[match[1]]), arg) for arg in args]


def perform(technique, values):
    handed = None
    values["port"] = technique.get("port", 0)
    values["own"] = os.path.join(values["scratch"], technique["name"])
    if technique.get("make") == "own":
        with open(values["own"], "x", encoding="utf-8") as file:
            file.write("# made by a package, in its own folder\n")
    if technique.get("stage"):
        ask("stage", name=technique["name"])
    if any("{outsider}" in arg for arg in technique["args"]):
        # Asked each time: one that was ended or stopped has been replaced.
        values.update(ask("outsider")[0])
    if technique.get("guard"):
        # Asked each time: a stand-in that was ended has been replaced, a guard has nothing to replace.
        values.update(ask("guard")[0])
    if technique.get("fd") == "own":
        handed = socket.socket(socket.AF_INET, socket.SOCK_STREAM).detach()
    elif technique.get("fd"):
        handed = ask("fd", name=technique["fd"], technique=technique["name"])[1]
    if handed is not None:
        os.dup2(handed, HANDED_FD)
    # The program by a name of this technique's own: the journal has it, and so tells one from the other.
    program = os.path.join(HERE, "programs", technique["name"])
    os.link(os.path.join(HERE, "attack"), program)
    try:
        done = subprocess.run([program] + fill(technique["args"], values), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              pass_fds=() if handed is None else (HANDED_FD,), timeout=60, check=False)
    finally:
        if handed is not None:
            os.close(HANDED_FD)
            if handed != HANDED_FD:
                os.close(handed)
    if done.returncode < 0:
        return "killed" if done.returncode == -9 else f"signal {-done.returncode}"
    return " ".join(done.stdout.decode(errors="replace").split())


def own_files(scratch):
    """What the techniques write elsewhere, once each."""
    text, template = os.path.join(scratch, "text"), os.path.join(scratch, "template/hooks")
    with open(text, "w", encoding="utf-8") as file:
        file.write("# made by a package, in its own folder\n")
    os.makedirs(template)
    os.link(text, os.path.join(template, "pre-commit"))
    os.mkdir(os.path.join(scratch, "folder"))
    with tarfile.open(os.path.join(scratch, "archive.tar"), "w") as archive:
        archive.add(text, arcname="unpacked")
    return text


def main():
    # A legacy build runs setup.py twice, a hook several times: the techniques run in the first.
    programs = os.path.join(HERE, "programs")
    if os.path.exists(programs):
        return
    os.mkdir(programs)
    os.chmod(os.path.join(HERE, "attack"), 0o755)
    with open(os.environ["ATTACK_PLAN"], encoding="utf-8") as file:
        plan = json.load(file)
    scratch = tempfile.mkdtemp(prefix="attack-")
    values = {"source": HERE, "scratch": scratch, "text": own_files(scratch), "installer": os.getppid()}
    for path in glob.glob(os.path.join(tempfile.gettempdir(), "pip-req-build-*", "sibling.py")):
        values["sibling"] = os.path.dirname(path)
    values.update(ask("hello", values=values)[0])
    for technique in plan["techniques"]:
        try:
            outcome = perform(technique, values)
        except (OSError, RuntimeError, subprocess.SubprocessError, ValueError, KeyError) as error:
            outcome = f"broken driver: {error!r}"
        tell(name=technique["name"], outcome=outcome)
    tell(name="end", outcome="reached")


if __name__ == "__main__":
    sys.exit(main())
