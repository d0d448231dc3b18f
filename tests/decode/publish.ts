import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { repoRoot } from "../e2e/kit/paths.ts";
import { freePort, TestServer, until } from "../e2e/kit/server.ts";
import { Background } from "../interop/kit/background.ts";
import { type Coding, encodeFile, FPS, startEncoder } from "../interop/kit/encoder.ts";
import { TELETEXT_CAPTURE, writeTeletextFile } from "../interop/kit/teletext-file.ts";
import type { Capture, Source } from "./codings.ts";
import type { Format } from "./formats.ts";

const RTMP_CHILD = fileURLToPath(new URL("../interop/kit/rtmp-ffmpeg8-child.ts", import.meta.url));
const STARTED_MS = 60_000;
const ENCODED_MS = 300_000;
/** What GStreamer needs to fill its buffers. */
const LISTED = 4;

/** What is opened belongs to one run. */
export interface Owner {
  after(stop: () => Promise<unknown>): void;
}

/** A source that is on air. */
export interface Published {
  readonly server: TestServer;
  /** Its stream. */
  readonly stream: string;
  /** Frames a second of the picture, at least. */
  readonly fps: number;
  /** What the publisher says when it has ended; undefined as long as it runs. */
  whyEnded(): string | undefined;
}

/** Why a source is not there; undefined if it is. */
export function whyMissing({ capture, name }: Source): string | undefined {
  if (capture === undefined) return undefined;
  const files = name === "teletext" ? [TELETEXT_CAPTURE] : capture.files.map(sharedFile);
  const missing = files.find((file) => !existsSync(file));
  return missing === undefined ? undefined : `shared media missing: ${missing}`;
}

function sharedFile(name: string): string {
  return join(repoRoot, "../shared/media", name);
}

/** The name of a source's stream. */
function streamOf({ name }: Source): string {
  return name.replaceAll("+", "-");
}

/** More is listed than players need: a machine that is busy with all of them at once holds them up. */
const OPTIONS = "segments 15;";

/** A server with a stream for each source. */
export class Station {
  readonly server: TestServer;
  readonly #head: string;
  readonly #rtmpPort: number;
  readonly #captures = new Map<string, string>();

  private constructor(server: TestServer, head: string, rtmpPort: number) {
    this.server = server;
    this.#head = head;
    this.#rtmpPort = rtmpPort;
  }

  static async start(owner: Owner, sources: readonly Source[]): Promise<Station> {
    const rtmpPort = await freePort();
    const published = sources.filter(({ coding }) => coding !== undefined);
    const streams = published.map((each) => `stream ${streamOf(each)} { publish_enabled; ${OPTIONS} }`);
    const head = [`rtmp 127.0.0.1:${rtmpPort};`, ...streams].join("\n");
    return new Station(await TestServer.start(owner, head), head, rtmpPort);
  }

  /** Publishes a source for so many seconds at least. */
  async publish(owner: Owner, source: Source, seconds: number): Promise<Published> {
    const stream = streamOf(source);
    const { coding, capture } = source;
    const { server } = this;
    if (capture !== undefined) {
      this.#captures.set(stream, writeCapture(join(server.folder, `${stream}.mpegts`), source.name, capture));
      this.#reload();
      owner.after(async () => {
        this.#captures.delete(stream);
        this.#reload();
      });
      await this.#untilTracks(stream, 2, () => undefined);
      return { server, stream, fps: capture.fps, whyEnded: () => undefined };
    }
    const publisher = await this.#encode(owner, { ...source, coding: coding ?? {} }, seconds);
    const wanted = [source.video, source.audio].filter((codec) => codec !== undefined).length;
    await this.#untilTracks(stream, wanted, () => {
      if (!publisher.running) throw new Error(`the publisher ended: ${publisher.stderr}`);
    });
    const whyEnded = (): string | undefined =>
      publisher.running ? undefined : publisher.stderr || "it ended";
    return { server, stream, fps: FPS, whyEnded };
  }

  async #encode(
    owner: Owner,
    source: Source & { readonly coding: Coding },
    seconds: number,
  ): Promise<Background> {
    const stream = streamOf(source);
    if (source.way === "mpegts") {
      const options = ["-strict", "-2", "-method", "PUT"];
      return startEncoder(owner, source.coding, { url: this.server.url(`/${stream}/mpegts`), options });
    }
    const file = join(this.server.folder, `${stream}.mp4`);
    await encodeFile(file, source.coding, seconds, { format: "mp4", timeoutMs: ENCODED_MS });
    const url = `rtmp://127.0.0.1:${this.#rtmpPort}/static/${stream}`;
    return Background.start(owner, process.execPath, [RTMP_CHILD, file, url, "flv", String(seconds)]);
  }

  #reload(): void {
    const captures = [...this.#captures].map(
      ([stream, file]) => `stream ${stream} { input file://${file}; ${OPTIONS} }`,
    );
    this.server.rewrite([this.#head, ...captures].join("\n"));
    this.server.signal("SIGHUP");
  }

  async #untilTracks(stream: string, count: number, look: () => void): Promise<void> {
    await until(`the tracks of ${stream}`, STARTED_MS, async () => {
      look();
      const found = (await this.server.streams()).find(({ name }) => name === stream);
      return (found?.tracks.length ?? 0) >= count || undefined;
    });
  }
}

function writeCapture(file: string, name: string, { files }: Capture): string {
  if (name === "teletext") writeTeletextFile(file);
  else writeFileSync(file, Buffer.concat(files.map((each) => readFileSync(sharedFile(each)))));
  return file;
}

/** Players that fill buffers want as much as playlists usually have: of each kind of segments that the formats are made of. */
export async function untilFull({ server, stream }: Published, formats: readonly Format[]): Promise<void> {
  const segmented = formats.filter(({ segments }) => segments === true);
  const names = segmented.map(({ name }) => (name === "hls-ts" ? "mono.m3u8" : "index.fmp4.m3u8"));
  for (const path of new Set(names.map((name) => `/${stream}/${name}`))) {
    await until(`as many segments as ${path} lists`, STARTED_MS, async () => {
      const text = await textOf(server.url(path));
      const [variant] = /^cmaf\/.*\.m3u8.*$/m.exec(text) ?? [];
      const media = variant === undefined ? text : await textOf(server.url(`/${stream}/${variant}`));
      return (media.match(/#EXTINF/g)?.length ?? 0) >= LISTED || undefined;
    });
  }
}

async function textOf(url: string): Promise<string> {
  const response = await fetch(url);
  return response.ok ? await response.text() : "";
}
