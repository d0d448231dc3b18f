import type { Codec } from "@millrace/model";
import type { EsFormat } from "./es-format.ts";
import { probeAudio } from "./probe-audio.ts";
import { probeVideo } from "./probe-video.ts";

/** Enough for the headers of any codec; a picture is not needed whole. */
const MAX_BYTES = 64 * 1024;
/** PES packets looked into before giving up: parameter sets come with key pictures only. */
const MAX_UNITS = 250;

/** Gathers the payload of PES packets of one PID until its codec's headers have been understood. */
export class CodecProbe {
  readonly #codec: Codec;
  readonly #name: string;
  #buffer = new Uint8Array(2048);
  #have = 0;
  #open = false;
  #units = 0;
  /** Set once the headers were understood. */
  format: EsFormat | undefined = undefined;

  /** `name`: what the PMT's entry is called, which tells ADTS from LATM. */
  constructor(codec: Codec, name: string) {
    this.#codec = codec;
    this.#name = name;
  }

  /** Whether a codec has headers that can be looked into. */
  static canProbe(codec: Codec): boolean {
    return probeVideo.has(codec) || probeAudio.has(codec);
  }

  /** A PES packet begins; the one before is complete. Returns true when the probe is over. */
  begin(): boolean {
    if (this.#open && this.#try()) return true;
    this.#open = true;
    this.#have = 0;
    return ++this.#units > MAX_UNITS;
  }

  /** Takes payload `buf[start, end)` behind the PES header. Returns true when the probe is over. */
  push(buf: Uint8Array, start: number, end: number): boolean {
    if (!this.#open || start >= end) return false;
    const length = Math.min(end - start, MAX_BYTES - this.#have);
    if (this.#have + length > this.#buffer.length) this.#grow(this.#have + length);
    this.#buffer.set(buf.subarray(start, start + length), this.#have);
    this.#have += length;
    return this.#have >= MAX_BYTES && this.#try();
  }

  /** The PES packet under way lost bytes. */
  drop(): void {
    this.#open = false;
  }

  /** End of input: what there is may do. */
  finish(): void {
    if (this.#open) this.#try();
  }

  #try(): boolean {
    this.#open = false;
    const probe = probeVideo.get(this.#codec) ?? probeAudio.get(this.#codec);
    this.format = probe?.(this.#buffer.subarray(0, this.#have), this.#name);
    return this.format !== undefined;
  }

  #grow(need: number): void {
    const grown = new Uint8Array(Math.min(MAX_BYTES, Math.max(need, this.#buffer.length * 4)));
    grown.set(this.#buffer);
    this.#buffer = grown;
  }
}
