import { readAttributeList } from "../attribute-list.ts";
import type { Line, PlaylistView, Rule } from "../model.ts";

/** Features and the version each needs (RFC 8216 §7, and its successor for 8 and above). */
const FEATURES: readonly {
  version: number;
  name: string;
  uses: (line: Line, playlist: PlaylistView) => boolean;
}[] = [
  { version: 2, name: "the IV attribute", uses: (line) => hasAttribute(line, /KEY$/, "IV") },
  {
    version: 3,
    name: "a decimal EXTINF",
    uses: (line) => line.tag === "EXTINF" && /^\d*\.\d/.test(line.value ?? ""),
  },
  { version: 4, name: "EXT-X-BYTERANGE", uses: (line) => line.tag === "EXT-X-BYTERANGE" },
  { version: 4, name: "EXT-X-I-FRAMES-ONLY", uses: (line) => line.tag === "EXT-X-I-FRAMES-ONLY" },
  {
    version: 5,
    name: "the KEYFORMAT attribute",
    uses: (line) =>
      hasAttribute(line, /KEY$/, "KEYFORMAT") || hasAttribute(line, /KEY$/, "KEYFORMATVERSIONS"),
  },
  { version: 5, name: "EXT-X-MAP", uses: (line) => line.tag === "EXT-X-MAP" },
  {
    version: 6,
    name: "EXT-X-MAP without EXT-X-I-FRAMES-ONLY",
    uses: (line, playlist) => line.tag === "EXT-X-MAP" && !playlist.tags.has("EXT-X-I-FRAMES-ONLY"),
  },
  {
    version: 7,
    name: "INSTREAM-ID of a SERVICE",
    uses: (line) =>
      readAttributeList(line.tag === "EXT-X-MEDIA" ? (line.value ?? "") : "").attributes.some(
        (one) => one.name === "INSTREAM-ID" && one.value.startsWith("SERVICE"),
      ),
  },
  { version: 8, name: "EXT-X-DEFINE", uses: (line) => line.tag === "EXT-X-DEFINE" },
  { version: 9, name: "EXT-X-SKIP", uses: (line) => line.tag === "EXT-X-SKIP" },
];

function hasAttribute(line: Line, tag: RegExp, name: string): boolean {
  return (
    tag.test(line.tag) && readAttributeList(line.value ?? "").attributes.some((one) => one.name === name)
  );
}

export const versionRules: readonly Rule[] = [
  {
    id: "version.features",
    clause: "RFC 8216 §7",
    level: "must",
    doc: "EXT-X-VERSION allows the features that are used; without the tag it is 1.",
    on: "text",
    check(playlist, report) {
      const declared = Number(playlist.tags.get("EXT-X-VERSION")?.[0]?.value ?? 1);
      for (const line of playlist.lines) {
        for (const { version, name, uses } of FEATURES) {
          if (version <= declared || line.kind !== "tag" || !uses(line, playlist)) continue;
          report(`"${line.text}"`, `${name} needs EXT-X-VERSION ${version}, declared is ${declared}`);
        }
      }
    },
  },
];
