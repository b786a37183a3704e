// SPDX-License-Identifier: Apache-2.0
const fs = require("fs"), { execSync } = require("child_process");
const { behave, expect } = require("./honest");

behave("yarn-shim", () => {
  expect(execSync("command -v node", { encoding: "utf8" }).includes("yarn--"), true, "the shim is first in PATH");
  expect(execSync("node -p 40+2", { encoding: "utf8" }), "42\n", "node by the shim");
  fs.writeFileSync("made.txt", "42\n");
});
