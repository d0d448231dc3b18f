import { execFileSync } from "node:child_process";
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { isTest } from "../layering/project.ts";
import type { Workspace } from "../workspaces.ts";
import { bundledManifest, type PublishedManifest } from "./manifest.ts";

interface Parts {
  readonly root: string;
  /** Folder that everything is made in. */
  readonly dist: string;
  readonly app: Workspace;
  readonly bundled: readonly Workspace[];
  readonly manifest: PublishedManifest;
}

/** Files of development dependencies that a workspace finds among its assets when it is published. */
export const CARRIED: readonly { readonly from: string; readonly to: string }[] = [
  { from: "hls.js/dist/hls.min.js", to: "@millrace/web/assets/hls.js" },
  { from: "hls.js/LICENSE", to: "@millrace/web/assets/hls.js.LICENSE.txt" },
  { from: "dashjs/dist/modern/esm/dash.mediaplayer.min.js", to: "@millrace/web/assets/dash.js" },
  { from: "dashjs/LICENSE.md", to: "@millrace/web/assets/dash.js.LICENSE.txt" },
  { from: "mpegts.js/dist/mpegts.js", to: "@millrace/web/assets/mpegts.js" },
  { from: "mpegts.js/LICENSE", to: "@millrace/web/assets/mpegts.js.LICENSE.txt" },
  { from: "@millrace/mse-player/src/mse-player.js", to: "@millrace/web/assets/mse-player.js" },
];

const TEST_FOLDERS = /(^|\/)(corpus|fixtures|testing)(\/|$)/;

/** Compiles the workspaces and lays the package out in `dist/millrace`, whose path is returned. */
export function assemble({ root, dist, app, bundled, manifest }: Parts): string {
  const compiled = join(dist, "compiled");
  compile({ root, out: compiled, workspaces: [app, ...bundled] });

  const folder = join(dist, manifest.name);
  const parts = [{ workspace: app, to: folder, manifest }].concat(
    bundled.map((workspace) => ({
      workspace,
      to: join(folder, "node_modules", workspace.manifest.name),
      manifest: bundledManifest(workspace),
    })),
  );
  for (const part of parts) {
    const from = join(root, part.workspace.folder);
    mkdirSync(part.to, { recursive: true });
    writeFileSync(join(part.to, "package.json"), `${JSON.stringify(part.manifest, null, 2)}\n`);
    cpSync(join(compiled, part.workspace.folder, "src"), join(part.to, "dist"), { recursive: true });
    copyData(join(from, "src"), join(part.to, "dist"));
    // Beside `dist/` as they are beside `src/`, so that a relative URL leads to the same file.
    for (const name of ["assets", "bin", "prebuilt"]) copyData(join(from, name), join(part.to, name));
  }
  for (const { from, to } of CARRIED) {
    cpSync(join(root, "node_modules", from), join(folder, "node_modules", to));
  }
  for (const name of ["README.md", "LICENSE", "CHANGELOG.md"]) cpSync(join(root, name), join(folder, name));
  rmSync(compiled, { recursive: true });
  return folder;
}

interface Compilation {
  readonly root: string;
  readonly out: string;
  readonly workspaces: readonly Workspace[];
}

/** All workspaces in one program: `out` repeats the layout of the repository. */
function compile({ root, out, workspaces }: Compilation): void {
  mkdirSync(out, { recursive: true });
  const toRoot = relative(out, root).split(sep).join("/");
  const project = join(out, "tsconfig.json");
  const config = {
    extends: `${toRoot}/tsconfig.json`,
    compilerOptions: {
      noEmit: false,
      declaration: true,
      rootDir: toRoot,
      outDir: ".",
      typeRoots: [`${toRoot}/node_modules/@types`],
    },
    include: workspaces.map(({ folder }) => `${toRoot}/${folder}/src`),
    exclude: ["test", "test-support"].map((it) => `${toRoot}/**/*.${it}.ts`).concat(`${toRoot}/**/testing`),
  };
  writeFileSync(project, JSON.stringify(config));
  execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", project], { stdio: "inherit" });
  for (const path of globSync("**/*.d.ts", { cwd: out })) rewriteDeclaration(join(out, path));
}

/** The compiler rewrites `./x.ts` to `./x.js` in code; in declarations it leaves the name of a file not published. */
function rewriteDeclaration(path: string): void {
  const text = readFileSync(path, "utf8");
  const rewritten = text.replace(/((?:from|import\()\s*["']\.{1,2}\/[^"'\n]*)\.ts(["'])/g, "$1.js$2");
  if (rewritten !== text) writeFileSync(path, rewritten);
}

/** Copies what is not source text, and nothing that only tests read. */
function copyData(from: string, to: string): void {
  if (!existsSync(from)) return;
  for (const path of globSync("**/*", { cwd: from, withFileTypes: true })) {
    const name = relative(from, join(path.parentPath, path.name)).split(sep).join("/");
    if (!path.isFile() || /\.[mc]?ts$/.test(name) || isTest(name) || TEST_FOLDERS.test(name)) continue;
    mkdirSync(dirname(join(to, name)), { recursive: true });
    cpSync(join(from, name), join(to, name));
  }
}
