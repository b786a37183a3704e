# SPDX-License-Identifier: Apache-2.0
"""The scene of one run: decoys, processes to attack, and the answers to what the hostile package asks (driver.py).

Who answers is the test, outside the session: it makes sockets there, changes files there, and names the guard's
processes, so that no technique ever searches for a target by itself.
"""
import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import uuid

import lab
import mkpkg
import services

# A comment to whoever parses it: pip and git read their own settings in these runs.
MARK = "# decoy, made by a test\n"
HERE = os.path.dirname(os.path.abspath(__file__))
FLOOD = 300  # files that one technique removes


def write(path, text=MARK):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def package():
    """Gives the files of the hostile package that are the same whatever builds it."""
    with open(os.path.join(HERE, "driver.py"), encoding="utf-8") as file:
        files = {"driver.py": file.read()}
    with open(os.path.join(lab.OUTPUT, "tools/attack"), "rb") as file:
        files["attack"] = files["data"] = file.read()
    return files


def sibling(techniques):
    """Gives the files of the package that pip unpacks beside it: harmless, and some of them somebody's target."""
    head = "{sibling}/"
    files = {arg[len(head):]: MARK for technique in techniques for arg in technique.args
             if arg.startswith(head) and not technique.target}
    with open(os.path.join(HERE, "sibling.py"), encoding="utf-8") as file:
        files["sibling.py"] = file.read()
    files["pyproject.toml"] = ('[build-system]\nrequires = []\nbuild-backend = "sibling"\nbackend-path = ["."]\n'
                               '[project]\nname = "sibling"\nversion = "1.0"\n')
    return files


