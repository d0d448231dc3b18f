import type { Listener, Runtime } from "@millrace/engine";
import { reasonOf } from "@millrace/engine";
import type { AccessRequest, EndpointConfig, RefusalReason, ServerConfig } from "@millrace/model";
import { BondHost, type BondPurpose } from "./bond/bond-host.ts";
import { LegRelay } from "./bond/relay.ts";
import { admitPlayer } from "./bridge.ts";
import { readOptions, readTrafficClass } from "./config.ts";
import { Player } from "./player.ts";
import { idFrom, SOCKET_BUFFER_BYTES } from "./port/call.ts";
import { Gate, type PendingCaller, random } from "./port/gate.ts";
import { plainAddress } from "./port/peer-ip.ts";
import { SrtPort } from "./port/port.ts";
import { openSocket } from "./port/socket.ts";
import type { SrtOptions } from "./session/options.ts";
import { parseStreamId, StreamIdProblem } from "./stream-id.ts";
import { describeRejection, REJECTION } from "./wire/rejection.ts";

/** What a port is for. */
interface Door {
  readonly host: string | undefined;
  readonly port: number;
  /** All streams when undefined. */
  readonly stream: string | undefined;
  /** What its callers want; with `stream` undefined, those that do not say. */
  readonly kind: "play" | "publish";
  readonly start: "live" | "key";
  readonly ttl: number;
  readonly trafficClass: number | undefined;
  readonly options: SrtOptions;
}

interface OpenDoor {
  door: Door;
  readonly gate: Gate;
  relay?: LegRelay;
}

const REJECTION_OF: Readonly<Record<RefusalReason, number>> = {
  "bad-request": REJECTION.ROGUE,
  unauthorized: REJECTION.UNAUTHORIZED,
  forbidden: REJECTION.FORBIDDEN,
  "not-found": REJECTION.NOTFOUND,
  busy: REJECTION.CONFLICT,
  unavailable: REJECTION.DOWN,
};

