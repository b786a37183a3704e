# SPDX-License-Identifier: Apache-2.0
"""What builds do with compilers: programs and libraries that are made, changed by tools of the system, moved, run and
loaded while the install goes on."""
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile

from behave import behaviour, expect

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = "int main(void) { return sizeof(void *) == 8 ? 42 : 32; }\n"
LIBRARY = "int answer(void) { return 42; }\n"


def do(*argv, **more):
    """Runs a program that has to succeed; gives its output."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False, **more)
    expect(done.returncode, 0, f"status of {' '.join(argv)}")
    return done.stdout


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def status_of(*argv):
    return subprocess.run(argv, check=False).returncode


def compile_in(folder, name="conftest"):
    source = write(os.path.join(folder, name + ".c"), PROGRAM)
    do("gcc", "-g0", "-o", os.path.join(folder, name), source)
    return os.path.join(folder, name)


def load(path):
    expect(ctypes.CDLL(path).answer(), 42, f"answer() of {path}")


def library(name="libanswer.so"):
    """Compiled, linked, and rewritten by tools that leave it what it is."""
    write("answer.c", LIBRARY)
    do("gcc", "-g0", "-fPIC", "-shared", "-o", name, "answer.c")
    return os.path.abspath(name)


@behaviour("conftest", "cc", "make")
def conftest(out):
    """An sdist's own ./configure, in the source tree: compiles, links and runs, several times by one name."""
    shutil.copytree(os.path.join(HERE, "vendor"), "tree")
    do("./configure", cwd="tree")
    do("make", "check", cwd="tree")
    load_greet("tree")
    shutil.copy("tree/config.h", out)


@behaviour("vendored", "cc", "make")
def vendored(out):
    """A setup.py that copies a library's source tree to TMPDIR, configures, makes and installs it from there."""
    with tempfile.TemporaryDirectory() as folder:
        tree = os.path.join(folder, "build")
        shutil.copytree(os.path.join(HERE, "vendor"), tree)
        do("sh", "-c", "./configure --prefix=/nowhere && make -s && make -s check", cwd=tree)
        load_greet(tree)
        do("install", "-m", "644", "-t", out, os.path.join(tree, "libgreet.so"), os.path.join(tree, "libgreet.a"))


def load_greet(tree):
    expect(ctypes.CDLL(os.path.abspath(os.path.join(tree, "libgreet.so"))).greet(), 42, "greet()")


@behaviour("conftest-temp", "gcc")
def conftest_temp(_):
    """Compiled and run in TMPDIR, from a short-lived folder and from one that stays."""
    with tempfile.TemporaryDirectory() as folder:
        expect(status_of(compile_in(folder)), 42)
    stays = tempfile.mkdtemp(prefix="honest-")
    expect(status_of(compile_in(stays)), 42)
    expect(subprocess.run(["./conftest"], cwd=stays, check=False).returncode, 42)


@behaviour("strip-install", "gcc", "strip", "install")
def strip_install(out):
    """Linked, stripped, installed into a tree for the wheel, copied and renamed; each of them runs."""
    program = compile_in(".")
    do("strip", program)
    expect(status_of("./conftest"), 42, "stripped")
    do("install", "-D", "-m", "755", program, "dist/bin/tool")
    expect(status_of("dist/bin/tool"), 42, "installed")
    do("install", "-s", "-m", "755", program, "dist/bin/tool-s")
    expect(status_of("dist/bin/tool-s"), 42, "installed and stripped")
    do("cp", "-p", program, "copied")
    expect(status_of("./copied"), 42, "copied by cp")
    shutil.copy2(program, "copied-2")
    expect(status_of("./copied-2"), 42, "copied by python")
    do("mv", "copied", "moved")
    expect(status_of("./moved"), 42, "moved")
    os.replace("moved", "replaced")
    expect(status_of("./replaced"), 42, "renamed")
    shutil.copy("dist/bin/tool", out)


