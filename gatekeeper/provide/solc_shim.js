#!/usr/bin/env node
// The command line of solc, as far as forge and Gatekeeper use it (--version, --standard-json [FILE]), over the npm package `solc`.
// Sources must come inline: options for paths (--base-path, --allow-paths, --include-path) are accepted and have no effect.
"use strict";
const fs = require("fs");
const path = require("path");
const solc = require(path.join(path.dirname(fs.realpathSync(__filename)), "..", "node_modules", "solc"));

const words = process.argv.slice(2);
if (words.includes("--version")) {
  const version = solc.version().replace("Emscripten.clang", "Linux.g++");
  fs.writeSync(1, `solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
  process.exit(0);
}
const at = words.indexOf("--standard-json");
if (at < 0) {
  fs.writeSync(2, "this compiler answers --version and --standard-json only\n");
  process.exit(1);
}
const named = words[at + 1];
const input = fs.readFileSync(named && !named.startsWith("-") ? named : 0, "utf8");
const compile = solc.compileStandardWrapper || solc.compile;
const output = Buffer.from(compile(input), "utf8");
for (let written = 0; written < output.length;) {
  try {
    written += fs.writeSync(1, output, written);
  } catch (error) {
    if (error.code !== "EAGAIN") throw error;
  }
}
