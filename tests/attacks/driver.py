# SPDX-License-Identifier: Apache-2.0
"""Runs the techniques of a plan, each as a process of its own. Goes into the hostile package, where setup.py or the
build backend calls main(); the twin runs the same file outside any install.

The plan (ATTACK_PLAN, JSON) says what to run, where to ask the test for what only it can give (`broker`: a socket made
outside the session, the guard's pids, a file that appears now) and where to write one JSON line a technique.
"""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile

HANDED_FD = 9


def ask(broker, question):
    """Takes: one line for the test. Gives: its answer, and the descriptor that came with it or None."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(60)
        link.connect(broker)
        link.sendall(question.encode() + b"\n")
        data, fds, _, _ = socket.recv_fds(link, 65536, 1)
        answer = json.loads(data)
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer, fds[0] if fds else None


def fill(args, values):
    return [re.sub(r"\{(\w+)\}", lambda match: str(values[match[1]]), arg) for arg in args]


def perform(technique, plan, values):
    handed = None
    values["port"] = technique.get("port", 0)
    if technique.get("stage"):
        ask(plan["broker"], "stage " + technique["name"])
    if technique.get("guard"):
        # Asked each time: a stand-in that was ended has been replaced, a guard has nothing to replace.
        values.update(ask(plan["broker"], "guard")[0])
    if technique.get("fd") == "own":
        handed = socket.socket(socket.AF_INET, socket.SOCK_STREAM).detach()
    elif technique.get("fd"):
        handed = ask(plan["broker"], "fd " + technique["fd"])[1]
    if handed is not None:
        os.dup2(handed, HANDED_FD)
    # The program by a name of this technique's own: the journal has it, and so tells one from the other.
    argv = [os.path.join(plan["programs"], technique["name"])] + fill(technique["args"], values)
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              pass_fds=() if handed is None else (HANDED_FD,), timeout=60, check=False)
    finally:
        if handed is not None:
            os.close(HANDED_FD)
            if handed != HANDED_FD:
                os.close(handed)
    if done.returncode < 0:
        return "killed" if done.returncode == -9 else f"signal {-done.returncode}"
    return " ".join(done.stdout.decode(errors="replace").split())


def main():
    with open(os.environ["ATTACK_PLAN"], encoding="utf-8") as file:
        plan = json.load(file)
    results = os.path.join(os.environ["ATTACK_RESULTS"], plan["name"] + ".jsonl")
    # A legacy build runs setup.py twice, a hook several times: the techniques run in the first.
    if os.path.exists(results):
        return
    with open(results, "x", encoding="utf-8") as out:
        values = ask(plan["broker"], "hello")[0]
        values["scratch"] = tempfile.mkdtemp(prefix="attack-")
        values["installer"] = os.getppid()
        for technique in plan["techniques"]:
            try:
                outcome = perform(technique, plan, values)
            except (OSError, RuntimeError, subprocess.SubprocessError, ValueError) as error:
                outcome = f"broken driver: {error!r}"
            out.write(json.dumps({"name": technique["name"], "outcome": outcome}) + "\n")
            out.flush()
        out.write(json.dumps({"name": "end", "outcome": "reached"}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
