# SPDX-License-Identifier: Apache-2.0
"""Commands one after the other in one guarded session, each with its own status and words: a session's start costs more than
most of them."""
import hashlib
import json
import os
import shlex

import lab


def digest(path, kind="sha256"):
    with open(path, "rb") as file:
        return f"{kind}:{hashlib.new(kind, file.read()).hexdigest()}"


class Step:
    """`status`: its own, None where it was not reached. `said`: what it printed, on either stream."""

    def __init__(self, title, argv):
        self.title, self.argv, self.status, self.said = title, argv, None, ""


class Steps:
    """`run()` gives itself; `steps` by title; `status`, `err`: cordon's own."""

    def __init__(self, the_lab, name, env, deny=(), mode="--enforce"):
        self.lab, self.name, self.env, self.mode = the_lab, name, env, mode
        self.folder = the_lab.folder(name)
        self.policy = the_lab.path(name, "policy.toml")
        with open(self.policy, "w", encoding="utf-8") as file:
            file.write(f"[identity]\ndeny = {json.dumps(list(deny))}\n")
        self.steps, self.status, self.err = {}, None, ""

    def add(self, title, *argv):
        self.steps[title] = Step(title, list(argv))

    def run(self, cwd=None, timeout=900):
        script = self.lab.path(self.name, "steps")
        with open(script, "w", encoding="utf-8") as file:
            for index, step in enumerate(self.steps.values()):
                out = shlex.quote(self.lab.path(self.name, f"said-{index}"))
                file.write(f"{shlex.join(step.argv)} > {out} 2>&1\necho $? > {out}.status\n")
            file.write("exit 0\n")
        self.status, _, self.err = self.lab.guarded([self.mode, "--policy", self.policy], ["/bin/sh", script],
                                                    cwd=cwd or self.folder, env=self.env, timeout=timeout)
        for index, step in enumerate(self.steps.values()):
            out = self.lab.path(self.name, f"said-{index}")
            if os.path.exists(out + ".status"):
                with open(out + ".status", encoding="utf-8") as file:
                    step.status = int(file.read())
                with open(out, encoding="utf-8", errors="replace") as file:
                    step.said = file.read()
        return self

    def findings(self, rule):
        return [finding for finding in self.lab.findings(self.env) if finding["rule"] == rule]
