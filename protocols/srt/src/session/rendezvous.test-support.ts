import { BadNetwork, MadeUpTime, type NetworkOptions, seededRandom } from "./bad-network.test-support.ts";
import { type CloseReason, Connection } from "./connection.ts";
import type { Endpoint, Path } from "./endpoint.ts";
import { DEFAULT_OPTIONS, type SrtOptions } from "./options.ts";
import { Rendezvous } from "./rendezvous.ts";

export interface PartyOptions extends Partial<SrtOptions> {
  /** Decides who initiates; random when left out. */
  readonly cookie?: number;
  /** How much later than the other it begins. */
  readonly startMs?: number;
}

/** One of two peers that call each other. */
export class Party {
  connection: Connection | undefined;
  failed: number | undefined;
  closed: CloseReason | undefined;
  readonly received: number[] = [];
  readonly localId: number;
  readonly #options: PartyOptions;
  readonly #path: Path;
  readonly #random: () => number;
  #endpoint: Endpoint | undefined;
  #startUs: number;

  constructor(localId: number, options: PartyOptions, path: Path, random: () => number, nowUs: number) {
    this.localId = localId;
    this.#options = options;
    this.#path = path;
    this.#random = random;
    this.#startUs = nowUs + (options.startMs ?? 0) * 1000;
  }

  get nextUs(): number {
    return this.#endpoint?.nextUs ?? this.#startUs;
  }

  /** Hears only what is for it, or for nobody in particular. */
  receive(packet: Uint8Array, nowUs: number): void {
    if (this.#endpoint === undefined) return;
    const id = packet.length < 16 ? 0 : new DataView(packet.buffer, packet.byteOffset).getUint32(12);
    // A port shows packets without a socket ID to the rendezvous as long as there is one.
    if (id === this.localId || (id === 0 && this.connection === undefined)) {
      this.#endpoint.receive(packet, packet.length, nowUs);
    }
  }

  tick(nowUs: number): void {
    this.#endpoint ??= this.#begin(nowUs);
    if (this.#endpoint.nextUs <= nowUs) this.#endpoint.tick(nowUs);
  }

  /** Sends a number. */
  say(n: number, nowUs: number): void {
    const payload = new Uint8Array(4);
    new DataView(payload.buffer).setUint32(0, n);
    this.connection?.send(payload, nowUs, nowUs);
  }

  #bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => Math.floor(this.#random() * 256));
  }

  #begin(nowUs: number): Endpoint {
    const { cookie, startMs: _, ...given } = this.#options;
    const options: SrtOptions = { ...DEFAULT_OPTIONS, ...given };
    let isFirst = true;
    const rendezvous: Rendezvous = new Rendezvous(
      {
        localId: this.localId,
        options,
        path: this.#path,
        random: (count) => {
          const bytes = this.#bytes(count);
          if (isFirst && cookie !== undefined) new DataView(bytes.buffer).setUint32(0, cookie);
          isFirst = false;
          return bytes;
        },
        peerIp: new Uint8Array(16),
        initialSequence: 1000 * this.localId,
        onEarly: (packet, length, atUs) => this.connection?.receive(packet, length, atUs),
        events: {
          onFailed: (rejection) => (this.failed = rejection),
          onAgreed: (agreement, atUs) => {
            const events = {
              onPacket: (payload: Uint8Array) =>
                this.received.push(new DataView(payload.buffer, payload.byteOffset).getUint32(0)),
              onGap: () => undefined,
              onClosed: (reason: CloseReason) => (this.closed = reason),
            };
            const onHandshake = (packet: Uint8Array, length: number, us: number) =>
              rendezvous.repeat(packet, length, us);
            this.connection = new Connection(
              { agreement, options, path: this.#path, events, onHandshake },
              atUs,
            );
            this.#endpoint = this.connection;
          },
        },
      },
      nowUs,
    );
    return rendezvous;
  }
}

/** Two peers that call each other, and the network between them, in made-up time. */
export class MeetingPlace {
  readonly left: Party;
  readonly right: Party;
  readonly #time = new MadeUpTime();
  readonly #network: BadNetwork;

  /** `meddle` has `toServer` for packets to the right one. */
  constructor(left: PartyOptions, right: PartyOptions, network: NetworkOptions = {}) {
    const random = seededRandom(network.seed ?? 1);
    this.#network = new BadNetwork(network, random);
    const way = (toRight: boolean): Path => ({
      send: (packet, length) => this.#network.launch(packet, length, toRight, this.nowUs),
    });
    this.left = new Party(11, left, way(true), random, this.nowUs);
    this.right = new Party(22, right, way(false), random, this.nowUs);
  }

  get nowUs(): number {
    return this.#time.nowUs;
  }

  get parties(): readonly [Party, Party] {
    return [this.left, this.right];
  }

  run(forMs: number): this {
    const endUs = this.nowUs + forMs * 1000;
    while (this.nowUs < endUs) {
      const nowUs = this.#time.moveTo(
        Math.min(endUs, this.left.nextUs, this.right.nextUs, this.#network.nextUs),
      );
      for (const { packet, toServer } of this.#network.land(nowUs)) {
        (toServer ? this.right : this.left).receive(packet, nowUs);
      }
      for (const party of this.parties) if (party.nextUs <= nowUs) party.tick(nowUs);
    }
    return this;
  }

  /** Both send `count` numbers, one every 5 ms. */
  converse(count: number): this {
    for (let n = 0; n < count; n++) {
      for (const party of this.parties) party.say(n, this.nowUs);
      this.run(5);
    }
    return this;
  }

  /** Puts a packet of anybody's making on the way. */
  inject(packet: Uint8Array, toRight: boolean): void {
    this.#network.inject(packet, toRight, this.nowUs);
  }
}
