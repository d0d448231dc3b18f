import { existsSync, globSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, resolve } from "node:path";
import { scanImports } from "../layering/imports.ts";
import { isTest, packageName } from "../layering/project.ts";
import { tokenize } from "../layering/tokens.ts";
import { CARRIED } from "./assemble.ts";
import type { PublishedManifest } from "./manifest.ts";

/**
 * Throws unless everything that the compiled files of `folder` load is there: relative files (workers and children
 * that are started by URL included), and packages by their declared names.
 */
export function verifyPackage(folder: string, manifest: PublishedManifest): void {
  const declared = new Set([
    ...Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }),
    // The code looks for these in `node_modules` only where it does not carry them.
    ...CARRIED.map(({ from }) => packageName(from)),
  ]);
  const files = globSync("**/*.{js,d.ts}", { cwd: folder });
  const problems = files.flatMap((path) => {
    const source = readFileSync(join(folder, path), "utf8");
    const wrong = [...missingFiles(folder, path, source), ...undeclared(source, declared)];
    if (isTest(path)) wrong.push("is a test");
    return wrong.map((text) => `${path}: ${text}`);
  });
  if (!files.includes("dist/main.js")) problems.push("dist/main.js is missing");
  if (problems.length > 0) throw new Error(`the package is not whole:\n  ${problems.join("\n  ")}`);
}

/** Any string like `"./x.js"` in a compiled file names a file; in assets it may be an address that a server gives. */
function missingFiles(folder: string, path: string, source: string): string[] {
  const isCompiled = /(^|[\\/])dist[\\/]/.test(path);
  const imports = scanImports(source).map((it) => it.specifier);
  const named =
    isCompiled && path.endsWith(".js") ? tokenize(source).filter((it) => it.type === "string") : [];
  const paths = new Set([
    ...imports,
    ...named.map((it) => it.text).filter((it) => /^\.{1,2}\/.*\.js$/.test(it)),
  ]);
  return [...paths]
    .filter((it) => it.startsWith("."))
    .filter((it) => !leads(resolve(folder, dirname(path), it)))
    .map((it) => `"${it}" does not exist`);
}

const leads = (path: string): boolean => existsSync(path) && !path.endsWith(".ts");

function undeclared(source: string, declared: ReadonlySet<string>): string[] {
  return scanImports(source)
    .map((it) => it.specifier)
    .filter((it) => !/^[./]/.test(it) && !isBuiltin(it))
    .map(packageName)
    .filter((it) => !declared.has(it))
    .map((it) => `"${it}" is not among the dependencies`);
}
