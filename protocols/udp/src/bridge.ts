import type { Socket } from "node:dgram";
import type { Source, SourceContext, StreamWriter } from "@millrace/engine";
import type { UdpInputSettings } from "./config.ts";
import { closeSocket, listenUdp } from "./listen.ts";
import { Reception } from "./reception.ts";

/** Transport stream in datagrams, raw or in RTP, as an input of a stream. */
export class UdpSource implements Source {
  readonly lane = "ts";
  readonly #settings: UdpInputSettings;
  readonly #context: SourceContext;

  constructor(settings: UdpInputSettings, context: SourceContext) {
    this.#settings = settings;
    this.#context = context;
  }

  async run(into: StreamWriter, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { address, bufferBytes } = this.#settings;
    let socket: Socket;
    try {
      socket = await listenUdp({ address, bufferBytes, signal });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    this.#noteBuffer(socket);
    const reception = new Reception(this.#settings, this.#context, into);
    try {
      await reception.receive(socket, signal);
    } finally {
      reception.end(signal.aborted);
      await closeSocket(socket);
    }
  }

  /** The system gives less than asked for without a word; Linux reports twice what it gives (socket(7)). */
  #noteBuffer(socket: Socket): void {
    const asked = this.#settings.bufferBytes;
    const got = socket.getRecvBufferSize() / (process.platform === "linux" ? 2 : 1);
    if (got >= asked) return;
    this.#context.log.debug("receive buffer is smaller than asked for: raise net.core.rmem_max", {
      asked,
      got,
    });
  }
}
