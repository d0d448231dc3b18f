import type { Track } from "@millrace/model";
import { type FragmentOptions, fragmentHead, initSegment, type Sample, timescaleOf } from "./index.ts";
import { BoxWriter } from "./write/box-writer.ts";

export function init(...tracks: Track[]): Uint8Array {
  return initSegment(tracks.map((track) => ({ trackId: track.id, track, timescale: timescaleOf(track) })));
}

export function sample(fields: Partial<Sample>): Sample {
  return { durationTicks: 1024, compositionOffsetTicks: 0, key: true, size: 4, ...fields };
}

export function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

/** A fragment of audio frames of four bytes. */
export function audioFragment(
  count: number,
  options: Partial<FragmentOptions> & { time: number; track?: number },
): Uint8Array {
  const { time, track = 2, ...rest } = options;
  const samples = Array.from({ length: count }, () => sample({}));
  const head = fragmentHead({
    sequence: 1,
    runs: [{ trackId: track, baseDecodeTime: time, samples }],
    ...rest,
  });
  return join(head, ...samples.map((_, i) => Uint8Array.of(i, 1, 2, 3)));
}

export function boxed(write: (writer: BoxWriter) => void): Uint8Array {
  const writer = new BoxWriter();
  write(writer);
  return writer.done();
}
