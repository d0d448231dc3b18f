import { BadNetwork, MadeUpTime, type NetworkOptions, seededRandom } from "./bad-network.test-support.ts";
import { Caller } from "./caller.ts";
import { type CloseReason, Connection } from "./connection.ts";
import { type ConnectionRequest, Doorkeeper } from "./doorkeeper.ts";
import type { Endpoint, Path } from "./endpoint.ts";
import { DEFAULT_OPTIONS, type SrtOptions } from "./options.ts";

export interface SimulationOptions extends NetworkOptions {
  /** A code to refuse a caller with; undefined lets it in. */
  readonly judge?: (request: ConnectionRequest) => number | undefined;
}

/** The numbers of messages: 0, 1, … n − 1. */
export const all = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Socket IDs: of the port, of the caller, and of the connection that the port makes. */
export const PORT_ID = 3;
export const CALLER_ID = 55;
export const SERVER_ID = 77;

/** A caller, a listener and the network between them, in made-up time. */
export class Simulation {
  caller: Connection | undefined;
  server: Connection | undefined;
  /** Code of a refusal, as the caller got it. */
  failed: number | undefined;
  /** Code with which the listener's side of the handshake failed. */
  refused: number | undefined;
  callerClosed: CloseReason | undefined;
  serverClosed: CloseReason | undefined;
  readonly received: {
    readonly sequence: number;
    readonly payload: Uint8Array;
    readonly atUs: number;
    readonly dueUs: number;
  }[] = [];
  readonly receivedByCaller: Uint8Array[] = [];
  readonly gaps: (readonly [number, number])[] = [];
  streamId: string | undefined;
  /** Requests that the doorkeeper passed on. */
  requests = 0;
  readonly doorkeeper: Doorkeeper;
  readonly #time = new MadeUpTime();
  readonly #network: BadNetwork;
  readonly #bytes: (count: number) => Uint8Array;
  readonly #judge: SimulationOptions["judge"];
  #calling: Endpoint;
  #answer: ((nowUs: number) => void) | undefined;

  constructor(
    callerOptions: Partial<SrtOptions> = {},
    serverOptions: Partial<SrtOptions> = {},
    network: SimulationOptions = {},
    initialSequence = 1000,
  ) {
    const random = seededRandom(network.seed ?? 1);
    this.#network = new BadNetwork(network, random);
    this.#bytes = (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256));
    this.#judge = network.judge;
    const options = { ...DEFAULT_OPTIONS, ...callerOptions };
    this.doorkeeper = this.#makeDoorkeeper({ ...DEFAULT_OPTIONS, ...serverOptions });
    this.#calling = this.#makeCaller(options, initialSequence);
  }

  get nowUs(): number {
    return this.#time.nowUs;
  }

  /** Packets that entered the network towards the server, and their bytes. */
  get sentToServer(): number {
    return this.#network.sentToServer;
  }

  get bytesToServer(): number {
    return this.#network.bytesToServer;
  }

  /** Lets time pass until something holds, or the limit. Returns whether it holds. */
  runUntil(holds: () => boolean, limitMs = 30_000): boolean {
    const endUs = this.nowUs + limitMs * 1000;
    while (!holds()) {
      if (this.nowUs >= endUs) return false;
      this.#step(endUs);
    }
    return true;
  }

  run(forMs: number): void {
    const endUs = this.nowUs + forMs * 1000;
    while (this.nowUs < endUs) this.#step(endUs);
  }

  connect(): this {
    this.runUntil(
      () => (this.caller !== undefined && this.server !== undefined) || this.failed !== undefined,
    );
    return this;
  }

  /** Both connections, of a simulation that has connected. */
  both(): readonly [caller: Connection, server: Connection] {
    if (this.caller === undefined || this.server === undefined) throw new Error(`refused: ${this.failed}`);
    return [this.caller, this.server];
  }

  /** The caller sends numbered messages at an even rate; returns how many. */
  stream(messages: number, everyUs = 1500, bytes = 1316): number {
    for (let i = 0; i < messages; i++) {
      const payload = new Uint8Array(bytes);
      new DataView(payload.buffer).setUint32(0, i);
      this.caller?.send(payload, this.nowUs, this.nowUs);
      this.run(everyUs / 1000);
    }
    return messages;
  }

