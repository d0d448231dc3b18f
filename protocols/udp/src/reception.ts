import type { SourceContext, StreamWriter } from "@millrace/engine";
import { filterTs } from "@millrace/mpegts";
import type { UdpPacketBatch, UdpPeer, UdpSocket } from "@millrace/native-udp";
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
  #socket: UdpSocket | undefined;
  /** Address of the only sender that is heard. */
  #wanted: string | undefined;
  #sender: UdpPeer | undefined;
  #senderIsWanted = false;
  /** When the last datagram came. */
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
  receive(socket: UdpSocket, signal: AbortSignal): Promise<void> {
    const { source } = this.#settings.address;
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return resolve();
      try {
        // As the system writes it: an IPv6 address has many forms.
        if (source !== undefined) this.#wanted = socket.peer(source, 0).address;
      } catch (error) {
        return reject(socketFailed(`cannot receive from ${source}`, error));
      }
      signal.addEventListener("abort", () => resolve(), { once: true });
      socket.onError = (error) => reject(socketFailed("receiving failed", error));
      this.#watchSilence(reject);
      socket.onPackets = (batch) => this.#take(batch);
    });
  }

  /** Ends the timers; what still waits is delivered unless nobody wants it any more. */
  end(aborted: boolean): void {
    clearTimeout(this.#pollTimer);
    clearInterval(this.#silenceTimer);
    if (!aborted) this.#depacketizer.flush();
  }

  #take(batch: UdpPacketBatch): void {
    const { block, offsets, lengths, count } = batch;
    const depacketizer = this.#depacketizer;
    for (let i = 0; i < count; i++) {
      if (this.#wanted !== undefined && !this.#isWanted(batch.source(i))) {
        this.#into.count("otherSenders");
        continue;
      }
      // Two batches tell the kernel's time a little differently, each by its own reading of the clock.
      this.#lastNs = Math.max(batch.arrivalNs(i), this.#lastNs);
      const start = offsets[i] as number;
      depacketizer.push(block, start, start + (lengths[i] as number), this.#lastNs);
    }
    depacketizer.settle();
    if (this.#pollTimer === undefined && depacketizer.deadlineNs < Number.POSITIVE_INFINITY)
      this.#pollLater();
  }

  /** By address alone: senders choose any port. */
  #isWanted(peer: UdpPeer): boolean {
    if (peer !== this.#sender) {
      this.#sender = peer;
      this.#senderIsWanted = peer.address === this.#wanted;
    }
    return this.#senderIsWanted;
  }

  /** Packets that wait for a missing one go on even if nothing more comes. */
  #pollLater(): void {
    const { clock } = this.#context;
    const waitMs = Math.max(1, Math.ceil((this.#depacketizer.deadlineNs - clock.nowNs()) / 1e6));
    this.#pollTimer = setTimeout(() => {
      // What waits in the socket may be what is missing.
      this.#socket?.receive();
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
