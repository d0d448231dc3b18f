import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import type { TestContext } from "node:test";

/** Control types of draft-sharabayko-srt §3.2. */
export const HANDSHAKE = 0;
export const ACK = 2;
export const NAK = 3;
export const SHUTDOWN = 5;
export const ACKACK = 6;
export const DROPREQ = 7;
export const DATA = -1;

/** A packet that a caller sent. */
export interface Heard {
  readonly from: number;
  /** `DATA`, or the control type. */
  readonly type: number;
  /** All of it, header and body. */
  readonly bytes: Buffer;
}

const COOKIE = 0x1234_5678;

/**
 * A listener of SRT for one caller or several (told apart by their UDP ports), which does the handshake and nothing else: it
 * sends what it is told, and keeps what it hears until somebody asks.
 */
export class FakeListener {
  readonly port: number;
  /** Stream-IDs and socket IDs by the callers' UDP ports, in the order in which they came. */
  readonly callers = new Map<number, { streamId: string; socketId: number; first: number }>();
  readonly #socket: Socket;
  readonly #refusal: number | undefined;
  readonly #heard: Heard[] = [];
  #wake = () => {};

  private constructor(socket: Socket, refusal: number | undefined) {
    this.#socket = socket;
    this.#refusal = refusal;
    this.port = socket.address().port;
    socket.on("message", (bytes, from) => this.#take(bytes, from));
  }

  /** With `refusal` every caller is refused for that reason. */
  static async open(t: TestContext, refusal?: number): Promise<FakeListener> {
    const socket = createSocket("udp4");
    await new Promise<void>((done) => socket.bind(0, "127.0.0.1", done));
    t.after(() => socket.close());
    return new FakeListener(socket, refusal);
  }

  /** The first packet that is `wanted`, of those not yet taken; the others are kept. */
  async next(wanted: (heard: Heard) => boolean): Promise<Heard> {
    for (;;) {
      const at = this.#heard.findIndex(wanted);
      if (at >= 0) return this.#heard.splice(at, 1)[0] as Heard;
      await new Promise<void>((done) => {
        this.#wake = done;
      });
    }
  }

  /** A data packet to one caller, numbered from the first. */
  data(to: number, number: number, payload: Uint8Array): void {
    const header = Buffer.alloc(16);
    header.writeUInt32BE(this.sequence(to, number), 0);
    header.writeUInt32BE((0xc000_0000 | (number + 1)) >>> 0, 4);
    header.writeUInt32BE(this.callers.get(to)?.socketId ?? 0, 12);
    this.#socket.send(Buffer.concat([header, payload]), to, "127.0.0.1");
  }

  control(to: number, type: number, options: { info?: number; words?: readonly number[] } = {}): void {
    const { info = 0, words = [0] } = options;
    const packet = Buffer.alloc(16 + words.length * 4);
    packet.writeUInt32BE((0x8000_0000 | (type << 16)) >>> 0, 0);
    packet.writeUInt32BE(info, 4);
    packet.writeUInt32BE(this.callers.get(to)?.socketId ?? 0, 12);
    for (const [i, word] of words.entries()) packet.writeUInt32BE(word >>> 0, 16 + i * 4);
    this.#socket.send(packet, to, "127.0.0.1");
  }

  sequence(to: number, number: number): number {
    return ((this.callers.get(to)?.first ?? 0) + number) & 0x7fff_ffff;
  }

  #take(bytes: Buffer, { port: from }: RemoteInfo): void {
    const isControl = bytes.readUInt32BE(0) >= 0x8000_0000;
    const type = isControl ? bytes.readUInt16BE(0) & 0x7fff : DATA;
    if (type === HANDSHAKE) this.#answer(bytes, from);
    this.#heard.push({ from, type, bytes });
    this.#wake();
  }

  #answer(request: Buffer, from: number): void {
    const concludes = request.readInt32BE(16 + 20) === -1;
    if (concludes && request.readUInt32BE(16 + 28) !== COOKIE) return;
    const first = request.readUInt32BE(16 + 8);
    const socketId = request.readUInt32BE(16 + 24);
    if (concludes) this.callers.set(from, { streamId: streamIdOf(request), socketId, first });
    const answer = Buffer.from(request.subarray(0, 64));
    answer.writeUInt32BE(socketId, 12);
    answer.writeUInt32BE(5, 16);
    answer.writeUInt32BE(concludes ? 0 : 0x4a17, 20);
    answer.writeUInt32BE(1000 + from, 16 + 24);
    answer.writeUInt32BE(COOKIE, 16 + 28);
    if (concludes && this.#refusal !== undefined) answer.writeUInt32BE(this.#refusal, 16 + 20);
    this.#socket.send(answer, from, "127.0.0.1");
  }
}

/** Text of the extension of type 5 (§3.2.1.3): words of four characters in reverse order. */
function streamIdOf(conclusion: Buffer): string {
  for (let at = 64; at + 4 <= conclusion.length; ) {
    const length = conclusion.readUInt16BE(at + 2) * 4;
    if (conclusion.readUInt16BE(at) === 5)
      return Buffer.from(conclusion.subarray(at + 4, at + 4 + length))
        .swap32()
        .toString()
        .replace(/\0+$/, "");
    at += 4 + length;
  }
  return "";
}
