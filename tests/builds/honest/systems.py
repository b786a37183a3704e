# SPDX-License-Identifier: Apache-2.0
"""Build systems with minds of their own: CMake, meson, cargo: each runs programs of its own making first."""
import ctypes
import glob
import hashlib
import json
import os
import shutil
import tempfile

from compile import do, write
from behave import behaviour, expect

CMAKE = """\
cmake_minimum_required(VERSION 3.18)
project(honest C)
include(CheckCSourceRuns)
set(CMAKE_BUILD_TYPE Release)
check_c_source_runs("int main(void) { return 0; }" RUNS)
try_compile(COMPILES ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR}/ok.c)
try_run(STATUS BUILT ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR}/ok.c)
if(NOT RUNS OR NOT COMPILES OR NOT STATUS EQUAL 0)
  message(FATAL_ERROR "runs ${RUNS} compiles ${COMPILES} status ${STATUS}")
endif()
add_executable(gen gen.c)
add_custom_command(OUTPUT table.h COMMAND gen > table.h DEPENDS gen)
add_library(answer SHARED answer.c table.h)
target_include_directories(answer PRIVATE ${CMAKE_BINARY_DIR})
install(TARGETS answer DESTINATION .)
"""
MESON = """\
project('honest', 'c')
cc = meson.get_compiler('c')
assert(cc.run('int main(void) { return 0; }').returncode() == 0)
assert(cc.sizeof('void *') == 8)
assert(cc.links('int main(void) { return 0; }'))
assert(not cc.has_header('no/such.h'))
gen = executable('gen', 'gen.c')
table = custom_target('table', output: 'table.h', command: [gen], capture: true)
shared_library('answer', 'answer.c', table, install: true, install_dir: '/')
"""
SOURCES = {
    "ok.c": "int main(void) { return 0; }\n",
    "gen.c": '#include <stdio.h>\nint main(void) { puts("#define ANSWER 42"); return 0; }\n',
    "answer.c": '#include "table.h"\nint answer(void) { return ANSWER; }\n',
}


def take(path, out):
    expect(ctypes.CDLL(os.path.abspath(path)).answer(), 42, path)
    shutil.copy(path, out)


def cmake_by(generator, out):
    write("CMakeLists.txt", CMAKE)
    for name, text in SOURCES.items():
        write(name, text)
    do("cmake", "-G", generator, "-S", ".", "-B", "build", f"-DCMAKE_INSTALL_PREFIX={os.path.abspath('dist')}")
    do("cmake", "--build", "build", "--parallel", "4")
    do("cmake", "--install", "build")
    take("dist/libanswer.so", out)


@behaviour("cmake-make", "cmake", "make", "gcc")
def cmake_make(out):
    """scikit-build's way: try_compile, try_run, a generator, a library, installed into a tree for the wheel."""
    cmake_by("Unix Makefiles", out)


@behaviour("cmake-ninja", "cmake", "ninja", "gcc")
def cmake_ninja(out):
    cmake_by("Ninja", out)


@behaviour("meson", "meson", "ninja", "gcc")
def meson(out):
    """meson-python's way: sanity checks that are run, a look at ~/.netrc, ninja, DESTDIR."""
    try:
        with open(os.path.expanduser("~/.netrc"), encoding="utf-8") as file:
            file.read()
    except FileNotFoundError:
        pass
    write("meson.build", MESON)
    for name, text in SOURCES.items():
        write(name, text)
    do("meson", "setup", "build", "--buildtype=release", "--prefix=/")
    do("meson", "compile", "-C", "build")
    do("meson", "install", "-C", "build", "--no-rebuild", env={**os.environ, "DESTDIR": os.path.abspath("dist")})
    take("dist/libanswer.so", out)


CRATE = {
    "Cargo.toml": '[package]\nname = "honest"\nversion = "1.0.0"\nedition = "2018"\nbuild = "build.rs"\n'
                  '[lib]\ncrate-type = ["cdylib"]\n[dependencies]\nsmall = "1.0.0"\n[profile.release]\ndebug = 0\n',
    "build.rs": 'use std::{env, fs, path::Path, process::Command};\nfn main() {\n'
                '    assert!(Command::new("cc").arg("--version").status().unwrap().success());\n'
                '    let out = env::var("OUT_DIR").unwrap();\n'
                '    fs::write(Path::new(&out).join("table.rs"), "const BASE: i32 = 40;").unwrap();\n'
                '    println!("cargo:rerun-if-changed=build.rs");\n}\n',
    "src/lib.rs": 'include!(concat!(env!("OUT_DIR"), "/table.rs"));\n'
                  '#[no_mangle]\npub extern "C" fn answer() -> i32 { BASE + small::two() }\n',
    ".cargo/config.toml": '[source.crates-io]\nreplace-with = "vendored"\n[source.vendored]\ndirectory = "vendor"\n',
    "vendor/small/Cargo.toml": '[package]\nname = "small"\nversion = "1.0.0"\n',
    "vendor/small/src/lib.rs": "pub fn two() -> i32 { 2 }\n",
}


def cargo_to(target, out):
    """maturin's and setuptools-rust's way: a crate with a build script, its registry a folder of the sdist."""
    for name, text in CRATE.items():
        write(name, text)
    sums = {}
    for path in glob.glob("vendor/small/**/*.*", recursive=True):
        with open(path, "rb") as file:
            sums[os.path.relpath(path, "vendor/small")] = hashlib.sha256(file.read()).hexdigest()
    write("vendor/small/.cargo-checksum.json", json.dumps({"files": sums, "package": "0" * 64}))
    environment = {**os.environ, "RUSTFLAGS": "-C strip=symbols", "CARGO_TARGET_DIR": target}
    do("rustc", "--version")
    do("cargo", "metadata", "--offline", "--format-version=1", env=environment)
    do("cargo", "build", "--offline", "--release", env=environment)
    # Symbols hold a hash of the path, so what is compared is that it is there.
    expect(ctypes.CDLL(os.path.abspath(os.path.join(target, "release/libhonest.so"))).answer(), 42, target)
    write(os.path.join(out, "answer.txt"), "42\n")


@behaviour("cargo-tree", "cargo", "rustc", "cc")
def cargo_tree(out):
    cargo_to(os.path.abspath("target"), out)


@behaviour("cargo-temp", "cargo", "rustc", "cc")
def cargo_temp(out):
    with tempfile.TemporaryDirectory() as folder:
        cargo_to(folder, out)