class Stage:
    """One run's folders below work/NAME; `twin`: there is no guard, so stand-ins are attacked."""

    def __init__(self, the_lab, name, techniques, *, twin=False, owner=None):
        self.lab, self.name, self.twin = the_lab, name, twin
        self.techniques = {technique.name: technique for technique in techniques}
        self.work = the_lab.folder(name)
        self.home, self.project = the_lab.folder(name, "home"), the_lab.folder(name, "project")
        self.tmp = the_lab.folder(name, "tmp", mode=0o1777)
        # In the home, for trace: to that a temporary folder's entries are nobody's, and the whole lab may lie in one.
        self.foreign, self.venv = the_lab.folder(name, "home/foreign"), the_lab.folder(name, "venv")
        self.python = "python%d.%d" % sys.version_info[:2]
        self.site = os.path.join(self.venv, "lib", self.python, "site-packages")
        self.state, self.etc = (the_lab.folder(name, "state"), the_lab.folder(name, "etc")) if twin else \
            (the_lab.state, the_lab.etc)
        self.guard = {}  # what a stand-in or cordon is: name -> Popen
        self.process, self.outside, self.keep, self.mounts = None, {}, [], []
        self.heard, self.told = {}, {}  # outcomes by technique; what the driver says of its own folders
        self.unique = uuid.uuid4().hex[:12]
        self.outsider, self.services = None, services.Services()
        self.on_outsider(None)
        self.decoys()
        self.places()
        self.services.serve([self.fill(arg) for arg in technique.args] for technique in techniques)
        if twin:
            self.unpacked()
        if owner is not None:
            for top in (self.home, self.work + "/source"):
                for folder, _, files in os.walk(top):
                    for entry in [folder] + [os.path.join(folder, file) for file in files]:
                        os.chown(entry, owner, -1, follow_symlinks=False)
        self.plan()

    def values(self):
        return {"home": self.home, "project": self.project, "work": self.work, "state": self.state, "etc": self.etc,
                "foreign": self.foreign, "venv": self.venv, "site": self.site, "tmp": self.tmp,
                "python": self.python,
                "outsider": self.outsider.pid, "unique": self.unique,
                "tty": self.services.tty, "abstract": "@cordon-attacks-" + self.unique, **self.told}

    def fill(self, text):
        for name, value in self.values().items():
            text = text.replace("{" + name + "}", str(value))
        return text

    def path_of(self, technique):
        """What a finding of it has to name, "" where that is left open."""
        return self.fill(technique.path.replace("{own}", "{scratch}/" + technique.name))

    def decoys(self):
        """What the techniques name in these folders, but what appears later or is theirs to make."""
        places = tuple(folder + "/" for folder in (self.home, self.project, self.foreign, self.venv, self.tmp))
        for technique in self.techniques.values():
            named = [arg for arg in map(self.fill, technique.args) if arg.startswith(places) and "/notes/" not in arg]
            late = technique.target == "missing" or technique.stage.split(":")[0] in ("create", "folder", "fill")
            if late or technique.args[0] in ("list", "read-moved"):
                continue
            for name in named:
                if technique.target == "folder":
                    os.makedirs(name)
                elif technique.target == "new":
                    os.makedirs(os.path.dirname(name), exist_ok=True)
                elif os.path.basename(name) == "capable":
                    # cap_net_raw+ep, as ping has it.
                    shutil.copy("/bin/true", name)
                    os.setxattr(name, "security.capability", struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))
                else:
                    write(name)
            if technique.make not in ("", "own"):
                write(self.fill(technique.make))
        for name in (".ssh/id_ed25519", ".aws/credentials", ".kube/config"):
            write(os.path.join(self.home, name))
        os.makedirs(os.path.join(self.home, ".cache"), exist_ok=True)
        notes = os.path.join(self.home, "notes")
        os.makedirs(notes)
        os.symlink(os.path.join(self.home, ".ssh/id_ed25519"), os.path.join(notes, "key"))
        os.link(os.path.join(self.home, ".ssh/id_ed25519"), os.path.join(notes, "hardlink"))
        if self.twin:
            write(os.path.join(self.state, "journal.db"))
            write(os.path.join(self.etc, "cordon.toml"))
            os.makedirs(os.path.join(self.etc, "conf.d"))

    def places(self):
        """Second ways to what is there; tests/filesystems has others."""
        if any("{work}/bound" in arg for technique in self.techniques.values() for arg in technique.args):
            self.bind(os.path.join(self.home, ".aws"), "bound")
        if any("{work}/aside" in arg for technique in self.techniques.values() for arg in technique.args):
            self.bind(self.lab.folder(self.name, "home/foreign/below"), "aside")
        if any("{work}/mounted" in arg for technique in self.techniques.values() for arg in technique.args):
            self.mount(["-t", "tmpfs", "none"], "mounted")

    def bind(self, folder, name):
        self.mount(["--bind", folder], name)

    def mount(self, what, name):
        subprocess.run(["/bin/mount", *what, self.lab.folder(self.name, name)], check=True)
        self.mounts.append(os.path.join(self.work, name))

    def unpacked(self):
        """The twin's trees, as pip would have unpacked them."""
        mkpkg.tree(os.path.join(self.work, "source"), package())
        mkpkg.tree(os.path.join(self.tmp, "pip-req-build-sibling"), sibling(self.techniques.values()))

    def closed_port(self):
        """A free one; nobody listens on it unless a stranger takes it within this run."""
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def plan(self):
        listed = []
        for technique in self.techniques.values():
            technique.port = self.closed_port()
            listed.append({"name": technique.name, "args": technique.args, "port": technique.port,
                           "fd": technique.fd, "stage": technique.stage, "make": technique.make,
                           "guard": technique.rule == "guard.tamper"})
        write(os.path.join(self.work, "plan.json"), json.dumps({"techniques": listed}))

    def env(self):
        return self.lab.env(self.home, self.tmp, ATTACK_PLAN=os.path.join(self.work, "plan.json"), ATTACK_RUN=self.work)

    def outcomes(self):
        """Gives name -> outcome, in the order in which they came."""
        return self.heard

    # --- what the driver says -----------------------------------------------------------------------------------------

    def hear(self, line):
        """One line of the install's output. pip decorates what it repeats, so the driver's are found by their mark."""
        _, mark, coded = line.partition("@attack ")
        if not mark:
            return
        message = json.loads(base64.b64decode(coded.split()[0]))
        if "outcome" in message:
            self.heard[message["name"]] = message["outcome"]
            return
        fd = None
        try:
            answer, fd = getattr(self, "on_" + message["ask"])(message)
        except Exception as error:  # whatever it is, the driver reports it for this one technique
            answer = {"error": repr(error)}
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
                link.connect(message["at"])
                socket.send_fds(link, [json.dumps(answer).encode()], [fd.fileno()] if fd else [])
        except OSError:
            pass  # the asker was ended
        if fd:
            self.keep.append(fd)

    def on_hello(self, message):
        """The session is up: the same deeds by a process that is in none of it must go through now."""
        self.told = message["values"]
        attack = os.path.join(lab.OUTPUT, "tools/attack")
        for rule, argv in (("net.connect", ["connect-tcp", "127.0.0.1", "9"]),
                           ("net.family", ["socket", "16", "3", "4"]),
                           ("net.send", ["send-to", "127.0.0.1", "9"]), ("net.listen", ["listen", "127.0.0.1"]),
                           ("file.secret", ["read", self.home + "/.ssh/id_ed25519"])):
            done = subprocess.run([attack, *argv], capture_output=True, text=True, check=False)
            self.outside[rule] = done.stdout.strip() or f"status {done.returncode}"
        return self.values(), None

    def on_outsider(self, _):
        """A process in no session, alive and running: a new one, the last may be on its way out."""
        if self.outsider:
            self.outsider.kill()
            self.outsider.wait()
        self.outsider = subprocess.Popen(["/bin/sleep", "3600"], env={"decoy": "decoy"}, start_new_session=True)
        return {"outsider": self.outsider.pid}, None

    def on_fd(self, message):
        kind = message["name"]
        if kind == "file":
            return {}, open(self.fill(self.techniques[message["technique"]].args[-1]), "r+b")
        kind_of = socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM
        made = socket.socket(socket.AF_INET, kind_of)
        if kind != "tcp":
            peer = socket.socket(socket.AF_INET, kind_of)
            peer.bind(("127.0.0.1", 0))
            if kind == "connected":
                peer.listen(1)
            made.connect(peer.getsockname())
            self.keep.append(peer)
        return {}, made

    def on_stage(self, message):
        verb, _, path = self.techniques[message["name"]].stage.partition(":")
        path = self.fill(path)
        if verb == "folder":
            os.makedirs(path)
        elif verb == "fill":
            for number in range(FLOOD):
                write(os.path.join(path, f"file-{number}"))
        elif verb == "recycle":
            number = os.stat(path).st_ino if os.path.exists(path) else 0
            for _ in range(20):
                if os.path.exists(path):
                    os.unlink(path)
                write(path)
                if os.stat(path).st_ino == number:
                    break
        elif verb == "append":
            with open(path, "a", encoding="utf-8") as file:
                file.write(MARK)
        elif verb == "create":
            write(path)
        else:
            write(path + ".new")
            os.rename(path + ".new", path)
        return {}, None

    def on_guard(self, _):
        supervisor, controller = self.stand_ins() if self.twin else self.cordons()
        pins = self.pins()
        return {"supervisor": supervisor, "controller": controller, "pin": pins[0], "pins": os.path.dirname(pins[0]),
                "pinmount": self.mount_of(pins[0])}, None

    def stand_ins(self):
        program = os.path.join(self.work, "cordon")
        if not os.path.exists(program):
            shutil.copy("/bin/sleep", program)
        for role in ("supervisor", "controller"):
            if role not in self.guard or self.guard[role].poll() is not None:
                self.guard[role] = subprocess.Popen([program, "3600"], start_new_session=True)
        return self.guard["supervisor"].pid, self.guard["controller"].pid

    def cordons(self):
        """The processes of the cordon that this test started, and of no other: its program, our mark or our child."""
        ours, program = [], os.path.realpath(lab.CORDON)
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{entry}/exe") != program or int(entry) == self.process.pid:
                    continue
                with open(f"/proc/{entry}/environ", "rb") as file:
                    marked = f"ATTACK_RUN={self.work}\0".encode() in file.read()
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                    parent = int(file.read().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it has just ended
            if marked or parent == self.process.pid:
                ours.append(int(entry))
        if self.process.poll() is not None or not ours:
            raise RuntimeError(f"supervisor ended: {self.process.poll()}, controllers: {ours}")
        return self.process.pid, min(ours)

    def pins(self):
        root = "/sys/fs/bpf"
        if self.twin:
            root = os.path.join(self.work, "bpffs")
            folder = os.path.join(root, "cordon-twin")
            os.makedirs(root, exist_ok=True)
            if not os.path.ismount(root):
                subprocess.run(["/bin/mount", "-t", "bpf", "bpf", root], check=True)
                self.mounts.append(root)
            if not os.path.exists(os.path.join(folder, "link")) or len(os.listdir(folder)) != 3:
                shutil.rmtree(folder, ignore_errors=True)
                os.mkdir(folder)
                subprocess.run([os.path.join(lab.OUTPUT, "tools/attack"), "stand-in", folder], check=True,
                               stdout=subprocess.DEVNULL)
        found = [os.path.join(folder, file) for folder, _, files in os.walk(root) for file in sorted(files)
                 if os.path.relpath(folder, root).startswith("cordon")]
        if not found:
            raise RuntimeError(f"no pin below {root}")
        return found

    @staticmethod
    def mount_of(path):
        while not os.path.ismount(path):
            path = os.path.dirname(path)
        return path

    def close(self):
        # Outside of the stage: where a technique was ended before it could tidy up, or is only for a guest.
        left = [os.path.join(folder, entry) for folder in ("/dev/shm", "/var/tmp") for entry in os.listdir(folder)
                if self.unique in entry]
        for path in left + [arg for technique in self.techniques.values() if technique.place for arg in technique.args
                            if arg.startswith("/") and os.path.lexists(arg)]:
            (os.rmdir if os.path.isdir(path) else os.unlink)(path)
        for process in [self.outsider, *self.guard.values()]:
            process.kill()
            process.wait()
        self.services.close()
        for handed in self.keep:
            handed.close()
        for mount in self.mounts:
            # Without asking ismount(): a bind mount within one file system does not look like one. What a technique
            # has unmounted already is an error to umount(8), and none to us.
            subprocess.run(["/bin/umount", "-l", mount], check=False, stderr=subprocess.DEVNULL)
