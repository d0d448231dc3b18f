import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

/** A socket in C. */
export type Handle = object;

/** Byte offsets and counts of the memory that both sides use; see `c/udp.h`. */
export interface Layout {
  readonly abi: number;
  readonly receiveBytes: number;
  readonly receiveMessages: number;
  readonly receivePackets: number;
  readonly agesAt: number;
  readonly offsetsAt: number;
  readonly lengthsAt: number;
  readonly sendersAt: number;
  readonly addressesAt: number;
  readonly addressWords: number;
  readonly sendPackets: number;
  readonly sendSlabs: number;
  readonly descriptorsAt: number;
  readonly descriptorWords: number;
  readonly arenaAt: number;
}

export const EVENT_PACKETS = 0;
export const EVENT_WRITABLE = 1;
export const EVENT_ERROR = 2;
export const EVENT_CLOSED = 3;

/** The functions of the addon. A number that is returned is 0 or an errno, unless said otherwise. */
export interface Addon {
  readonly layout: Layout;
  setUp(receiveMemory: ArrayBuffer): void;
  open(
    family: 4 | 6,
    onEvent: (event: number, value: number) => void,
    sendMemory: ArrayBuffer,
  ): Handle | number;
  bind(socket: Handle, words: Int32Array): number;
  connect(socket: Handle, words: Int32Array): number;
  start(socket: Handle, coalesce: boolean, segment: boolean): number;
  close(socket: Handle): void;
  keepAlive(socket: Handle, on: boolean): void;
  setOption(socket: Handle, level: number, name: number, value: Uint8Array): number;
  getOption(socket: Handle, level: number, name: number, value: Uint8Array): number;
  localAddress(socket: Handle, words: Int32Array): number;
  counters(socket: Handle, into: Float64Array): void;
  sendMemory(socket: Handle, memory: ArrayBuffer): void;
  /** How many of the first `count` descriptors are done with. */
  flush(socket: Handle, count: number, slabs: readonly (Uint8Array | undefined)[], slabCount: number): number;
  receive(socket: Handle): boolean;
  interfaceIndex(name: string): number;
  interfaceName(index: number): string;
}

/** The form of memory and calls that this code knows. */
const ABI = 1;

/**
 * Where `scripts/compile.ts` puts it; the same from `src/` and `dist/`. MILLRACE_UDP_ADDON names another file, which is how
 * the sanitizers' build is tested.
 */
export const ADDON_URL: URL =
  process.env["MILLRACE_UDP_ADDON"] === undefined
    ? new URL(`../../prebuilt/${process.platform}-${process.arch}/udp.node`, import.meta.url)
    : pathToFileURL(process.env["MILLRACE_UDP_ADDON"]);

let loaded: Addon | string | undefined;

/** The addon, or why there is none. Tried once in each thread. */
export function loadAddon(): Addon | string {
  loaded ??= load(ADDON_URL);
  return loaded;
}

/** Loads an addon from a file; a string says why that does not go. */
export function load(from: URL): Addon | string {
  try {
    const addon = createRequire(import.meta.url)(fileURLToPath(from)) as Addon;
    if (addon.layout?.abi === ABI) return addon;
    return `it was compiled for another version (${addon.layout?.abi}, not ${ABI})`;
  } catch (error) {
    const [reason = ""] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
    return reason;
  }
}
