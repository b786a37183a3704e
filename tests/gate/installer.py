# SPDX-License-Identifier: Apache-2.0
"""An installer by its name, that does what it is told: one command a line on stdin, one answer a line on stdout.

open FILE [flags]   read [N]   map   close   create FILE   rename FROM TO   link FROM TO   run FOLDER COMMAND...   threads FILE...   pid
Answers: "ok", "ok TEXT", or the name of an errno. `open` keeps one descriptor at a time.
"""
import errno
import mmap
import os
import subprocess
import sys
import threading


class Installer:
    def __init__(self):
        self.fd = -1

    def open(self, path, flags="O_RDONLY"):
        self.close()
        self.fd = os.open(path, sum(getattr(os, flag) for flag in flags.split("|")), 0o644)
        return ""

    def read(self, size="4"):
        return os.pread(self.fd, int(size), 0).hex()

    def map(self):
        with mmap.mmap(self.fd, 0, mmap.MAP_PRIVATE, mmap.PROT_READ) as mapping:
            return mapping[:4].hex()

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1
        return ""

    @staticmethod
    def create(path):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644))
        return ""

    @staticmethod
    def rename(source, target):
        os.rename(source, target)
        return ""

    @staticmethod
    def link(source, target):
        os.link(source, target)
        return ""

    @staticmethod
    def run(folder, *argv):
        return str(subprocess.run(argv, cwd=folder, check=False).returncode)

    @staticmethod
    def threads(*paths):
        """Opens all of them at once; gives each one's outcome."""
        outcomes = ["?"] * len(paths)

        def one(index):
            try:
                os.close(os.open(paths[index], os.O_RDONLY))
                outcomes[index] = "ok"
            except OSError as error:
                outcomes[index] = errno.errorcode.get(error.errno, str(error.errno))

        started = [threading.Thread(target=one, args=(index,)) for index in range(len(paths))]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()
        return " ".join(outcomes)

    @staticmethod
    def pid():
        return str(os.getpid())


def main():
    installer = Installer()
    print("ready", flush=True)
    for line in sys.stdin:
        name, *words = line.rstrip("\n").split("\t")
        try:
            print(f"ok {getattr(installer, name)(*words)}".rstrip(), flush=True)
        except OSError as error:
            print(errno.errorcode.get(error.errno, str(error.errno)), flush=True)


main()
