# SPDX-License-Identifier: Apache-2.0
"""Installers that are not pip, each with its own store and its own words: what is denied, what is condemned, what comes behind."""
import glob
import json
import os

import lab
import mkpkg
import real
import steps
import tools
from registry import Registry
from told import Index

KNOWN_BAD = "identity.known-bad"
CAUGHT = real.CAUGHT % real.ACTS["secret"][1]
RUNS = "import os\nopen(os.path.join(os.environ['TMPDIR'], 'ran-{0}'), 'w').close()\n"
HOOKS = """
import small_maker
def build_wheel(folder, config_settings=None, metadata_directory=None):
    return small_maker.wheel(folder, "{0}", "1.0", {{"{0}.py": ""}}).rpartition("/")[2]
"""
PYPROJECT = ('[build-system]\nrequires = []\nbuild-backend = "hooks"\nbackend-path = ["."]\n[project]\nname = "{0}"\n'
             'version = "1.0"\n')
POETRY = """\
[project]
name = "mine"
version = "1"
requires-python = ">=3.11"
dependencies = ["{0}==1.0"]
[tool.poetry]
package-mode = false
[[tool.poetry.source]]
name = "local"
url = "{1}"
priority = "primary"
"""
CONNECTS = """
import os, socket
try:
    socket.create_connection(("127.0.0.1", 9), 5)
except ConnectionRefusedError:
    open(os.path.join(os.environ["TMPDIR"], "ran-{0}-connected"), "w").close()
except OSError:
    pass
"""


def source(folder, name, code):
    with open(mkpkg.__file__, encoding="utf-8") as file:
        maker = file.read()
    return mkpkg.sdist(folder, name, "1.0", {"pyproject.toml": PYPROJECT.format(name), "small_maker.py": maker,
                                             "hooks.py": code + HOOKS.format(name)})


def python_index(folder):
    """Gives what to deny."""
    denied = [steps.digest(mkpkg.wheel(folder, "hash", "1.0", {"hash.py": ""})),
              steps.digest(source(folder, "hashs", RUNS.format("hashs"))), "evil", "evils"]
    for name in ("good", "evil", "last"):
        mkpkg.wheel(folder, name, "1.0", {name + ".py": ""})
    for name in ("goods", "evils"):
        source(folder, name, RUNS.format(name))
    source(folder, "caught", CAUGHT)
    return denied


class World:
    """One installer, its home and its index. What it is to install, in this order: `good` and `goods`, allowed; `evil` and
    `evils`, denied by name; `hash` and `hashs`, by digest; `caught`, condemned; `last`, allowed. Those with an s have code that
    runs, and leaves ran-NAME in TMPDIR."""
    NAMES = ("good", "goods", "evil", "evils", "hash", "hashs", "caught", "last")
    DENIED = ("evil", "evils", "hash", "hashs")

    def __init__(self, tap, the_lab, name, deny, ecosystem, **env):
        self.tap, self.check, self.lab, self.name, self.ecosystem, self.deny = tap, tap.check, the_lab, name, ecosystem, deny
        self.trace = (lab.BACKEND or the_lab.ask_backend()) == "trace"
        home = the_lab.folder(name, "home")
        mkpkg.tree(home, {".ssh/id_ed25519": "decoy, no key\n"})
        self.env = the_lab.env(home, the_lab.folder(name, "tmp", mode=0o1777), **env)
        self.env["CORDON_STATE"] = the_lab.folder(name, "state", mode=0o700)

    def marks(self):
        """Takes them away: what is there from before, package code may not write to. Wherever TMPDIR was: pnpm has one for each
        module."""
        found = set()
        for folder, _, files in os.walk(self.lab.path(self.name)):
            for file in files:
                if file.startswith("ran-"):
                    found.add(file[4:])
                    os.unlink(os.path.join(folder, file))
        return found

    def session(self, tag, install):
        """`install(name)`: a command. Twice: in the second nothing is refused less for what the first left in caches."""
        todo = steps.Steps(self.lab, f"{self.name}-{tag}", self.env, self.deny)
        for name in self.NAMES:
            todo.add(name, *install(name))
        return todo.run()

    def run(self, install, there, *, misses=(), unnamed=False, keeps=False, why="", tags=("cold", "warm")):
        """`there(name)`: whether it is installed. `misses`: what this installer's gate cannot see, and `why`. `unnamed`: its code
        is bound to no package. `keeps`: it clears nothing away when it fails."""
        for tag in tags:
            todo = self.session(tag, install)
            self.judge(f"{self.name}, {tag}", todo, there, set(misses), unnamed, keeps)
        for name in misses:
            self.tap.skip(f"{self.name}: {name} is refused", why)

    def judge(self, title, todo, there, misses, unnamed, keeps):
        check, status = self.check, {name: step.status for name, step in todo.steps.items()}
        refused = [name for name in self.DENIED if name not in misses]
        good = [name for name in ("good", "goods", "last") if status[name] == 0 and there(name)]
        check(good == ["good", "goods", "last"], f"{title}: what is allowed is installed, also behind the others",
              "\n".join(f"{name}: {status[name]}\n{todo.steps[name].said[-1500:]}" for name in ("good", "goods", "last")) + todo.err)
        wrong = [name for name in (*refused, "caught") if status[name] in (0, None)]
        check(not wrong, f"{title}: the installer itself says that the others failed",
              "\n".join(f"{name}: {todo.steps[name].said[-1500:]}" for name in wrong))
        ran = self.marks() - misses
        # What is installed already is built by some again.
        check(ran == {"goods"} or ("warm" in title and not ran), f"{title}: no code of a denied one runs", ran)
        found = {finding["package"]["name"] for finding in todo.findings(KNOWN_BAD) if finding["package"]}
        check(found >= set(refused) if not misses else found == set(refused), f"{title}: each is recorded by its name", found)
        said = lab.own_words(todo.err)
        missing = [name for name in refused if f"cordon: refused {self.ecosystem}:{name} 1.0" not in said]
        who = "an unknown package" if unnamed else f"{self.ecosystem}:caught 1.0"
        check(not missing and f"cordon: condemned {who}" in said, f"{title}: cordon says which", todo.err)
        check(todo.status == lab.REFUSED, f"{title}: status {lab.REFUSED}", todo.status)
        claimed = "nothing of it was found installed" in todo.err
        check(not (claimed and there("caught")), f"{title}: nothing of the condemned one is left, where cordon says so", todo.err)
        # trace ends npm in the middle of a second attempt.
        left = [name for name in (*refused, "caught") if there(name) and status[name] != 137]
        check(keeps or not left, f"{title}: nothing of what failed is left", left)


