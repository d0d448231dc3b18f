import { PackedAudioReader, type PackedCodec } from "@millrace/codec";
import {
  followRedirects,
  httpUrl,
  REDIRECTS,
  type Source,
  type SourceContext,
  type StreamWriter,
} from "@millrace/engine";
import { type Details, TICKS_PER_SECOND } from "@millrace/model";
import { SCHEMES, type ShoutSettings } from "./config.ts";
import { request } from "./dial.ts";
import { badAnswer } from "./errors.ts";
import { FramePacer, MOST_WAITING } from "./frame-pacer.ts";
import { IcyStream, titleOf } from "./wire/icy-stream.ts";
import type { ResponseHead } from "./wire/response-head.ts";
import { firstAddress, isStationList } from "./wire/station-list.ts";

/** Lists and redirections name stations by these, too. */
const STATION_SCHEMES = { ...SCHEMES, icy: "http", icyx: "http" } as const;
const MAX_LIST_BYTES = 64 << 10;
const TRACK_ID = 1;
/** So much without one frame is no audio. */
const MAX_RUBBISH_BYTES = 1 << 20;
const MAX_INTERVAL = 1 << 20;

/** A radio station over HTTP as an input of a stream. */
export class ShoutSource implements Source {
  readonly lane = "units";
  readonly #settings: ShoutSettings;
  readonly #context: SourceContext;
  #details: Record<string, string | number> = {};
  #pacer: FramePacer | undefined;

  constructor(settings: ShoutSettings, context: SourceContext) {
    this.#settings = settings;
    this.#context = context;
  }

  async run(into: StreamWriter, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const pacer = new FramePacer(this.#context.clock, (unit) => into.unit(unit));
    this.#pacer = pacer;
    const close = (): void => pacer.close();
    signal.addEventListener("abort", close, { once: true });
    try {
      await this.#play(into, pacer, signal);
      if (!signal.aborted) await pacer.drain();
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener("abort", close);
      pacer.close();
    }
  }

  describe(): Details {
    const { bufferedMs = 0, underruns = 0 } = this.#pacer ?? {};
    return { ...this.#details, bufferedMs, underruns };
  }

  async #play(into: StreamWriter, pacer: FramePacer, signal: AbortSignal): Promise<void> {
    const settings = this.#settings;
    const ask = async (url: URL): Promise<URL | undefined> => {
      if (signal.aborted) return undefined;
      let next: URL | undefined;
      let list: StationList | undefined;
      const onHead = (head: ResponseHead): ((bytes: Uint8Array) => void) | undefined => {
        next = redirectOf(head, url);
        if (next !== undefined) return undefined;
        if (isStationList(head.headers.get("content-type") ?? "")) {
          list = new StationList();
          return (bytes) => list?.push(bytes);
        }
        return this.#receiver(head, into, pacer);
      };
      await request({ settings, url, signal, onHead });
      return next ?? list?.address(url);
    };
    await followRedirects({
      first: settings.url,
      what: settings.url.host,
      badAnswer,
      ask,
      onRedirect: (from, to) => this.#context.log.debug("redirected", { from: from.href, to: to.href }),
    });
  }

  /** What takes the body of the station's answer. Throws `shout.answer`. */
  #receiver({ headers }: ResponseHead, into: StreamWriter, pacer: FramePacer): (bytes: Uint8Array) => void {
    const type = headers.get("content-type") ?? "";
    const codec = codecOf(type);
    const interval = Number(headers.get("icy-metaint") ?? 0);
    if (!Number.isSafeInteger(interval) || interval < 0 || interval > MAX_INTERVAL)
      throw badAnswer(`icy-metaint "${headers.get("icy-metaint")}" makes no sense`);
    this.#describeStation(headers);
    const frames = this.#frames(into, pacer, codec);
    const icy = new IcyStream(interval, {
      onAudio: (bytes) => frames(bytes),
      onMetadata: (text) => this.#onMetadata(text, into),
    });
    return (bytes) => icy.push(bytes);
  }

