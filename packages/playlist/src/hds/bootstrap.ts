import { PlaylistError } from "../errors.ts";

/** Segments from this one on have this many fragments each. */
export interface SegmentRun {
  readonly firstSegment: number;
  readonly fragmentsPerSegment: number;
}

/** Fragments from this one on have this duration each. */
export interface FragmentRun {
  readonly firstFragment: number;
  /** In the timescale of the bootstrap. */
  readonly startTicks: number;
  /** 0: the run is a mark, and `discontinuity` says of what. */
  readonly durationTicks: number;
  readonly discontinuity?: "end" | "numbers" | "times" | "both";
}

/** Bootstrap information of HTTP Dynamic Streaming (F4V 10.1 §2.11.2): which fragments there are. */
export interface HdsBootstrap {
  /** Grows with each change. */
  readonly version: number;
  readonly live?: boolean;
  /** Ticks a second. */
  readonly timescale: number;
  /** Of the last complete fragment's end. */
  readonly currentMediaTicks: number;
  /** Milliseconds of UTC at media time 0, for players that seek by the clock. */
  readonly smpteTimeCodeOffsetMs?: number;
  readonly movieIdentifier?: string;
  readonly segmentRuns: readonly SegmentRun[];
  readonly fragmentRuns: readonly FragmentRun[];
}

const DISCONTINUITIES = ["end", "numbers", "times", "both"] as const;

/** The `abst` box, with its `asrt` and `afrt`. Throws `playlist.bad-value` for numbers that do not fit their fields. */
export function writeBootstrap(bootstrap: HdsBootstrap): Uint8Array {
  const { segmentRuns, fragmentRuns, live } = bootstrap;
  const out = new ByteWriter();
  out.box("abst", () => {
    out.u32(bootstrap.version);
    // Profile 0 (named access), live, a whole update and not a partial one.
    out.u8(live === true ? 0x20 : 0);
    out.u32(bootstrap.timescale);
    out.u64(bootstrap.currentMediaTicks);
    out.u64(bootstrap.smpteTimeCodeOffsetMs ?? 0);
    out.text(bootstrap.movieIdentifier ?? "");
    // No server and no quality entries, no DRM data, no metadata.
    out.u8(0);
    out.u8(0);
    out.text("");
    out.text("");
    out.u8(1);
    out.box("asrt", () => {
      out.u8(0);
      out.u32(segmentRuns.length);
      for (const run of segmentRuns) {
        out.u32(run.firstSegment);
        out.u32(run.fragmentsPerSegment);
      }
    });
    out.u8(1);
    out.box("afrt", () => {
      out.u32(bootstrap.timescale);
      out.u8(0);
      out.u32(fragmentRuns.length);
      for (const run of fragmentRuns) fragmentRun(out, run);
    });
  });
  return out.bytes();
}

function fragmentRun(out: ByteWriter, run: FragmentRun): void {
  out.u32(run.firstFragment);
  out.u64(run.startTicks);
  out.u32(run.durationTicks);
  if (run.durationTicks === 0) out.u8(DISCONTINUITIES.indexOf(run.discontinuity ?? "end"));
  else if (run.discontinuity !== undefined)
    throw new PlaylistError("playlist.bad-value", "a discontinuity is a fragment run without duration");
}

/** Big-endian fields and full boxes, version 0 and no flags. */
class ByteWriter {
  #bytes: number[] = [];

  #check(value: number, limit: number): void {
    if (!Number.isSafeInteger(value) || value < 0 || value > limit)
      throw new PlaylistError("playlist.bad-value", `${value} does not fit its field`);
  }

  u8(value: number): void {
    this.#check(value, 0xff);
    this.#bytes.push(value);
  }

  u32(value: number): void {
    this.#check(value, 0xffff_ffff);
    this.#bytes.push(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
  }

  u64(value: number): void {
    this.#check(value, Number.MAX_SAFE_INTEGER);
    this.u32(Math.floor(value / 0x1_0000_0000));
    this.u32(value % 0x1_0000_0000);
  }

  /** UTF-8, ended by a zero. */
  text(value: string): void {
    if (value.includes("\0")) throw new PlaylistError("playlist.bad-value", "a zero within a string");
    this.#bytes.push(...new TextEncoder().encode(value), 0);
  }

  box(type: string, content: () => void): void {
    const outer = this.#bytes;
    this.#bytes = [];
    content();
    const inner = this.#bytes;
    this.#bytes = outer;
    this.u32(inner.length + 12);
    for (const letter of type) this.u8(letter.charCodeAt(0));
    this.u32(0);
    for (const byte of inner) outer.push(byte);
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}
