import { ENTRIES, find, ofType, readBoxFile, textAt } from "./boxes.ts";
import { fieldsOf, isWhole, sampleFieldBytes } from "./layout.ts";
import type {
  Box,
  BoxFile,
  Fragment,
  FragmentTrack,
  MediaView,
  ObservedStream,
  Sample,
  SampleDefaults,
  SampleFormat,
  StreamView,
  TrackView,
} from "./model.ts";

const NOTHING: SampleDefaults = { duration: 0, size: 0, flags: 0 };
/** sample_is_non_sync_sample (ISO/IEC 14496-12 §8.8.3.1). */
const NON_SYNC = 0x00010000;

/** Takes apart an initialization segment and its media. What cannot be read is left out, and for the rules to find. */
export function scanStream({ where, profile, init, format, media }: ObservedStream): StreamView {
  const file = init === undefined ? undefined : readBoxFile(`${where}/init`, init);
  const tracks = file === undefined ? [] : tracksOf(file);
  const views = media.map((observed): MediaView => {
    const read = readBoxFile(observed.where, observed.bytes);
    return { observed, file: read, fragments: fragmentsOf(read, tracks) };
  });
  const formatOf = (id: number): SampleFormat | undefined =>
    format ?? tracks.find((track) => track.id === id);
  return { where, profile, init: file, tracks, media: views, formatOf };
}

function tracksOf({ boxes, view }: BoxFile): TrackView[] {
  const moov = find(boxes, "moov")?.children ?? [];
  const extensions = ofType(find(moov, "mvex")?.children ?? [], "trex").filter((box) => isWhole(view, box));
  return ofType(moov, "trak").map((box) => {
    const tkhd = whole(view, find(box.children, "tkhd"));
    const mdhd = whole(view, find(box.children, "mdia", "mdhd"));
    const hdlr = find(box.children, "mdia", "hdlr");
    const id = tkhd === undefined ? -1 : tkhd.u32(tkhd.version === 1 ? 20 : 12);
    const entryBoxes = find(box.children, "mdia", "minf", "stbl", "stsd")?.children ?? [];
    const trex = extensions.map((one) => fieldsOf(view, one)).find((one) => one.u32(4) === id);
    return {
      box,
      where: `${box.where}[${id}]`,
      id,
      handler: hdlr !== undefined && hdlr.start + 12 <= hdlr.end ? textAt(view, hdlr.start + 8) : "",
      timescale: mdhd === undefined ? -1 : mdhd.u32(mdhd.version === 1 ? 20 : 12),
      entryBoxes,
      entry: entryBoxes[0]?.type ?? "",
      nalLengthBytes: nalLengthBytes(view, entryBoxes[0]),
      defaults: trex && { duration: trex.u32(12), size: trex.u32(16), flags: trex.u32(20) },
    };
  });
}

function whole(view: DataView, box: Box | undefined) {
  return box !== undefined && isWhole(view, box) ? fieldsOf(view, box) : undefined;
}

/** lengthSizeMinusOne (ISO/IEC 14496-15 §5.3.3.1, §8.3.3.1). */
function nalLengthBytes(view: DataView, entry: Box | undefined): number {
  const type = ENTRIES[entry?.type ?? ""]?.config ?? "";
  const offset = { avcC: 4, hvcC: 21 }[type];
  const config = find(entry?.children ?? [], type);
  if (offset === undefined || config === undefined || config.start + offset >= config.end) return 0;
  return (view.getUint8(config.start + offset) & 3) + 1;
}

function fragmentsOf(file: BoxFile, tracks: readonly TrackView[]): Fragment[] {
  const { boxes, view } = file;
  return boxes.flatMap((moof, i) => {
    if (moof.type !== "moof") return [];
    const after = boxes[i + 1];
    const mdat = after?.type === "mdat" ? after : undefined;
    const trafs = ofType(moof.children, "traf");
    const sequence = whole(view, find(moof.children, "mfhd"))?.u32(4) ?? -1;
    const where = `${file.where} moof at ${moof.at}`;
    return [{ where, sequence, mdat, tracks: trafs.map((traf) => trackOf(view, { moof, traf }, tracks)) }];
  });
}

interface Place {
  readonly moof: Box;
  readonly traf: Box;
}

function trackOf(view: DataView, { moof, traf }: Place, tracks: readonly TrackView[]): FragmentTrack {
  const tfhd = whole(view, find(traf.children, "tfhd"));
  const tfdt = whole(view, find(traf.children, "tfdt"));
  const trackId = tfhd?.u32(4) ?? -1;
  const tfhdFlags = tfhd?.flags ?? 0;
  const track = tracks.find(({ id }) => id === trackId)?.defaults ?? NOTHING;
  let at = 8 + ((tfhdFlags & 1) === 0 ? 0 : 8) + ((tfhdFlags & 2) === 0 ? 0 : 4);
  const field = (bit: number, otherwise: number): number => {
    if ((tfhdFlags & bit) === 0) return otherwise;
    at += 4;
    return tfhd?.u32(at - 4) ?? 0;
  };
  const defaults: SampleDefaults = {
    duration: field(0x08, track.duration),
    size: field(0x10, track.size),
    flags: field(0x20, track.flags),
  };
  const truns = ofType(traf.children, "trun").filter((box) => isWhole(view, box));
  const runs: Sample[][] = [];
  // A run without an offset goes on where the one before it ended (§8.8.8.3).
  let next = moof.at;
  for (const trun of truns) {
    const samples = samplesOf(view, trun, { defaults, moofAt: moof.at, next });
    const last = samples.at(-1);
    if (last !== undefined) next = last.at + last.size;
    runs.push(samples);
  }
  return {
    where: `${traf.where}[${trackId}] at ${traf.at}`,
    ...{ trackId, tfhdFlags, runs },
    decodeTime: tfdt && (tfdt.version === 1 ? tfdt.u32(4) * 2 ** 32 + tfdt.u32(8) : tfdt.u32(4)),
    timeVersion: tfdt?.version ?? -1,
    duration: runs.flat().reduce((sum, { duration }) => sum + duration, 0),
  };
}

interface RunPlace {
  readonly defaults: SampleDefaults;
  readonly moofAt: number;
  readonly next: number;
}

function samplesOf(view: DataView, trun: Box, { defaults, moofAt, next }: RunPlace): Sample[] {
  const { flags, u32 } = fieldsOf(view, trun);
  let offset = 8;
  const take = (bit: number, otherwise: number): number => {
    if ((flags & bit) === 0) return otherwise;
    offset += 4;
    return u32(offset - 4);
  };
  let at = (flags & 1) === 0 ? next : moofAt + (take(1, 0) | 0);
  const firstFlags = take(4, defaults.flags);
  // Without this a box of many empty samples could name more of them than there are bytes.
  const count = sampleFieldBytes(flags) === 0 ? Math.min(u32(4), view.byteLength) : u32(4);
  const samples: Sample[] = [];
  for (let i = 0; i < count; i++) {
    const duration = take(0x100, defaults.duration);
    const size = take(0x200, defaults.size);
    const own = take(0x400, i === 0 ? firstFlags : defaults.flags);
    take(0x800, 0);
    samples.push({ at, size, duration, isSync: (own & NON_SYNC) === 0 });
    at += size;
  }
  return samples;
}