  #describeStation(headers: ReadonlyMap<string, string>): void {
    const told = { station: "icy-name", genre: "icy-genre", bitrateKbit: "icy-br", server: "server" };
    this.#details = {};
    for (const [name, header] of Object.entries(told)) {
      const value = headers.get(header);
      if (value !== undefined && value !== "") this.#details[name] = value.slice(0, 200);
    }
  }

  #onMetadata(text: string, into: StreamWriter): void {
    into.count("metadata");
    const title = titleOf(text);
    if (title === undefined || title === this.#details["title"]) return;
    this.#details["title"] = title.slice(0, 500);
    into.count("titles");
    this.#context.log.debug("title", { title });
  }

  /** Makes frames of audio bytes, with times by their samples. */
  #frames(
    into: StreamWriter,
    pacer: FramePacer,
    codec: PackedCodec | undefined,
  ): (bytes: Uint8Array) => void {
    const { clock } = this.#context;
    const { paced } = this.#settings;
    let base = 0;
    let samples = 0;
    let rate = 0;
    let frames = 0;
    let rubbish = 0;
    const reader = new PackedAudioReader(
      {
        onTrack: (track) =>
          into.setTracks([{ id: TRACK_ID, kind: "audio", timescale: TICKS_PER_SECOND, ...track }]),
        onFrame: (data, header) => {
          if (header.sampleRate !== rate) {
            base += rate === 0 ? 0 : Math.round((samples * TICKS_PER_SECOND) / rate);
            samples = 0;
            rate = header.sampleRate;
          }
          const dts = base + Math.round((samples * TICKS_PER_SECOND) / rate);
          samples += header.samples;
          frames++;
          const unit = {
            track: TRACK_ID,
            pts: dts,
            dts,
            key: true,
            discontinuity: false,
            wallMs: clock.wallMs(),
          };
          if (!paced) into.unit({ ...unit, data: [data] });
          else if (pacer.waiting < MOST_WAITING) pacer.push({ ...unit, data: [new Uint8Array(data)] });
          else into.count("droppedUnits");
        },
      },
      codec,
    );
    return (bytes) => {
      reader.push(bytes);
      if (reader.rubbishBytes > rubbish) into.count("rubbishBytes", reader.rubbishBytes - rubbish);
      rubbish = reader.rubbishBytes;
      if (frames === 0 && rubbish > MAX_RUBBISH_BYTES)
        throw badAnswer("the server sends no audio that can be played");
    };
  }
}

/** Where an answer redirects to; undefined if it carries a body to be read. Throws `shout.answer` for all others. */
function redirectOf({ status, reason, headers }: ResponseHead, url: URL): URL | undefined {
  const location = headers.get("location");
  if (REDIRECTS.has(status) && location !== undefined) return nextUrl(location, url);
  if (status !== 200 && status !== 206) throw badAnswer(`${url.host} answered ${status} ${reason}`.trimEnd());
  return undefined;
}

/** Throws `shout.answer` for whatever is not HTTP. */
function nextUrl(address: string, base: URL): URL {
  const next = httpUrl(address, STATION_SCHEMES, base);
  if (next !== undefined) return next;
  throw badAnswer(`redirected to "${address}", which is not HTTP`);
}

/** The codec that a media type names; undefined where the frames tell. Throws `shout.answer` for others. */
function codecOf(type: string): PackedCodec | undefined {
  if (/^audio\/(mpeg|mp3|x-mp3|mpeg3)\b/i.test(type)) return "mpa";
  if (/^audio\/(aacp?|x-aac|x-hx-aac-adts)\b/i.test(type)) return "aac";
  if (/^audio\/ac3\b/i.test(type)) return "ac3";
  if (/^audio\/eac3\b/i.test(type)) return "eac3";
  if (/^text\/html/i.test(type)) throw badAnswer("the server sends a web page, not audio");
  if (/^video\/mp2t/i.test(type))
    throw badAnswer("the server sends a transport stream: write tshttp:// in the URL");
  if (/^(audio|application)\/ogg/i.test(type))
    throw badAnswer("Ogg cannot be played here: only MP3, AAC and AC-3");
  if (/mpegurl/i.test(type)) throw badAnswer("the server sends an HLS playlist: write hls:// in the URL");
  return undefined;
}

/** A list that links to the station. */
class StationList {
  #text = "";

  push(bytes: Uint8Array): void {
    this.#text += new TextDecoder("latin1").decode(bytes);
    if (this.#text.length > MAX_LIST_BYTES) throw badAnswer("the list of stations is too long");
  }

  /** Throws `shout.answer` where there is none. */
  address(base: URL): URL {
    const address = firstAddress(this.#text);
    if (address !== undefined) return nextUrl(address, base);
    if (this.#text.includes("#EXT-X-"))
      throw badAnswer("the server sends an HLS playlist: write hls:// in the URL");
    throw badAnswer("the list of stations names none");
  }
}
