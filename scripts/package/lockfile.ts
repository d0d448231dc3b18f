/** One package of `package-lock.json`, lockfileVersion 3. */
interface LockedPackage {
  readonly version?: string;
  readonly optional?: boolean;
  readonly dev?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [more: string]: unknown;
}

export interface Lockfile {
  /** By place: `node_modules/x`, `node_modules/x/node_modules/y`. */
  packages: Record<string, LockedPackage>;
}

const SYSTEMS = [
  "android",
  "darwin",
  "freebsd",
  "linux",
  "openharmony",
  "sunos",
  "win32",
  "netbsd",
  "openbsd",
  "aix",
];
const PROCESSORS = [
  "arm64",
  "arm",
  "x64",
  "ia32",
  "ppc64",
  "riscv64",
  "s390x",
  "loong64",
  "mips64el",
  "wasm32",
];

/**
 * Adds the packages for other platforms that are wanted, by an exact version, but not locked. Their platform is read
 * from their names, as is the custom (`@biomejs/cli-linux-arm64-musl`). Returns what was added.
 */
export function addForeignPackages(lockfile: Lockfile): string[] {
  const added: string[] = [];
  for (const [place, wanting] of Object.entries(lockfile.packages)) {
    for (const [name, version] of Object.entries(wanting.optionalDependencies ?? {})) {
      const platform = platformOf(name);
      if (platform === undefined || !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) continue;
      if (isLocked(lockfile, place, name)) continue;
      const dev = wanting.dev === true ? { dev: true } : {};
      lockfile.packages[`node_modules/${name}`] = { version, ...dev, optional: true, ...platform };
      added.push(`${name}@${version}`);
    }
  }
  // In npm's own order, so that its next run changes nothing.
  const entries = Object.entries(lockfile.packages).sort(([a], [b]) => a.localeCompare(b, "en"));
  lockfile.packages = Object.fromEntries(entries);
  return added;
}

/** Whether Node would find the package, seen from `place`, in one of the `node_modules` above it. */
function isLocked({ packages }: Lockfile, place: string, name: string): boolean {
  const folders = place.split("/node_modules/");
  return folders
    .map((_, index) => folders.slice(0, folders.length - index).join("/node_modules/"))
    .concat("")
    .some((folder) => packages[`${folder === "" ? "" : `${folder}/`}node_modules/${name}`] !== undefined);
}

function platformOf(name: string): Pick<LockedPackage, "os" | "cpu" | "libc"> | undefined {
  const words = name.split(/[^a-z0-9]+/);
  const os = SYSTEMS.find((it) => words.includes(it));
  const cpu = PROCESSORS.find((it) => words.includes(it));
  if (os === undefined || cpu === undefined) return undefined;
  const libc = words.some((it) => it.startsWith("musl"))
    ? "musl"
    : words.some((it) => it.startsWith("gnu"))
      ? "glibc"
      : undefined;
  return { cpu: [cpu], ...(libc === undefined || os !== "linux" ? {} : { libc: [libc] }), os: [os] };
}
