# SPDX-License-Identifier: Apache-2.0
"""Two installs that differ in nothing but cordon, and what has to be the same of them.

A trial is one command, run twice. It holds when both end well, every behaviour in it works under cordon, cordon says
nothing, the journal has nothing above `log` (`hide` of a setting is what honest tools are told to expect), and the same
files are there. Where the code looked for a setting that holds secrets, the journal also tells whose code cordon took
it for.
"""
import hashlib
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../attacks"), os.path.join(HERE, "honest")]

import lab  # noqa: E402  (the paths come first)
import mkpkg  # noqa: E402
from behave import REGISTRY  # noqa: E402

SAID = re.compile(r"honest: ([\w+-]+): (.*)")
# Times, random names, or where the archive lay: they differ between any two installs.
IGNORED = re.compile(r"(\.pyc|/direct_url\.json|/\.git/(index|objects/.*|logs/.*)|/\.package-lock\.json|/uv_cache\.json"
                     r"|/honest-work/.*|/target/.*|/\.lock|/\.ninja_(log|deps)|/config\.log)$")

# The folders of one pip, which some packages write down.
RANDOM = re.compile(rb"(?<=/)pip-(build-env|install|req-build)-[a-z0-9_]{8}(/[a-z0-9-]+_[0-9a-f]{32})?")


def contents(roots, names):
    """Takes: folders; text -> its common name, for paths that the runs do not share. Gives: file -> SHA-256."""
    found = {}
    for label, root in roots.items():
        for folder, folders, files in os.walk(root):
            for file in files + [name for name in folders if os.path.islink(os.path.join(folder, name))]:
                path = os.path.join(folder, file)
                relative = os.path.join(label, os.path.relpath(path, root))
                if IGNORED.search(path) or not (os.path.isfile(path) or os.path.islink(path)):
                    continue
                mode = b""
                if os.path.islink(path):
                    data = os.readlink(path).encode()
                else:
                    mode = oct(os.stat(path).st_mode).encode()
                    with open(path, "rb") as opened:
                        data = opened.read()
                for name, common in names.items():
                    data = data.replace(name.encode(), common.encode())
                data = RANDOM.sub(b"", data)
                if path.endswith("RECORD"):
                    # Digests of files whose content is normalised above; the content itself is compared.
                    lines = [line.split(b",")[0] for line in data.splitlines()]
                    data = b"\n".join(sorted(line for line in lines if not IGNORED.search("/" + line.decode())))
                found[relative] = hashlib.sha256(mode + data).hexdigest()
    return found


def own_name(package):
    """(ecosystem, name, version) of a finding's package; the project's code has none."""
    return tuple(str(package[key]) for key in ("ecosystem", "name", "version")) if package else ()


class Side:
    """One of two runs: its venv, home, project and temporary folder. `roots` are the folders that are compared."""

    def __init__(self, the_lab, name, env):
        self.lab, self.root = the_lab, the_lab.folder(name)
        self.home, self.tmp = the_lab.folder(name, "home"), the_lab.folder(name, "tmp", mode=0o1777)
        self.project = the_lab.folder(name, "project")
        self.venv, self.roots = None, {"project": self.project}
        mkpkg.tree(self.home, {".ssh/id_ed25519": "decoy\n", ".gitconfig": "[user]\n\tname = nobody\n"
                               "\temail = nobody@example.org\n", ".netrc": "machine example.org login decoy\n"})
        # Debug information holds the path of pip's build folder, which differs in each run.
        self.env = the_lab.env(self.home, self.tmp, CFLAGS="-g0", CXXFLAGS="-g0", **env)

    def make_venv(self):
        self.venv = self.lab.venv(self.root, "venv")
        self.roots.update({"venv": os.path.join(self.venv, "lib"), "bin": os.path.join(self.venv, "bin")})
        return os.path.join(self.venv, "bin/python")

    def pip(self, *args, verb="install"):
        """With -v, so that what the behaviours say is seen."""
        more = ["--no-compile"] if verb == "install" else []
        return [self.make_venv(), "-m", "pip", "-v", verb, "--no-index", *more, *args]

    def contents(self):
        return contents(self.roots, {self.root: "SIDE"})

    def answer(self, module):
        code = f"import {module}; print({module}.answer())"
        done = self.lab.run([os.path.join(self.venv, "bin/python"), "-B", "-c", code], cwd="/", env=self.env)
        return done[1].strip() or f"status {done[0]}: {done[2]}"

    def outcomes(self, said):
        """What each behaviour came to: as it was said, or, by installers that show nothing, as it was installed."""
        found = dict(SAID.findall(said))
        for root in self.roots.values() if not found else ():
            for folder, _, files in os.walk(root):
                if "report.txt" in files:
                    with open(os.path.join(folder, "report.txt"), encoding="utf-8") as file:
                        found.update(SAID.findall(file.read()))
        return found


