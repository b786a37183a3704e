// SPDX-License-Identifier: Apache-2.0
// After node-gyp: loads what was just built, as a check and as node-gyp-build does.
const { behave, expect } = require("./honest");

behave("npm-gyp", () => expect(require("./build/Release/addon.node"), 42, "addon"));
