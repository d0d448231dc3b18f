import type { RemoteInfo, Socket } from "node:dgram";
import type { SourceContext, StreamWriter } from "@millrace/engine";
import { filterTs } from "@millrace/mpegts";
import type { UdpInputSettings } from "./config.ts";
import { Depacketizer } from "./depacketizer.ts";
import { silent, socketFailed } from "./errors.ts";

/** One run of a source. */
export class Reception {
  readonly #settings: UdpInputSettings;
  readonly #context: SourceContext;
  readonly #into: StreamWriter;
  readonly #depacketizer: Depacketizer;
  #pollTimer: NodeJS.Timeout | undefined;
  #silenceTimer: NodeJS.Timeout | undefined;
  #lastNs = 0;

  constructor(settings: UdpInputSettings, context: SourceContext, into: StreamWriter) {
    this.#settings = settings;
    this.#context = context;
    this.#into = into;
    const target = filterTs(into, settings.filter);
    this.#depacketizer = new Depacketizer(settings, {
      ts: (bytes) => target.ts(bytes),
      count: (name, by) => into.count(name, by),
    });
  }

  /** Resolves on abort, rejects when the socket fails or stays silent for too long. */
  receive(socket: Socket, signal: AbortSignal): Promise<void> {
    const { source } = this.#settings.address;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
      socket.on("error", (error) => reject(socketFailed("receiving failed", error)));
      this.#watchSilence(reject);
      socket.on("message", (datagram: Uint8Array, from: RemoteInfo) => {
        if (source !== undefined && from.address !== source) {
          this.#into.count("otherSenders");
          return;
        }
        this.#take(datagram);
      });
    });
  }

  /** Ends the timers; what still waits is delivered unless nobody wants it any more. */
  end(aborted: boolean): void {
    clearTimeout(this.#pollTimer);
    clearInterval(this.#silenceTimer);
    if (!aborted) this.#depacketizer.flush();
  }

  #take(datagram: Uint8Array): void {
    const nowNs = this.#context.clock.nowNs();
    this.#lastNs = nowNs;
    this.#depacketizer.push(datagram, nowNs);
    if (this.#pollTimer === undefined && this.#depacketizer.deadlineNs < Number.POSITIVE_INFINITY)
      this.#pollLater();
  }

  /** Packets that wait for a missing one go on even if nothing more comes. */
  #pollLater(): void {
    const { clock } = this.#context;
    const waitMs = Math.max(1, Math.ceil((this.#depacketizer.deadlineNs - clock.nowNs()) / 1e6));
    this.#pollTimer = setTimeout(() => {
      this.#pollTimer = undefined;
      this.#depacketizer.poll(clock.nowNs());
      if (this.#depacketizer.deadlineNs < Number.POSITIVE_INFINITY) this.#pollLater();
    }, waitMs);
  }

  #watchSilence(fail: (reason: Error) => void): void {
    const { timeoutMs } = this.#settings;
    if (timeoutMs === undefined) return;
    const { clock } = this.#context;
    this.#lastNs = clock.nowNs();
    this.#silenceTimer = setInterval(
      () => {
        if (clock.nowNs() - this.#lastNs > timeoutMs * 1e6) fail(silent(timeoutMs));
      },
      Math.max(10, timeoutMs / 8),
    );
  }
}
