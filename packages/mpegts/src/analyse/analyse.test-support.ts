import { PACKET_SIZE, packHeader, writeHeader, writeNull, writePcrPacket } from "../packet.ts";
import { serializePat, serializePmt } from "../psi.ts";
import { SectionPacketizer } from "../section.ts";

/** For tests only: builds a transport stream packet by packet. */
export class StreamBuilder {
  readonly #packets: Uint8Array[] = [];
  readonly #continuity = new Map<number, number>();
  readonly #packetizers = new Map<number, SectionPacketizer>();

  get count(): number {
    return this.#packets.length;
  }

  bytes(): Uint8Array {
    const whole = new Uint8Array(this.#packets.length * PACKET_SIZE);
    for (const [i, packet] of this.#packets.entries()) whole.set(packet, i * PACKET_SIZE);
    return whole;
  }

  raw(packet: Uint8Array): this {
    this.#packets.push(packet);
    return this;
  }

  nulls(count: number): this {
    for (let i = 0; i < count; i++) {
      const packet = new Uint8Array(PACKET_SIZE);
      writeNull(packet, 0);
      this.raw(packet);
    }
    return this;
  }

  pcr(pid: number, pcr27: number, discontinuity = false): this {
    const packet = new Uint8Array(PACKET_SIZE);
    writePcrPacket(packet, 0, { pid, pcr27, discontinuity, continuity: this.#continuity.get(pid) ?? 0 });
    return this.raw(packet);
  }

  /** A packet of plain payload; `fill` makes it differ from others. */
  data(
    pid: number,
    options: { cc?: number; fill?: number; scrambled?: boolean; error?: boolean } = {},
  ): this {
    const cc = options.cc ?? (this.#continuity.get(pid) ?? -1) + 1;
    this.#continuity.set(pid, cc & 15);
    const packet = new Uint8Array(PACKET_SIZE).fill(options.fill ?? this.count & 0x7f);
    writeHeader(packet, 0, packHeader(pid, cc & 15, 0x10));
    if (options.scrambled) packet[3] = (packet[3] as number) | 0x80;
    if (options.error) packet[1] = (packet[1] as number) | 0x80;
    return this.raw(packet);
  }

  section(pid: number, section: Uint8Array): this {
    let packetizer = this.#packetizers.get(pid);
    if (packetizer === undefined) this.#packetizers.set(pid, (packetizer = new SectionPacketizer(pid)));
    const packets = packetizer.packetize([section]);
    for (let at = 0; at < packets.length; at += PACKET_SIZE) this.raw(packets.slice(at, at + PACKET_SIZE));
    return this;
  }

  /** PAT and PMT of program 1: PMT on 0x100, video (H.264) with PCR on 0x101. */
  tables(version = 0, streamType = 0x1b): this {
    this.section(
      0,
      serializePat({ transportStreamId: 7, version, programs: [{ number: 1, pmtPid: 0x100 }] }),
    );
    const streams = [{ streamType, pid: 0x101, descriptors: new Uint8Array() }];
    return this.section(
      0x100,
      serializePmt({ program: 1, version, pcrPid: 0x101, descriptors: new Uint8Array(), streams }),
    );
  }
}
