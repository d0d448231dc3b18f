import { randomInt } from "node:crypto";
import type { LaneReader, Sink, Source, SourceContext, StreamWriter } from "@millrace/engine";
import { PACKET_SIZE } from "@millrace/mpegts";
import type { UdpSocket } from "@millrace/native-udp";
import { MP2T_PAYLOAD_TYPE, RtpSender } from "@millrace/rtp";
import type { UdpInputSettings, UdpPushSettings } from "./config.ts";
import { DatagramWriter } from "./datagram-writer.ts";
import { dialUdp } from "./dial.ts";
import { socketFailed } from "./errors.ts";
import { listenUdp } from "./listen.ts";
import { makePacer } from "./pacer.ts";
import { Reception } from "./reception.ts";
import { Transmission } from "./transmission.ts";

/** Transport stream in datagrams, raw or in RTP, as an input of a stream. */
export class UdpSource implements Source {
  readonly lane = "ts";
  readonly #settings: UdpInputSettings;
  readonly #context: SourceContext;
  #socket: UdpSocket | undefined;

  constructor(settings: UdpInputSettings, context: SourceContext) {
    this.#settings = settings;
    this.#context = context;
  }

  describe(): Readonly<Record<string, number>> {
    const kernelDrops = this.#socket?.stats().kernelDrops;
    return kernelDrops === undefined ? {} : { kernelDrops };
  }

  async run(into: StreamWriter, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { address, bufferBytes } = this.#settings;
    const { clock, log } = this.#context;
    let socket: UdpSocket;
    try {
      socket = await listenUdp({ address, bufferBytes, clock, log, signal });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    this.#noteBuffer(socket);
    this.#socket = socket;
    const reception = new Reception(this.#settings, this.#context, into);
    try {
      await reception.receive(socket, signal);
    } finally {
      this.#socket = undefined;
      reception.end(signal.aborted);
      await socket.close();
    }
  }

  /** The system gives less than asked for without a word. */
  #noteBuffer(socket: UdpSocket): void {
    const asked = this.#settings.bufferBytes;
    const got = socket.receiveBufferBytes;
    if (got >= asked) return;
    this.#context.log.debug("receive buffer is smaller than asked for: raise net.core.rmem_max", {
      asked,
      got,
    });
  }
}

const SSRC_RANGE = 2 ** 32;
const SEQUENCE_RANGE = 2 ** 16;
/** What a network that comes and goes makes a connected socket report; sending goes on. */
const PASSING_ERRORS: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "ENOBUFS",
  "EPERM",
]);

/** Sends a stream's packets in datagrams, raw or in RTP. */
export class UdpSink implements Sink {
  readonly accepts = ["ts"] as const;
  readonly #settings: UdpPushSettings;
  readonly #context: SourceContext;
  #sendErrors = 0;
  #show: () => Readonly<Record<string, number>> = () => ({});

  constructor(settings: UdpPushSettings, context: SourceContext) {
    this.#settings = settings;
    this.#context = context;
  }

  describe(): Readonly<Record<string, number>> {
    return { ...this.#show(), sendErrors: this.#sendErrors };
  }

  async run(from: LaneReader, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { clock, log } = this.#context;
    let socket: UdpSocket;
    try {
      socket = await dialUdp(this.#settings, { clock, log, signal });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    try {
      await this.#send(socket, from, signal);
    } finally {
      await socket.close();
    }
  }

  #send(socket: UdpSocket, from: LaneReader, signal: AbortSignal): Promise<void> {
    const { packetsPerDatagram, rtp, latencyMs, cbr } = this.#settings;
    const { clock, log } = this.#context;
    const writer = new DatagramWriter({
      socket,
      packetsPerDatagram,
      rtp: rtp ? newRtpSender() : undefined,
    });
    const pacer = makePacer(this.#settings);
    let transmission: Transmission | undefined;
    return new Promise<void>((resolve, reject) => {
      socket.onError = (error) => {
        if (!PASSING_ERRORS.has(error.code)) return reject(socketFailed("sending failed", error));
        if (this.#sendErrors++ === 0) log.debug("the network refuses datagrams", { reason: error.message });
      };
      signal.addEventListener("abort", () => resolve(), { once: true });
      if (signal.aborted) return resolve();
      transmission = new Transmission(
        { clock, writer, pacer, packetsPerDatagram, latencyMs, cbr },
        from,
        resolve,
      );
      const sending = transmission;
      this.#show = () => ({
        packets: writer.packets,
        bytes: writer.packets * PACKET_SIZE,
        datagrams: writer.datagrams,
        overflow: writer.overflow,
        late: sending.late,
        skips: from.skips,
        ...pacer?.counters,
      });
    }).finally(() => transmission?.close());
  }
}

function newRtpSender(): RtpSender {
  return new RtpSender({
    ssrc: randomInt(SSRC_RANGE),
    payloadType: MP2T_PAYLOAD_TYPE,
    firstSequence: randomInt(SEQUENCE_RANGE),
  });
}
