import { concat } from "@millrace/bytes";
import { fragmentHead, type Sample, storedData } from "@millrace/isobmff";
import { TICKS_PER_SECOND } from "@millrace/model";
import { SMOOTH_TIMESCALE } from "@millrace/playlist";
import { timeAt } from "./listing.ts";
import type { SegmentUnits } from "./segment-units.ts";
import { addToTrackFragment, type FragmentTime, tfrfBox, tfxdBox } from "./smooth-boxes.ts";

export interface SmoothFragment {
  readonly time: FragmentTime;
  /** Those behind it that are known. */
  readonly next: readonly FragmentTime[];
  readonly sequence: number;
  readonly zeroS: number;
}

/** A fragment (MS-SSTR §2.2.4): one moof and one mdat, however many the segment had. */
export function smoothFragment({ track, units }: SegmentUnits, fragment: SmoothFragment): Uint8Array {
  const { time, next, sequence, zeroS } = fragment;
  const place = { timescale: TICKS_PER_SECOND, zeroS };
  // Frames are decoded before they are shown, those of the next fragment too.
  const end = timeAt(SMOOTH_TIMESCALE, units[0]?.dts ?? 0, place) + time.durationTicks;
  const starts = units.map(({ dts }) => timeAt(SMOOTH_TIMESCALE, dts, place));
  const data: Uint8Array[] = [];
  const samples = units.map((unit, i): Sample => {
    const start = starts[i] ?? 0;
    return {
      durationTicks: Math.max(1, (starts[i + 1] ?? end) - start),
      compositionOffsetTicks: timeAt(SMOOTH_TIMESCALE, unit.pts, place) - start,
      key: unit.key,
      size: storedData(track, unit, data),
    };
  });
  const runs = [{ trackId: 1, baseDecodeTime: starts[0] ?? 0, samples }];
  const head = addToTrackFragment(fragmentHead({ sequence, runs }), [tfxdBox(time), tfrfBox(next)]);
  return concat([head, ...data]);
}
