import type { AudioFormat } from "@millrace/model";
import { adtsToAudioSpecificConfig, emptyAdtsHeader, parseAdts } from "../aac/adts.ts";
import { aacCodecString, parseAudioSpecificConfig } from "../aac/audio-specific-config.ts";
import { type AudioFrameHeader, type AudioFrameParser, emptyAudioFrameHeader } from "../frame.ts";
import { FrameFinder } from "../frame-finder.ts";
import { id3Length } from "../meta/id3.ts";
import { ac3Bsid, buildDac3, emptyAc3Header, parseAc3 } from "./ac3.ts";
import { buildDec3 } from "./dec3.ts";
import { emptyEac3Header, parseEac3 } from "./eac3.ts";
import { mpaCodecString, parseMpa } from "./mpa.ts";

/** Codecs whose frames follow each other in files and HTTP streams without any container. */
export type PackedCodec = "aac" | "mpa" | "ac3" | "eac3";

/** What the frames say of themselves; goes into a `Track`. */
export interface PackedTrack {
  readonly codec: PackedCodec;
  readonly audio: AudioFormat;
  readonly config?: Uint8Array;
  readonly codecString?: string;
}

export interface PackedAudioEvents {
  /** Before the first frame, and before the first that differs. */
  onTrack(track: PackedTrack): void;
  /** One frame as access units hold it (raw AAC, whole sync frames else), valid until the call returns. */
  onFrame(data: Uint8Array, header: AudioFrameHeader): void;
  /** An ID3 tag between frames, valid until the call returns. */
  onTag?(tag: Uint8Array): void;
}

/** More than this without a frame is no audio. */
const MAX_KEPT = 1 << 20;

/** The codec of the frame at `buf[at]`; undefined where none begins. Reads six bytes. */
export function sniffPackedAudio(buf: Uint8Array, at: number): PackedCodec | undefined {
  const first = buf[at] ?? 0;
  const second = buf[at + 1] ?? 0;
  if (first === 0xff && (second & 0xf6) === 0xf0) return "aac";
  if (first === 0xff && (second & 0xe0) === 0xe0 && (second & 0x06) !== 0 && (second & 0x18) !== 0x08)
    return "mpa";
  if (first !== 0x0b || second !== 0x77) return undefined;
  return ac3Bsid(buf, at) <= 10 ? "ac3" : "eac3";
}

interface Syntax {
  readonly finder: FrameFinder;
  readonly strip: boolean;
  describe(buf: Uint8Array, at: number): Omit<PackedTrack, "codec">;
}

/** Cuts audio without a container into frames, from any split of the bytes, and tells ID3 tags from it. */
export class PackedAudioReader {
  readonly #events: PackedAudioEvents;
  readonly #wanted: PackedCodec | undefined;
  #codec: PackedCodec | undefined;
  #syntax: Syntax | undefined;
  #kept: Uint8Array = new Uint8Array(0);
  #sampleRate = 0;
  #channels = 0;
  #profile = 0;
  #rubbish = 0;
  /** More bytes have to come before it is known whether a frame begins here. */
  #undecided = false;

  /** `codec`: where it is known; else the first frame tells. */
  constructor(events: PackedAudioEvents, codec?: PackedCodec) {
    this.#events = events;
    this.#wanted = codec;
  }

  get codec(): PackedCodec | undefined {
    return this.#codec;
  }

  /** Bytes that belong to no frame. Only grows. */
  get rubbishBytes(): number {
    return this.#rubbish + (this.#syntax?.finder.rubbishBytes ?? 0);
  }

