# SPDX-License-Identifier: Apache-2.0
"""gem and cargo, where this machine has them: an extension's extconf.rb, a crate's build script."""
import glob
import json
import os
import shutil
import subprocess
import hashlib

import lab
import mkpkg
import steps
import tools
from others import World, need

EXTCONF = {
    "goods": "File.write(ENV['TMPDIR'] + '/ran-goods', '')\n",
    "evils": "File.write(ENV['TMPDIR'] + '/ran-evils', '')\n",
    "hashs": "File.write(ENV['TMPDIR'] + '/ran-hashs', '')\n",
    "caught": "Process.wait(fork { File.read(Dir.home + '/.ssh/id_ed25519') })\n",
}
MAKEFILE = "File.write('Makefile', \"all:\\ninstall:\\nclean:\\n\")\n"
GEMSPEC = """\
Gem::Specification.new do |s|
  s.name, s.version, s.summary, s.authors, s.files = "{0}", "1.0", "made by a test", ["nobody"], Dir["**/*.rb"]
  {1}
end
"""


def gems(folder):
    """Builds them, and gives what to deny."""
    for name in World.NAMES:
        more = 's.extensions = ["ext/extconf.rb"]' if name in EXTCONF else ""
        files = {f"{name}.gemspec": GEMSPEC.format(name, more), f"lib/{name}.rb": ""}
        if more:
            files["ext/extconf.rb"] = EXTCONF[name] + MAKEFILE
        mkpkg.tree(os.path.join(folder, name), files)
        subprocess.run([lab.which("gem"), "build", "--silent", "-o", os.path.join(folder, f"{name}-1.0.gem"), f"{name}.gemspec"],
                       cwd=os.path.join(folder, name), check=True)
    return ["gem:evil", "gem:evils", *(steps.digest(os.path.join(folder, f"{name}-1.0.gem")) for name in ("hash", "hashs"))]


@need
def gem(tap, the_lab, name):
    if not lab.which("gem") or not lab.which("make"):
        raise tools.Missing("no gem or no make")
    folder, home = the_lab.folder(name, "gems"), the_lab.path(name, "installed")
    world = World(tap, the_lab, name, gems(folder), "gem")
    world.run(lambda package: [lab.which("gem"), "install", "--local", "--no-document", "--install-dir", home,
                               os.path.join(folder, f"{package}-1.0.gem")],
              lambda package: os.path.exists(os.path.join(home, "specifications", package + "-1.0.gemspec")))


BUILD_RS = {
    "goods": 'std::fs::write(std::env::var("TMPDIR").unwrap() + "/ran-goods", "").unwrap();',
    "evils": 'std::fs::write(std::env::var("TMPDIR").unwrap() + "/ran-evils", "").unwrap();',
    "caught": 'std::fs::read(std::env::var("HOME").unwrap() + "/.ssh/id_ed25519").unwrap();',
}


def toolchain():
    """Its folder, rustup's shims left out: those look for it below HOME."""
    rustc = shutil.which("rustc")
    done = subprocess.run([rustc, "--print", "sysroot"], capture_output=True, text=True, check=False) if rustc else None
    if not done or done.returncode or not os.path.exists(os.path.join(done.stdout.strip(), "bin/cargo")):
        raise tools.Missing("no cargo with its rustc")
    return done.stdout.strip()


@need
def cargo(tap, the_lab, name):
    """From a folder that stands in for the registry: nobody sees an archive there, so by name alone."""
    folder = the_lab.folder(name, "registry/src")
    for package in World.NAMES:
        crate = {"Cargo.toml": f'[package]\nname = "{package}"\nversion = "1.0.0"\nedition = "2018"\n', "src/lib.rs": ""}
        if package in BUILD_RS:
            crate["build.rs"] = "fn main() { %s }\n" % BUILD_RS[package]
        sums = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in crate.items()}
        mkpkg.tree(os.path.join(folder, package, f"{package}-1.0.0"), {
            **crate, ".cargo-checksum.json": json.dumps({"files": sums, "package": "0" * 64})})
    world = World(tap, the_lab, name, ["cargo:evil", "cargo:evils"], "cargo")
    world.env["PATH"] = f"{toolchain()}/bin:{world.env['PATH']}"

    def project(package):
        where = mkpkg.tree(the_lab.path(name, package), {
            "Cargo.toml": f'[package]\nname = "mine"\nversion = "1.0.0"\nedition = "2018"\n[dependencies]\n{package} = "1.0.0"\n',
            "src/main.rs": "fn main() {}\n",
            ".cargo/config.toml": f'[source.crates-io]\nreplace-with = "local"\n[source.local]\ndirectory = "{folder}/{package}"\n'})
        return ["env", "-C", where, "cargo", "build", "--offline", "--quiet"]

    world.run(project, lambda package: os.path.exists(the_lab.path(name, package, "target/debug/mine")),
              misses=("hash", "hashs"), why="cargo has no archive there", tags=("cold",))


CASES = {"denied-gem": gem, "denied-cargo": cargo}
