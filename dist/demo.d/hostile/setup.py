# SPDX-License-Identifier: Apache-2.0
"""The demo's hostile package. It does what the PyPI campaigns do, and is inert: nobody listens on port 9 of this machine,
the key that it reads is a decoy, its program only ends with status 7, and what it plants are comments.

Each move is made in a child of its own, because the backend `trace` ends the process that makes it. What came of it is
printed as `hostile: MOVE: OUTCOME` for dist/demo, which looks at it. Errors are swallowed, as such packages do. Reading a
private key is what no build does: under cordon the package is done for there, and the moves behind it are not made.
"""
import base64
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time

from setuptools import setup

LOOT = b"hostname, user, environment"
# An ELF program of three instructions, exit(7), as such packages carry theirs: encoded, and masked by one byte.
PROGRAM = (
    "JR8WHFhbW1paWlpaWlpaWlhaZFpbWlpaIloaWlpaWloaWlpaWlpaWlpaWlpaWlpaWlpaWhpaYlpbWlpaWlpaWltaWlpfWlpaWlpa"
    "WlpaWlpaWhpaWlpaWlpaGlpaWlpa3lpaWlpaWlreWlpaWlpaWlpKWlpaWlpa5V1aWlriZlpaWlVf"
)


def read_token():
    if not os.environ["AWS_SECRET_ACCESS_KEY"]:
        raise OSError(0, "it is empty")


def tcp_connect():
    with socket.socket() as beacon:
        beacon.connect(("127.0.0.1", 9))


def udp_sendto():
    with socket.socket(type=socket.SOCK_DGRAM) as beacon:
        beacon.sendto(LOOT, ("127.0.0.1", 9))


def tcp_fast_open():
    # Connects and sends in one call, past any guard that watches connect() alone.
    with socket.socket() as beacon:
        beacon.sendto(LOOT, socket.MSG_FASTOPEN, ("127.0.0.1", 9))


def read_key():
    with open(os.path.expanduser("~/.ssh/id_ed25519"), encoding="ascii") as key:
        key.read()


def run_decoded():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "updater")
        with open(path, "wb") as program:
            program.write(bytes(byte ^ 0x5A for byte in base64.b64decode(PROGRAM)))
        os.chmod(path, 0o755)
        status = subprocess.run([path], check=False).returncode
    if status != 7:
        raise OSError(0, f"it ended with {status}")


def shell_startup():
    with open(os.path.expanduser("~/.bashrc"), "a", encoding="ascii") as file:
        file.write("# planted by the demo\n")


def python_startup():
    with open(os.path.join(sysconfig.get_path("purelib"), "planted.pth"), "w", encoding="ascii") as file:
        file.write("# planted by the demo\n")


def leave_daemon():
    """A process of its own session, that would go on when the install is over."""
    if os.fork():
        return
    os.setsid()
    os.write(1, f"hostile: daemon: {os.getpid()}\n".encode())
    null = os.open(os.devnull, os.O_RDWR)
    for fd in range(3):
        os.dup2(null, fd)
    time.sleep(300)
    os._exit(0)


def outcome(move):
    try:
        move()
    except ConnectionRefusedError:
        return "went out"  # the kernel asked the port and nobody was there: the packet left
    except OSError as error:
        return f"refused ({error.strerror})"
    return "succeeded"


def in_child(move):
    child = os.fork()
    if not child:
        result = outcome(move)
        # Whoever is ended after the effect cannot tell; so this line proves that the effect could be used.
        os.write(1, f"hostile: {move.__name__}: {result}\n".encode())
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        os.write(1, f"hostile: {move.__name__}: ended by {name}\n".encode())


# setup.py runs several times in an install, this command once.
if "dist_info" in sys.argv:
    for attempt in (read_token, tcp_connect, udp_sendto, tcp_fast_open, run_decoded, leave_daemon, read_key, shell_startup,
                    python_startup):
        in_child(attempt)

setup(name="hostile", version="1.0", py_modules=[])