  push(bytes: Uint8Array): void {
    let buf = bytes;
    if (this.#kept.length > 0) {
      buf = new Uint8Array(this.#kept.length + bytes.length);
      buf.set(this.#kept);
      buf.set(bytes, this.#kept.length);
    }
    const at = this.#consume(buf);
    this.#kept = new Uint8Array(buf.subarray(at));
    if (this.#kept.length > MAX_KEPT) this.#drop();
  }

  /** The next bytes do not follow on the last. */
  reset(): void {
    this.#drop();
    this.#syntax?.finder.reset();
  }

  #drop(): void {
    this.#rubbish += this.#kept.length;
    this.#kept = new Uint8Array(0);
  }

  /** Hands on what is whole; returns where the rest begins. */
  #consume(buf: Uint8Array): number {
    let at = 0;
    for (;;) {
      const tag = id3Length(buf, at);
      if (tag < 0 || (tag > 0 && at + tag > buf.length && tag <= MAX_KEPT)) return at;
      if (tag > 0 && at + tag <= buf.length) {
        this.#events.onTag?.(buf.subarray(at, at + tag));
        at += tag;
        continue;
      }
      if (this.#syntax === undefined && !this.#find(buf, at)) {
        const next = this.#undecided ? at : this.#seek(buf, at);
        if (next === at) return at;
        at = next;
        continue;
      }
      const { finder } = this.#syntax as Syntax;
      const found = finder.next(buf, at);
      if (found < 0) return finder.keepFrom;
      this.#emit(buf, found);
      at = found + finder.header.frameLength;
    }
  }

  /** Where a frame may begin, at the earliest; `at` itself where more bytes have to come first. */
  #seek(buf: Uint8Array, at: number): number {
    if (buf.length - at < 8) return at;
    for (let i = at + 1; i + 8 <= buf.length; i++) {
      if (sniffPackedAudio(buf, i) === undefined && id3Length(buf, i) <= 0) continue;
      this.#rubbish += i - at;
      return i;
    }
    this.#rubbish += buf.length - 7 - at;
    return buf.length - 7;
  }

  /** Settles the codec by the frame at `buf[at]`: two in a row, or one that is the end, as chance makes the first easily. */
  #find(buf: Uint8Array, at: number): boolean {
    this.#undecided = buf.length - at < 8;
    if (this.#undecided) return false;
    const codec = this.#wanted ?? sniffPackedAudio(buf, at);
    if (codec === undefined) return false;
    const { finder } = syntaxOf(codec);
    const isFrame = this.#wanted !== undefined || finder.next(buf, at) === at;
    this.#undecided = !isFrame && finder.keepFrom === at;
    if (!isFrame) return false;
    this.#codec = codec;
    this.#syntax = syntaxOf(codec);
    return true;
  }

  #emit(buf: Uint8Array, at: number): void {
    const syntax = this.#syntax as Syntax;
    const { finder, strip } = syntax;
    const { header } = finder;
    const { sampleRate, channels, profile } = header;
    if (sampleRate !== this.#sampleRate || channels !== this.#channels || profile !== this.#profile) {
      this.#sampleRate = sampleRate;
      this.#channels = channels;
      this.#profile = profile;
      this.#events.onTrack({ codec: this.#codec as PackedCodec, ...syntax.describe(buf, at) });
    }
    const from = strip ? at + header.headerLength : at;
    this.#events.onFrame(buf.subarray(from, at + header.frameLength), header);
  }
}

function formatOf({ sampleRate, channels, samples, bitrate, profile }: AudioFrameHeader): AudioFormat {
  return { sampleRate, channels, frameSamples: samples, profile, ...(bitrate > 0 && { bitrate }) };
}

function syntaxOf(codec: PackedCodec): Syntax {
  switch (codec) {
    case "aac":
      return makeSyntax(parseAdts, emptyAdtsHeader, (buf, at, header) => {
        const config = adtsToAudioSpecificConfig(buf, at, header);
        const read = config && parseAudioSpecificConfig(config);
        const audio = { ...formatOf(header), frameSamples: header.samples / header.rawBlocks };
        if (config === undefined || read === undefined) return { audio };
        return { audio: { ...audio, channels: read.channels }, config, codecString: aacCodecString(read) };
      });
    case "mpa":
      return makeSyntax(parseMpa, emptyAudioFrameHeader, (_buf, _at, header) => ({
        audio: formatOf(header),
        codecString: mpaCodecString(header),
      }));
    case "ac3":
      return makeSyntax(parseAc3, emptyAc3Header, (_buf, _at, header) => ({
        audio: formatOf(header),
        config: buildDac3(header),
        codecString: "ac-3",
      }));
    case "eac3":
      return makeSyntax(parseEac3, emptyEac3Header, (buf, at, header) => {
        const config = buildDec3(buf.subarray(at, at + header.frameLength));
        return { audio: formatOf(header), codecString: "ec-3", ...(config !== undefined && { config }) };
      });
  }
}

function makeSyntax<H extends AudioFrameHeader>(
  parse: AudioFrameParser<H>,
  makeHeader: () => H,
  describe: (buf: Uint8Array, at: number, header: H) => Omit<PackedTrack, "codec">,
): Syntax {
  const finder = new FrameFinder<H>(parse, makeHeader);
  return {
    finder: finder as unknown as FrameFinder,
    strip: (parse as unknown) === parseAdts,
    describe: (buf, at) => describe(buf, at, finder.header),
  };
}
