import type { HttpExchange, Runtime } from "@millrace/engine";
import { AAC, type FileFormat, MP3 } from "./file-formats.ts";
import type { LaneFile } from "./lane-response.ts";
import { chooseTracks, numberTracks, readLaneHeader } from "./lane-tracks.ts";
import { admit, sendFile, tracksOf } from "./serve.ts";
import { StreamFile } from "./stream-file.ts";
import { ICY_METAINT, ICY_NOTHING, icyMetadata } from "./wire/icy.ts";

/** Serves `GET /NAME/shoutcast`: sound for internet radios, with titles for those that ask for them. */
export async function serveShoutcast(runtime: Runtime, exchange: HttpExchange): Promise<void> {
  const access = await admit(runtime, exchange, "shoutcast");
  if (access === undefined) return;
  const tracks = await tracksOf(runtime, access.stream);
  const wanted = exchange.query["tracks"] ?? "";
  const all = numberTracks(tracks).filter(({ track }) => MP3.takes(track) || AAC.takes(track));
  const chosen = chooseTracks(all, wanted, true)[0];
  const format: FileFormat = chosen === undefined || MP3.takes(chosen.track) ? MP3 : AAC;
  const file = new StreamFile(format, chosen?.name ?? wanted);
  const withTitles = exchange.request.headers["icy-metadata"] === "1";
  const bitrate = Math.round((chosen?.track.audio?.bitrate ?? 0) / 1000);
  await sendFile(runtime, exchange, {
    access,
    tracks,
    format,
    protocol: "shoutcast",
    file: withTitles ? new TitledFile(file, access.stream) : file,
    headers: {
      "icy-name": headerText(access.stream),
      "icy-pub": "0",
      ...(bitrate > 0 ? { "icy-br": String(bitrate) } : {}),
      ...(withTitles ? { "icy-metaint": String(ICY_METAINT) } : {}),
    },
  });
}

function headerText(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, "?");
}

/** Puts a block of metadata behind every 16,000 bytes of sound: the title if it is new, else nothing. */
export class TitledFile implements LaneFile {
  readonly #file: LaneFile;
  readonly #name: string;
  #title: string;
  #told: string | undefined;
  /** Bytes of sound up to the next block. */
  #left = ICY_METAINT;

  constructor(file: LaneFile, name: string) {
    this.#file = file;
    this.#name = name;
    this.#title = name;
  }

  header(bytes: Uint8Array, fresh: boolean): boolean {
    const { title } = readLaneHeader(bytes);
    this.#title = title === "" ? this.#name : title;
    return this.#file.header(bytes, fresh);
  }

  message(number: number, dts: number, parts: readonly Uint8Array[]): readonly Uint8Array[] | undefined {
    const sound = this.#file.message(number, dts, parts);
    if (sound === undefined) return undefined;
    const out: Uint8Array[] = [];
    for (const part of sound) this.#take(part, out);
    return out;
  }

  #take(part: Uint8Array, out: Uint8Array[]): void {
    let at = 0;
    while (part.length - at >= this.#left) {
      out.push(part.subarray(at, at + this.#left), this.#block());
      at += this.#left;
      this.#left = ICY_METAINT;
    }
    if (at === part.length) return;
    out.push(part.subarray(at));
    this.#left -= part.length - at;
  }

  #block(): Uint8Array {
    if (this.#told === this.#title) return ICY_NOTHING;
    this.#told = this.#title;
    return icyMetadata(this.#title);
  }
}
