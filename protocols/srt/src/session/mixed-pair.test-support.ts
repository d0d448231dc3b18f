import { seededRandom } from "./bad-network.test-support.ts";
import { Connection } from "./connection.ts";
import type { Path } from "./endpoint.ts";
import { LibsrtReceiver, LibsrtSender } from "./libsrt-timers.test-support.ts";
import { DEFAULT_OPTIONS } from "./options.ts";
import { Simulation } from "./simulation.test-support.ts";

const EVERY_US = 1500;
/** A timer sleeps for a millisecond at least. */
const LEAST_SLEEP_US = 1000;
const PAYLOAD = new Uint8Array(100);

interface Peer {
  readonly nextUs: number;
  receive(packet: Uint8Array, nowUs: number): void;
  tick(nowUs: number): void;
}

interface Sending extends Peer {
  send(payload: Uint8Array, nowUs: number): void;
}

interface Receiving extends Peer {
  readonly delivered: number;
  /** Numbers of the packets that did not come in time. */
  readonly dropped: readonly number[];
}

/** One direction: packets arrive in their order after the same time, or not at all. */
class Way implements Path {
  nowUs = 0;
  again = 0;
  readonly #delayUs: number;
  readonly #isLost: () => boolean;
  #flights: { readonly atUs: number; readonly packet: Uint8Array }[] = [];
  #landed = 0;

  constructor(delayUs: number, isLost: () => boolean) {
    this.#delayUs = delayUs;
    this.#isLost = isLost;
  }

  get nextUs(): number {
    return this.#flights[this.#landed]?.atUs ?? Number.POSITIVE_INFINITY;
  }

  send(packet: Uint8Array, length: number): void {
    if ((packet[0] as number) < 0x80 && ((packet[4] as number) & 4) !== 0) this.again++;
    if (this.#isLost()) return;
    this.#flights.push({ atUs: this.nowUs + this.#delayUs, packet: packet.slice(0, length) });
  }

  /** Gives the peer what has arrived. */
  land(peer: Peer): void {
    while (this.nextUs <= this.nowUs) {
      const flight = this.#flights[this.#landed++];
      if (flight !== undefined) peer.receive(flight.packet, this.nowUs);
    }
    if (this.#landed < 1000) return;
    this.#flights = this.#flights.slice(this.#landed);
    this.#landed = 0;
  }
}

/** A connection of ours, woken up as a port does it. */
class OwnPeer implements Sending, Receiving {
  delivered = 0;
  readonly dropped: number[] = [];
  readonly #connection: Connection;
  #tickedUs: number;

  constructor(parts: { agreement: Connection["agreement"]; path: Path; latencyMs: number }, nowUs: number) {
    const { agreement, path, latencyMs } = parts;
    const events = {
      onPacket: () => {
        this.delivered++;
      },
      onGap: (from: number, to: number) => {
        for (let at = from; at <= to; at++) this.dropped.push(at);
      },
      onClosed: (reason: string) => {
        throw new Error(`closed: ${reason}`);
      },
    };
    const options = { ...DEFAULT_OPTIONS, receiveLatencyMs: latencyMs };
    this.#connection = new Connection({ agreement, options, path, events }, nowUs);
    this.#tickedUs = nowUs;
  }

  get nextUs(): number {
    return Math.max(this.#connection.nextUs, this.#tickedUs + LEAST_SLEEP_US);
  }

  send(payload: Uint8Array, nowUs: number): void {
    this.#connection.send(payload, nowUs, nowUs);
  }

  receive(packet: Uint8Array, nowUs: number): void {
    this.#connection.receive(packet, packet.length, nowUs);
  }

  tick(nowUs: number): void {
    this.#tickedUs = nowUs;
    this.#connection.tick(nowUs);
  }
}

export interface PairOptions {
  readonly sender: "ours" | "libsrt";
  readonly receiver: "ours" | "libsrt";
  readonly rttMs: number;
  /** Four round trips unless told otherwise. */
  readonly latencyMs?: number;
  /** In each direction, each packet for itself. */
  readonly lossPercent: number;
  readonly packets: number;
  readonly seed: number;
}

export interface PairOutcome {
  readonly dropped: number;
  /** Packets sent again, for each that was sent. */
  readonly again: number;
}

/** Streams from one to the other in made-up time, over a network that loses. */
export function runPair(pair: PairOptions): PairOutcome {
  const { sender, receiver, rttMs, latencyMs = 4 * rttMs, lossPercent, packets, seed } = pair;
  const options = { receiveLatencyMs: latencyMs };
  // Handshakes are not what is looked at.
  const agreed = new Simulation(options, options, { delayMs: rttMs / 2 }).connect();
  const [caller, server] = agreed.both();
  const startUs = agreed.nowUs;
  const random = seededRandom(seed);
  const isLost = (): boolean => random() * 100 < lossPercent;
  const forth = new Way(rttMs * 500, isLost);
  const back = new Way(rttMs * 500, isLost);
  const left: Sending =
    sender === "ours"
      ? new OwnPeer({ agreement: caller.agreement, path: forth, latencyMs }, startUs)
      : new LibsrtSender(caller.agreement, forth);
  const right: Receiving =
    receiver === "ours"
      ? new OwnPeer({ agreement: server.agreement, path: back, latencyMs }, startUs)
      : new LibsrtReceiver(server.agreement, back, startUs);
  stream({ left, right, forth, back }, packets, startUs);
  return { dropped: right.dropped.length, again: forth.again / packets };
}

interface Line {
  readonly left: Sending;
  readonly right: Receiving;
  readonly forth: Way;
  readonly back: Way;
}

/** Sends at an even rate, until so many packets were delivered or given up: a loss that nothing follows is not noticed. */
function stream({ left, right, forth, back }: Line, packets: number, startUs: number): void {
  for (let sent = 0; right.delivered + right.dropped.length < packets; ) {
    const sendUs = startUs + sent * EVERY_US;
    const nowUs = Math.min(sendUs, left.nextUs, right.nextUs, forth.nextUs, back.nextUs);
    forth.nowUs = nowUs;
    back.nowUs = nowUs;
    forth.land(right);
    back.land(left);
    if (sendUs <= nowUs) {
      left.send(PAYLOAD, nowUs);
      sent++;
    }
    if (left.nextUs <= nowUs) left.tick(nowUs);
    if (right.nextUs <= nowUs) right.tick(nowUs);
  }
}