/** The ports that publishers and players call, in one worker. */
export class SrtListener implements Listener {
  readonly #runtime: Runtime;
  readonly #open = new Map<string, OpenDoor>();
  readonly #bonds = new BondHost();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  async apply(server: ServerConfig): Promise<readonly string[]> {
    const problems: string[] = [];
    const wanted = new Map<string, Door>();
    for (const door of doorsOf(server, problems)) {
      const key = `${door.host ?? "*"}:${door.port}`;
      const other = wanted.get(key);
      if (other === undefined) wanted.set(key, door);
      else problems.push(`SRT port ${key} is wanted twice: ${describeDoor(other)} and ${describeDoor(door)}`);
    }
    for (const [key, open] of this.#open) {
      const door = wanted.get(key);
      // The same port for another stream is another port: whoever is on it does not belong there.
      if (door !== undefined && door.stream === open.door.stream && door.kind === open.door.kind) {
        open.door = door;
        wanted.delete(key);
      } else {
        this.#open.delete(key);
        await shut(open);
      }
    }
    for (const [key, door] of wanted) {
      try {
        this.#open.set(key, await this.#openDoor(door));
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error));
      }
    }
    return problems;
  }

  async close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(open.map(shut));
  }

  async #openDoor(door: Door): Promise<OpenDoor> {
    const { clock, log, server, workerIndex } = this.#runtime;
    const socket = await openSocket({
      host: door.host,
      port: door.port,
      reusePort: true,
      ttl: door.ttl,
      trafficClass: door.trafficClass,
      bufferBytes: SOCKET_BUFFER_BYTES,
      clock,
      log,
    });
    const port = new SrtPort(socket, clock, idFrom(random(4)));
    const open: OpenDoor = {
      door,
      gate: new Gate(port, {
        options: door.options,
        onCaller: (caller) => {
          this.#receive(open, caller).catch((error: unknown) => {
            log.error("srt caller failed", { reason: String(error) });
            open.gate.refuse(caller, REJECTION.IPE);
          });
        },
      }),
    };
    open.relay = new LegRelay({
      name: `millrace-srt/${door.host ?? "*"}:${door.port}`,
      workers: Math.max(1, server.workers),
      workerIndex,
      gate: open.gate,
    });
    return open;
  }

  async #receive(open: OpenDoor, caller: PendingCaller): Promise<void> {
    const { log } = this.#runtime;
    const { gate, door } = open;
    if (open.relay?.handOver(caller) === true) return;
    const ip = plainAddress(caller.request.address);
    const asked = accessOf(door, caller, ip);
    if (typeof asked === "number") {
      log.info("srt caller refused", { ip, reason: describeRejection(asked) });
      return gate.refuse(caller, asked);
    }
    const verdict = await this.#runtime.authorize(asked);
    if (!verdict.ok) {
      log.info("srt caller refused", { ip, stream: asked.stream, reason: verdict.text ?? verdict.reason });
      return gate.refuse(caller, REJECTION_OF[verdict.reason]);
    }
    const access = verdict.stream === undefined ? asked : { ...asked, stream: verdict.stream };
    try {
      if (caller.request.group !== undefined) await this.#bond(open, caller, access);
      else if (access.kind === "publish") await this.#publish(open, caller, access);
      else await this.#play(open, caller, access);
    } catch (error) {
      log.info("srt caller refused", { ip, stream: access.stream, reason: String(error) });
      gate.refuse(caller, REJECTION_OF[reasonOf(error)]);
    }
  }

  async #publish(open: OpenDoor, caller: PendingCaller, access: AccessRequest): Promise<void> {
    const { log } = this.#runtime;
    const { gate, door } = open;
    const publication = await this.#runtime.publish(access);
    const { writer, signal } = publication;
    const connection = gate.admit(caller, {
      options: door.options,
      events: {
        onPacket: (payload) => writer.ts(payload),
        onGap: () => undefined,
        onClosed: (reason) => {
          publication.end();
          log.info("srt publisher gone", { stream: access.stream, ip: access.ip, reason });
        },
      },
    });
    if (connection === undefined) return publication.end();
    log.info("srt publisher connected", { stream: access.stream, ip: access.ip });
    publication.describe = () => connection.describe(gate.port.nowUs);
    const hangUp = (): void => connection.close(gate.port.nowUs);
    signal.addEventListener("abort", hangUp, { once: true });
    if (signal.aborted) hangUp();
  }

  /** A member of a bonding group: its other legs, if there are any, came to this worker, too. */
  async #bond(open: OpenDoor, caller: PendingCaller, access: AccessRequest): Promise<void> {
    const { gate, door } = open;
    const { stream, ip } = access;
    const bond = await this.#bonds.admit(gate, caller, {
      key: `${access.kind}/${stream}`,
      options: door.options,
      purpose: () =>
        access.kind === "publish" ? this.#bondedPublisher(access) : this.#bondedPlayer(access, door),
    });
    if (bond !== undefined) this.#runtime.log.info("srt leg connected", { stream, ip, legs: bond.size });
  }

  async #bondedPublisher(access: AccessRequest): Promise<BondPurpose> {
    const { stream, ip } = access;
    const publication = await this.#runtime.publish(access);
    return {
      deliver: (payload) => publication.writer.ts(payload),
      onUp: (bond) => {
        publication.describe = () => bond.describe();
        publication.signal.addEventListener("abort", () => bond.close(), { once: true });
      },
      onEnd: () => {
        publication.end();
        this.#runtime.log.info("srt publisher gone", { stream, ip, reason: "all legs are gone" });
      },
    };
  }

  async #bondedPlayer(access: AccessRequest, door: Door): Promise<BondPurpose> {
    const { stream, ip } = access;
    const reader = await this.#runtime.read(stream, "ts");
    const session = this.#runtime.openSession(access);
    let player: Player | undefined;
    return {
      deliver: () => undefined,
      onUp: (bond) => {
        session.describe = () => bond.describe();
        player = new Player({ reader, outlet: bond, start: door.start, meter: session });
        player.onEnd = () => bond.close();
      },
      onEnd: () => {
        player?.stop();
        reader.close();
        session.close();
        this.#runtime.log.info("srt player gone", { stream, ip, reason: "all legs are gone" });
      },
    };
  }

  async #play(open: OpenDoor, caller: PendingCaller, access: AccessRequest): Promise<void> {
    const { log } = this.#runtime;
    const { gate, door } = open;
    const reader = await this.#runtime.read(access.stream, "ts");
    const session = this.#runtime.openSession(access);
    const admitted = admitPlayer(gate, caller, {
      options: door.options,
      start: door.start,
      reader,
      meter: session,
      onGone: () => {
        session.close();
        log.info("srt player gone", { stream: access.stream, ip: access.ip });
      },
    });
    if (admitted === undefined) return;
    log.info("srt player connected", { stream: access.stream, ip: access.ip });
    session.describe = () => admitted.describe(gate.port.nowUs);
  }
}

