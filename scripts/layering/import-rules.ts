import { isBuiltin } from "node:module";
import type { Workspace } from "../workspaces.ts";
import { isTest, LAYERS, layerOf, type ResolvedImport, type SourceFile } from "./project.ts";

export type ImportRule =
  | "layer"
  | "missing-file"
  | "test-import"
  | "pure"
  | "leaves-workspace"
  | "own-name"
  | "deep-import"
  | "undeclared";

export interface ImportContext {
  readonly file: SourceFile;
  readonly it: ResolvedImport;
}

/** Says what is wrong, if something is. */
type Judge = (context: ImportContext) => string | undefined;

/** The first that finds something speaks for the import. */
const JUDGES: Readonly<Record<ImportRule, Judge>> = {
  layer: ({ file, it }) =>
    isForeign(file, it) && !isSuite(file, it)
      ? wrongDirection(file.path, it.workspace, it.typeOnly)
      : undefined,

  "missing-file": ({ it }) =>
    it.missing ? `"${it.specifier}" leads to ${it.target}, which does not exist` : undefined,

  "test-import": ({ file, it }) =>
    !file.test && file.layer !== "free" && it.target !== undefined && isTest(it.target)
      ? `"${it.specifier}" is for tests only`
      : undefined,

  pure: ({ file, it }) => {
    if (!isPure(file)) return undefined;
    if (isBuiltin(it.specifier))
      return `"${it.specifier}": this folder uses no socket, file, clock or environment`;
    if (IMPURE_PACKAGES.test(it.specifier)) return `"${it.specifier}" reaches outside: this folder is pure`;
    return undefined;
  },

  "leaves-workspace": ({ file, it }) =>
    it.specifier.startsWith(".") && isForeign(file, it) && file.layer !== "free" && !isSuite(file, it)
      ? `import ${it.workspace.manifest.name} by its name, not "${it.specifier}"`
      : undefined,

  "own-name": ({ file, it }) =>
    !it.specifier.startsWith(".") && it.workspace !== undefined && it.workspace === file.workspace
      ? `"${it.specifier}" is this workspace itself: use a relative path`
      : undefined,

  "deep-import": ({ file, it }) =>
    it.notExported && file.layer !== "free" && it.workspace !== undefined
      ? `"${it.specifier}" is not among the exports of ${it.workspace.manifest.name}`
      : undefined,

  undeclared: ({ file, it }) =>
    !it.specifier.startsWith(".") &&
    isForeign(file, it) &&
    file.workspace !== undefined &&
    !isSuite(file, it) &&
    !isDeclared(file.workspace, it.workspace.manifest.name)
      ? `${file.workspace.folder}/package.json does not name ${it.workspace.manifest.name}`
      : undefined,
};

export function judgeImport(context: ImportContext): { rule: ImportRule; message: string } | undefined {
  for (const [rule, judge] of Object.entries(JUDGES) as [ImportRule, Judge][]) {
    const message = judge(context);
    if (message !== undefined) return { rule, message };
  }
  return undefined;
}

function isForeign(file: SourceFile, it: ResolvedImport): it is ResolvedImport & { workspace: Workspace } {
  return it.workspace !== undefined && it.workspace !== file.workspace;
}

/** Tests beside the code run the suites that all protocols share, which lie in `tests/`. */
function isSuite(file: SourceFile, it: ResolvedImport): boolean {
  return file.test && it.workspace?.folder === "tests";
}

/** What is wrong with an import from `path` to a file of `target`. */
export function wrongDirection(path: string, target: Workspace, typeOnly: boolean): string | undefined {
  const from = layerOf(path);
  const to = layerOf(`${target.folder}/`);
  const { name } = target.manifest;
  if (from === "free") return undefined;
  if (path.startsWith("apps/web/") && to !== "packages" && !typeOnly) {
    return `apps/web may import packages, and types of anything else: not ${name}`;
  }
  if (LAYERS.indexOf(to) > LAYERS.indexOf(from)) {
    return `${from} may not import ${to === "free" ? target.folder : to} (${name}): imports point down`;
  }
  if (from === "protocols" && to === "protocols") {
    return `a protocol may not import a protocol (${name}): what two share moves into packages/`;
  }
  if (from === "packages" && to === "native") return `packages are pure: ${name} is not`;
  return undefined;
}

function isDeclared({ manifest }: Workspace, name: string): boolean {
  const lists = [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies];
  return lists.some((list) => list !== undefined && name in list);
}

/** `packages/x/src` and a protocol's `wire/` take bytes and time as arguments; only their tests touch the machine. */
export function isPure(file: SourceFile): boolean {
  return !file.test && /^packages\/[^/]+\/src\/|^protocols\/[^/]+\/(src\/)?wire\//.test(file.path);
}

/** Packages of npm that reach for a socket, a file, a clock or a process. */
const IMPURE_PACKAGES =
  /^(fs-extra|graceful-fs|pino|commander|node-av|playwright-core|undici|ws|axios|glob)(\/|$)/;
