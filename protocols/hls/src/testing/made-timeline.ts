import {
  type CmafPeriod,
  type CmafTrack,
  type EventRecord,
  type PartRecord,
  PRESENTATION_KEY,
  type SegmentRecord,
  Timeline,
} from "@millrace/cmaf";

export const START_MS = Date.UTC(2030, 0, 1);
const PARTS = 4;

/** For tests only. */
export function track(name: string, more: Partial<CmafTrack> = {}): CmafTrack {
  const kinds = { v: "video", a: "audio", t: "subtitle" } as const;
  const kind = kinds[name[0] as keyof typeof kinds];
  const codings = {
    video: ["h264", "avc1.64001f"],
    audio: ["aac", "mp4a.40.2"],
    subtitle: ["webvtt", "wvtt"],
  } as const;
  const [codec, codecString] = codings[kind];
  return {
    name,
    kind,
    codec,
    codecString,
    timescale: 1000,
    init: `${name}/init-1.mp4`,
    ...(kind === "video" && { video: { width: 640, height: 360, profile: 100, level: 31 } }),
    ...(kind === "audio" && { audio: { sampleRate: 48_000, channels: 2 } }),
    ...more,
  };
}

export interface MadeTimeline {
  readonly tracks: readonly CmafTrack[];
  /** Whole segments, of two seconds. */
  readonly count: number;
  /** Parts there are of the one behind them. */
  readonly open?: number;
  /** From here on another period. */
  readonly breakAt?: number;
  readonly events?: readonly EventRecord[];
  /** What is said otherwise of a segment. */
  readonly change?: (segment: SegmentRecord) => Partial<SegmentRecord>;
}

/** A timeline as a packager would fill it: segments of two seconds in four parts, numbers from 10. */
export function makeTimeline(options: MadeTimeline): Timeline {
  const { tracks, count, open = 0, breakAt, events = [], change = () => ({}) } = options;
  const timeline = new Timeline();
  const base = { utcOffsetMs: 0, tracks };
  const periods: CmafPeriod[] = [{ ...base, id: 1, firstMsn: 10, startTicks: START_MS * 90 }];
  if (breakAt !== undefined) {
    const startTicks = (START_MS + breakAt * 2000) * 90;
    const others = tracks.map((each) => ({ ...each, init: `${each.name}/init-2.mp4` }));
    periods.push({ id: 2, firstMsn: 10 + breakAt, startTicks, utcOffsetMs: 0, tracks: others });
  }
  const presentation = {
    targetDurationS: 2,
    partTargetUs: 500_000,
    firstMsn: 10,
    discontinuitySequence: 3,
    periods,
    events,
    startedMs: START_MS,
  };
  const segments = tracks.flatMap(({ name }) =>
    Array.from({ length: count + (open > 0 ? 1 : 0) }, (_, i) => {
      const made = segmentOf(name, i, {
        parts: i < count ? PARTS : open,
        period: i < (breakAt ?? count + 1) ? 1 : 2,
      });
      return { ...made, ...change(made) };
    }),
  );
  timeline.apply([
    { key: PRESENTATION_KEY, item: { data: presentation } },
    ...segments.map((data) => ({ key: data.key, item: { data } })),
  ]);
  return timeline;
}

function segmentOf(
  name: string,
  index: number,
  { parts, period }: { parts: number; period: number },
): SegmentRecord {
  const startTicks = START_MS + index * 2000;
  const records = Array.from({ length: parts }, (_, i): PartRecord => {
    const start = startTicks + i * 500;
    const independent = i === 0 || name.startsWith("a");
    return {
      key: `${name}/part-${start}.m4s`,
      startTicks: start,
      durationTicks: 500,
      independent,
      bytes: 1000,
      ...(independent && name.startsWith("v") && { keyBytes: 400 }),
    };
  });
  return {
    track: name,
    key: `${name}/${startTicks}.m4s`,
    msn: 10 + index,
    period,
    startTicks,
    durationTicks: parts * 500,
    independent: true,
    wallMs: startTicks,
    bytes: parts * 1000,
    parts: records,
    complete: parts === PARTS,
  };
}
