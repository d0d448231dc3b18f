import { ATTRIBUTES, type AttributeType, fits, readAttributeList } from "../attribute-list.ts";
import type { Line, PlaylistView, Report, Rule } from "../model.ts";

/** Tags that stand at most once in a playlist. */
const ONCE = [
  "EXTM3U",
  "EXT-X-VERSION",
  "EXT-X-TARGETDURATION",
  "EXT-X-MEDIA-SEQUENCE",
  "EXT-X-DISCONTINUITY-SEQUENCE",
  "EXT-X-ENDLIST",
  "EXT-X-PLAYLIST-TYPE",
  "EXT-X-I-FRAMES-ONLY",
  "EXT-X-INDEPENDENT-SEGMENTS",
  "EXT-X-START",
];
/** Tags that only Media Playlists have (RFC 8216 §4.3.2, §4.3.3). */
const MEDIA_ONLY =
  /^(EXTINF|EXT-X-(BYTERANGE|DISCONTINUITY|KEY|MAP|PROGRAM-DATE-TIME|DATERANGE|GAP|BITRATE|TARGETDURATION|MEDIA-SEQUENCE|DISCONTINUITY-SEQUENCE|ENDLIST|PLAYLIST-TYPE|I-FRAMES-ONLY))$/;
const NO_VALUE = /^(EXTM3U|EXT-X-(DISCONTINUITY|ENDLIST|I-FRAMES-ONLY|INDEPENDENT-SEGMENTS|GAP))$/;
const INTEGER = /^EXT-X-(VERSION|TARGETDURATION|MEDIA-SEQUENCE|DISCONTINUITY-SEQUENCE|BITRATE)$/;
const OTHER_KNOWN =
  /^EXT-X-(PART|PART-INF|SERVER-CONTROL|SKIP|PRELOAD-HINT|RENDITION-REPORT|DEFINE|CONTENT-STEERING|ALLOW-CACHE)$/;
const MAX_INTEGER = 2n ** 64n - 1n;

const quote = (line: Line): string => `"${line.text}"`;

/** Which tags, where, how often, with what value. */
export const tagRules: readonly Rule[] = [
  {
    id: "tags.first-line",
    clause: "RFC 8216 §4.3.1.1",
    level: "must",
    doc: "The first line is #EXTM3U.",
    on: "text",
    check({ fetch, lines }, report) {
      if (lines[0]?.text !== "#EXTM3U") report(fetch.url, `the first line is "${lines[0]?.text ?? ""}"`);
    },
  },
  {
    id: "tags.once",
    clause: "RFC 8216 §4.3.1.2, §4.3.3, §4.3.5",
    level: "must",
    doc: "Tags that apply to the whole playlist stand there once.",
    on: "text",
    check({ fetch, tags }, report) {
      for (const tag of ONCE) {
        const count = tags.get(tag)?.length ?? 0;
        if (count > 1) report(fetch.url, `#${tag} stands there ${count} times`);
      }
    },
  },
  {
    id: "tags.known",
    clause: "RFC 8216 §4.3",
    level: "should",
    doc: "Tags are those of the standard.",
    on: "text",
    check({ lines }, report) {
      for (const line of lines) {
        if (line.kind !== "tag" || isKnown(line.tag)) continue;
        report(quote(line), "no such tag in the standard");
      }
    },
  },
  {
    id: "tags.kind",
    clause: "RFC 8216 §4.1",
    level: "must",
    doc: "Tags of Media Playlists and of Multivariant Playlists are not mixed.",
    on: "multivariant",
    check({ lines }, report) {
      for (const line of lines)
        if (MEDIA_ONLY.test(line.tag)) report(quote(line), "in a Multivariant Playlist");
    },
  },
  {
    id: "tags.target-duration",
    clause: "RFC 8216 §4.3.3.1",
    level: "must",
    doc: "A Media Playlist has an EXT-X-TARGETDURATION.",
    on: "media",
    check({ fetch, tags }, report) {
      if (!tags.has("EXT-X-TARGETDURATION")) report(fetch.url, "no EXT-X-TARGETDURATION");
    },
  },
  {
    id: "tags.extinf",
    clause: "RFC 8216 §4.3.2.1",
    level: "must",
    doc: "Each segment has one EXTINF: a decimal number, a comma, a title or none.",
    on: "media",
    check: checkExtinf,
  },
  {
    id: "tags.order",
    clause: "RFC 8216 §4.3.3.2, §4.3.3.3",
    level: "must",
    doc: "EXT-X-MEDIA-SEQUENCE and EXT-X-DISCONTINUITY-SEQUENCE stand before the first segment, and the latter before any EXT-X-DISCONTINUITY.",
    on: "media",
    check: checkOrder,
  },
  {
    id: "tags.dangling",
    clause: "RFC 8216 §4.3.2",
    level: "must",
    doc: "Tags of a segment are followed by its URI.",
    on: "media",
    check({ trailing }, report) {
      for (const line of trailing)
        if (/^(EXTINF|EXT-X-BYTERANGE)$/.test(line.tag)) report(quote(line), "no URI follows");
    },
  },
  {
    id: "tags.value",
    clause: "RFC 8216 §4.2, §4.3",
    level: "must",
    doc: "Tags have a value of their type, or none where they take none.",
    on: "text",
    check({ lines }, report) {
      for (const line of lines) if (line.kind === "tag") checkValue(line, report);
    },
  },
  {
    id: "attributes.syntax",
    clause: "RFC 8216 §4.2",
    level: "must",
    doc: "Attribute lists follow the grammar: NAME=value, commas, no spaces, names in capitals.",
    on: "text",
    check(playlist, report) {
      for (const { line, rubbish } of listsOf(playlist))
        if (rubbish !== "") report(quote(line), `no attribute at "${rubbish.slice(0, 30)}"`);
    },
  },
  {
    id: "attributes.once",
    clause: "RFC 8216 §4.2",
    level: "must",
    doc: "An attribute stands once in its list.",
    on: "text",
    check(playlist, report) {
      for (const { line, attributes } of listsOf(playlist)) {
        const names = attributes.map((one) => one.name);
        const twice = names.find((name, i) => names.indexOf(name) !== i);
        if (twice !== undefined) report(quote(line), `${twice} is given twice`);
      }
    },
  },
  {
    id: "attributes.types",
    clause: "RFC 8216 §4.2, §4.3",
    level: "must",
    doc: "Attributes have values of their type, and those that are required are there.",
    on: "text",
    check(playlist, report) {
      for (const { line, attributes } of listsOf(playlist))
        for (const [name, spec] of Object.entries(ATTRIBUTES[line.tag] ?? {})) {
          const wanted = spec.replace("!", "") as AttributeType;
          const found = attributes.find((one) => one.name === name);
          if (found === undefined && spec.endsWith("!")) report(quote(line), `${name} is missing`);
          if (found !== undefined && !fits(found.type, wanted))
            report(quote(line), `${name} is no ${wanted}`);
        }
    },
  },
];