def need(make):
    """A case that needs a tool: skipped where that cannot be had."""
    def case(tap, the_lab, name):
        try:
            make(tap, the_lab, name)
        except tools.Missing as why:
            tap.skip(name, why)
    return case


def site(venv, name):
    return bool(glob.glob(os.path.join(venv, f"lib/python3*/site-packages/{name}-1.0.dist-info")))


@need
def uv(tap, the_lab, name):
    folder = the_lab.folder(name, "index")
    program, venv = tools.python_tool("uv"), the_lab.venv(name, "venv")
    world = World(tap, the_lab, name, python_index(folder), "pypi", UV_PYTHON_DOWNLOADS="never", UV_NO_CONFIG="1", VIRTUAL_ENV=venv)
    with Index(folder) as index:
        world.run(lambda package: [program, "pip", "install", "--default-index", index.url, package], lambda package: site(venv, package))
        index.shutdown()


@need
def poetry(tap, the_lab, name):
    folder = the_lab.folder(name, "index")
    program, venv = tools.python_tool("poetry"), the_lab.venv(name, "venv")
    world = World(tap, the_lab, name, python_index(folder), "pypi", POETRY_NO_INTERACTION="1", VIRTUAL_ENV=venv)
    world.env["PATH"] = f"{venv}/bin:{world.env['PATH']}"
    with Index(folder) as index:
        def project(package):
            mkpkg.tree(the_lab.path(name, package), {"pyproject.toml": POETRY.format(package, index.url)})
            return [program, "-C", the_lab.path(name, package), "install"]
        world.run(project, lambda package: site(venv, package))
        # It builds a source before it compares its digest with the lock's. The denied one is none that the lock knows.
        with open(os.path.join(folder, "evils-1.0.tar.gz"), "rb") as file:
            evil = file.read()
        for package, content in (("swapped", None), ("denied", evil)):
            source(folder, package, RUNS.format("before-" + package))
            the_lab.run([program, "-C", project(package)[2], "lock"], cwd="/", env=world.env)
            if content:
                source(folder, package, RUNS.format(package))
                world.deny.append(steps.digest(os.path.join(folder, f"{package}-1.0.tar.gz")))
            else:
                source(folder, package, CONNECTS.format(package))
        todo = steps.Steps(the_lab, name + "-locked", world.env, world.deny)
        for package in ("swapped", "denied"):
            todo.add(package, *project(package))
        todo.run()
        index.shutdown()
    wrong = {step.title: step.said[-1500:] for step in todo.steps.values() if step.status in (0, None) or site(venv, step.title)}
    tap.check(not wrong, f"{name}: what is not what its lock says is not installed", wrong)
    ran = world.marks()
    tap.check("denied" not in ran and "swapped-connected" not in ran,
              f"{name}: a denied one has not run before that, another one reached nothing", ran)


