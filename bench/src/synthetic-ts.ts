import {
  AF_PCR,
  AF_RANDOM_ACCESS,
  HEADER_ADAPTATION,
  HEADER_PAYLOAD,
  HEADER_PUSI,
  PACKET_SIZE,
  packHeader,
  SectionPacketizer,
  serializePat,
  serializePesHeader,
  serializePmt,
  writeHeader,
  writePcr,
} from "@millrace/mpegts";

const PMT_PID = 0x1000;
const VIDEO_PID = 0x100;
const AUDIO_PID = 0x101;
const FRAMES_PER_SECOND = 25;
const FRAME_TICKS = 90_000 / FRAMES_PER_SECOND;
/** Tables every 200 ms and before each key frame, which comes every second. */
const FRAMES_PER_TABLES = 5;
const FRAMES_PER_KEY = 25;
/** From the PCR of a frame to its PTS. */
const DELAY_TICKS = 18_000;
const AUDIO_PACKETS = 2;
/** Parameter sets of 1280x720, High profile, and the first bytes of an I slice. */
const KEY_NALS = [
  [
    0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10,
    0x00,
  ],
  [0x00, 0x03, 0x03, 0x20, 0xf1, 0x83, 0x19, 0x60],
].flat();
const PPS = [0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0];
const START_CODE = [0, 0, 0, 1];
const KEY_START = [...START_CODE, ...KEY_NALS, ...START_CODE, ...PPS, ...START_CODE, 0x65, 0x88, 0x84];
const OTHER_START = [...START_CODE, 0x41, 0x9a, 0x24];

/**
 * A transport stream of constant bit rate as an encoder would send it: H.264 at 25 frames a second with a key frame each
 * second, one audio track, a PCR with each frame. The pictures are filler, everything around them is as it should be.
 */
export class SyntheticTs {
  readonly #packetsPerFrame: number;
  readonly #pat = new SectionPacketizer(0);
  readonly #pmt = new SectionPacketizer(PMT_PID);
  readonly #bitsPerSecond: number;
  #videoCounter = 0;
  #audioCounter = 0;
  #frame = 0;
  #packets = 0;

  /** At least 500 kbit/s, which the tables and the audio need. */
  constructor(bitsPerSecond: number) {
    this.#bitsPerSecond = bitsPerSecond;
    this.#packetsPerFrame = bitsPerSecond / 8 / PACKET_SIZE / FRAMES_PER_SECOND;
    if (!(this.#packetsPerFrame >= 8)) throw new RangeError(`${bitsPerSecond} bit/s is too little`);
  }

  /** The packets of the next 40 ms. */
  nextFrame(): Uint8Array {
    const count = Math.floor((this.#frame + 1) * this.#packetsPerFrame) - this.#packets;
    const out = new Uint8Array(count * PACKET_SIZE);
    let at = 0;
    if (this.#frame % FRAMES_PER_TABLES === 0) {
      for (const packets of this.#tables()) {
        out.set(packets, at);
        at += packets.length;
      }
    }
    const videoPackets = count - at / PACKET_SIZE - AUDIO_PACKETS;
    const pcr27 = Math.floor(((this.#packets * PACKET_SIZE + at) * 8 * 27_000_000) / this.#bitsPerSecond);
    at = this.#video(out, at, { packets: videoPackets, pcr27 });
    this.#audio(out, at);
    this.#packets += count;
    this.#frame += 1;
    return out;
  }

  get #pts(): number {
    return this.#frame * FRAME_TICKS + DELAY_TICKS;
  }

  #tables(): Uint8Array[] {
    const none = new Uint8Array(0);
    const pat = serializePat({
      transportStreamId: 1,
      version: 0,
      programs: [{ number: 1, pmtPid: PMT_PID }],
    });
    const streams = [
      { streamType: 0x1b, pid: VIDEO_PID, descriptors: none },
      { streamType: 0x03, pid: AUDIO_PID, descriptors: none },
    ];
    const pmt = serializePmt({ program: 1, version: 0, pcrPid: VIDEO_PID, descriptors: none, streams });
    return [this.#pat.packetize([pat]), this.#pmt.packetize([pmt])];
  }

  /** One frame that fills its packets to the last byte. */
  #video(out: Uint8Array, at: number, frame: { packets: number; pcr27: number }): number {
    const isKey = this.#frame % FRAMES_PER_KEY === 0;
    const header = serializePesHeader({
      streamId: 0xe0,
      payloadLength: 0x10000,
      pts: this.#pts,
      aligned: true,
    });
    const start = [...header, ...(isKey ? KEY_START : OTHER_START)];
    for (let i = 0; i < frame.packets; i += 1, at += PACKET_SIZE) {
      const first = i === 0;
      const flags = HEADER_PAYLOAD | (first ? HEADER_PUSI | HEADER_ADAPTATION : 0);
      writeHeader(out, at, packHeader(VIDEO_PID, this.#videoCounter++, flags));
      // Filler that varies, and never makes a start code.
      out.fill(0x40 | (i & 0x3f), at + 4, at + PACKET_SIZE);
      if (!first) continue;
      out[at + 4] = 7;
      out[at + 5] = AF_PCR | (isKey ? AF_RANDOM_ACCESS : 0);
      writePcr(out, at + 6, frame.pcr27);
      out.set(start, at + 12);
    }
    return at;
  }

  /** An MPEG layer II frame header over filler, in one PES packet. */
  #audio(out: Uint8Array, at: number): void {
    const payloadLength = AUDIO_PACKETS * 184 - 14;
    const header = serializePesHeader({ streamId: 0xc0, payloadLength, pts: this.#pts, aligned: true });
    for (let i = 0; i < AUDIO_PACKETS; i += 1, at += PACKET_SIZE) {
      const flags = HEADER_PAYLOAD | (i === 0 ? HEADER_PUSI : 0);
      writeHeader(out, at, packHeader(AUDIO_PID, this.#audioCounter++, flags));
      out.fill(0x55, at + 4, at + PACKET_SIZE);
      if (i === 0) out.set([...header, 0xff, 0xfd, 0x84, 0x00], at + 4);
    }
  }
}

/** Some seconds of it. */
export function syntheticTs(bitsPerSecond: number, seconds: number): Uint8Array {
  const source = new SyntheticTs(bitsPerSecond);
  const frames = Array.from({ length: Math.round(seconds * FRAMES_PER_SECOND) }, () => source.nextFrame());
  // No Buffer: its slice() is a view.
  return new Uint8Array(Buffer.concat(frames));
}