@behaviour("generator", "gcc")
def generator(out):
    """A program of the build makes the source of the next one."""
    write("gen.c", '#include <stdio.h>\nint main(void) { puts("int table[] = { 40, 2 };"); return 0; }\n')
    do("gcc", "-g0", "-o", "gen", "gen.c")
    write("table.h", do("./gen"))
    write("main.c", '#include "table.h"\nint main(void) { return table[0] + table[1]; }\n')
    do("gcc", "-g0", "-o", "main", "main.c")
    expect(status_of("./main"), 42)
    shutil.copy("table.h", out)


@behaviour("shared-object", "gcc", "strip", "objcopy", "objdump", "ar")
def shared_object(out):
    """A library just linked is loaded: as it is, and after strip and objcopy have rewritten it."""
    path = library()
    load(path)
    do("strip", "-x", path)
    do("objcopy", "--remove-section=.comment", path, "copied.so")
    load(os.path.abspath("copied.so"))
    do("objcopy", "--strip-debug", path)
    do("objdump", "-p", path)
    with tempfile.TemporaryDirectory() as folder:
        do("install", "-m", "755", path, folder)
        load(os.path.join(folder, "libanswer.so"))
    shutil.copy("copied.so", out)
    load(os.path.join(out, "copied.so"))
    do(sys.executable, "-c", f"import ctypes; assert ctypes.CDLL({path!r}).answer() == 42")


@behaviour("patchelf", "gcc", "patchelf")
def patchelf(out):
    """What auditwheel and meson-python do with what was linked."""
    path = library()
    do("patchelf", "--set-rpath", "$ORIGIN/libs", path)
    do("patchelf", "--set-soname", "libanswer-1.so", path)
    load(path)
    program = compile_in(".")
    do("patchelf", "--set-rpath", "$ORIGIN", program)
    expect(status_of(program), 42)
    shutil.copy(path, out)


@behaviour("ld-library-path", "gcc")
def ld_library_path(_):
    """A program of the build with a library of the build, found by path, by rpath and by preloading."""
    write("answer.c", LIBRARY)
    write("main.c", "int answer(void);\nint main(void) { return answer(); }\n")
    do("gcc", "-g0", "-fPIC", "-shared", "-o", "libanswer.so", "answer.c")
    do("gcc", "-g0", "-o", "main", "main.c", "-L.", "-lanswer")
    environment = {**os.environ, "LD_LIBRARY_PATH": os.getcwd()}
    expect(subprocess.run(["./main"], env=environment, check=False).returncode, 42, "by path")
    do("gcc", "-g0", "-o", "main", "main.c", "-L.", "-lanswer", "-Wl,-rpath,$ORIGIN")
    expect(status_of("./main"), 42, "by rpath")


@behaviour("linker", "gcc", "as", "ld", "ar")
def linker(_):
    """as, ld -r, gold or bfd by name, response files, -flto with its own make and temporary files, a static archive."""
    write("answer.c", LIBRARY)
    write("main.c", "int answer(void);\nint main(void) { return answer(); }\n")
    do("gcc", "-g0", "-S", "answer.c")
    do("as", "-o", "answer.o", "answer.s")
    do("ar", "rcD", "libanswer.a", "answer.o")
    do("ld", "-r", "-o", "merged.o", "answer.o")
    write("link.rsp", "-g0 -o main main.c merged.o\n")
    do("gcc", "@link.rsp")
    expect(status_of("./main"), 42, "merged")
    do("gcc", "-g0", "-pipe", "-flto=2", "-O2", "-o", "main", "main.c", "answer.c")
    expect(status_of("./main"), 42, "lto")
    do("gcc", "-g0", "-fuse-ld=bfd", "-o", "main", "main.c", "libanswer.a")
    expect(status_of("./main"), 42, "archive")


@behaviour("c++", "g++")
def cxx(_):
    write("main.cc", "#include <stdexcept>\nint main() { try { throw std::runtime_error(\"x\"); } "
                     "catch (const std::exception &) { return 42; } }\n")
    do("g++", "-g0", "-o", "main", "main.cc")
    expect(status_of("./main"), 42)


