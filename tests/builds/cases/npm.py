# SPDX-License-Identifier: Apache-2.0
"""npm packages of ours with scripts, from a registry of ours: dependencies, the root project, workspaces, node-gyp."""
import json
import os
import shutil
import subprocess

import lab
import mkpkg
from cases.python import commit, prebuilt
from registry import Registry

JS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../honest/js")
GYP = '{ "targets": [ { "target_name": "addon", "sources": [ "addon.c" ], "cflags": [ "-g0" ] } ] }\n'
PARTS = ("npm-esbuild", "npm-scripts", "npm-husky", "npm-workspace", "npm-gyp")


def js(*names):
    found = {}
    for name in ("honest.js", *names):
        with open(os.path.join(JS, name), encoding="utf-8") as file:
            found[name] = file.read()
    return found


def packages(suite):
    """Part -> the packages that the registry has of it, the one to depend on first."""
    tool = prebuilt(suite)["tool"]
    return {
        "npm-esbuild": [
            ({"name": "honest-esbuild", "version": "1.0.0", "bin": {"honest-tool": "bin/tool"},
              "scripts": {"postinstall": "node esbuild.js"}, "optionalDependencies": {"@honest/tool-linux": "1.0.0"}},
             {**js("esbuild.js"), "bin/tool": "#!/usr/bin/env node\nthrow new Error('not replaced');\n"}),
            ({"name": "@honest/tool-linux", "version": "1.0.0", "os": ["linux"]}, {"bin/tool": tool})],
        "npm-scripts": [
            ({"name": "honest-scripts", "version": "1.0.0", "scripts": {
                "preinstall": "echo before && true", "install": "node -e 0 || exit 1",
                "postinstall": "node scripts.js"}},
             js("scripts.js"))],
        "npm-husky": [({"name": "honest-husky", "version": "1.0.0", "bin": {"honest-husky": "husky.js"}},
                       js("husky.js"))],
        "npm-workspace": [],
        "npm-gyp": [({"name": "honest-gyp", "version": "1.0.0", "scripts": {
            "install": "node-gyp rebuild", "postinstall": "node gyp.js"}},
                     {**js("gyp.js", "addon.c"), "binding.gyp": GYP})],
    }


def project(parts, made):
    """The root project's files."""
    manifest = {"name": "root", "version": "1.0.0", "private": True, "dependencies": {
        made[part][0][0]["name"]: "1.0.0" for part in parts if made[part]}, "scripts": {}}
    members = {}
    if "npm-husky" in parts:
        manifest["scripts"]["prepare"] = "honest-husky"
    if "npm-workspace" in parts:
        manifest["workspaces"] = ["packages/*"]
        members = {"packages/member/package.json": json.dumps({
            "name": "member", "version": "1.0.0", "scripts": {"postinstall": "node member.js"}}),
                   "packages/member/member.js": js("member.js")["member.js"], **js()}
    return {**members, "package.json": json.dumps(manifest)}


def is_whose(part):
    if part in ("npm-husky", "npm-workspace"):
        return ("project",)
    return ("package", "npm", part.replace("npm-", "honest-"), "1.0.0")


def npm(wanted):
    def case(suite, name):
        program, parts = lab.which("npm"), list(wanted)
        if not program or not lab.which("git"):
            suite.skip(name, "no npm or no git")
            return
        if "npm-gyp" in parts and not (os.path.exists("/usr/include/node/node_api.h") and lab.which("make")):
            parts.remove("npm-gyp")
            suite.skip(f"{name}: npm-gyp", "no headers of node, which node-gyp would have to download")
            if not parts:
                return
        made = packages(suite)
        registry = Registry(suite.lab.path(name + "-registry"), [one for part in parts for one in made[part]])

        def prepare(side):
            mkpkg.tree(side.project, project(parts, made))
            if "npm-husky" in parts:
                subprocess.run(["git", "init", "-q", "-b", "main", side.project], check=True, env=side.env)
            return [program, "install", "--registry", registry.url, "--no-audit", "--no-fund", "--foreground-scripts",
                    "--dangerously-allow-all-scripts", "--install-links=false"]

        try:
            suite.trial(name, "npm", prepare, behaviours=parts, whose={is_whose(part) for part in parts},
                        env={"npm_config_nodedir": "/usr", "npm_config_update_notifier": "false"})
        finally:
            registry.close()
    return case


def npm_git(suite, name):
    """A dependency from git: npm clones it, and an npm of its own prepares it in the clone. It is nobody's by name."""
    program = lab.which("npm")
    if not program or not lab.which("git"):
        suite.skip(name, "no npm or no git")
        return
    source = mkpkg.tree(suite.lab.path(name + "-source"), {
        **js("scripts.js"), "package.json": json.dumps({"name": "honest-git", "version": "1.0.0", "scripts": {
            "prepare": "node scripts.js"}})})
    commit(source)

    def prepare(side):
        mkpkg.tree(side.project, {"package.json": "{}"})
        return [program, "install", "--no-audit", "--no-fund", "--foreground-scripts", "--allow-git=all",
                "--dangerously-allow-all-scripts", f"git+file://{source}"]

    suite.trial(name, "npm", prepare, whose={("package", "npm", "unknown", "None")},
                env={"npm_config_update_notifier": "false"})


def yarn_shim(suite, name):
    """A `node` in TMPDIR that comes first in PATH, for every script."""
    node = lab.which("node")
    if not node:
        suite.skip(name, "no node")
        return
    source = mkpkg.tree(suite.lab.path(name + "-source"), js("shim.js"))
    # Its name is what tells it; it lies where a user's yarn does, not among the test's own files.
    script = os.path.join(suite.lab.folder(name + "-yarn"), "yarn.js")
    shutil.copy(os.path.join(JS, "yarn.js"), script)
    suite.trial(name, "yarn", lambda side: [node, script, source], behaviours=["yarn-shim"])


CASES = {"npm": npm(PARTS), "npm-git": npm_git, "yarn-shim": yarn_shim}
# By name alone: each part of the first in an install of its own.
PARTS_ALONE = {part: npm([part]) for part in PARTS}
