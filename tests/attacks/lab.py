# SPDX-License-Identifier: Apache-2.0
"""What the suites with real installs share: a folder to work in, a clean environment, venvs, cordon and its journal."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

PYTHON = "/usr/bin/python3"
OUTPUT = os.path.abspath(os.environ.get("O") or os.path.join(os.path.dirname(__file__), "../../.output"))
CORDON = os.path.abspath(os.environ.get("CORDON") or os.path.join(OUTPUT, "cordon"))
BACKEND = os.environ.get("BACKEND", "")
# In a guest, whose processor is emulated.
EMULATED = os.environ.get("CORDON_GUEST") == "1"

# Exit statuses of cordon run.
REFUSED = 120
CANNOT_GUARD = 125


def skip(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(77)


def which(program):
    """Where the system has it, whatever the caller's PATH is."""
    return shutil.which(program, path="/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin")


def from_index(argv, env=None):
    """Runs a client with the machine's own settings; gives its last line where that failed."""
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=300, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no word"])[-1]


def need(*programs):
    """Skips the suite where it cannot run; what must be there, such as cordon itself, is no reason to skip."""
    if os.geteuid() != 0:
        skip("needs root")
    for program in programs:
        if not which(program):
            skip(f"no {program}")
    # Found, not imported: pip before setuptools trips over Debian's distutils.
    probe = "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1:])))"
    if subprocess.run([PYTHON, "-c", probe, "venv", "pip", "setuptools", "wheel"], check=False).returncode:
        skip(f"{PYTHON} lacks venv, pip, setuptools or wheel")


class Tap:
    """Test Anything Protocol: one line an assertion, the plan at the end."""

    def __init__(self):
        self.count = self.failed = 0

    def line(self, text):
        print(text, flush=True)

    def diag(self, text):
        for part in str(text).rstrip().splitlines():
            self.line(f"# {part}")

    def check(self, good, name, why=""):
        self.count += 1
        self.line(f"{'ok' if good else 'not ok'} {self.count} - {name}")
        if not good:
            self.failed += 1
            self.diag(why)
        return good

    def skip(self, name, reason):
        self.count += 1
        self.line(f"ok {self.count} - {name} # SKIP {reason}")

    def end(self):
        self.line(f"1..{self.count}")
        if not self.count:
            self.diag("nothing was tested")
        return 1 if self.failed or not self.count else 0


def own_words(text):
    """Of what came on stderr, what cordon itself said: what it guards says more, and names itself as well."""
    return "".join(line for line in text.splitlines(keepends=True) if line.startswith("cordon: "))


class Lab:
    def __init__(self, name):
        os.umask(0o022)  # another user reads what is made here
        self.work = tempfile.mkdtemp(prefix=f"cordon-{name}-")
        os.chmod(self.work, 0o755)
        self.state = os.path.join(self.work, "state")
        self.etc = os.path.join(self.work, "etc")
        os.makedirs(os.path.join(self.etc, "conf.d"))
        with open(os.path.join(self.etc, "cordon.toml"), "w", encoding="utf-8") as file:
            file.write("# made by a test; says nothing\n")

    def path(self, *parts):
        return os.path.join(self.work, *parts)

    def folder(self, *parts, mode=0o755):
        path = self.path(*parts)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
        return path

    def env(self, home, tmp, **more):
        """Nothing of the caller's: its PIP_*, VIRTUAL_ENV or python would make it another test."""
        return {
            "PATH": "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin", "HOME": home, "TMPDIR": tmp, "LANG": "C.UTF-8",
            "CORDON_STATE": self.state, "CORDON_ETC": self.etc, **more,
        }

    def venv(self, *parts):
        """A venv that sees the system's setuptools and pip: installing pip into each costs seconds in a guest."""
        path = self.path(*parts)
        subprocess.run([PYTHON, "-m", "venv", "--system-site-packages", "--without-pip", path], check=True)
        return path

    def run(self, argv, *, cwd, env, timeout=900, started=None, heard=None):
        """Gives (status, stdout, stderr); a status of None: it did not end in time and was ended.

        `heard` is called with each line of stderr as it comes, by a thread.
        """
        process = subprocess.Popen(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True)
        if started:
            started(process)
        lines, source = [], process.stderr
        if heard:
            process.stderr = None  # communicate() leaves to the thread what it does not see

            def listen():
                for line in source:
                    lines.append(line)
                    heard(line)

            listener = threading.Thread(target=listen, daemon=True)
            listener.start()
        try:
            out, err = process.communicate(timeout=timeout)
            status = process.returncode
        except subprocess.TimeoutExpired:
            # The session of its own that it was started in: nobody else is in that group.
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            status = None
        if heard:
            listener.join(30)  # a daemon that was left behind may hold the other end
            err = "".join(lines)
        return status, out, err

    def guarded(self, options, command, **more):
        argv = [CORDON, "run", *options, *(["--backend", BACKEND] if BACKEND else []), "--", *command]
        return self.run(argv, **more)

    def ask_backend(self):
        """The backend that `cordon run` would take, "" where it does not say."""
        _, out, _ = self.run([CORDON, "doctor", "--json"], cwd="/", env=dict(os.environ), timeout=120)
        try:
            return next((found["name"] for found in json.loads(out)["backends"] if found["taken"]), "")
        except (ValueError, KeyError, TypeError):
            return ""

    def findings(self, env):
        """The last session's. Raises ValueError with what cordon said where it gives no JSON."""
        status, out, err = self.run([CORDON, "log", "--json", "--last", "-n", "0"], cwd="/", env=env, timeout=120)
        if status not in (0, 1):
            raise ValueError(f"cordon log: status {status}: {err.strip()}")
        return [json.loads(line) for line in out.splitlines() if line.strip()]

    def close(self):
        if os.environ.get("KEEP"):
            print(f"# kept {self.work}", flush=True)
        else:
            shutil.rmtree(self.work, ignore_errors=True)


class Keeper:
    """A session that is on all the time, so that those of the cases find the programs loaded; seven seconds each."""

    def __init__(self):
        options = ["--backend", BACKEND] if BACKEND else []
        self.lab = Lab("keeper")
        mark = self.lab.path("kept")
        self.process = subprocess.Popen(
            [CORDON, "run", "-q", *options, "--", "/bin/sh", "-c", f"touch {mark}; exec sleep 3600"],
            env=self.lab.env("/", "/tmp"), stdin=subprocess.DEVNULL, start_new_session=True)
        for _ in range(1200):
            if os.path.exists(mark) or self.process.poll() is not None:
                break
            time.sleep(0.1)

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.lab.close()