function shut({ gate, relay }: OpenDoor): Promise<void> {
  relay?.close();
  return gate.port.close();
}

/** The standard form names a mode; without one it means a request, unless the port says otherwise. */
const STATES_MODE = /^#!::(?:.*,)?m=/;

/** What a caller asks for; or the code of refusal. */
function accessOf(door: Door, caller: PendingCaller, ip: string): AccessRequest | number {
  let id: ReturnType<typeof parseStreamId>;
  try {
    id = parseStreamId(caller.request.streamId);
  } catch (error) {
    if (error instanceof StreamIdProblem) return error.rejection;
    throw error;
  }
  const stream = door.stream ?? id.name;
  if (stream === undefined || stream === "") return REJECTION.BAD_REQUEST;
  if (id.mode === "bidirectional") return REJECTION.BAD_MODE;
  const stated =
    id.mode !== undefined && (id.form !== "standard" || STATES_MODE.test(caller.request.streamId));
  const asked = stated ? (id.mode === "publish" ? "publish" : "play") : door.kind;
  // A port of one stream for one purpose: who asks for the other came to the wrong door.
  if (door.stream !== undefined && asked !== door.kind) return REJECTION.BAD_MODE;
  const password = id.password ?? id.other["password"] ?? id.other["pass"];
  const token = id.session ?? id.other["token"];
  return {
    kind: asked,
    stream,
    ...(id.name === undefined ? {} : { resource: id.name }),
    protocol: "srt",
    ip,
    ...(token === undefined ? {} : { token }),
    ...(id.user === undefined ? {} : { user: id.user }),
    ...(password === undefined ? {} : { password }),
    query: id.other,
  };
}

function describeDoor(door: Door): string {
  return door.stream === undefined ? "srt" : `srt_${door.kind} of stream "${door.stream}"`;
}

function* doorsOf(server: ServerConfig, problems: string[]): Generator<Door> {
  yield* doorsIn(server.ports?.["srt"], { where: "srt", stream: undefined, kind: undefined }, problems);
  for (const stream of server.streams) {
    if (stream.disabled) continue;
    for (const kind of ["play", "publish"] as const) {
      const where = `srt_${kind} of stream "${stream.name}"`;
      yield* doorsIn(stream.ports?.[`srt_${kind}`], { where, stream: stream.name, kind }, problems);
    }
  }
}

function* doorsIn(
  lines: readonly EndpointConfig[] | undefined,
  of: {
    readonly where: string;
    readonly stream: string | undefined;
    readonly kind: Door["kind"] | undefined;
  },
  problems: string[],
): Generator<Door> {
  for (const { host, port, options } of lines ?? []) {
    try {
      yield {
        host,
        port,
        stream: of.stream,
        kind: of.kind ?? (options["mode"] === "publish" ? "publish" : "play"),
        start: options["start"] === "key" ? "key" : "live",
        ttl: Number(options["ipttl"] ?? 0),
        trafficClass: readTrafficClass(`${of.where} ${port}`, options),
        options: readOptions(`${of.where} ${port}`, options),
      };
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
}
