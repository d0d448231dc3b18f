import { fromBase64, toBase64, toHex } from "../base64.ts";
import { PlaylistError } from "../errors.ts";
import { AttributeReader, formatScaled, parseAttributes, parseScaled } from "./attributes.ts";
import type { DateRange } from "./media-playlist.ts";

/** A splice_info_section() and where its command belongs (rfc8216bis §4.4.5.1.1). */
export interface SpliceForDateRange {
  /**
   * `out`: leaves the network (splice_insert with out_of_network_indicator, or the start of a break by time_signal);
   * `in`: returns to it; `command`: all else.
   */
  readonly kind: "out" | "in" | "command";
  /** The same for an out and its in, and never used again in the playlist: `splice-6FFFFFF0-1`. */
  readonly id: string;
  readonly class?: string;
  /** The whole splice_info_section(). */
  readonly section: Uint8Array;
  /** UTC, milliseconds: when the splice is, or the command came. May be left out for an `in` whose `out` is listed. */
  readonly startDateMs?: number;
  /** `out` only: how long the break is meant to last. */
  readonly plannedDurationUs?: number;
  /** `in` only: how long it lasted. */
  readonly durationUs?: number;
  /** `in` only: UTC, milliseconds. */
  readonly endDateMs?: number;
}

/**
 * A splice as EXT-X-DATERANGE (rfc8216bis §4.4.5.1.1). Throws `playlist.bad-value` for an `out` or a command without a
 * date, and for an `in` that does not say how long the break was.
 */
export function dateRangeOf(splice: SpliceForDateRange): DateRange {
  const { kind, id, section, startDateMs, plannedDurationUs, durationUs, endDateMs } = splice;
  if (kind !== "in" && startDateMs === undefined)
    throw new PlaylistError("playlist.bad-value", `the splice ${id} has no date`);
  if (kind === "in" && durationUs === undefined && endDateMs === undefined)
    throw new PlaylistError("playlist.bad-value", `the end of the splice ${id} is not known`);
  const hex = `0x${toHex(section)}`;
  return {
    id,
    ...(splice.class !== undefined && { class: splice.class }),
    ...(startDateMs !== undefined && { startDateMs }),
    ...(kind === "out" && plannedDurationUs !== undefined && { plannedDurationUs }),
    ...(kind === "in" && endDateMs !== undefined && { endDateMs }),
    ...(kind === "in" && durationUs !== undefined && { durationUs }),
    ...(kind === "out" && { scte35Out: hex }),
    ...(kind === "in" && { scte35In: hex }),
    ...(kind === "command" && { scte35Cmd: hex }),
  };
}

/**
 * The tags that packagers wrote before EXT-X-DATERANGE and that ad servers still read. They are in no standard: they go
 * into `tags` of the segment they stand before.
 */
export type Cue =
  | { readonly kind: "out"; readonly durationUs?: number }
  | {
      readonly kind: "continued";
      /** Since the out. */
      readonly elapsedUs: number;
      readonly durationUs?: number;
      /** splice_info_section(). */
      readonly section?: Uint8Array;
    }
  | { readonly kind: "in" }
  | { readonly kind: "section"; readonly section: Uint8Array };

/** `#EXT-X-CUE-OUT:DURATION=30.000`, before the first segment of a break. */
export function cueOutTag(durationUs?: number): string {
  return durationUs === undefined ? "#EXT-X-CUE-OUT" : `#EXT-X-CUE-OUT:DURATION=${secondsOf(durationUs)}`;
}

/** `#EXT-X-CUE-OUT-CONT:ElapsedTime=4.000,Duration=30.000`, before every further segment of it. */
export function cueOutContTag(cue: {
  readonly elapsedUs: number;
  readonly durationUs?: number;
  readonly section?: Uint8Array;
}): string {
  const fields = [`ElapsedTime=${secondsOf(cue.elapsedUs)}`];
  if (cue.durationUs !== undefined) fields.push(`Duration=${secondsOf(cue.durationUs)}`);
  if (cue.section !== undefined) fields.push(`SCTE35=${toBase64(cue.section)}`);
  return `#EXT-X-CUE-OUT-CONT:${fields.join(",")}`;
}

/** `#EXT-X-CUE-IN`, before the first segment behind a break. */
export function cueInTag(): string {
  return "#EXT-X-CUE-IN";
}

/** `#EXT-OATCLS-SCTE35:/DAv…`: the section itself, before EXT-X-CUE-OUT. */
export function oatclsTag(section: Uint8Array): string {
  return `#EXT-OATCLS-SCTE35:${toBase64(section)}`;
}

/** Reads one of those tags, in any of the spellings that are met with. Undefined for another tag, or one that is broken. */
export function parseCueTag(line: string): Cue | undefined {
  const colon = line.indexOf(":");
  const tag = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1).trim();
  if (tag === "#EXT-X-CUE-IN") return { kind: "in" };
  if (tag === "#EXT-OATCLS-SCTE35") {
    const section = fromBase64(value);
    return section === undefined || section.length === 0 ? undefined : { kind: "section", section };
  }
  if (tag !== "#EXT-X-CUE-OUT" && tag !== "#EXT-X-CUE-OUT-CONT") return undefined;
  const slash = /^([\d.]+)\/([\d.]+)$/.exec(value);
  const fields = new AttributeReader(
    parseAttributes(value).map((one) => ({ ...one, name: one.name.toUpperCase() })),
  );
  const durationUs =
    slash !== null
      ? usOf(slash[2])
      : (usOf(fields.text("DURATION")) ?? (tag === "#EXT-X-CUE-OUT" ? usOf(value) : undefined));
  const lasts = durationUs === undefined ? {} : { durationUs };
  if (tag === "#EXT-X-CUE-OUT") return { kind: "out", ...lasts };
  const elapsedUs = usOf(slash?.[1] ?? fields.text("ELAPSEDTIME") ?? value);
  if (elapsedUs === undefined) return undefined;
  const section = fromBase64(fields.text("SCTE35") ?? "");
  return { kind: "continued", elapsedUs, ...lasts, ...(section?.length && { section }) };
}

function usOf(text: string | undefined): number | undefined {
  const value = text === undefined ? undefined : parseScaled(text, 1e6);
  return value === undefined || value < 0 ? undefined : value;
}

function secondsOf(us: number): string {
  if (us < 0) throw new PlaylistError("playlist.bad-value", `duration of ${us} µs`);
  return formatScaled(us, 1e6, 3);
}