function isKnown(tag: string): boolean {
  return (
    ONCE.includes(tag) || MEDIA_ONLY.test(tag) || OTHER_KNOWN.test(tag) || Object.hasOwn(ATTRIBUTES, tag)
  );
}

function* listsOf(
  playlist: PlaylistView,
): Generator<{ line: Line } & ReturnType<typeof readAttributeList>, void, undefined> {
  for (const line of playlist.lines)
    if (Object.hasOwn(ATTRIBUTES, line.tag)) yield { line, ...readAttributeList(line.value ?? "") };
}

function checkExtinf({ segments }: PlaylistView, report: Report): void {
  for (const segment of segments) {
    const found = segment.tags.filter((line) => line.tag === "EXTINF");
    if (found.length !== 1) report(`"${segment.uri}"`, `${found.length} EXTINF tags`);
    for (const line of found)
      if (!/^\d+(?:\.\d+)?,/.test(line.value ?? "")) report(quote(line), "not <duration>,[<title>]");
  }
}

function checkOrder({ lines, tags, segments }: PlaylistView, report: Report): void {
  const firstUri = segments[0]?.line.number ?? Infinity;
  const firstJump = tags.get("EXT-X-DISCONTINUITY")?.[0]?.number ?? Infinity;
  for (const line of lines) {
    const isSequence = line.tag === "EXT-X-MEDIA-SEQUENCE" || line.tag === "EXT-X-DISCONTINUITY-SEQUENCE";
    if (isSequence && line.number > firstUri) report(quote(line), "behind the first segment");
    if (line.tag === "EXT-X-DISCONTINUITY-SEQUENCE" && line.number > firstJump)
      report(quote(line), "behind an EXT-X-DISCONTINUITY");
  }
}

function checkValue(line: Line, report: Report): void {
  if (NO_VALUE.test(line.tag)) {
    if (line.value !== undefined) report(quote(line), "this tag takes no value");
  } else if (INTEGER.test(line.tag)) {
    if (!/^\d{1,20}$/.test(line.value ?? "") || BigInt(line.value ?? "") > MAX_INTEGER)
      report(quote(line), "no decimal-integer");
  } else if (line.tag === "EXT-X-PLAYLIST-TYPE") {
    if (line.value !== "EVENT" && line.value !== "VOD") report(quote(line), "neither EVENT nor VOD");
  } else if (line.tag === "EXT-X-BYTERANGE") {
    if (!/^\d+(@\d+)?$/.test(line.value ?? "")) report(quote(line), "not <n>[@<o>]");
  }
}
