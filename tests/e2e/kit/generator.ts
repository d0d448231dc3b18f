import { crc32Mpeg } from "@millrace/bytes";
import { PACKET_SIZE } from "@millrace/mpegts";

const PMT_PID = 0x100;
const VIDEO_PID = 0x101;
const FRAMES_A_SECOND = 25;

export interface GeneratorOptions {
  /** Bits a second. */
  readonly bitrate: number;
  /** Frames from one key frame to the next. */
  readonly gop?: number;
  /** First PTS, ticks. */
  readonly startTicks?: number;
  /** Put into every video payload, to tell generators apart. */
  readonly mark?: number;
}

/**
 * Makes a well-formed transport stream without an encoder: PAT, PMT and one video PID whose frames carry an access unit
 * delimiter, parameter sets at key frames and filler. For tests of transport, not of decoders.
 */
export class TsGenerator {
  readonly #options: Required<GeneratorOptions>;
  readonly #cc = new Map<number, number>();
  #frame = 0;

  constructor(options: GeneratorOptions) {
    this.#options = { gop: 25, startTicks: 90_000, mark: 0xaa, ...options };
  }

  /** Frames made so far. */
  get frames(): number {
    return this.#frame;
  }

  /** The packets of the next frame: 40 ms of the stream. */
  nextFrame(): Buffer {
    const { bitrate, gop, startTicks } = this.#options;
    const key = this.#frame % gop === 0;
    const pts = (startTicks + this.#frame * (90_000 / FRAMES_A_SECOND)) % 2 ** 33;
    const budget = Math.max(2, Math.round(bitrate / 8 / FRAMES_A_SECOND / PACKET_SIZE) - (key ? 2 : 0));
    const packets = key ? [this.#table(0, patSection()), this.#table(PMT_PID, pmtSection())] : [];
    packets.push(...this.#pes(pts, key, budget));
    this.#frame++;
    return Buffer.concat(packets);
  }

  #next(pid: number): number {
    const cc = ((this.#cc.get(pid) ?? 15) + 1) & 15;
    this.#cc.set(pid, cc);
    return cc;
  }

  #table(pid: number, section: Buffer): Buffer {
    const packet = Buffer.alloc(PACKET_SIZE, 0xff);
    packet.set([0x47, 0x40 | (pid >> 8), pid & 0xff, 0x10 | this.#next(pid), 0]);
    packet.set(section, 5);
    return packet;
  }

  #pes(pts: number, key: boolean, count: number): Buffer[] {
    const header = Buffer.concat([
      Buffer.from([0, 0, 1, 0xe0, 0, 0, 0x84, 0x80, 5]),
      timestamp(pts),
      nals(key),
    ]);
    const packets: Buffer[] = [];
    for (let i = 0; i < count; i++) {
      const packet = Buffer.alloc(PACKET_SIZE, this.#options.mark);
      const first = i === 0;
      packet.set([
        0x47,
        (first ? 0x40 : 0) | (VIDEO_PID >> 8),
        VIDEO_PID & 0xff,
        0x10 | this.#next(VIDEO_PID),
      ]);
      if (first) {
        packet[3] = (packet[3] as number) | 0x20;
        packet.set([7, key ? 0x50 : 0x10, ...pcr(pts - 9000)], 4);
        packet.set(header, 12);
      }
      packets.push(packet);
    }
    return packets;
  }
}

/** Delimiter, and at key frames parameter sets and the start of an IDR slice (320x240, Constrained Baseline). */
function nals(key: boolean): Buffer {
  const aud = `0000000109${key ? "10" : "30"}`;
  const sets = "00000001" + "6742c00d" + "da0507e8400000030040000007a3c50aa8" + "0000000168ce3c80";
  return Buffer.from(`${aud}${key ? `${sets}0000000165888400` : "00000001419a00"}`, "hex");
}

function timestamp(pts: number): Buffer {
  const high = Math.floor(pts / 2 ** 30) & 7;
  const low = pts % 2 ** 30;
  return Buffer.from([
    0x21 | (high << 1),
    (low >> 22) & 0xff,
    1 | ((low >> 14) & 0xfe),
    (low >> 7) & 0xff,
    1 | ((low << 1) & 0xfe),
  ]);
}

function pcr(ticks: number): number[] {
  const base = (ticks + 2 ** 33) % 2 ** 33;
  const high = Math.floor(base / 2);
  return [
    (high >>> 24) & 0xff,
    (high >>> 16) & 0xff,
    (high >>> 8) & 0xff,
    high & 0xff,
    ((base % 2) << 7) | 0x7e,
    0,
  ];
}

function withCrc(body: number[]): Buffer {
  const section = Buffer.from([...body, 0, 0, 0, 0]);
  section.writeUInt32BE(crc32Mpeg(section, 0, body.length) >>> 0, body.length);
  return section;
}

function patSection(): Buffer {
  return withCrc([0, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xe0 | (PMT_PID >> 8), PMT_PID & 0xff]);
}

function pmtSection(): Buffer {
  const pid = [0xe0 | (VIDEO_PID >> 8), VIDEO_PID & 0xff];
  return withCrc([2, 0xb0, 18, 0, 1, 0xc1, 0, 0, ...pid, 0xf0, 0, 0x1b, ...pid, 0xf0, 0]);
}
