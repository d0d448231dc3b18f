import { PACKET, publishHttp } from "../e2e/kit/capture.ts";
import { TsGenerator } from "../e2e/kit/generator.ts";

const FRAME_MS = 40;

/** Publishes a generated stream in real time, with each packet's number in its last eight bytes (big-endian, from 1). */
export class NumberedPublisher {
  readonly #generator: TsGenerator;
  readonly #http: ReturnType<typeof publishHttp>;
  readonly #timer: NodeJS.Timeout;
  /** Number of the last packet sent. */
  packets = 0;
  /** Set when the server ended the publication. */
  status: number | undefined;

  constructor(url: string, bitrate: number) {
    this.#generator = new TsGenerator({ bitrate });
    this.#http = publishHttp(url);
    void this.#http.status.then((status) => {
      this.status = status;
    });
    const started = performance.now();
    this.#timer = setInterval(() => {
      const due = (performance.now() - started) / FRAME_MS;
      while (this.#generator.frames < due) this.#sendFrame();
    }, FRAME_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sendFrame(): void {
    const frame = this.#generator.nextFrame();
    for (let end = PACKET; end <= frame.length; end += PACKET) {
      this.packets++;
      frame.writeUInt32BE(Math.floor(this.packets / 2 ** 32), end - 8);
      frame.writeUInt32BE(this.packets >>> 0, end - 4);
    }
    this.#http.write(frame);
  }
}
