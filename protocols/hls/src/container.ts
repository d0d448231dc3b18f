import { canStore, codecStringOf } from "@millrace/isobmff";
import type { Track } from "@millrace/model";
import type { Container } from "./config.ts";

/** What HLS players take out of a transport stream; MPEG-2 video is for set-top boxes. */
const IN_TS: ReadonlySet<string> = new Set([
  "h264",
  "h265",
  "mpeg2video",
  "mpeg1video",
  "aac",
  "mpa",
  "ac3",
  "eac3",
]);

/** The container that suits a stream's tracks: where both do, that which costs nothing. */
export function containerFor(tracks: readonly Track[]): Container {
  const media = tracks.filter(({ kind }) => kind === "video" || kind === "audio");
  const count = (kind: string): number => media.filter((track) => track.kind === kind).length;
  const needsFmp4 =
    count("audio") > 1 ||
    count("video") > 1 ||
    media.some(({ codec }) => !IN_TS.has(codec)) ||
    tracks.some(({ codec }) => codec === "webvtt");
  // What CMAF cannot carry either stays where set-top boxes may find it.
  const fits =
    media.length > 0 && media.every((track) => canStore(track) && codecStringOf(track) !== undefined);
  return needsFmp4 && fits ? "fmp4" : "ts";
}
