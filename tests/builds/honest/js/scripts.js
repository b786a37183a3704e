// SPDX-License-Identifier: Apache-2.0
// What small lifecycle scripts do: generate files of their own, run themselves, a banner that is shown once a day.
const fs = require("fs"), os = require("os"), path = require("path");
const { execFileSync, spawnSync } = require("child_process"), { Worker, isMainThread } = require("worker_threads");
const { behave, expect } = require("./honest");

if (isMainThread && process.argv[2] !== "child") {
  behave("npm-scripts", () => {
    for (const file of ["/etc/os-release", "/proc/self/maps", "/proc/cpuinfo"]) fs.readFileSync(file);
    os.userInfo();
    expect(execFileSync(process.execPath, [__filename, "child"], { encoding: "utf8" }), "child\n", "node");
    expect(spawnSync("uname", ["-s"], { encoding: "utf8" }).stdout, "Linux\n", "uname");
    expect(spawnSync("sh", ["-c", "command -v node > /dev/null && echo found"], { encoding: "utf8" }).stdout,
      "found\n", "sh");
    fs.rmSync(path.join(__dirname, "dist"), { recursive: true, force: true }); // npm prepares a clone twice
    fs.mkdirSync(path.join(__dirname, "dist/deep"), { recursive: true });
    fs.writeFileSync(path.join(__dirname, "dist/deep/generated.js"), "module.exports = 42;\n");
    fs.symlinkSync("deep/generated.js", path.join(__dirname, "dist/link.js"));
    expect(require("./dist/link.js"), 42, "generated");
    const banner = path.join(os.tmpdir(), "honest-banners");
    fs.writeFileSync(banner, JSON.stringify(["shown"]));
    expect(JSON.parse(fs.readFileSync(banner))[0], "shown", "banner");
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "honest-"));
    fs.writeFileSync(path.join(folder, "file"), "x");
    fs.copyFileSync(path.join(folder, "file"), path.join(__dirname, "dist/copied"));
    fs.rmSync(folder, { recursive: true });
    new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
    new Worker(__filename);
  });
} else if (isMainThread) {
  console.log("child");
}
