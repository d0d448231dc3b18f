import { concat, putU32be } from "@millrace/bytes";
import { FLV_TAG_HEADER_BYTES, FLV_TAG_TRAILER_BYTES, writeFlvTagHeader } from "@millrace/flv";
import { TICKS_PER_SECOND } from "@millrace/model";
import { hdsMuxer } from "./hds-manifest.ts";
import type { SegmentUnits } from "./segment-units.ts";

/** mdat with size and type. */
const HEAD_BYTES = 8;

/** A fragment (F4V 10.1 annex C): an mdat box of FLV tags, the sequence headers first. Times count from `zeroS`. */
export function hdsFragment(segments: readonly SegmentUnits[], zeroS: number): Uint8Array {
  const muxer = hdsMuxer(segments.map(({ track }) => track));
  const zero = zeroS * TICKS_PER_SECOND;
  const units = segments
    .flatMap(({ units: own }, i) =>
      own.map((unit) => ({ ...unit, track: i + 1, pts: unit.pts - zero, dts: unit.dts - zero })),
    )
    .toSorted((a, b) => a.dts - b.dts);
  const firstMs = Math.round((units[0]?.dts ?? 0) / 90);
  const tags = muxer.configs().map(({ type, body }) => tagOf(type, firstMs, body));
  for (const unit of units) {
    const made = muxer.unit(unit);
    if (made !== undefined) tags.push(tagOf(made.type, made.timestampMs, made.body));
  }
  const head = new Uint8Array(HEAD_BYTES);
  putU32be(head, 0, HEAD_BYTES + tags.reduce((sum, tag) => sum + tag.length, 0));
  head.set([0x6d, 0x64, 0x61, 0x74], 4);
  return concat([head, ...tags]);
}

function tagOf(type: number, timestampMs: number, body: Uint8Array): Uint8Array {
  const tag = new Uint8Array(FLV_TAG_HEADER_BYTES + body.length + FLV_TAG_TRAILER_BYTES);
  writeFlvTagHeader(tag, { type, timestampMs, bodyBytes: body.length });
  tag.set(body, FLV_TAG_HEADER_BYTES);
  putU32be(tag, tag.length - FLV_TAG_TRAILER_BYTES, FLV_TAG_HEADER_BYTES + body.length);
  return tag;
}
