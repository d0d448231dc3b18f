import type { Runtime, ShelfItem } from "@millrace/engine";
import { FragmentReader } from "@millrace/isobmff";
import type { AccessUnit, Track } from "@millrace/model";

export interface SegmentUnits {
  readonly track: Track;
  /** On the media timeline, 90 kHz; their data are copies. */
  readonly units: readonly AccessUnit[];
}

/** A segment and its header. */
export interface SegmentItems {
  readonly init: ShelfItem;
  readonly segment: ShelfItem;
  /** Decoding times as they are written, by which fragments follow each other; else none is behind its presentation time. */
  readonly keepDecodeTimes: boolean;
}

/** Takes a CMAF segment apart again. Undefined where its memory is gone, or it has no track that can be read. */
export function readSegment(
  runtime: Pick<Runtime, "holdSpan" | "releaseSpan">,
  { init, segment, keepDecodeTimes }: SegmentItems,
): SegmentUnits | undefined {
  const units: AccessUnit[] = [];
  const reader = new FragmentReader({
    keepDecodeTimes,
    onTracks: () => {},
    onUnit: (unit) => units.push({ ...unit, data: unit.data.map((part) => part.slice()) }),
  });
  for (const { head, spans = [] } of [init, segment]) {
    if (head !== undefined) reader.push(head);
    for (const span of spans) {
      const view = runtime.holdSpan(span);
      if (view === undefined) return undefined;
      reader.push(view);
      runtime.releaseSpan(span);
    }
  }
  const [track] = reader.tracks;
  return track === undefined || units.length === 0 ? undefined : { track, units };
}
