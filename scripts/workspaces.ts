import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What the tooling reads of a `package.json`. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Workspace {
  /** Folder relative to the root, with forward slashes: `packages/mpegts`. */
  readonly folder: string;
  readonly manifest: Manifest;
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

/** The folder of the repository, found by walking up from this file. */
export function workspaceRoot(from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json")) && readManifest(folder).workspaces !== undefined)
      return folder;
    if (dirname(folder) === folder) throw new Error(`no workspace root above ${from}`);
  }
}

/** All npm workspaces under `root`, in the order of their folders. */
export function readWorkspaces(root: string): Workspace[] {
  const patterns = (readManifest(root).workspaces ?? []).map((pattern) => `${pattern}/package.json`);
  return globSync(patterns, { cwd: root, exclude: (name) => name === "node_modules" })
    .map((path) => dirname(path).replaceAll("\\", "/"))
    .sort()
    .map((folder) => ({ folder, manifest: readManifest(join(root, folder)) }));
}
