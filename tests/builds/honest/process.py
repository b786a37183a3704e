# SPDX-License-Identifier: Apache-2.0
"""What builds ask of the kernel beside compiling: processes, shared memory, sockets among themselves, a look at the
machine and at settings without secrets."""
import ctypes
import errno
import faulthandler
import multiprocessing
import os
import pwd
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from multiprocessing import shared_memory

from compile import do, status_of, write
from behave import behaviour, expect


def double(number):
    return number * 2


def count_up(lock, value):
    for _ in range(50):
        with lock:
            value.value += 1


@behaviour("multiprocessing")
def multiprocessing_fork(out):
    """Locks and queues are semaphores in /dev/shm; a pool has pipes and threads."""
    with multiprocessing.Pool(2) as pool:
        expect(pool.map(double, range(20)), [2 * n for n in range(20)], "pool")
    lock, value, queue = multiprocessing.Lock(), multiprocessing.Value("i", 0), multiprocessing.Queue()
    workers = [multiprocessing.Process(target=count_up, args=(lock, value)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    expect(value.value, 100, "counted under a lock")
    queue.put("through a queue")
    write(os.path.join(out, "said.txt"), queue.get(timeout=30))


@behaviour("multiprocessing-spawn")
def multiprocessing_spawn(_):
    """Fresh interpreters, a fork server and a manager that listen on unix sockets in TMPDIR."""
    for method in ("spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            expect(pool.apply(double, (21,)), 42, method)
    with multiprocessing.Manager() as manager:
        expect(list(manager.list([1, 2])), [1, 2], "manager")


@behaviour("shared-memory")
def shared(_):
    block = shared_memory.SharedMemory(create=True, size=4096)
    try:
        block.buf[:5] = b"hello"
        other = shared_memory.SharedMemory(name=block.name)
        expect(bytes(other.buf[:5]), b"hello", "by its name")
        other.close()
    finally:
        block.close()
        block.unlink()


@behaviour("ctypes-callback")
def ctypes_callback(_):
    """libffi makes a closure in memory that can be written and run."""
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    numbers = (ctypes.c_int * 4)(3, 1, 4, 2)
    compare = kind(lambda a, b: a[0] - b[0])
    ctypes.CDLL(None).qsort(numbers, 4, ctypes.sizeof(ctypes.c_int), compare)
    expect(list(numbers), [1, 2, 3, 4], "sorted by a callback")


@behaviour("interpreters")
def interpreters(_):
    """sys.executable, in every way that build backends start it."""
    write("module_of_mine.py", "print('module')\n")
    expect(do(sys.executable, "-c", "print('code')"), "code\n")
    expect(do(sys.executable, "-m", "module_of_mine"), "module\n")
    expect(do(sys.executable, "module_of_mine.py"), "module\n")
    expect(do(sys.executable, "-I", "-S", "-c", "print('isolated')"), "isolated\n")
    expect(do(sys.executable, "-", input="print('input')"), "input\n")
    expect(do("/usr/bin/env", "python3", "-c", "print('env')"), "env\n")


@behaviour("children", "sleep", "timeout", "nice")
def children(_):
    """Signals to its own children, groups and sessions of its own, limits, a kill that asks nothing."""
    child = subprocess.Popen(["sleep", "60"], start_new_session=True)
    os.killpg(child.pid, signal.SIGTERM)
    expect(child.wait(30), -signal.SIGTERM, "a child that was ended")
    child = subprocess.Popen(["sleep", "60"])
    os.kill(child.pid, signal.SIGSTOP)
    os.kill(child.pid, signal.SIGCONT)
    child.kill()
    expect(child.wait(30), -signal.SIGKILL, "a child that was killed")
    expect(status_of("timeout", "0.1", "sleep", "60"), 124, "timeout")
    os.kill(os.getppid(), 0)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    do("nice", "-n", "5", "true")
    os.nice(1)
    pid = os.fork()
    if not pid:
        os.setsid()
        os._exit(7)
    expect(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 7, "a forked child")
    threads = [threading.Thread(target=os.getpid) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@behaviour("shell", "sh", "seq", "xargs", "tee")
def shell(_):
    """Pipelines, background jobs, here documents, process trees of make's kind."""
    expect(do("sh", "-c", "seq 20 | xargs -P4 -n1 echo | sort -n | tail -1"), "20\n")
    expect(do("sh", "-c", "sleep 0 & wait; cat <<X | tee copy\nhere\nX"), "here\n")
    expect(do("bash", "-c", "cat <(echo piped)"), "piped\n")


@behaviour("sockets")
def sockets(_):
    """Its own unix sockets, and a free port that nobody listens on."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.join(folder, "socket"))
        server.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(os.path.join(folder, "socket"))
            client.sendall(b"x")
            peer, _ = server.accept()
            expect(peer.recv(1), b"x", "through a socket of its own")
            peer.close()
    for end in socket.socketpair():
        end.close()
    for family, kind, address in ((socket.AF_INET6, socket.SOCK_STREAM, "::1"),
                                  (socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.1")):
        with socket.socket(family, kind) as probe:
            try:
                probe.bind((address, 0))
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL:
                    raise  # else there is no IPv6 here
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE).close()
    here, there = os.pipe()
    poll = select.epoll()
    poll.register(here, select.EPOLLIN)
    os.write(there, b"x")
    expect(len(poll.poll(1)), 1, "epoll")


@behaviour("look-around", "uname", "ldconfig", "getconf", "git")
def look_around(_):
    """Reconnaissance, if one wants to call it so: nothing of it leaves."""
    for path in ("/etc/passwd", "/etc/os-release", "/proc/cpuinfo", "/proc/meminfo", "/proc/self/maps",
                 "/proc/self/cmdline", "/proc/self/status", "/proc/version", "/sys/devices/system/cpu/online",
                 os.path.expanduser("~/.gitconfig")):
        with open(path, "rb") as file:
            file.read()
    pwd.getpwuid(os.getuid())  # asks nscd's socket first
    os.stat(os.path.expanduser("~/.ssh"))
    expect(os.path.exists(os.path.expanduser("~/.cargo/config.toml")), False, "a setting that is not there")
    do("uname", "-a")
    do("ldconfig", "-p")
    do("getconf", "PAGESIZE")
    expect(do("git", "config", "user.name"), "nobody\n", "git's settings")
    expect(do("git", "--version")[:4], "git ")
    subprocess.run(["dmesg"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


@behaviour("netrc")
def netrc(_):
    """Settings that hold secrets and are looked for by honest tools: they may be hidden, the tool goes on."""
    for name in ("~/.netrc", "~/.npmrc"):
        try:
            with open(os.path.expanduser(name), encoding="utf-8") as file:
                file.read()
        except FileNotFoundError:
            pass


@behaviour("git-describe", "git")
def git_describe(out):
    """setuptools-scm's way, in the repository that the source tree is or lies in."""
    tree = os.path.abspath("../..")
    git = ["git", "-c", "safe.directory=*", "-C", tree]
    expect(do(*git, "describe", "--tags", "--match", "v*"), "v1.0\n")
    files = do(*git, "ls-files").splitlines()
    expect("pyproject.toml" in files, True, "git ls-files")
    do(*git, "status", "--porcelain", "--untracked-files=no")
    do("sh", "-c", f"cd '{tree}' && git -c safe.directory='*' archive HEAD | tar -tf - > /dev/null")
    write(os.path.join(out, "version.txt"), "v1.0\n")


def own_answer(end):
    end.send(42)


@behaviour("own-processes")
def own_processes(_):
    """Signals, limits, priorities, ptrace and unix sockets between a package's own processes."""
    sleeper = subprocess.Popen(["sleep", "60"], start_new_session=True)
    os.sched_setaffinity(sleeper.pid, os.sched_getaffinity(0))
    os.setpriority(os.PRIO_PROCESS, sleeper.pid, 1)
    resource.prlimit(sleeper.pid, resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.ptrace(16, sleeper.pid, None, None) == 0, os.strerror(ctypes.get_errno())  # PTRACE_ATTACH
    os.waitpid(sleeper.pid, os.WUNTRACED)
    assert libc.ptrace(17, sleeper.pid, None, None) == 0  # PTRACE_DETACH
    os.kill(sleeper.pid, signal.SIGSTOP)
    os.kill(sleeper.pid, signal.SIGCONT)
    os.killpg(sleeper.pid, signal.SIGTERM)
    sleeper.wait()
    gone = subprocess.Popen(["true"])
    os.waitid(os.P_PID, gone.pid, os.WEXITED | os.WNOWAIT)
    os.kill(gone.pid, signal.SIGTERM)  # not waited for yet, so nobody else's number
    gone.wait()
    for _ in range(100):
        # As multiprocessing's pools do: the worker is on its way out when the signal comes.
        ending = os.fork()
        if not ending:
            os._exit(0)
        os.kill(ending, signal.SIGTERM)
        os.waitpid(ending, 0)
    with tempfile.TemporaryFile() as file:
        faulthandler.enable(file)
        faulthandler.dump_traceback(file)
        faulthandler.disable()
    os.nice(0)
    os.sched_setaffinity(0, os.sched_getaffinity(0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    worker = context.Process(target=own_answer, args=(theirs,))
    worker.start()
    assert ours.recv() == 42
    worker.join()
    worker = context.Process(target=signal.pause)
    worker.start()
    worker.terminate()
    worker.join()
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.join(folder, "socket"))
        server.listen(1)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(os.path.join(folder, "socket"))
            client.sendall(b"x")
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
        ours.send(b"x")
        assert theirs.recv(1) == b"x"
    with context.Manager() as manager:  # listens on a socket of its own process
        assert manager.list([1])[0] == 1
