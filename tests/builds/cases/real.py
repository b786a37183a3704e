# SPDX-License-Identifier: Apache-2.0
"""Packages of others, from the index that pip and npm are set up for: built from source, or with install scripts.

Chosen so that they need nothing but Debian 12's tools and no network of their own. Left out, since the shipped policy
refuses what they do unless it is granted: rpds-py, bcrypt, orjson (cargo fetches crates); puppeteer, cypress, sharp's
and farmhash's download of a binary; simple-git-hooks (a dependency that writes hooks of git); @swc/core (loads a
library from its cache). And frozenlist, yarl and contourpy, which keep the random name of the folder that they were
built in: no two of their installs are the same.
"""
import json
import os
import subprocess

import lab
import mkpkg

# setuptools with and without Cython, setuptools-scm, backends in the tree, CMake, C and C++, optional extensions.
PIP = ("markupsafe==3.0.3", "pyyaml==6.0.3", "wrapt==1.17.3", "psutil==7.1.0", "msgpack==1.1.2", "simplejson==3.20.2",
       "ujson==5.11.0", "bitarray==3.7.1", "multidict==6.7.0", "mmh3==5.2.0", "tornado==6.5.2", "coverage==7.10.7",
       "websockets==15.0.1", "kiwisolver==1.4.9", "setproctitle==1.3.7", "xxhash==3.6.0", "hiredis==3.2.1",
       "immutables==0.21", "zope.interface==8.0.1", "pybase64==1.4.2", "greenlet==3.2.4", "httptools==0.6.4")
# esbuild's binary, banners, prebuilt addons that are loaded, node-gyp, a cache of its own that it can do without.
NPM = ("esbuild@0.25.10", "core-js@3.45.1", "bufferutil@4.0.9", "utf-8-validate@6.0.5", "protobufjs@7.5.4",
       "es5-ext@0.10.64", "unrs-resolver@1.11.1", "msgpackr-extract@3.0.3", "cpu-features@0.0.10", "unix-dgram@2.0.7",
       "husky@9.1.7")
SETTINGS = ("PIP_", "NPM_CONFIG_", "NODE_EXTRA_CA_CERTS", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def index_env():
    """How this machine reaches its index; nothing else of the caller's."""
    return {name: value for name, value in os.environ.items() if name.upper().startswith(SETTINGS)}


def real_pip(packages):
    def case(suite, name):
        why = lab.from_index([lab.PYTHON, "-m", "pip", "download", "-q", "--no-deps", "-d", suite.lab.folder("reach"),
                              "six==1.16.0"])
        if why:
            suite.skip(name, f"no index: {why}")
            return
        for package in packages:
            only = package.partition("==")[0]

            def prepare(side, package=package, only=only):
                return [side.make_venv(), "-m", "pip", "install", "--no-compile", "--no-deps", "--no-binary", only,
                        "--no-cache-dir", "--use-pep517", package]

            suite.trial(package, "pip", prepare, env=index_env(), shows=f"Building wheel for {only}")
    return case


def npm_reach(program, env):
    done = subprocess.run([program, "view", "is-number@7.0.0", "version"], env=env, capture_output=True, text=True,
                          timeout=300, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no word"])[-1]


def real_npm(packages):
    def case(suite, name):
        program = lab.which("npm")
        if not program:
            suite.skip(name, "no npm")
            return
        settings = {**index_env(), "npm_config_nodedir": "/usr", "npm_config_update_notifier": "false"}
        settings["npm_config_registry"] = subprocess.run([program, "config", "get", "registry"], capture_output=True,
                                                         text=True, check=True).stdout.strip()
        why = npm_reach(program, suite.lab.env(suite.lab.folder("reach"), suite.lab.folder("reach"), **settings))
        if why:
            suite.skip(name, f"no registry: {why}")
            return
        for package in packages:
            def prepare(side, package=package):
                manifest, words = {"name": "root", "private": True}, [package]
                if package.startswith("husky@"):  # what it is for: hooks of the root project, which calls it itself
                    subprocess.run(["git", "init", "-q", "-b", "main", side.project], check=True, env=side.env)
                    manifest.update(scripts={"prepare": "husky"}, devDependencies={"husky": package.partition("@")[2]})
                    words = []
                mkpkg.tree(side.project, {"package.json": json.dumps(manifest)})
                return [program, "install", "--no-audit", "--no-fund", "--foreground-scripts",
                        "--dangerously-allow-all-scripts", *words]

            suite.trial(package, "npm", prepare, env=settings,
                        shows="> prepare" if package.startswith("husky@") else f"> {package} ")
    return case


CASES = {"real-pip": real_pip(PIP), "real-npm": real_npm(NPM)}
# By name alone: pip:wrapt, npm:esbuild.
ALONE = {"pip:" + package.partition("==")[0]: real_pip([package]) for package in PIP}
ALONE.update({"npm:" + package.partition("@")[0]: real_npm([package]) for package in NPM})