@behaviour("distutils", "gcc")
def distutils(_):
    """numpy's way: distutils' own config command compiles, links and runs, in build/ and in TMPDIR."""
    import setuptools
    from distutils.command.config import config
    from distutils.ccompiler import new_compiler
    from distutils.sysconfig import customize_compiler

    command = config(setuptools.Distribution({"name": "features"}))
    command.ensure_finalized()
    command._check_compiler()
    _, _, program = command._link(PROGRAM, None, None, None, None, "c")
    expect(status_of(os.path.join(".", program)), 42, "what config has linked")
    command._clean()
    expect(bool(command.check_func("cos", headers=["math.h"], libraries=["m"])), True, "check_func")
    expect(bool(command.try_compile("#error no")), False, "try_compile")
    compiler = new_compiler()
    customize_compiler(compiler)
    with tempfile.TemporaryDirectory() as folder:
        source = write(os.path.join(folder, "feature.c"), PROGRAM)
        objects = compiler.compile([source], output_dir=folder)
        compiler.link_executable(objects, os.path.join(folder, "feature"))
        expect(status_of(os.path.join(folder, "feature")), 42, "in TMPDIR")


@behaviour("pkg-config", "gcc", "pkg-config")
def pkg_config(_):
    """A library of the system, by what pkg-config says of it; pg_config and kin are asked many times."""
    flags = do("pkg-config", "--cflags", "--libs", "zlib").split()
    write("main.c", "#include <zlib.h>\nint main(void) { return zlibVersion()[0] == '1' ? 42 : 1; }\n")
    do("gcc", "-g0", "-o", "main", "main.c", *flags)
    expect(status_of("./main"), 42)
    for _ in range(10):
        do("pkg-config", "--modversion", "zlib")


@behaviour("make-jobs", "gcc", "make")
def make_jobs(out):
    """make -j8 with a job server that a make below it uses too, over many objects."""
    count = 40
    for number in range(count):
        write(f"sub/part{number}.c", f"int part{number}(void) {{ return {number}; }}\n")
    write("main.c", "int part1(void), part39(void);\nint main(void) { return part39() + 2 + part1(); }\n")
    write("sub/Makefile", "all: $(patsubst %.c,%.o,$(wildcard *.c))\n\tar rcD libparts.a $^\n"
                          "%.o: %.c\n\tgcc -g0 -c $<\n")
    write("Makefile", "main: main.c sub\n\tgcc -g0 -o main main.c sub/libparts.a\n.PHONY: sub\nsub:\n"
                      "\t+$(MAKE) -C sub\n")
    do("make", "-s", "-j8")
    expect(status_of("./main"), 42)
    shutil.copy("sub/libparts.a", out)


@behaviour("scripts", "gcc", "awk", "perl")
def scripts(out):
    """Scripts that the build writes and starts by their first line, as config.status, ltmain and version.sh are."""
    write("status.sh", "#!/bin/sh\nprintf 'sh '\n", 0o755)
    write("table.awk", "#!/usr/bin/awk -f\nBEGIN { printf \"awk \" }\n", 0o755)
    write("gen.pl", "#!/usr/bin/perl\nprint 'perl ';\n", 0o755)
    write("gen.py", f"#!{sys.executable}\nprint('python')\n", 0o755)
    said = "".join(do(f"./{name}") for name in ("status.sh", "table.awk", "gen.pl", "gen.py"))
    expect(said, "sh awk perl python\n")
    write(os.path.join(out, "said.txt"), said)


@behaviour("shipped")
def shipped(out):
    """Programs and libraries that came in the archive: run where they lie, linked, copied, loaded."""
    program, path = os.path.join(HERE, "prebuilt/tool"), os.path.join(HERE, "prebuilt/libanswer.so")
    expect(status_of(program), 42, "in place")
    load(path)
    os.link(program, "linked")
    expect(status_of("./linked"), 42, "by a hard link")
    os.symlink(program, "pointed")
    expect(status_of("./pointed"), 42, "by a symbolic link")
    shutil.copy2(program, "copied")
    expect(status_of("./copied"), 42, "a copy")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy2(program, folder)
        expect(status_of(os.path.join(folder, "tool")), 42, "a copy in TMPDIR")
    shutil.copy2(path, out)
    load(os.path.join(out, "libanswer.so"))
