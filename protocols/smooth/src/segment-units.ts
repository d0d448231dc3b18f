import type { Runtime, ShelfItem } from "@millrace/engine";
import { FragmentReader } from "@millrace/isobmff";
import type { AccessUnit, Track } from "@millrace/model";

export interface SegmentUnits {
  readonly track: Track;
  /** On the media timeline, 90 kHz; their data are copies. */
  readonly units: readonly AccessUnit[];
}

/** Takes a CMAF segment apart again. Undefined where its memory is gone, or it has no track that can be read. */
export function readSegment(
  runtime: Pick<Runtime, "holdSpan" | "releaseSpan">,
  init: ShelfItem,
  segment: ShelfItem,
): SegmentUnits | undefined {
  const units: AccessUnit[] = [];
  const reader = new FragmentReader({
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
