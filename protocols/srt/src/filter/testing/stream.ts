import { BOUNDARY_SOLO, DataHeader, HEADER_BYTES, writeDataHeader } from "../../wire/header.ts";
import type { FilterConfig } from "../config.ts";
import { sequenceAfter } from "../geometry.ts";
import { FilterReceiver } from "../receiver.ts";
import { FilterSender } from "../sender.ts";
import { headerOf } from "./recordings.ts";

export const PAYLOAD_BYTES = 60;
const SOCKET = 0x1234_5678;

export interface StreamOptions {
  readonly config: FilterConfig;
  readonly firstSequence: number;
  readonly packets: number;
}

/** Packets of data of various lengths, timestamps and key flags, with the parity that belongs between them. */
export function makeStream({ config, firstSequence, packets }: StreamOptions): Uint8Array[] {
  const sender = new FilterSender({ config, firstSequence, payloadBytes: PAYLOAD_BYTES });
  const out: Uint8Array[] = [];
  for (let i = 0; i < packets; i++) {
    const data = dataPacket(firstSequence, i);
    out.push(data);
    sender.feed(data, data.length);
    const sequence = sequenceAfter(firstSequence, i);
    for (let extra = sender.pull(sequence); extra !== undefined; extra = sender.pull(sequence)) {
      const header = new DataHeader();
      Object.assign(header, {
        sequence: extra.sequence,
        timestamp: extra.timestamp,
        key: extra.key,
        socketId: SOCKET,
      });
      header.boundary = BOUNDARY_SOLO;
      out.push(build(header, extra.bytes.subarray(0, extra.length)));
    }
  }
  return out;
}

/** Packet number `i` of a stream. */
export function dataPacket(firstSequence: number, i: number): Uint8Array {
  const header = new DataHeader();
  header.sequence = sequenceAfter(firstSequence, i);
  header.boundary = BOUNDARY_SOLO;
  header.key = (i >> 3) % 3;
  header.message = ((0x3ff_fff0 + i) % 0x3ff_ffff) + 1;
  header.timestamp = (0xffff_ff00 + i * 997) >>> 0;
  header.socketId = SOCKET;
  const payload = new Uint8Array(1 + ((i * 31) % PAYLOAD_BYTES));
  for (let j = 0; j < payload.length; j++) payload[j] = i * 7 + j * 13;
  return build(header, payload);
}

function build(header: DataHeader, payload: Uint8Array): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + payload.length);
  writeDataHeader(packet, header);
  packet.set(payload, HEADER_BYTES);
  return packet;
}

/** What a receiver makes of packets: rebuilt ones by sequence number, and losses in the order of their report. */
export class Reception {
  readonly rebuilt = new Map<number, Uint8Array>();
  readonly lost: number[] = [];
  readonly receiver: FilterReceiver;

  constructor(config: FilterConfig, firstSequence: number, payloadBytes: number = PAYLOAD_BYTES) {
    this.receiver = new FilterReceiver({
      config,
      firstSequence,
      payloadBytes,
      rebuilt: (packet, length) => {
        const copy = packet.slice(0, length);
        const { sequence } = headerOf(copy);
        if (this.rebuilt.has(sequence)) throw new Error(`${sequence} is rebuilt twice`);
        this.rebuilt.set(sequence, copy);
        // The session decrypts in place.
        packet.fill(0xee);
      },
    });
  }

  receive(packet: Uint8Array): boolean {
    const wasParity = this.receiver.receive(packet, packet.length);
    this.takeLost();
    return wasParity;
  }

  takeLost(): void {
    this.receiver.takeLost((low, high) => {
      const count = ((high - low) & 0x7fff_ffff) + 1;
      for (let i = 0; i < count; i++) this.lost.push(sequenceAfter(low, i));
    });
  }
}
