import { readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { StreamInfo } from "@millrace/model";
import { EMBED_POLICY, INDEX_POLICY, loadAssets, PAGE_TYPE, renderEmbed, renderIndex } from "../src/index.ts";

const PACKET = 188;
const CLOCK = join(import.meta.dirname, "../../../protocols/fake/assets/clock-loop.mpegts");
/** Segments in the playlist; each lasts a second. */
const WINDOW = 5;

/** Cuts the test clock at its key frames; each piece starts with the tables of the file's beginning. */
function cutClock(): Uint8Array[] {
  const clock = readFileSync(CLOCK);
  const starts: number[] = [];
  for (let at = 0; at < clock.length; at += PACKET) {
    const field = clock.readUInt8(at + 3) & 0x20 ? clock.readUInt8(at + 4) : 0;
    const randomAccess = field > 0 && (clock.readUInt8(at + 5) & 0x50) === 0x50;
    if (randomAccess) starts.push(at);
  }
  const tables = clock.subarray(0, starts[0]);
  return starts.map((start, i) => Buffer.concat([tables, clock.subarray(start, starts[i + 1])]));
}

/** A server that looks to the pages like Millrace: the tests change what it says. */
export class FixtureServer {
  streams: readonly StreamInfo[] = [];
  /** Status of the playlists of `demo`; 200 plays the test clock. */
  playlistStatus = 200;
  /** What it says that `demo` consists of. */
  tracks: readonly { content: string; codec: string }[] = [
    { content: "video", codec: "h264" },
    { content: "audio", codec: "aac" },
  ];
  /** Every request is cut off. */
  dead = false;
  readonly #assets = loadAssets();
  readonly #segments = cutClock();
  readonly #startedMs = performance.now();
  readonly #server = createServer((request, response) => {
    if (this.dead) request.socket.destroy();
    else this.#answer(new URL(request.url ?? "/", "http://fixture").pathname, response);
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(path: string, response: ServerResponse): void {
    const asset = this.#assets.get(path);
    const segment = /^\/demo\/(\d+)\.ts$/.exec(path);
    if (asset) send(response, asset.type, asset.body);
    else if (path === "/") send(response, PAGE_TYPE, renderIndex(), INDEX_POLICY);
    else if (path.endsWith("/embed.html")) {
      send(response, PAGE_TYPE, renderEmbed(decodeURIComponent(path.slice(1, -11))), EMBED_POLICY);
    } else if (path === "/api/v1/streams") send(response, "application/json", JSON.stringify(this.streams));
    else if (path === "/demo/media_info.json") send(response, "application/json", this.#mediaInfo());
    else if (path === "/demo/index.m3u8" && this.playlistStatus === 200) {
      send(response, "application/vnd.apple.mpegurl", this.#playlist());
    } else if (segment) send(response, "video/mp2t", this.#segments[Number(segment[1]) % 8] as Uint8Array);
    else if (path === "/demo/index.m3u8") response.writeHead(this.playlistStatus).end();
    else response.writeHead(404).end();
  }

  #mediaInfo(): string {
    const streams = this.tracks.map((track, i) => ({ ...track, track_id: `x${i}` }));
    return JSON.stringify({ running: this.playlistStatus === 200, now: Date.now(), streams });
  }

  #playlist(): string {
    const newest = WINDOW + Math.floor((performance.now() - this.#startedMs) / 1000);
    const lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:1"];
    const first = newest - WINDOW + 1;
    lines.push(
      `#EXT-X-MEDIA-SEQUENCE:${first}`,
      `#EXT-X-DISCONTINUITY-SEQUENCE:${Math.floor((first - 1) / 8)}`,
    );
    for (let i = first; i <= newest; i++) {
      if (i % 8 === 0) lines.push("#EXT-X-DISCONTINUITY");
      lines.push("#EXTINF:1.0,", `${i}.ts`);
    }
    return `${lines.join("\n")}\n`;
  }
}

function send(response: ServerResponse, type: string, body: string | Uint8Array, policy?: string): void {
  response.writeHead(200, {
    "content-type": type,
    "cache-control": "no-store",
    ...(policy === undefined ? {} : { "content-security-policy": policy }),
  });
  response.end(body);
}
