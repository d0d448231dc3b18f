import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addForeignPackages, type Lockfile } from "./package/lockfile.ts";
import { workspaceRoot } from "./workspaces.ts";

/**
 * To be run after `npm install` where the registry is a mirror without the packages of other platforms: npm leaves
 * those out of the lock file, and `npm ci` then refuses it everywhere.
 */
const path = join(workspaceRoot(), "package-lock.json");
const lockfile = JSON.parse(readFileSync(path, "utf8")) as Lockfile;
const added = addForeignPackages(lockfile);
if (added.length > 0) writeFileSync(path, `${JSON.stringify(lockfile, null, 2)}\n`);
console.log(
  added.length === 0
    ? "package-lock.json is complete"
    : `added to package-lock.json:\n  ${added.join("\n  ")}`,
);
