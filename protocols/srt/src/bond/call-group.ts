import type { Clock } from "@millrace/model";
import type { PeerSettings } from "../config.ts";
import { call, idFrom } from "../port/call.ts";
import { random } from "../port/gate.ts";
import { Bond, GROUP_BACKUP, GROUP_BROADCAST } from "./bond.ts";

export interface GroupCall {
  readonly settings: PeerSettings;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly deliver: (payload: Uint8Array) => void;
  readonly onLost: (packets: number) => void;
  /** The first leg is connected. */
  readonly onUp: (bond: Bond) => void;
  /** A leg could not be connected, or is gone. */
  readonly onLegFailed: (node: string, error: unknown) => void;
}

/** Before a leg that is gone is called again. */
const RETRY_MS = 1000;

/**
 * Calls a peer over several ways and keeps them up until the last one is gone, none comes about, or the signal. Rejects
 * with what the last leg failed with, when there was never one.
 */
export async function callGroup(options: GroupCall): Promise<void> {
  const { settings, clock, signal } = options;
  const { group } = settings;
  if (group === undefined) return;
  const ended = new AbortController();
  const bond: Bond = new Bond({
    id: idFrom(random(4)),
    type: group.type === "backup" ? GROUP_BACKUP : GROUP_BROADCAST,
    nowUs: () => Math.floor(clock.nowNs() / 1000),
    deliver: options.deliver,
    onLost: options.onLost,
    onUp: () => options.onUp(bond),
    onEmpty: () => ended.abort(),
    firstSequence: idFrom(random(4)),
    payloadBytes: settings.options.payloadBytes,
    latencyUs: Math.max(settings.options.peerLatencyMs, settings.options.receiveLatencyMs) * 1000,
  });
  const stop = (): void => ended.abort();
  signal.addEventListener("abort", stop, { once: true });
  try {
    const legs = group.nodes.map((node) =>
      keepLeg(bond, { ...settings, ...node }, { ...options, signal: ended.signal }),
    );
    const outcomes = await Promise.allSettled(legs);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined && !bond.wasUp) throw failed.reason;
  } finally {
    signal.removeEventListener("abort", stop);
    bond.close();
  }
}

/** Calls one peer of a group again and again. Rejects when the first call fails and no other leg is up. */
async function keepLeg(
  bond: Bond,
  settings: PeerSettings & { readonly weight: number },
  options: GroupCall,
): Promise<void> {
  const { clock, signal, onLegFailed } = options;
  const name = `${settings.host}:${settings.port}`;
  while (!signal.aborted) {
    const leg = bond.leg(settings.weight);
    const over = Promise.withResolvers<string>();
    const events = {
      onPacket: (payload: Uint8Array, sequence: number, dueUs: number) =>
        leg.events.onPacket(payload, sequence, dueUs),
      onGap: (from: number, to: number) => leg.events.onGap(from, to),
      onData: (nowUs: number) => leg.events.onData?.(nowUs),
      onClosed: (reason: Parameters<typeof leg.events.onClosed>[0]) => {
        leg.events.onClosed(reason);
        over.resolve(reason);
      },
    };
    try {
      const line = await call({
        settings,
        clock,
        signal,
        events,
        ...leg.parts,
        initialSequence: bond.joinSequence,
      });
      if (line === undefined) return;
      const { connection, port } = line;
      const hangUp = (): void => connection.close(port.nowUs);
      signal.addEventListener("abort", hangUp, { once: true });
      leg.join(connection, port);
      if (signal.aborted) hangUp();
      const reason = await over.promise;
      signal.removeEventListener("abort", hangUp);
      await port.close();
      if (!signal.aborted) onLegFailed(name, new Error(reason));
    } catch (error) {
      onLegFailed(name, error);
      if (bond.size === 0 && !bond.wasUp) throw error;
    }
    await pause(signal);
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, RETRY_MS);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
  });
}
