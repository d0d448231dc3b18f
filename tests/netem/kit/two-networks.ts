import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import type { TestContext } from "node:test";
import type { Impairments } from "./impairment.ts";
import { insideOf, ip, makeNamespace, namespaceFile, removeNamespace, whyNoNetworks } from "./namespaces.ts";
import { type BothCounters, Wire } from "./wire.ts";

const DEVICE = "wire0";
/** Packets that a device holds until the wire takes them: more than the wire ever leaves there. */
const DEVICE_QUEUE = 10_000;

export interface Network {
  readonly namespace: string;
  /** IPv4 address of its end of the wire. */
  readonly address: string;
}

export interface TwoNetworksOptions extends Impairments {
  /** The same seed makes the same decisions for the same packets. */
  readonly seed?: number;
}

/** Something that ends, and takes along what was started for it. */
export interface Owner {
  after(stop: () => unknown): void;
}

/** Why networks cannot be made here, by which a test is skipped; true when they can. */
export function canMakeNetworks(t: TestContext): boolean {
  const why = whyNoNetworks();
  if (why === undefined) return true;
  t.skip(`no emulated network: ${why}`);
  return false;
}

/**
 * Two network namespaces, joined by nothing but a wire that delays, loses, doubles and reorders. What runs in them sees
 * its own loopback, and the other one's address through the wire.
 */
export class TwoNetworks {
  readonly left: Network;
  readonly right: Network;
  readonly #wire: Wire;

  private constructor(left: Network, right: Network, wire: Wire) {
    this.left = left;
    this.right = right;
    this.#wire = wire;
  }

  /** Makes them; they go with their owner. `forward` is from left to right. */
  static async start(
    owner: Owner,
    { seed = 1, ...impairments }: TwoNetworksOptions = {},
  ): Promise<TwoNetworks> {
    const stops: (() => Promise<void> | void)[] = [];
    owner.after(async () => {
      for (const stop of stops.reverse()) await stop();
    });
    const make = (label: string, address: string): Network => {
      const namespace = makeNamespace(label);
      stops.push(() => removeNamespace(namespace));
      return { namespace, address };
    };
    const [left, right] = [make("left", "10.77.0.1"), make("right", "10.77.0.2")];
    const wire = await Wire.start(endIn(left), endIn(right), seed);
    stops.push(() => wire.stop());
    address(left, right);
    address(right, left);
    await wire.change({ both: {}, ...impairments });
    return new TwoNetworks(left, right, wire);
  }

  /** Replaces what the wire does. */
  change(impairments: Impairments): Promise<void> {
    return this.#wire.change(impairments);
  }

  counters(): Promise<BothCounters> {
    return this.#wire.counters();
  }
}

function endIn({ namespace }: Network): { namespaceFile: string; device: string } {
  return { namespaceFile: namespaceFile(namespace), device: DEVICE };
}

function address(mine: Network, other: Network): void {
  ip("-n", mine.namespace, "address", "add", mine.address, "peer", other.address, "dev", DEVICE);
  ip("-n", mine.namespace, "link", "set", DEVICE, "txqueuelen", String(DEVICE_QUEUE), "up");
}

/** Starts a program in a network. */
export function spawnIn(
  { namespace }: Network,
  program: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const [command, words] = insideOf(namespace, program, args);
  return spawn(command, words, options);
}
