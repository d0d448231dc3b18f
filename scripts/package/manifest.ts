import type { Manifest, Workspace } from "../workspaces.ts";

type Versions = Record<string, string>;

/** A `package.json` as it is written for npm. */
export interface PublishedManifest {
  readonly name: string;
  readonly version: string;
  readonly type: "module";
  readonly dependencies: Versions;
  readonly optionalDependencies: Versions;
  readonly [more: string]: unknown;
}

/** The workspaces that `app` needs at run time, directly or through another, in the order of their folders. */
export function bundledWorkspaces(app: Workspace, workspaces: readonly Workspace[]): Workspace[] {
  const byName = new Map(workspaces.map((it) => [it.manifest.name, it]));
  const found = new Set<Workspace>();
  const visit = ({ manifest }: Workspace): void => {
    for (const [name, version] of Object.entries({
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
    })) {
      const workspace = byName.get(name);
      if (workspace === undefined) continue;
      if (workspace.manifest.version !== version) {
        // npm would look for the other version in the registry, where anybody may have put one.
        throw new Error(
          `${manifest.name} wants ${name}@${version}, the workspace is ${workspace.manifest.version}`,
        );
      }
      if (found.has(workspace)) continue;
      found.add(workspace);
      visit(workspace);
    }
  };
  visit(app);
  return [...found].sort((a, b) => (a.folder < b.folder ? -1 : 1));
}

/**
 * The manifest of the published package. It carries the workspaces inside itself (`bundleDependencies`) and asks npm
 * for everything that any of them takes from the registry.
 */
export function publishedManifest(app: Workspace, bundled: readonly Workspace[]): PublishedManifest {
  const names = new Set(bundled.map((it) => it.manifest.name));
  const all = [app, ...bundled];
  const dependencies = merge(all, "dependencies", names);
  return {
    ...heading(app.manifest),
    description: app.manifest.description,
    keywords: ["streaming", "media server", "mpeg-ts", "hls", "iptv", "broadcast"],
    bin: app.manifest.bin,
    engines: { node: ">=18" },
    exports: compiledExports(app.manifest),
    bundleDependencies: [...names].sort(),
    dependencies: { ...dependencies, ...versionsOf(bundled) },
    optionalDependencies: merge(
      all,
      "optionalDependencies",
      new Set([...names, ...Object.keys(dependencies)]),
    ),
  };
}

/** The manifest of a workspace inside the published package. */
export function bundledManifest({ manifest }: Workspace): PublishedManifest {
  return {
    ...heading(manifest),
    exports: compiledExports(manifest),
    dependencies: { ...manifest.dependencies },
    optionalDependencies: { ...manifest.optionalDependencies },
  };
}

function heading({ name, version, license }: Manifest): {
  name: string;
  version: string;
  license: string;
  type: "module";
} {
  return { name, version, license: license ?? "Apache-2.0", type: "module" };
}

/** `./src/x.ts` becomes the declarations and the code compiled from it; any other target stays. */
export function compiledExports(manifest: Manifest): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(manifest.exports ?? {}).map(([subpath, target]) => {
      const source = /^\.\/src\/(.*)\.ts$/.exec(target);
      if (source === null) return [subpath, target];
      return [subpath, { types: `./dist/${source[1]}.d.ts`, default: `./dist/${source[1]}.js` }];
    }),
  );
}

function merge(
  workspaces: readonly Workspace[],
  list: "dependencies" | "optionalDependencies",
  without: ReadonlySet<string>,
): Versions {
  const merged: Versions = {};
  for (const { manifest } of workspaces) {
    for (const [name, version] of Object.entries(manifest[list] ?? {})) {
      if (without.has(name)) continue;
      if (merged[name] !== undefined && merged[name] !== version) {
        throw new Error(`${manifest.name} wants ${name}@${version}, another workspace ${merged[name]}`);
      }
      merged[name] = version;
    }
  }
  return Object.fromEntries(Object.entries(merged).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function versionsOf(workspaces: readonly Workspace[]): Versions {
  return Object.fromEntries(workspaces.map(({ manifest }) => [manifest.name, manifest.version]));
}
