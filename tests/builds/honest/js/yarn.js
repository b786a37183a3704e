// SPDX-License-Identifier: Apache-2.0
// Stands in for yarn 1, which cordon knows it as by its name: writes its shim `node` to TMPDIR, puts that first in PATH
// and runs the packages' scripts by it. The shim is the installer's, what it runs is a package's.
const fs = require("fs"), os = require("os"), path = require("path"), { spawnSync } = require("child_process");

const shims = fs.mkdtempSync(path.join(os.tmpdir(), "yarn--"));
for (const name of ["node", "yarn"])
  fs.writeFileSync(path.join(shims, name), `#!/bin/sh\n\nexec "${process.execPath}" "$@"\n`, { mode: 0o755 });
const folder = path.resolve("node_modules/honest-yarn");
fs.mkdirSync(folder, { recursive: true });
for (const file of fs.readdirSync(process.argv[2]))
  fs.copyFileSync(path.join(process.argv[2], file), path.join(folder, file));
const env = { ...process.env, PATH: `${shims}:${process.env.PATH}`, npm_package_name: "honest-yarn",
  npm_package_version: "1.0.0", npm_lifecycle_event: "postinstall" };
for (const script of ["node shim.js", "exec node -e 'process.exit(0)'"]) {
  const done = spawnSync("/bin/sh", ["-c", script], { cwd: folder, env, stdio: "inherit" });
  if (done.status) process.exit(done.status);
}
fs.rmSync(shims, { recursive: true });
