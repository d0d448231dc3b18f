import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { addonPath, compileAddon } from "../native/udp/scripts/compiler.ts";
import { assemble } from "./package/assemble.ts";
import { bundledWorkspaces, publishedManifest } from "./package/manifest.ts";
import { verifyPackage } from "./package/verify.ts";
import { readManifest, readWorkspaces, workspaceRoot } from "./workspaces.ts";

/** Machines that the package carries native addons for. */
const ADDON_MACHINES = ["x64", "arm64"];

/** Compiles what `native/` holds; a machine that there is no compiler for goes without. */
function compileAddons(): void {
  for (const arch of ADDON_MACHINES) {
    const outcome = compileAddon({ arch, force: true });
    if (outcome.state !== "failed") continue;
    rmSync(addonPath(arch), { force: true });
    console.warn(`no native UDP for linux-${arch} in the package: ${outcome.reason}`);
  }
}

/** `npm run build`: `dist/millrace/`, the package as it is published, and its tarball beside it. */
function build(): void {
  const root = workspaceRoot();
  const dist = join(root, "dist");
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);

  const app = { folder: "apps/server", manifest: readManifest(join(root, "apps/server")) };
  const bundled = bundledWorkspaces(app, readWorkspaces(root));
  const manifest = publishedManifest(app, bundled);
  compileAddons();
  const folder = assemble({ root, dist, app, bundled, manifest });
  verifyPackage(folder, manifest);
  const tarball = execFileSync("npm", ["pack", "--silent", "--pack-destination", dist], {
    cwd: folder,
    encoding: "utf8",
  }).trim();
  console.log(
    `dist/millrace/ and dist/${tarball}: ${bundled.length + 1} workspaces, version ${manifest.version}`,
  );
}

try {
  build();
} catch (error) {
  console.error(`build failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
