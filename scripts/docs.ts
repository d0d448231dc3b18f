// Writes the generated pages of docs/reference. `--check` only says whether they are up to date.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { registry } from "../apps/server/src/configuration.ts";
import { renderReference } from "../services/config/src/index.ts";

const root = dirname(import.meta.dirname);
const pages: readonly (readonly [string, string])[] = [
  ["docs/reference/configuration.md", renderReference(registry())],
];

let stale = 0;
for (const [name, text] of pages) {
  const file = join(root, name);
  const before = readIfThere(file);
  if (before === text) continue;
  stale++;
  if (process.argv.includes("--check")) {
    console.error(`${name} is out of date: npm run docs`);
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.log(`wrote ${name}`);
  }
}
if (stale > 0 && process.argv.includes("--check")) process.exitCode = 1;

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
