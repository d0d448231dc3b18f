import type { LaneReader, Sink, Source, SourceContext, StreamWriter } from "@millrace/engine";
import { filterTs } from "@millrace/mpegts";
import type { InputSettings, PeerSettings } from "./config.ts";
import { connectionLost } from "./errors.ts";
import { type Meter, Player } from "./player.ts";
import { call } from "./port/call.ts";
import type { Gate, PendingCaller } from "./port/gate.ts";
import { openGate } from "./port/open-gate.ts";
import { plainAddress } from "./port/peer-ip.ts";
import type { CloseReason, Connection, ConnectionEvents } from "./session/connection.ts";
import { REJECTION } from "./wire/rejection.ts";

type Numbers = Readonly<Record<string, number | string>>;

/** One SRT peer as an input of a stream: we call it, meet it, or wait for it. */
export class SrtSource implements Source {
  readonly lane = "ts";
  readonly #settings: InputSettings;
  readonly #context: SourceContext;
  #show: () => Numbers = () => ({});

  constructor(settings: InputSettings, context: SourceContext) {
    this.#settings = settings;
    this.#context = context;
  }

  describe(): Numbers {
    return this.#show();
  }

  run(into: StreamWriter, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return this.#settings.mode === "listener" ? this.#listen(into, signal) : this.#call(into, signal);
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
    log.info("srt connected", { url: withoutSecrets(this.#settings.url), peer: connection.agreement.peerId });
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
    const { clock, log } = this.#context;
    let publisher: Connection | undefined;
    const gate = await openGate(this.#settings, clock, (caller, at) => {
      const refusal = this.#judge(caller, publisher);
      if (refusal !== undefined) {
        into.count("refused");
        return at.refuse(caller, refusal);
      }
      const connection = at.admit(caller, this.#settings.options, {
        ...this.#reception(into),
        onClosed: (reason) => {
          if (publisher === connection) publisher = undefined;
          this.#show = () => ({});
          log.info("srt publisher gone", { ip: plainAddress(caller.request.address), reason });
          if (!signal.aborted) into.discontinuity();
        },
      });
      if (connection === undefined) return into.count("refused");
      publisher = connection;
      log.info("srt publisher connected", { ip: plainAddress(caller.request.address) });
      this.#show = () => connection.describe(at.port.nowUs);
    });
    await aborted(signal);
    await gate.port.close();
  }

  #judge(caller: PendingCaller, publisher: Connection | undefined): number | undefined {
    if (publisher !== undefined) return REJECTION.CONFLICT;
    const wanted = this.#settings.options.streamId;
    return wanted !== "" && caller.request.streamId !== wanted ? REJECTION.NOTFOUND : undefined;
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
    return this.#settings.mode === "listener" ? this.#listen(from, signal) : this.#call(from, signal);
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
    log.info("srt connected", { url: withoutSecrets(this.#settings.url), peer: connection.agreement.peerId });
    const player = new Player({ reader: from, connection, port, start: this.#settings.start });
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
        return at.refuse(caller, REJECTION.NOTFOUND);
      }
      admitPlayer(at, caller, { options, start, reader: from.view.read("key") });
    });
    this.#show = () => ({ receivers: gate.connections, refused: gate.refused, violations: gate.violations });
    from.onReadable = () => {
      while (from.next());
    };
    await aborted(signal);
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
  const connection = gate.admit(caller, options, {
    ...DEAF,
    onClosed: () => {
      player?.stop();
      reader.close();
      onGone?.();
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
    connection,
    port,
    start: parts.start,
    ...(meter === undefined ? {} : { meter }),
  });
  player.onEnd = () => connection.close(port.nowUs);
  if (reader.ended) connection.close(port.nowUs);
  return connection;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** A URL for the log. */
function withoutSecrets(url: string): string {
  return url.replace(/([?&]passphrase=)[^&]*/i, "$1***");
}
