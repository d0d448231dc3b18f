import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { accessSync, constants } from "node:fs";

/** Where `ip netns` keeps the files of namespaces. */
const FOLDER = "/run/netns";

/** Namespaces that this process made and did not remove yet. */
const made = new Set<string>();
let watching = false;

/** Why no namespaces can be made and joined here; undefined when they can. */
export function whyNoNetworks(): string | undefined {
  if (process.platform !== "linux") return "network namespaces need Linux";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  for (const program of ["ip", "cc"]) {
    if (spawnSync("which", [program]).status !== 0) return `program missing: ${program}`;
  }
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
  } catch {
    return "no /dev/net/tun";
  }
  try {
    removeNamespace(makeNamespace("probe"));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return undefined;
}

/** Makes a network namespace with a name of its own, whose loopback is up. Throws what `ip` says. */
export function makeNamespace(label: string): string {
  const name = `millrace-${process.pid}-${randomBytes(3).toString("hex")}-${label}`;
  removeAtExit();
  made.add(name);
  ip("netns", "add", name);
  try {
    ip("-n", name, "link", "set", "lo", "up");
    // Nothing but what the test sends shall pass: no router solicitations.
    inNamespace(name, "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6");
    return name;
  } catch (error) {
    removeNamespace(name);
    throw error;
  }
}

/** Removes a namespace that `makeNamespace` made. Its devices go with it. */
export function removeNamespace(name: string): void {
  if (made.delete(name)) spawnSync("ip", ["netns", "del", name]);
}

export function namespaceFile(name: string): string {
  return `${FOLDER}/${name}`;
}

/** Program and arguments that run a program in a namespace. */
export function insideOf(
  name: string,
  program: string,
  args: readonly string[],
): readonly [string, readonly string[]] {
  return ["ip", ["netns", "exec", name, program, ...args]];
}

/** Runs `ip`; throws what it complains of. */
export function ip(...args: string[]): void {
  const { status, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr.trim()}`);
}

function inNamespace(name: string, program: string, ...args: string[]): void {
  const [command, words] = insideOf(name, program, args);
  const { status, stderr } = spawnSync(command, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} in ${name}: ${stderr.trim()}`);
}

/** However the process ends, what it made goes; a process killed outright leaves its namespaces. */
function removeAtExit(): void {
  if (watching) return;
  watching = true;
  process.once("exit", () => {
    for (const name of made) removeNamespace(name);
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => process.exit(1));
  }
}
