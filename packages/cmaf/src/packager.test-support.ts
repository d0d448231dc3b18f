import type { AccessUnit, Track } from "@millrace/model";
import type { CmafPeriod, EventRecord, PartRecord, SegmentRecord } from "./model.ts";
import { CmafPackager, type PackagerOptions, type PackagerOutput } from "./packager.ts";

/** 320×180, Main profile, level 1.3. */
const AVCC = "014d400dffe10018674d400dda0507e5c044000003000400000300ca3c50aa80010004" + "68ef3c80";

export const VIDEO: Track = {
  id: 256,
  kind: "video",
  codec: "h264",
  timescale: 90_000,
  codecString: "avc1.4d400d",
  config: Uint8Array.from(Buffer.from(AVCC, "hex")),
  video: { width: 320, height: 180, profile: 77, level: 13, frameRate: { num: 25, den: 1 } },
};

export const AUDIO: Track = {
  id: 257,
  kind: "audio",
  codec: "aac",
  timescale: 90_000,
  language: "deu",
  codecString: "mp4a.40.2",
  config: Uint8Array.of(0x11, 0x90),
  audio: { sampleRate: 48_000, channels: 2, frameSamples: 1024, profile: 2 },
};

/** 2026-11-21T00:00:00Z */
export const START_MS = 1_795_219_200_000;
export const FRAME = 3600;
export const AAC_FRAME = 1920;

/** Keeps what a packager makes. */
export class Recorder implements PackagerOutput {
  readonly periods: CmafPeriod[] = [];
  readonly inits = new Map<string, Uint8Array>();
  readonly segments: SegmentRecord[] = [];
  readonly parts: { segment: SegmentRecord; part: PartRecord; bytes: Uint8Array }[] = [];
  readonly events: EventRecord[] = [];
  /** WebVTT files by key. */
  readonly vtts = new Map<string, string>();

  period(period: CmafPeriod, inits: ReadonlyMap<string, Uint8Array>): void {
    this.periods.push(period);
    for (const [key, bytes] of inits) this.inits.set(key, bytes);
  }

  part(segment: SegmentRecord, part: PartRecord, data: readonly Uint8Array[]): void {
    this.parts.push({ segment, part, bytes: Buffer.concat(data) });
  }

  segment(segment: SegmentRecord, text?: string): void {
    this.segments.push(segment);
    if (segment.vtt !== undefined && text !== undefined) this.vtts.set(segment.vtt, text);
  }

  event(event: EventRecord): void {
    this.events.push(event);
  }

  of(track: string): SegmentRecord[] {
    return this.segments.filter((each) => each.track === track);
  }

  partsOf(track: string): PartRecord[] {
    return this.parts.filter(({ segment }) => segment.track === track).map(({ part }) => part);
  }
}

export function makePackager(options: Partial<PackagerOptions> = {}) {
  const recorder = new Recorder();
  const packager = new CmafPackager({
    segmentMs: 2000,
    partMs: 300,
    firstMsn: 100,
    targetDurationS: () => 2,
    output: recorder,
    ...options,
  });
  return { recorder, packager };
}

export function unitOf(track: Track, fields: Partial<AccessUnit> = {}): AccessUnit {
  // For video the NAL unit of a key frame's slice.
  const data = [Uint8Array.of(0, 0, 0, 3, track.kind === "video" ? 0x65 : track.id & 0xff, 2, 3)];
  return {
    track: track.id,
    pts: 0,
    dts: 0,
    key: true,
    discontinuity: false,
    data,
    wallMs: START_MS,
    ...fields,
  };
}

export interface Feed {
  readonly seconds: number;
  /** Of the first frame, 90 kHz. */
  readonly from?: number;
  readonly wallMs?: number;
  readonly gopFrames?: number;
  readonly frameTicks?: number;
  /** PTS − DTS of key frames. */
  readonly delay?: number;
  readonly video?: boolean;
  readonly audio?: boolean;
  readonly leaveOut?: (dts: number) => boolean;
}

/** Video and audio as a multiplex brings them: in the order of their DTS. */
export function feed(packager: CmafPackager, options: Feed): void {
  const { seconds, from = 900_000, wallMs = START_MS, gopFrames = 50, frameTicks = FRAME } = options;
  const { delay = 0, video = true, audio = true, leaveOut = () => false } = options;
  const units: AccessUnit[] = [];
  const end = from + seconds * 90_000;
  const wallOf = (dts: number): number => wallMs + Math.round((dts - from) / 90);
  for (let i = 0, dts = from; video && dts < end; dts = from + Math.round(++i * frameTicks)) {
    const [key, pts] = [i % gopFrames === 0, dts + delay];
    if (!leaveOut(dts)) units.push(unitOf(VIDEO, { dts, pts, key, wallMs: wallOf(dts) }));
  }
  for (let dts = from; audio && dts < end; dts += AAC_FRAME) {
    if (!leaveOut(dts)) units.push(unitOf(AUDIO, { dts, pts: dts, wallMs: wallOf(dts) }));
  }
  for (const unit of units.toSorted((a, b) => a.dts - b.dts)) packager.unit(unit);
}
