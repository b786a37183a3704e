# SPDX-License-Identifier: Apache-2.0
"""cargo as the installer: a crate of the project with a build script, and one of a dependency from a folder that stands
in for the registry."""
import hashlib
import json
import os

import lab
import mkpkg

LOOK = """\
use std::{env, fs, path::Path, process::Command};
fn main() {
    let home = env::var("HOME").unwrap();
    let _ = fs::read(Path::new(&home).join(".netrc"));
    assert!(Command::new("cc").arg("--version").status().unwrap().success());
    let out = env::var("OUT_DIR").unwrap();
    fs::write(Path::new(&out).join("table.rs"), "const BASE: i32 = 40;").unwrap();
}
"""
DEPENDENCY = {
    "Cargo.toml": '[package]\nname = "small"\nversion = "1.0.0"\nedition = "2018"\nbuild = "build.rs"\n',
    "build.rs": LOOK,
    "src/lib.rs": 'include!(concat!(env!("OUT_DIR"), "/table.rs"));\npub fn two() -> i32 { BASE - 38 }\n',
}
PROJECT = {
    "Cargo.toml": '[package]\nname = "honest"\nversion = "1.0.0"\nedition = "2018"\nbuild = "build.rs"\n'
                  '[dependencies]\nsmall = "1.0.0"\n',
    "build.rs": LOOK,
    "src/main.rs": 'include!(concat!(env!("OUT_DIR"), "/table.rs"));\n'
                   "fn main() { std::process::exit(BASE + small::two()) }\n",
    ".cargo/config.toml": '[source.crates-io]\nreplace-with = "local"\n'
                          '[source.local]\ndirectory = "../registry/src/local"\n',
}


def cargo(suite, name):
    program = lab.which("cargo")
    if not program or not lab.which("rustc"):
        suite.skip(name, "no cargo or no rustc")
        return
    sums = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in DEPENDENCY.items()}
    # Where cargo unpacks what it has downloaded, and named as it does that.
    crate = {**DEPENDENCY, ".cargo-checksum.json": json.dumps({"files": sums, "package": "0" * 64})}

    def prepare(side):
        mkpkg.tree(side.project, PROJECT)
        mkpkg.tree(os.path.join(side.root, "registry/src/local/small-1.0.0"), crate)
        return [program, "build", "--offline"]

    suite.trial(name, "cargo", prepare, whose={("package", "cargo", "small", "1.0.0"), ("project",)})


CASES = {"cargo": cargo}
