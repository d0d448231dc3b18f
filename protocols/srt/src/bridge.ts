import {
  type LaneReader,
  messageOf,
  type Sink,
  type Source,
  type SourceContext,
  type StreamWriter,
} from "@millrace/engine";
import { filterTs } from "@millrace/mpegts";
import { BondHost } from "./bond/bond-host.ts";
import { callGroup } from "./bond/call-group.ts";
import type { InputSettings, PeerSettings } from "./config.ts";
import { connectionLost } from "./errors.ts";
import { outletTo } from "./outlet.ts";
import { type Meter, Player } from "./player.ts";
import { call } from "./port/call.ts";
import type { Gate, PendingCaller } from "./port/gate.ts";
import { openGate } from "./port/open-gate.ts";
import { plainAddress } from "./port/peer-ip.ts";
import type { CloseReason, Connection, ConnectionEvents } from "./session/connection.ts";
import { REJECTION } from "./wire/rejection.ts";

/** Where an input's media goes, and until when. */
interface Reception {
  readonly into: StreamWriter;
  readonly signal: AbortSignal;
}

type Numbers = Readonly<Record<string, number | string>>;

/** One SRT peer as an input of a stream: we call it, meet it, or wait for it. */
export class SrtSource implements Source {
  readonly lane = "ts";
  readonly #settings: InputSettings;
  readonly #context: SourceContext;
  #show: () => Numbers = () => ({});
  /** Who publishes to an input that listens: one connection, or the peer's group of this ID. */
  #publisher: "single" | number | undefined;

  constructor(settings: InputSettings, context: SourceContext) {
    this.#settings = settings;
    this.#context = context;
  }

  describe(): Numbers {
    return this.#show();
  }

  run(into: StreamWriter, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    if (this.#settings.mode === "listener") return this.#listen(into, signal);
    return this.#settings.group === undefined ? this.#call(into, signal) : this.#callGroup(into, signal);
  }

  async #callGroup(into: StreamWriter, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#context;
    const reception = this.#reception(into);
    await callGroup({
      settings: this.#settings,
      clock,
      signal,
      deliver: (payload) => reception.onPacket(payload, 0, 0),
      onLost: (packets) => into.count("lost", packets),
      onUp: (bond) => {
        this.#show = () => bond.describe();
      },
      onLegFailed: (node, error) => log.info("srt leg failed", { node, reason: messageOf(error) }),
    });
    this.#show = () => ({});
    if (!signal.aborted) throw connectionLost("all legs are gone");
  }

  async #call(into: StreamWriter, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#context;
    const ended = Promise.withResolvers<CloseReason>();
    const line = await call({
      settings: this.#settings,
      clock,
      signal,
      events: { ...this.#reception(into), onClosed: ended.resolve },
    });
    if (line === undefined) return;
    const { connection, port } = line;
    log.info("srt connected", { peer: peerOf(this.#settings) });
    this.#show = () => connection.describe(port.nowUs);
    const hangUp = (): void => connection.close(port.nowUs);
    signal.addEventListener("abort", hangUp, { once: true });
    if (signal.aborted) hangUp();
    const reason = await ended.promise;
    signal.removeEventListener("abort", hangUp);
    await port.close();
    this.#show = () => ({});
    if (!signal.aborted && reason !== "shutdown") throw connectionLost(reason);
  }

  /** Waits for publishers, one at a time, until the input is stopped. */
  async #listen(into: StreamWriter, signal: AbortSignal): Promise<void> {
    const bonds = new BondHost();
    const gate = await openGate(this.#settings, this.#context.clock, (caller, at) => {
      const refusal = this.#judge(caller);
      if (refusal !== undefined) {
        into.count("refused");
        at.refuse(caller, refusal);
      } else if (caller.request.group === undefined) this.#admit(at, caller, { into, signal });
      else void this.#admitLeg(bonds, at, caller, { into, signal });
    });
    await aborted(signal);
    await gate.port.close();
  }

  #admit(at: Gate, caller: PendingCaller, { into, signal }: Reception): void {
    const { log } = this.#context;
    const { address } = caller.request;
    const connection = at.admit(caller, {
      options: this.#settings.options,
      events: {
        ...this.#reception(into),
        onClosed: (reason) => {
          this.#publisher = undefined;
          this.#show = () => ({});
          log.info("srt publisher gone", { ip: plainAddress(address), reason });
          if (!signal.aborted) into.discontinuity();
        },
      },
    });
    if (connection === undefined) {
      into.count("refused");
      return;
    }
    this.#publisher = "single";
    log.info("srt publisher connected", { ip: plainAddress(address) });
    this.#show = () => connection.describe(at.port.nowUs);
  }

  async #admitLeg(
    bonds: BondHost,
    at: Gate,
    caller: PendingCaller,
    { into, signal }: Reception,
  ): Promise<void> {
    const { log } = this.#context;
    const { address, group } = caller.request;
    const reception = this.#reception(into);
    const bond = await bonds.admit(at, caller, {
      key: "publish",
      options: this.#settings.options,
      purpose: () =>
        Promise.resolve({
          deliver: (payload) => reception.onPacket(payload, 0, 0),
          onLost: (packets) => into.count("lost", packets),
          onUp: (made) => {
            this.#publisher = group?.id;
            this.#show = () => made.describe();
          },
          onEnd: () => {
            this.#publisher = undefined;
            this.#show = () => ({});
            log.info("srt publisher gone", { reason: "all legs are gone" });
            if (!signal.aborted) into.discontinuity();
          },
        }),
    });
    if (bond === undefined) into.count("refused");
    else log.info("srt leg connected", { ip: plainAddress(address), legs: bond.size });
  }

  /** One publisher at a time; further legs of its group are no others. */
  #judge(caller: PendingCaller): number | undefined {
    const { group, streamId } = caller.request;
    if (this.#publisher !== undefined && this.#publisher !== group?.id) return REJECTION.CONFLICT;
    const wanted = this.#settings.options.streamId;
    return wanted !== "" && streamId !== wanted ? REJECTION.NOTFOUND : undefined;
  }

  #reception(into: StreamWriter): Pick<ConnectionEvents, "onPacket" | "onGap"> {
    const target = filterTs(into, this.#settings.filter);
    return {
      onPacket: (payload) => target.ts(payload),
      onGap: (from, to) => into.count("lost", ((to - from) & 0x7fff_ffff) + 1),
    };
  }
}

