# SPDX-License-Identifier: Apache-2.0
"""What processes outside the install have that techniques reach for: sockets that nobody answers on, a terminal; and
what techniques leave behind."""
import os
import signal
import socket
import time

# Verbs of tests/tools/attack/proc.h whose last argument is an address: a path, or @NAME for the abstract one.
KINDS = {"unix-stream": socket.SOCK_STREAM, "unix-packets": socket.SOCK_SEQPACKET, "unix-datagram": socket.SOCK_DGRAM,
         "unix-send-to": socket.SOCK_DGRAM}


class Services:
    """Takes: the words of each technique, filled in."""

    def __init__(self):
        self.sockets, self.terminal = {}, os.openpty()
        self.tty = os.ttyname(self.terminal[1])

    def serve(self, commands):
        for words in commands:
            kind = next((KINDS[word] for word in words if word in KINDS), None)
            if kind is not None and words[-1] not in self.sockets:
                self.sockets[words[-1]] = self.listen(words[-1], kind)

    @staticmethod
    def listen(address, kind):
        service = socket.socket(socket.AF_UNIX, kind)
        if address.startswith("@"):
            service.bind("\0" + address[1:])
        else:
            os.makedirs(os.path.dirname(address), exist_ok=True)
            if os.path.exists(address):
                os.unlink(address)  # the stage took it for a file
            service.bind(address)
            os.chmod(address, 0o666)
        if kind != socket.SOCK_DGRAM:
            service.listen(64)
        return service

    def close(self):
        for service in self.sockets.values():
            service.close()
        for end in self.terminal:
            os.close(end)


def left_behind(folder, names, patience=0):
    """Gives name -> process groups of the programs of that folder that run. Takes seconds for looking again while some
    are not seen: one that changes its number is missed by most looks of a slow machine."""
    found, until = {}, time.monotonic() + patience
    while True:
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                where, name = os.path.split(os.readlink(f"/proc/{entry}/exe"))
                name = name.removesuffix(" (deleted)")
                if name in names and where.startswith(folder + "/"):
                    found.setdefault(name, set()).add(os.getpgid(int(entry)))
            except OSError:
                continue  # it has just ended, or is the kernel's
        if len(found) == len(names) or time.monotonic() >= until:
            return found


def put_away(folder, names):
    """By groups: a restless one has another number by now, but that it takes along."""
    for _ in range(300):
        left = [group for groups in left_behind(folder, names).values() for group in groups]
        if not left:
            return
        for group in left:
            try:
                # Ours is the test's own: what has not left it yet is not there to stay.
                if group != os.getpgrp():
                    os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.01)
