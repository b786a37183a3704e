# SPDX-License-Identifier: Apache-2.0
"""An installer below cordon that does what a test tells it (installer.py), and an index on loopback."""
import http.server
import json
import os
import queue
import shutil
import subprocess
import threading

import lab

KNOWN_BAD, CHANGED, UNSEEN = "identity.known-bad", "identity.hash", "identity.malformed"
HERE = os.path.dirname(os.path.abspath(__file__))
# What makes each an installer: the name of its program, and of its script.
KINDS = {"pip": ("python3", "pip"), "uv": ("uv", "steps"), "npm": ("node", "npm-cli.js"), "pnpm": ("node", "pnpm.cjs"),
         "cargo": ("cargo", "steps")}


class Base:
    """What suites have in common that drive such installers."""

    def __init__(self, tap, the_lab):
        self.tap, self.lab, self.check = tap, the_lab, tap.check
        self.backend = lab.BACKEND or the_lab.ask_backend()
        self.trace = self.backend == "trace"
        # What a refused opening looks like.
        self.refused = "ended" if self.trace else "EPERM"

    def env(self, name):
        return self.lab.env(self.lab.folder(name, "home"), self.lab.folder(name, "tmp", mode=0o1777),
                            PIP_ROOT_USER_ACTION="ignore", PIP_DISABLE_PIP_VERSION_CHECK="1")

    def cordon(self, name, policy, *options):
        file = self.lab.path(name, "policy.toml")
        with open(file, "w", encoding="utf-8") as out:
            out.write(policy)
        backend = ["--backend", lab.BACKEND] if lab.BACKEND else []
        return [lab.CORDON, "run", "-q", *backend, "--policy", file, *options]

    @staticmethod
    def deny(*entries):
        return f"[identity]\ndeny = {json.dumps(entries)}\n"

    def findings(self, env, rule):
        try:
            return [finding for finding in self.lab.findings(env) if finding["rule"] == rule]
        except ValueError as error:
            self.check(False, "the journal can be read", error)
            return []


def stat_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rpartition(")")[2].split()


class Told:
    """An installer below cordon that does what it is told."""

    def __init__(self, suite, name, kind, policy, *options, tool=None):
        """`tool`: one of tests/tools, that is told instead of installer.py."""
        self.lab, self.suite = suite.lab, suite
        self.folder = suite.lab.folder(name)
        program, script = KINDS[kind]
        os.symlink(os.path.join(lab.OUTPUT, "tools", tool) if tool else lab.PYTHON, self.path(program))
        shutil.copyfile(os.path.join(HERE, "installer.py"), self.path(script))
        self.env = suite.env(name)
        self.log = open(self.path("log"), "wb")
        self.process = subprocess.Popen(
            [*suite.cordon(name, policy, *options), "--", self.path(program), self.path(script)],
            cwd=self.folder, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()
        self.ready = self.answer(90)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def answer(self, seconds):
        """The next line; "ended": there is none; "nothing": it takes too long."""
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            return "nothing"
        if line is None:
            self.lines.put(None)
            return "ended"
        return line

    def start(self, *words):
        try:
            self.process.stdin.write("\t".join(words) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def tell(self, *words, seconds=30):
        self.start(*words)
        return self.answer(seconds)

    def controllers(self):
        """The children of `cordon run` that are cordon; one, once the session is on."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
                if words[0].endswith(b"cordon") and words[1] == b"attach" and stat_of(name)[1] == str(self.process.pid):
                    found.append(int(name))
            except (OSError, IndexError):
                continue  # it has just ended, or is the kernel's
        return found

    def end(self):
        """Gives the status, and what was said."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.log.close()
        with open(self.path("log"), encoding="utf-8", errors="replace") as file:
            return status, file.read()


class Index(http.server.ThreadingHTTPServer):
    """A simple index of the wheels, whose answers may be kept in pip's cache."""

    def __init__(self, folder):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.strip("/").split("/")[-1]
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        body, kind = file.read(), "application/octet-stream"
                else:
                    body = "".join(f'<a href="/files/{file}">{file}</a>' for file in sorted(os.listdir(folder))
                                   if file.startswith(name + "-")).encode()
                    kind = "text/html"
                self.send_response(200)
                for header, value in (("Content-Type", kind), ("Content-Length", str(len(body))),
                                      ("Cache-Control", "max-age=3600")):
                    self.send_header(header, value)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/simple"
