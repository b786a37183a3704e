// SPDX-License-Identifier: Apache-2.0
// Shared by the packages: says what came of a behaviour, and looks for the settings that a guard may hide.
const fs = require("fs"), os = require("os"), path = require("path");

exports.behave = (name, work) => {
  try {
    fs.readFileSync(path.join(os.homedir(), ".netrc"));
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  work();
  console.log(`honest: ${name}: ok`);
};

exports.expect = (got, wanted, what) => {
  if (got !== wanted) throw new Error(`${what}: ${got}, not ${wanted}`);
};