  /** Numbers of the messages that came, in order; -1 for those that have none. */
  numbers(): number[] {
    return this.received.map(({ payload }) => {
      return payload.length < 4 ? -1 : new DataView(payload.buffer, payload.byteOffset).getUint32(0);
    });
  }

  /** Puts a packet of anybody's making on the way; it arrives at once. */
  inject(packet: Uint8Array, toServer = true): void {
    this.#network.inject(packet, toServer, this.nowUs);
  }

  #makeDoorkeeper(options: SrtOptions): Doorkeeper {
    const parts = {
      secret: new Uint8Array(8).fill(7),
      random: this.#bytes,
      keyBytes: options.passphrase === undefined ? 0 : options.keyBytes,
      options,
      onRepeat: (_key: string, nowUs: number) => {
        this.#answer?.(nowUs);
        return this.#answer !== undefined;
      },
      onRequest: (request: ConnectionRequest) => this.#onRequest(request, options),
    };
    return new Doorkeeper(parts, PORT_ID);
  }

  #onRequest(request: ConnectionRequest, options: SrtOptions): void {
    this.requests++;
    this.streamId = request.streamId;
    const refusal = this.#judge?.(request);
    if (refusal !== undefined) {
      request.reject(refusal, this.nowUs);
      return;
    }
    const accepted = request.accept(options, SERVER_ID, this.nowUs);
    if (typeof accepted === "number") {
      this.refused = accepted;
      return;
    }
    this.#answer = (nowUs) => accepted.sendAnswer(nowUs);
    this.server = new Connection(
      {
        agreement: accepted.agreement,
        options,
        path: this.#way(false),
        events: {
          onPacket: (payload, sequence, dueUs) =>
            this.received.push({ sequence, payload: payload.slice(), atUs: this.nowUs, dueUs }),
          onGap: (from, to) => this.gaps.push([from, to]),
          onClosed: (reason) => (this.serverClosed = reason),
        },
      },
      this.nowUs,
    );
    accepted.sendAnswer(this.nowUs);
  }

  #makeCaller(options: SrtOptions, initialSequence: number): Endpoint {
    const parts = {
      localId: CALLER_ID,
      options,
      path: this.#way(true),
      random: this.#bytes,
      peerIp: new Uint8Array(16),
      initialSequence,
    };
    const events = {
      onPacket: (payload: Uint8Array) => this.receivedByCaller.push(payload.slice()),
      onGap: () => undefined,
      onClosed: (reason: CloseReason) => (this.callerClosed = reason),
    };
    return new Caller(
      {
        ...parts,
        events: {
          onFailed: (rejection) => (this.failed = rejection),
          onAgreed: (agreement, nowUs) => {
            this.caller = new Connection({ agreement, options, path: parts.path, events }, nowUs);
            this.#calling = this.caller;
          },
        },
      },
      this.nowUs,
    );
  }

  #way(toServer: boolean): Path {
    return { send: (packet, length) => this.#network.launch(packet, length, toServer, this.nowUs) };
  }

  #step(limitUs: number): void {
    const dueUs = Math.min(this.#calling.nextUs, this.server?.nextUs ?? limitUs, this.#network.nextUs);
    const nowUs = this.#time.moveTo(Math.min(limitUs, dueUs));
    for (const { packet, toServer } of this.#network.land(nowUs)) {
      if (toServer) this.#arrive(packet);
      else this.#calling.receive(packet, packet.length, nowUs);
    }
    if (this.#calling.nextUs <= nowUs) this.#calling.tick(nowUs);
    if (this.server !== undefined && this.server.nextUs <= nowUs) this.server.tick(nowUs);
  }

  #arrive(packet: Uint8Array): void {
    const { nowUs } = this;
    const id = packet.length < 16 ? -1 : new DataView(packet.buffer, packet.byteOffset).getUint32(12);
    if (id === 0) {
      const from = {
        address: "192.0.2.1",
        port: 4000,
        peerIp: new Uint8Array(16),
        path: this.#way(false),
      };
      this.doorkeeper.receive(packet, packet.length, from, nowUs);
    } else if (id === SERVER_ID || id === -1) this.server?.receive(packet, packet.length, nowUs);
  }
}
