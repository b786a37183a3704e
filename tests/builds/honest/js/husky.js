#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// As husky, which the root project's prepare starts: hooks of git in the tree, and git told of them.
const fs = require("fs"), { spawnSync } = require("child_process");
const { behave, expect } = require("./honest");

behave("npm-husky", () => {
  expect(spawnSync("git", ["config", "core.hooksPath", ".husky/_"]).status, 0, "git config");
  fs.mkdirSync(".husky/_", { recursive: true });
  fs.writeFileSync(".husky/_/.gitignore", "*");
  for (const hook of ["pre-commit", "commit-msg"])
    fs.writeFileSync(`.husky/_/${hook}`, '#!/usr/bin/env sh\n. "$(dirname "$0")/h"\n', { mode: 0o755 });
  fs.writeFileSync(".husky/_/h", "#!/usr/bin/env sh\nexit 0\n", { mode: 0o755 });
  fs.writeFileSync(".husky/pre-commit", "npm test\n");
});