def node_case(argv, folder_name, package, files=None, **expect):
    @need
    def case(tap, the_lab, name):
        folder = tools.node_tool(package, folder_name) if package else ""
        if not lab.which("npm"):
            raise tools.Missing("no npm")
        registry, deny = node_registry(the_lab.folder(name, "registry"))
        world = World(tap, the_lab, name, deny, "npm", npm_config_update_notifier="false", YARN_ENABLE_TELEMETRY="0",
                      YARN_CACHE_FOLDER=the_lab.path(name, "yarn"))

        def project(package):
            where = the_lab.folder(name, package)
            if not os.path.exists(os.path.join(where, "package.json")):
                mkpkg.tree(where, {"package.json": json.dumps({"name": "mine", "version": "1.0.0", "pnpm": {
                    "onlyBuiltDependencies": list(World.NAMES)}}), **{key: text.replace("URL", registry.url) for key, text in (files or {}).items()}})
            return ["env", "-C", where, *(word.format(tool=folder, url=registry.url, name=package) for word in argv)]

        def there(package):
            return os.path.exists(the_lab.path(name, package, "node_modules", package, "package.json"))

        more = dict(expect)
        more["misses"] = expect.get("misses", ()) + (expect.get("trace", ()) if world.trace else ())
        more.pop("trace", None)
        try:
            world.run(project, there, **more)
        finally:
            registry.close()
    return case


def node_registry(folder):
    """Gives (registry, what to deny)."""
    # A process of its own: yarn 4 has a shell in itself, with an echo.
    scripts = {name: f"node -e \"require('fs').writeFileSync(process.env.TMPDIR + '/ran-{name}', '')\""
               for name in ("goods", "evils", "hashs")}
    scripts["caught"] = 'cat "$HOME/.ssh/id_ed25519" > /dev/null && echo > "$TMPDIR/ran-caught"'
    packages = [({"name": name, "version": "1.0.0", **({"scripts": {"install": scripts[name]}} if name in scripts else {})},
                 {"index.js": ""}) for name in World.NAMES]
    registry = Registry(folder, packages)
    return registry, ["npm:evil", "npm:evils", *(steps.digest(os.path.join(folder, f"{name}-1.0.0.tgz"), "sha512")
                                                 for name in ("hash", "hashs"))]


YARN4 = {".yarnrc.yml": 'npmRegistryServer: "URL"\nunsafeHttpWhitelist: ["127.0.0.1"]\nenableScripts: true\nnodeLinker: node-modules\n'
                        "npmMinimalAgeGate: 0\n", "yarn.lock": ""}
CASES = {
    "denied-uv": uv, "denied-poetry": poetry,
    "denied-npm": node_case(["npm", "install", "--registry", "{url}", "--no-audit", "--no-fund", "--dangerously-allow-all-scripts",
                             "{name}"], "", "", trace=("evil", "hash"), why="trace sees no rename, and it has no script"),
    "denied-pnpm-10": node_case(["node", "{tool}/node_modules/pnpm/bin/pnpm.cjs", "add", "--registry", "{url}", "{name}"],
                                "pnpm-10", "pnpm@10", misses=("hash", "hashs"), trace=("evil",), keeps=True, why="pnpm tells nobody the digest"),
    "denied-pnpm": node_case(["{tool}/node_modules/.bin/pnpm", "add", "--registry", "{url}", "--dangerously-allow-all-builds", "{name}"],
                             "pnpm-newest", "pnpm", misses=("hash", "hashs"), trace=("evil",), keeps=True, why="pnpm tells nobody the digest"),
    "denied-yarn-1": node_case(["node", "{tool}/node_modules/yarn/bin/yarn.js", "add", "--registry", "{url}", "{name}"], "yarn-1",
                               "yarn@1", misses=("evil", "hash", "hashs"), unnamed=True, keeps=True, why="yarn unpacks what it is fetching"),
    "denied-yarn": node_case(["node", "{tool}/node_modules/@yarnpkg/cli-dist/bin/yarn.js", "add", "{name}"], "yarn-newest",
                             "@yarnpkg/cli-dist", YARN4, misses=("evil", "hash", "hashs"), unnamed=True, keeps=True,
                             why="yarn unpacks what it is fetching"),
}
# Of a minute each, or of less use.
SLOW = [name for name in CASES if name not in ("denied-uv", "denied-npm")]
