import { idFrom } from "../port/call.ts";
import type { Gate, PendingCaller } from "../port/gate.ts";
import { random } from "../port/gate.ts";
import type { SrtOptions } from "../session/options.ts";
import { REJECTION } from "../wire/rejection.ts";
import { Bond, type BondOptions, isBondable } from "./bond.ts";

/** What a group is for, and what becomes of it. */
export interface BondPurpose {
  readonly deliver: BondOptions["deliver"];
  readonly onLost?: BondOptions["onLost"];
  /** The first leg is connected. */
  readonly onUp?: (bond: Bond) => void;
  /** The last leg is gone, or no leg came about. */
  readonly onEnd: () => void;
}

/** The groups that peers called us with. */
export class BondHost {
  readonly #bonds = new Map<string, Promise<Bond>>();

  /**
   * Lets a member of a group in: into the group with this key, or into a new one made for what `purpose` says. Rejects as
   * `purpose` does; the caller is then still to be refused.
   */
  async admit(
    gate: Gate,
    caller: PendingCaller,
    parts: {
      readonly key: string;
      readonly options: SrtOptions;
      readonly purpose: () => Promise<BondPurpose>;
    },
  ): Promise<Bond | undefined> {
    const { group } = caller.request;
    if (group === undefined || !isBondable(group)) {
      gate.refuse(caller, REJECTION.GROUP);
      return undefined;
    }
    const key = `${parts.key}/${group.id}`;
    let made = this.#bonds.get(key);
    if (made === undefined) {
      made = this.#make(gate, caller, { ...parts, key });
      this.#bonds.set(key, made);
      made.catch(() => this.#bonds.delete(key));
    }
    const bond = await made;
    const leg = bond.leg(group.weight);
    if (bond.type !== group.type) {
      gate.refuse(caller, REJECTION.GROUP);
      return undefined;
    }
    const connection = gate.admit(caller, { options: parts.options, events: leg.events, ...leg.parts });
    const joined = connection !== undefined && leg.join(connection, gate.port);
    if (bond.size === 0) bond.abandon();
    return joined ? bond : undefined;
  }

  async #make(
    gate: Gate,
    caller: PendingCaller,
    parts: {
      readonly key: string;
      readonly options: SrtOptions;
      readonly purpose: () => Promise<BondPurpose>;
    },
  ): Promise<Bond> {
    const { options } = parts;
    const purpose = await parts.purpose();
    const bond: Bond = new Bond({
      id: idFrom(random(4)),
      type: caller.request.group?.type === 2 ? 2 : 1,
      nowUs: () => gate.port.nowUs,
      deliver: purpose.deliver,
      onLost: (packets) => purpose.onLost?.(packets),
      onUp: () => purpose.onUp?.(bond),
      onEmpty: () => {
        this.#bonds.delete(parts.key);
        bond.close();
        purpose.onEnd();
      },
      payloadBytes: options.payloadBytes,
      latencyUs: Math.max(options.peerLatencyMs, options.receiveLatencyMs) * 1000,
    });
    return bond;
  }
}
