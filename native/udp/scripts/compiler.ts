import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/** Compilers by the machine that they compile for. */
const COMPILERS: Readonly<Record<string, string>> = {
  x64: "x86_64-linux-gnu-gcc",
  arm64: "aarch64-linux-gnu-gcc",
};

const FLAGS = [
  "-std=gnu17",
  "-fPIC",
  "-shared",
  "-fvisibility=hidden",
  "-Wall",
  "-Wextra",
  "-Wconversion",
  "-Wshadow",
];
const FAST = ["-O2", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-Wl,-z,relro,-z,now", "-s"];
const SANITIZED = [
  "-O1",
  "-g",
  "-fno-omit-frame-pointer",
  "-fsanitize=address,undefined",
  "-fno-sanitize-recover=undefined",
];

export interface CompileOptions {
  /** `x64`, `arm64`; this machine's by default. */
  readonly arch?: string;
  /** The file to make; by default where `openUdp` looks for it. */
  readonly to?: string;
  /** Even when the file is newer than its source. */
  readonly force?: boolean;
  /** With AddressSanitizer and UndefinedBehaviorSanitizer. */
  readonly sanitize?: boolean;
}

export type CompileOutcome =
  | { readonly state: "made" | "current"; readonly path: string }
  | { readonly state: "failed"; readonly reason: string };

/** Where the addon for a machine lies. */
export function addonPath(arch: string = process.arch): string {
  return join(ROOT, "prebuilt", `linux-${arch}`, "udp.node");
}

/** Compiles the addon with the system's own C compiler. Several processes may do so at the same time. */
export function compileAddon(options: CompileOptions = {}): CompileOutcome {
  const arch = options.arch ?? process.arch;
  const path = options.to ?? addonPath(arch);
  if (process.platform !== "linux") return failed(`it is for Linux, this is ${process.platform}`);
  const sources = globSync("c/*.{c,h}", { cwd: ROOT }).map((name) => join(ROOT, name));
  if (options.force !== true && isNewer(path, [...sources, import.meta.filename]))
    return { state: "current", path };
  const headers = findHeaders(arch);
  if (headers === undefined) return failed("the headers of Node are not installed (npm install)");
  const compiler = findCompiler(arch);
  if (compiler === undefined)
    return failed(
      `no C compiler for ${arch}: install gcc (Debian: gcc; for arm64 elsewhere gcc-aarch64-linux-gnu and libc6-dev-arm64-cross)`,
    );
  mkdirSync(dirname(path), { recursive: true });
  const made = `${path}.${process.pid}`;
  const words = [
    ...FLAGS,
    ...(options.sanitize === true ? SANITIZED : FAST),
    ...headers.map((folder) => `-I${folder}`),
    "-o",
    made,
    ...sources.filter((name) => name.endsWith(".c")).sort(),
  ];
  const { status, stderr } = spawnSync(compiler, words, { encoding: "utf8" });
  if (status !== 0) {
    rmSync(made, { force: true });
    return failed(`${compiler}: ${stderr.trim()}`);
  }
  if (stderr !== "") process.stderr.write(stderr);
  renameSync(made, path);
  return { state: "made", path };
}

function failed(reason: string): CompileOutcome {
  return { state: "failed", reason };
}

function isNewer(path: string, sources: readonly string[]): boolean {
  if (!existsSync(path)) return false;
  const made = statSync(path).mtimeMs;
  return sources.every((source) => statSync(source).mtimeMs <= made);
}

/** Node-API's from its package, libuv's (the same for every machine) from that of Node. */
function findHeaders(arch: string): string[] | undefined {
  const require = createRequire(import.meta.url);
  const folders = [
    () => join(dirname(require.resolve("node-api-headers/package.json")), "include"),
    ...[arch, "x64", "arm64"].map(
      (it) => () => join(dirname(require.resolve(`node-linux-${it}/package.json`)), "include/node"),
    ),
    () => join(dirname(process.execPath), "../include/node"),
  ].flatMap((find) => {
    try {
      return [find()];
    } catch {
      return [];
    }
  });
  const napi = folders.find((it) => existsSync(join(it, "node_api.h")));
  const uv = folders.find((it) => existsSync(join(it, "uv.h")));
  return napi === undefined || uv === undefined ? undefined : [napi, uv];
}

function findCompiler(arch: string): string | undefined {
  const names = arch === process.arch ? [process.env["CC"] ?? "cc", "gcc", "clang"] : [COMPILERS[arch] ?? ""];
  return names.find((name) => name !== "" && spawnSync(name, ["--version"]).status === 0);
}
