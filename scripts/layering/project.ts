import { existsSync, globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { type Manifest, readWorkspaces, type Workspace } from "../workspaces.ts";
import { type Import, scanImports } from "./imports.ts";
import { type ImpureCall, scanImpureCalls } from "./impure-calls.ts";

/** The levels of the design, lowest first; imports point down. `free` (tests, bench, scripts) may import anything. */
export const LAYERS = ["native", "packages", "engine", "protocols", "services", "apps", "free"] as const;
export type Layer = (typeof LAYERS)[number];

export interface SourceFile {
  /** Relative to the root, forward slashes. */
  readonly path: string;
  readonly layer: Layer;
  /** Absent for files that belong to no workspace (`scripts/`). */
  readonly workspace?: Workspace;
  readonly test: boolean;
  readonly lines: number;
  readonly imports: readonly ResolvedImport[];
  readonly impureCalls: readonly ImpureCall[];
}

export interface ResolvedImport extends Import {
  /** File within the repository that the name leads to, where it leads to one. */
  readonly target?: string;
  /** True when the target does not exist. */
  readonly missing: boolean;
  /** Workspace that the name leads to, by package name or by path. */
  readonly workspace?: Workspace;
  /** True when the package's `exports` does not offer the subpath. */
  readonly notExported: boolean;
}

export interface Project {
  readonly workspaces: readonly Workspace[];
  readonly files: readonly SourceFile[];
}

const SKIPPED_FOLDERS = new Set(["node_modules", "dist", "vendor", "fixtures", "corpus", "coverage"]);

/** Reads every source file of the repository at `root` with its imports. */
export function readProject(root: string): Project {
  const workspaces = readWorkspaces(root);
  const paths = globSync("**/*.{ts,mts,js,mjs,cjs}", {
    cwd: root,
    exclude: (name) => SKIPPED_FOLDERS.has(name.split(/[\\/]/).at(-1) ?? ""),
  })
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
  return { workspaces, files: paths.map((path) => readSource(root, path, workspaces)) };
}

function readSource(root: string, path: string, workspaces: readonly Workspace[]): SourceFile {
  const source = readFileSync(join(root, path), "utf8");
  const workspace = owner(path, workspaces);
  const imports = scanImports(source)
    .map((it) => resolve(it, path, workspaces))
    .map((it) => ({ ...it, missing: it.target !== undefined && !existsSync(join(root, it.target)) }));
  return {
    path,
    layer: layerOf(path),
    ...(workspace === undefined ? {} : { workspace }),
    test: isTest(path),
    lines: source.split("\n").length - (source.endsWith("\n") ? 1 : 0),
    imports,
    impureCalls: scanImpureCalls(source),
  };
}

/** Tests, and what only tests use: `x.test.ts`, `x.test-support.ts`, and everything in a `testing/` folder. */
export function isTest(path: string): boolean {
  return /\.test(-[a-z-]+)?\.[mc]?[jt]s$|(^|\/)testing\//.test(path);
}

export function layerOf(path: string): Layer {
  const top = path.split("/", 1)[0]!;
  return LAYERS.find((layer) => layer === top) ?? "free";
}

function owner(path: string, workspaces: readonly Workspace[]): Workspace | undefined {
  return workspaces.find((it) => path.startsWith(`${it.folder}/`));
}

function resolve(
  it: Import,
  from: string,
  workspaces: readonly Workspace[],
): Omit<ResolvedImport, "missing"> {
  if (it.specifier.startsWith(".")) {
    const target = posix.join(posix.dirname(from), it.specifier);
    const workspace = owner(target, workspaces);
    return { ...it, target, notExported: false, ...(workspace === undefined ? {} : { workspace }) };
  }
  const name = packageName(it.specifier);
  const workspace = workspaces.find((candidate) => candidate.manifest.name === name);
  if (workspace === undefined) return { ...it, notExported: false };
  const exported = exportTarget(workspace.manifest, `.${it.specifier.slice(name.length)}`);
  if (exported === undefined) return { ...it, workspace, notExported: true };
  return { ...it, workspace, target: posix.join(workspace.folder, exported), notExported: false };
}

/** `@scope/name/sub/path` gives `@scope/name`, `name/sub` gives `name`. */
export function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Looks a subpath up in `exports`, patterns with one `*` included (Node.js packages, "Subpath patterns"). */
function exportTarget(manifest: Manifest, subpath: string): string | undefined {
  for (const [pattern, target] of Object.entries(manifest.exports ?? {})) {
    if (pattern === subpath) return target;
    const [before, after] = pattern.split("*");
    if (after === undefined || before === undefined) continue;
    const middle = subpath.length - before.length - after.length;
    if (middle > 0 && subpath.startsWith(before) && subpath.endsWith(after)) {
      return target.replace("*", subpath.slice(before.length, before.length + middle));
    }
  }
  return undefined;
}
