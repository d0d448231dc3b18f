/** Random playlists for the tests. */
import fc from "fast-check";
import type { Define } from "../hls/define.ts";
import type {
  Part,
  PendingSegment,
  PreloadHint,
  RenditionReport,
  ServerControl,
  Skipped,
} from "../hls/low-latency.ts";
import type {
  DateRange,
  MediaPlaylist,
  MediaSegment,
  SegmentKey,
  SegmentMap,
} from "../hls/media-playlist.ts";
import type { MultivariantPlaylist, Rendition, Variant } from "../hls/multivariant-playlist.ts";

/** Objects with some keys always there and the others sometimes, never undefined. */
function some<T extends object>(
  model: { [K in keyof T]-?: fc.Arbitrary<Exclude<T[K], undefined>> },
  requiredKeys: (keyof T)[],
): fc.Arbitrary<T> {
  return fc.record(model, { requiredKeys: requiredKeys as never, noNullPrototype: true }) as fc.Arbitrary<T>;
}

const uri = fc.stringMatching(/^[a-zäöü0-9/._?=&%-]{1,24}$/);
const quoted = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => !/["\r\n]/.test(text));
const title = fc.stringMatching(/^[A-Za-z0-9 ,"=-]{1,16}$/).filter((text) => text === text.trim());
const word = fc.stringMatching(/^[A-Z0-9-]{1,10}$/);
const hex = fc.stringMatching(/^0x[0-9A-F]{1,32}$/);
const dateMs = fc.integer({ min: 0, max: 4e12 });
const durationUs = fc.integer({ min: 0, max: 20_000_000 });
const integer = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const byteRange = fc.record(
  { length: fc.integer({ min: 0, max: 1e9 }), offset: fc.integer({ min: 0, max: 1e9 }) },
  { noNullPrototype: true },
);
const extra = fc
  .array(
    fc.record(
      { name: fc.stringMatching(/^X-[A-Z]{6,8}$/), value: quoted, quoted: fc.constant(true) },
      { noNullPrototype: true },
    ),
    {
      minLength: 1,
      maxLength: 1,
    },
  )
  .map((list) => list);

const key: fc.Arbitrary<SegmentKey> = some<SegmentKey>(
  {
    method: fc.constantFrom("AES-128", "SAMPLE-AES"),
    uri,
    iv: hex,
    keyFormat: word,
    keyFormatVersions: quoted,
  },
  ["method"],
);
const keys = fc.uniqueArray(key, {
  selector: (one) => one.keyFormat ?? "identity",
  minLength: 1,
  maxLength: 2,
});
const map = some<SegmentMap>({ uri, byteRange, keys }, ["uri"]);
const dateRange = some<DateRange>(
  {
    id: quoted,
    class: quoted,
    startDateMs: dateMs,
    cue: fc.constantFrom(["PRE"], ["POST", "ONCE"]),
    endDateMs: dateMs,
    durationUs,
    plannedDurationUs: durationUs,
    scte35Cmd: hex,
    scte35Out: hex,
    scte35In: hex,
    endOnNext: fc.constant(true),
    extra,
  },
  ["id"],
);
const dateRanges = fc.array(dateRange, { minLength: 1, maxLength: 2 });
const tags = fc.array(fc.stringMatching(/^#EXT-X-CUE-[A-Z]{1,4}(:[a-z0-9=]{1,8})?$/), {
  minLength: 1,
  maxLength: 2,
});

const part = some<Part>(
  {
    uri: quoted,
    durationUs,
    independent: fc.constant(true),
    byteRange,
    gap: fc.constant(true),
    extra,
  },
  ["uri", "durationUs"],
);
const parts = fc.array(part, { minLength: 1, maxLength: 3 });

const segment = some<Omit<MediaSegment, "map">>(
  {
    uri,
    durationUs,
    title,
    discontinuity: fc.constant(true),
    programDateTimeMs: dateMs,
    byteRange,
    keys,
    gap: fc.constant(true),
    bitrateKbit: integer,
    dateRanges,
    parts,
    tags,
  },
  ["uri", "durationUs"],
);

/** Segments of which each has the map of the last segment that got one: a playlist cannot take a map back. */
const segments = fc
  .array(fc.tuple(segment, fc.option(map, { nil: undefined, freq: 6 })), { maxLength: 8 })
  .map((list) => {
    let current: SegmentMap | undefined;
    return list.map(([one, next]): MediaSegment => {
      current = next ?? current;
      return current === undefined ? one : { ...one, map: current };
    });
  });

const define: fc.Arbitrary<Define> = fc.oneof(
  fc.record({ name: word, value: quoted }, { noNullPrototype: true }),
  fc.record({ import: word }, { noNullPrototype: true }),
  fc.record({ queryParam: word }, { noNullPrototype: true }),
);
const defines = fc.uniqueArray(define, {
  selector: (one) => Object.values(one)[0] as string,
  minLength: 1,
  maxLength: 3,
});

const serverControl = some<ServerControl>(
  {
    canBlockReload: fc.boolean(),
    holdBackUs: durationUs,
    partHoldBackUs: durationUs,
    canSkipUntilUs: durationUs,
    canSkipDateRanges: fc.boolean(),
    extra,
  },
  [],
);

const skipped = some<Skipped>(
  { segments: fc.nat(1000), removedDateRanges: fc.array(word, { maxLength: 3 }) },
  ["segments"],
);

const pending = fc.oneof(
  some<Omit<PendingSegment, "keys" | "map">>(
    { discontinuity: fc.constant(true), programDateTimeMs: dateMs },
    ["discontinuity"],
  ),
  some<Omit<PendingSegment, "keys">>(
    { programDateTimeMs: dateMs, discontinuity: fc.constant(true), map: fc.constant({ uri: "Next" }) },
    ["map"],
  ),
  fc.record({ keys: fc.constant([{ method: "AES-128", uri: "Next" }]) }, { noNullPrototype: true }),
);

const preloadHint = some<PreloadHint>(
  {
    type: fc.constantFrom("PART", "MAP"),
    uri: quoted,
    byteRangeStart: integer,
    byteRangeLength: integer,
    extra,
  },
  ["type", "uri"],
);

const renditionReport = some<RenditionReport>({ uri: quoted, lastMsn: integer, lastPart: integer, extra }, [
  "uri",
]);

/** In a delta update "no key" and "not said" differ, which a table of cases tells better. */
function withoutKeys(playlist: MediaPlaylist): MediaPlaylist {
  if (playlist.skipped === undefined) return playlist;
  const plain = playlist.segments.map(({ keys: _keys, map: one, ...rest }): MediaSegment => {
    const { keys: _mapKeys, ...bare } = one ?? { uri: "" };
    return one === undefined ? rest : { ...rest, map: bare };
  });
  return { ...playlist, segments: plain };
}

export const mediaPlaylist: fc.Arbitrary<MediaPlaylist> = some<MediaPlaylist>(
  {
    version: fc.integer({ min: 1, max: 12 }),
    targetDurationS: fc.integer({ min: 0, max: 100 }),
    mediaSequence: integer,
    discontinuitySequence: integer,
    type: fc.constantFrom("EVENT", "VOD"),
    independentSegments: fc.constant(true),
    iFramesOnly: fc.constant(true),
    start: some({ timeOffsetUs: fc.integer({ min: -1e12, max: 1e12 }), precise: fc.boolean() }, [
      "timeOffsetUs",
    ]),
    defines,
    partTargetUs: durationUs,
    serverControl,
    skipped,
    segments,
    dateRanges,
    pending,
    parts,
    preloadHints: fc.array(preloadHint, { minLength: 1, maxLength: 2 }),
    renditionReports: fc.array(renditionReport, { minLength: 1, maxLength: 2 }),
    endlist: fc.constant(true),
    tags: fc.constant(["#EXT-X-ALLOW-CACHE:YES"]),
    trailingTags: tags,
  },
  ["version", "targetDurationS", "segments"],
).map(withoutKeys);

const codecs = fc.array(fc.constantFrom("avc1.64001f", "mp4a.40.2", "hvc1.1.6.L93.B0", "ac-3"), {
  minLength: 1,
  maxLength: 3,
});

const variantModel = {
  uri,
  bandwidth: integer,
  averageBandwidth: integer,
  scoreMillionths: fc.integer({ min: 0, max: 1e9 }),
  codecs,
  supplementalCodecs: quoted,
  resolution: fc.record(
    { width: fc.integer({ min: 0, max: 99_999 }), height: fc.integer({ min: 0, max: 99_999 }) },
    { noNullPrototype: true },
  ),
  videoRange: fc.constantFrom("SDR", "HLG", "PQ"),
  hdcpLevel: word,
  allowedCpc: quoted,
  reqVideoLayout: quoted,
  video: quoted,
  stableVariantId: quoted,
  pathwayId: quoted,
  extra,
};

const variant = some<Variant>(
  {
    ...variantModel,
    frameRateMilliHz: fc.integer({ min: 0, max: 240_000 }),
    audio: quoted,
    subtitles: quoted,
    closedCaptions: quoted,
    name: quoted,
  },
  ["uri", "bandwidth"],
);

const rendition = some<Rendition>(
  {
    type: fc.constantFrom("AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"),
    groupId: quoted,
    name: quoted,
    uri: quoted,
    language: quoted,
    assocLanguage: quoted,
    default: fc.boolean(),
    autoselect: fc.boolean(),
    forced: fc.boolean(),
    instreamId: quoted,
    characteristics: quoted,
    channels: quoted,
    bitDepth: integer,
    sampleRateHz: integer,
    stableRenditionId: quoted,
    extra,
  },
  ["type", "groupId", "name"],
);

export const multivariantPlaylist: fc.Arbitrary<MultivariantPlaylist> = some<MultivariantPlaylist>(
  {
    version: fc.integer({ min: 1, max: 12 }),
    independentSegments: fc.constant(true),
    start: some({ timeOffsetUs: fc.integer({ min: -1e12, max: 1e12 }), precise: fc.boolean() }, [
      "timeOffsetUs",
    ]),
    defines: defines
      .map((list) => list.filter((one) => !("import" in one)))
      .filter((list) => list.length > 0),
    contentSteering: some({ serverUri: quoted, pathwayId: quoted, extra }, ["serverUri"]),
    renditions: fc.array(rendition, { minLength: 1, maxLength: 3 }),
    variants: fc.array(variant, { minLength: 1, maxLength: 3 }),
    iFrameVariants: fc.array(some(variantModel, ["uri", "bandwidth"]), { minLength: 1, maxLength: 2 }),
    sessionData: fc.array(
      some(
        {
          dataId: quoted,
          value: quoted,
          uri: quoted,
          format: fc.constantFrom("JSON", "RAW"),
          language: quoted,
          extra,
        },
        ["dataId"],
      ),
      { minLength: 1, maxLength: 2 },
    ),
    sessionKeys: fc.array(key, { minLength: 1, maxLength: 2 }),
    tags: fc.constant(["#EXT-X-OTHER:1"]),
  },
  ["version", "variants"],
);
