import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { InputInfo } from "@millrace/model";
import { PACKET, type Reading } from "./capture.ts";
import { LivePublisher, viewersInBothWorkers, whyNotPiece } from "./live.ts";
import { TestServer, until } from "./server.ts";

/**
 * A server that gets a suite's bad input, while an innocent stream on it is published and watched in both workers. When
 * the suite is over, its viewers must have every byte, and nothing may have been logged as an error.
 */
export class Bystander {
  readonly #stops: (() => Promise<unknown>)[] = [];
  #server: TestServer | undefined;
  #publisher: LivePublisher | undefined;
  #viewers: Reading[] = [];

  /** For use in a `describe`; `config` is asked for once, before the first test. */
  constructor(config: () => string | Promise<string>) {
    before(async () => this.#open(await config()));
    after(async () => {
      try {
        await this.#check();
      } finally {
        this.#publisher?.kill();
        for (const stop of this.#stops) await stop();
      }
    });
  }

  get server(): TestServer {
    assert.ok(this.#server !== undefined);
    return this.#server;
  }

  url(path: string): string {
    return this.server.url(path);
  }

  async input(stream: string): Promise<InputInfo> {
    const input = (await this.server.stream(stream)).inputs[0];
    assert.ok(input !== undefined, stream);
    return input;
  }

  async counter(stream: string, name: string): Promise<number> {
    return (await this.input(stream)).counters[name] ?? 0;
  }

  running(stream: string): Promise<boolean> {
    return until(
      `${stream} on air`,
      5000,
      async () => (await this.server.stream(stream)).running || undefined,
    );
  }

  async #open(config: string): Promise<void> {
    const text = `stream innocent { publish_enabled; }\n${config}`;
    this.#server = await TestServer.start({ after: (stop) => this.#stops.push(stop) }, text);
    this.#publisher = new LivePublisher(this.url("/innocent/mpegts"), { bitrate: 2_000_000 });
    await this.running("innocent");
    this.#viewers = await viewersInBothWorkers(this.server, "innocent");
  }

  async #check(): Promise<void> {
    assert.equal(await this.#publisher?.end(), 200);
    const sent = this.#publisher?.sent ?? Buffer.alloc(0);
    for (const [i, viewer] of this.#viewers.entries()) {
      await until(`innocent viewer ${i} to get the last packet`, 3000, () => {
        return viewer.bytes().subarray(-PACKET).equals(sent.subarray(-PACKET)) || undefined;
      });
      assert.equal(whyNotPiece(viewer.bytes(), sent), undefined, `innocent viewer ${i}`);
      viewer.close();
    }
    assert.deepEqual(
      this.server.log.filter((line) => line.level === "error"),
      [],
    );
    assert.equal(this.server.stderr, "");
  }
}

/** Places of whole packets that do not begin with a sync byte. */
export function badSyncs(bytes: Buffer): number[] {
  const places: number[] = [];
  for (let at = 0; at + PACKET <= bytes.length; at += PACKET) if (bytes[at] !== 0x47) places.push(at);
  return places;
}