/** Sends a stream to one SRT peer that we call or meet, or to all who call. */
export class SrtSink implements Sink {
  readonly accepts = ["ts"] as const;
  readonly #settings: PeerSettings;
  readonly #context: SourceContext;
  #show: () => Numbers = () => ({});

  constructor(settings: PeerSettings, context: SourceContext) {
    this.#settings = settings;
    this.#context = context;
  }

  describe(): Numbers {
    return this.#show();
  }

  run(from: LaneReader, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    if (this.#settings.mode === "listener") return this.#listen(from, signal);
    return this.#settings.group === undefined ? this.#call(from, signal) : this.#callGroup(from, signal);
  }

  async #callGroup(from: LaneReader, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#context;
    const ended = new AbortController();
    const stop = (): void => ended.abort();
    signal.addEventListener("abort", stop, { once: true });
    let player: Player | undefined;
    try {
      await callGroup({
        settings: this.#settings,
        clock,
        signal: ended.signal,
        deliver: () => undefined,
        onLost: () => undefined,
        onUp: (bond) => {
          const made = new Player({ reader: from, outlet: bond, start: this.#settings.start });
          player = made;
          made.onEnd = stop;
          this.#show = () => ({ ...bond.describe(), overflow: made.overflow, skips: from.skips });
          if (from.ended) stop();
        },
        onLegFailed: (node, error) => log.info("srt leg failed", { node, reason: messageOf(error) }),
      });
    } finally {
      signal.removeEventListener("abort", stop);
      player?.stop();
    }
    if (!ended.signal.aborted) throw connectionLost("all legs are gone");
  }

  async #call(from: LaneReader, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#context;
    const ended = Promise.withResolvers<CloseReason>();
    const line = await call({
      settings: this.#settings,
      clock,
      signal,
      events: { ...DEAF, onClosed: ended.resolve },
    });
    if (line === undefined) return;
    const { connection, port } = line;
    log.info("srt connected", { peer: peerOf(this.#settings) });
    const player = new Player({
      reader: from,
      outlet: outletTo(connection, port),
      start: this.#settings.start,
    });
    const hangUp = (): void => connection.close(port.nowUs);
    player.onEnd = hangUp;
    this.#show = () => ({ ...connection.describe(port.nowUs), overflow: player.overflow, skips: from.skips });
    signal.addEventListener("abort", hangUp, { once: true });
    if (signal.aborted || from.ended) hangUp();
    const reason = await ended.promise;
    signal.removeEventListener("abort", hangUp);
    player.stop();
    await port.close();
    if (!signal.aborted && reason !== "closed") throw connectionLost(reason);
  }

  async #listen(from: LaneReader, signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    const { options, start } = this.#settings;
    const gate = await openGate(this.#settings, clock, (caller, at) => {
      if (options.streamId !== "" && caller.request.streamId !== options.streamId) {
        at.refuse(caller, REJECTION.NOTFOUND);
        return;
      }
      if (caller.request.group !== undefined) {
        at.refuse(caller, REJECTION.GROUP);
        return;
      }
      admitPlayer(at, caller, { options, start, reader: from.view.read("key") });
    });
    this.#show = () => ({ receivers: gate.connections, refused: gate.refused, violations: gate.violations });
    await Promise.race([aborted(signal), laneEnd(from)]);
    from.onReadable = undefined;
    await gate.port.close();
  }
}

/** A connection that brings no media: what its peer sends is dropped. */
export const DEAF = { onPacket: () => undefined, onGap: () => undefined };

interface PlayerParts {
  readonly options: PeerSettings["options"];
  readonly start: "live" | "key";
  readonly reader: LaneReader;
  readonly meter?: Meter;
  /** Called once the connection is over, or was not made. */
  readonly onGone?: () => void;
}

/** Lets a receiver in, and sends it what the reader reads. Undefined: it did not fit. */
export function admitPlayer(gate: Gate, caller: PendingCaller, parts: PlayerParts): Connection | undefined {
  const { options, reader, meter, onGone } = parts;
  let player: Player | undefined;
  const connection = gate.admit(caller, {
    options,
    events: {
      ...DEAF,
      onClosed: () => {
        player?.stop();
        reader.close();
        onGone?.();
      },
    },
  });
  if (connection === undefined) {
    reader.close();
    onGone?.();
    return undefined;
  }
  const { port } = gate;
  player = new Player({
    reader,
    outlet: outletTo(connection, port),
    start: parts.start,
    ...(meter === undefined ? {} : { meter }),
  });
  player.onEnd = () => connection.close(port.nowUs);
  if (reader.ended) connection.close(port.nowUs);
  return connection;
}

/** Reads a lane away until it ends. */
function laneEnd(lane: LaneReader): Promise<void> {
  return new Promise((resolve) => {
    lane.onReadable = () => {
      while (lane.next());
      if (lane.ended) resolve();
    };
    lane.onReadable();
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** The peer for the log: the whole URL holds secrets. */
function peerOf({ host, port }: PeerSettings): string {
  return `${host}:${port}`;
}
