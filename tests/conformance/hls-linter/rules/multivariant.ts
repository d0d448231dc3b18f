import { readAttributeList, type StrictAttribute } from "../attribute-list.ts";
import type { Line, PlaylistView, Report, Rule, StreamView } from "../model.ts";

/** How much a measured peak may be above BANDWIDTH: it is stated before the segments are made. */
const BANDWIDTH_SLACK = 1.1;
const GROUPS = ["AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"];
const quote = (line: Line): string => `"${line.text}"`;

export const multivariantRules: readonly Rule[] = [
  {
    id: "multivariant.uri",
    clause: "RFC 8216 §4.3.4.2",
    level: "must",
    doc: "The line behind EXT-X-STREAM-INF is its URI, and every URI has one before it.",
    on: "multivariant",
    check({ lines }, report) {
      for (const [i, line] of lines.entries()) {
        const isVariant = line.tag === "EXT-X-STREAM-INF";
        if (isVariant && lines[i + 1]?.kind !== "uri") report(quote(line), "no URI behind it");
        if (line.kind === "uri" && lines[i - 1]?.tag !== "EXT-X-STREAM-INF")
          report(quote(line), "no EXT-X-STREAM-INF before it");
      }
    },
  },
  {
    id: "multivariant.codecs",
    clause: "RFC 8216 §4.3.4.2",
    level: "should",
    doc: "Each variant states its CODECS.",
    on: "multivariant",
    check(playlist, report) {
      for (const { line, get } of listsOf(playlist, "EXT-X-STREAM-INF"))
        if (get("CODECS") === undefined) report(quote(line), "no CODECS");
    },
  },
  {
    id: "multivariant.groups",
    clause: "RFC 8216 §4.3.4.2",
    level: "must",
    doc: "The rendition groups that a variant names are there.",
    on: "multivariant",
    check: checkGroups,
  },
  {
    id: "multivariant.renditions",
    clause: "RFC 8216 §4.3.4.1",
    level: "must",
    doc: "Renditions of a group differ by NAME, one at most is DEFAULT, and attributes fit the TYPE.",
    on: "multivariant",
    check: checkRenditions,
  },
  {
    id: "multivariant.target",
    clause: "RFC 8216 §6.2.4",
    level: "must",
    doc: "All variants have the same EXT-X-TARGETDURATION.",
    on: "all",
    check({ multivariant, streams }, report) {
      const targets = streams.map((stream) => stream.reloads[0]?.targetDuration);
      const found = new Set(targets.filter((target) => target !== undefined));
      if (multivariant !== undefined && found.size > 1)
        report(multivariant.fetch.url, `target durations ${[...found].join(" and ")}`);
    },
  },
  {
    id: "multivariant.bandwidth",
    clause: "RFC 8216 §4.3.4.2, §4.1",
    level: "must",
    doc: "BANDWIDTH is not below the peak segment bit rate.",
    on: "all",
    check({ multivariant, streams }, report) {
      if (multivariant === undefined) return;
      for (const { line, get, uri } of listsOf(multivariant, "EXT-X-STREAM-INF")) {
        const url = URL.parse(uri, multivariant.fetch.url)?.href;
        const stream = streams.find((one) => one.url === url);
        const bandwidth = Number(get("BANDWIDTH")?.value);
        const peak = stream === undefined ? 0 : peakOf(stream);
        if (peak > bandwidth * BANDWIDTH_SLACK)
          report(quote(line), `the segments reach ${Math.round(peak)} bit/s`);
      }
    },
  },
];

interface TagList {
  readonly line: Line;
  /** The line behind it. */
  readonly uri: string;
  readonly get: (name: string) => StrictAttribute | undefined;
}

function listsOf({ lines }: PlaylistView, tag: string): TagList[] {
  return lines.flatMap((line, i) => {
    if (line.tag !== tag) return [];
    const { attributes } = readAttributeList(line.value ?? "");
    const get = (name: string) => attributes.find((one) => one.name === name);
    return [{ line, uri: lines[i + 1]?.text ?? "", get }];
  });
}

function checkGroups(playlist: PlaylistView, report: Report): void {
  const known = new Set(
    listsOf(playlist, "EXT-X-MEDIA").map(({ get }) => `${get("TYPE")?.value} ${get("GROUP-ID")?.value}`),
  );
  for (const { line, get } of listsOf(playlist, "EXT-X-STREAM-INF"))
    for (const type of GROUPS) {
      const group = get(type);
      if (group === undefined || (type === "CLOSED-CAPTIONS" && group.type === "word")) continue;
      if (!known.has(`${type} ${group.value}`)) report(quote(line), `no ${type} group "${group.value}"`);
    }
}

function checkRenditions(playlist: PlaylistView, report: Report): void {
  const names = new Set<string>();
  const defaults = new Set<string>();
  for (const { line, get } of listsOf(playlist, "EXT-X-MEDIA")) {
    const type = get("TYPE")?.value ?? "";
    const group = `${type} ${get("GROUP-ID")?.value}`;
    const complain = (message: string) => report(quote(line), message);
    if (!GROUPS.includes(type)) complain("no such TYPE");
    if (names.has(`${group} ${get("NAME")?.value}`)) complain("two renditions of one NAME in a group");
    names.add(`${group} ${get("NAME")?.value}`);
    const isDefault = get("DEFAULT")?.value === "YES";
    if (isDefault && defaults.has(group)) complain("two DEFAULT renditions in a group");
    if (isDefault) defaults.add(group);
    if (isDefault && get("AUTOSELECT")?.value === "NO") complain("DEFAULT without AUTOSELECT");
    const isCaptions = type === "CLOSED-CAPTIONS";
    if (isCaptions && get("URI") !== undefined) complain("captions with a URI");
    if (isCaptions !== (get("INSTREAM-ID") !== undefined)) complain("INSTREAM-ID belongs to captions");
    if (type === "SUBTITLES" && get("URI") === undefined) complain("subtitles without a URI");
    if (type !== "SUBTITLES" && get("FORCED") !== undefined) complain("FORCED belongs to subtitles");
  }
}

/** Peak segment bit rate (RFC 8216 §4.1): of any run of segments that lasts 0.5 to 1.5 target durations. Bits a second. */
function peakOf({ segments, reloads }: StreamView): number {
  const target = reloads[0]?.targetDuration ?? 0;
  let peak = 0;
  for (let from = 0; from < segments.length; from += 1) {
    let bits = 0;
    let seconds = 0;
    for (let i = from; i < segments.length && seconds <= 1.5 * target; i += 1) {
      const { listed, fetch } = segments[i] as (typeof segments)[0];
      if (i > from && listed.sequence !== (segments[i - 1] as (typeof segments)[0]).listed.sequence + 1)
        break;
      bits += fetch.bytes.length * 8;
      seconds += listed.duration ?? 0;
      if (seconds >= 0.5 * target && seconds <= 1.5 * target) peak = Math.max(peak, bits / seconds);
    }
  }
  return peak;
}