class Suite:
    def __init__(self, tap, the_lab):
        self.tap, self.lab, self.rows = tap, the_lab, []
        self.backend = lab.BACKEND or the_lab.ask_backend()

    def usable(self, trial, names):
        """Those behaviours whose programs are here; the others are skipped by name."""
        good = []
        for name in names:
            missing = [tool for tool in REGISTRY[name][1] if not lab.which(tool)]
            if missing:
                self.tap.skip(f"{trial}: {name}", f"no {missing[0]}")
                self.rows.append((trial, name, "-", "-", "-", f"skipped: no {missing[0]}"))
            else:
                good.append(name)
        return good

    def skip(self, trial, reason):
        self.tap.skip(trial, reason)
        self.rows.append((trial, "-", "-", "-", "-", f"skipped: {reason}"))

    def trial(self, name, installer, prepare, *, behaviours=(), whose=None, answer=None, shows="", env=None, wrap=()):
        """`prepare(side)` makes what one run needs and gives its command. `whose`: the code that looks for ~/.netrc, a
        set of (role, ecosystem, name, version) or (role,). `answer`: a module whose answer() is 42. `shows`: what
        the installer prints where code of the package runs. Gives whether all of it held."""
        check, failed = self.tap.check, self.tap.failed
        bare, guarded = (Side(self.lab, f"{name}-{side}", env or {}) for side in ("bare", "guarded"))
        commands = [[*wrap, *prepare(side)] for side in (bare, guarded)]
        start = time.monotonic()
        status, out, err = self.lab.run(commands[0], cwd=bare.project, env=bare.env)
        between = time.monotonic()
        works = bare.outcomes(out + err)
        broken = {one: works.get(one, "did not run") for one in behaviours if works.get(one) != "ok"}
        if not check(status == 0 and not broken and shows in out + err, f"{name}: installs without cordon",
                     f"status {status} {broken}\n{out[-6000:]}\n{err[-6000:]}"):
            return False  # a broken test says nothing about cordon
        status, out, watched_err = self.lab.guarded(["--enforce"], commands[1], cwd=guarded.project, env=guarded.env)
        self.tap.diag(f"{name}: {between - start:.1f} s without, {time.monotonic() - between:.1f} s with cordon")
        works = guarded.outcomes(out + watched_err)
        bad = {one: works.get(one, "did not end") for one in behaviours if works.get(one) != "ok"}
        check(status == 0, f"{name}: status 0 under cordon", f"status {status}\n{out[-6000:]}\n{watched_err[-6000:]}")
        for one in behaviours:
            check(one not in bad, f"{name}: {one} works under cordon", f"{bad.get(one)}\n{out[-6000:]}\n{err[-3000:]}")
        # The installer's own warnings are allowed; a weak backend is said in one line of ours.
        said = [line for line in watched_err.splitlines()
                if re.search(r"refused|condemned|blocked|denied|Allow:", line) and line not in err]
        ours = [line for line in watched_err.splitlines() if line.startswith("cordon:")]
        check(not said and len(ours) <= 1, f"{name}: nothing is said but a status line", "\n".join(said + ours))
        if answer:
            got = guarded.answer(answer)
            check(got == "42" == bare.answer(answer), f"{name}: what was installed works", f"{got}, not 42")
        files = self.compare(name, bare, guarded)
        above = self.judge(name, guarded, whose)
        for one in behaviours or (name,):
            self.rows.append((name, one, installer, files, above,
                              "hindered" if one in bad or self.tap.failed > failed else "untouched"))
        return self.tap.failed == failed

    def compare(self, name, bare, guarded):
        plain, watched = bare.contents(), guarded.contents()
        differ = sorted(set(plain.items()) ^ set(watched.items()))
        self.tap.check(plain and not differ, f"{name}: the same {len(plain)} files",
                       "\n".join(f"{digest[:12]} {path}" for path, digest in differ[:100]))
        return len(plain)

    def judge(self, name, side, whose):
        try:
            findings = self.lab.findings(side.env)
        except ValueError as error:
            self.tap.check(False, f"{name}: the journal can be read", error)
            return "-"
        above = [found for found in findings if found.get("action") not in ("allow", "log") and
                 (found.get("action"), found.get("rule")) != ("hide", "file.hidden")]
        self.tap.check(not above, f"{name}: the journal has nothing above log", "\n".join(map(str, above[:20])))
        if whose:
            looks = [found for found in findings if found["rule"] == "file.hidden"]
            taken_for = {(found["process"]["role"], *own_name(found["package"])) for found in looks}
            self.tap.check(taken_for == whose, f"{name}: is known as {', '.join(map(' '.join, sorted(whose)))}",
                           "\n".join(map(str, [*taken_for, *looks[:3]])))
        return len(above)


RESULTS_HEAD = """\
# Honest builds: results

Written by tests/builds/run: each install was done without cordon and with it, in enforce mode with the shipped policy.
*files*: compared, byte for byte. *above log*: findings of cordon that were more than recorded. A run replaces the rows
of what it has installed and leaves the others.

| install | behaviour | installer | backend | files | above log | verdict |
|---|---|---|---|---|---|---|
"""


def write_results(path, suite):
    rows = [(row[0], row[1], row[2], suite.backend or "-", *row[3:]) for row in suite.rows]
    fresh = {(row[0], row[3]) for row in rows}
    kept = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            kept = [tuple(line.strip("| \n").split(" | ")) for line in file if line.startswith("| ")][1:]
    with open(path, "w", encoding="utf-8") as file:
        file.write(RESULTS_HEAD)
        for row in [row for row in kept if (row[0], row[3]) not in fresh] + rows:
            file.write(f"| {' | '.join(map(str, row))} |\n")
