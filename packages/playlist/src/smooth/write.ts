import { PlaylistError } from "../errors.ts";
import { writeShape } from "../xml/shape.ts";
import { XmlWriter } from "../xml/write.ts";
import type { SmoothManifest } from "./manifest.ts";
import { manifestShape } from "./shapes.ts";

/** Ticks a second, where a manifest does not say otherwise (MS-SSTR §2.2.2.1). */
export const SMOOTH_TIMESCALE = 10_000_000;

/**
 * A Smooth Streaming client manifest (MS-SSTR §2.2.2), version 2.2 where chunks repeat, else 2.0. Throws
 * `playlist.bad-value` for what cannot be written.
 */
export function writeSmoothManifest(manifest: SmoothManifest): string {
  const { protection, timescale = SMOOTH_TIMESCALE, ...others } = manifest;
  if (others.isLive === true && others.lookAheadFragmentCount === undefined)
    throw new PlaylistError("playlist.bad-value", "a live manifest without LookAheadFragmentCount");
  const repeats = manifest.streams.some((stream) => stream.chunks.some((chunk) => (chunk.repeat ?? 1) > 1));
  const writer = new XmlWriter();
  writeShape(
    writer,
    { name: "SmoothStreamingMedia", shape: manifestShape },
    {
      ...others,
      timescale,
      major: 2,
      minor: repeats ? 2 : 0,
      ...(protection && { protection: { header: protection } }),
    },
  );
  return writer.toString();
}

/** The path of a fragment: the `Url` of its stream with the two fields filled in (MS-SSTR §2.2.2.3, §2.2.3). */
export function smoothFragmentUrl(
  url: string,
  { bitrate, startTicks }: { readonly bitrate: number; readonly startTicks: number },
): string {
  return url.replace(/\{bitrate\}/gi, String(bitrate)).replace(/\{start[ _]time\}/gi, String(startTicks));
}
