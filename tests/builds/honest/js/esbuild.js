// SPDX-License-Identifier: Apache-2.0
// As esbuild's install.js: puts the binary of an optional dependency in place of its own launcher, by a hard link where
// that works, and runs it.
const fs = require("fs"), path = require("path"), { spawnSync } = require("child_process");
const { behave, expect } = require("./honest");

const runs = (program) => expect(spawnSync(program, ["--version"]).status, 42, program);

behave("npm-esbuild", () => {
  const shipped = require.resolve("@honest/tool-linux/bin/tool");
  const target = path.join(__dirname, "bin", "tool"), temp = path.join(__dirname, "bin-tool");
  runs(shipped);
  try {
    fs.linkSync(shipped, temp);
    fs.renameSync(temp, target);
  } catch (error) {
    fs.copyFileSync(shipped, temp);
    fs.chmodSync(temp, 0o755);
    fs.renameSync(temp, target);
  }
  runs(target);
  // Its fallback, which Windows and file systems without hard links take.
  const copy = path.join(__dirname, "bin", "copy");
  fs.copyFileSync(shipped, copy);
  fs.chmodSync(copy, 0o755);
  runs(copy);
  fs.writeFileSync(path.join(__dirname, "bin", "written"), fs.readFileSync(shipped), { mode: 0o755 });
  runs(path.join(__dirname, "bin", "written"));
});
