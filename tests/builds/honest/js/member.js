// SPDX-License-Identifier: Apache-2.0
// A workspace's member: its scripts are the project's, and it writes beside itself.
const fs = require("fs");
const { behave } = require("../../honest");

behave("npm-workspace", () => {
  fs.mkdirSync("lib", { recursive: true });
  fs.writeFileSync("lib/index.js", "module.exports = 42;\n");
  fs.writeFileSync("../../generated-by-member.txt", "in the project's tree\n");
});
