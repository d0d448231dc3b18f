import type { SeenFrame } from "./cell.ts";

/** What `videoanalyse` and `level` tell, by the kind of the track. */
const MEASURED = {
  video:
    /"videoanalyse\d+" .*timestamp=\(guint64\)(\d+),.*running-time=\(guint64\)(\d+),.*luma-average=\(double\)([\d.e-]+)/g,
  audio:
    /"level\d+" .*timestamp=\(guint64\)(\d+),.*running-time=\(guint64\)(\d+),.*rms=\(GValueArray\)< ([-\d.e]+)/g,
};

/**
 * The frames that a sink called `video` or `audio` got, out of what `gst-launch-1.0 -v -m` prints. Where they were measured on
 * their way, these are the measurements, with their running time.
 */
export function framesOf(text: string, kind: "video" | "audio"): SeenFrame[] {
  const measured = [...text.matchAll(MEASURED[kind])].map(([, pts, running, level]) => ({
    pts: Number(pts) / 1e9,
    shownS: Number(running) / 1e9,
    level: kind === "video" ? Number(level) * 255 : Number(level) < -200 ? -1000 : Number(level),
  }));
  if (measured.length > 0) return measured;
  const chains = text.matchAll(
    new RegExp(`GstFakeSink:${kind}: last-message = chain .*? dts: (\\S+), pts: (\\S+),`, "g"),
  );
  return [...chains].map(([, dts = "", pts = ""]) => ({
    pts: secondsOf(kind === "video" ? dts : pts),
    level: Number.NaN,
  }));
}

/** "0:00:02.340000000" */
function secondsOf(clock: string): number {
  const [hours, minutes, seconds] = clock.split(":").map(Number);
  return (hours ?? Number.NaN) * 3600 + (minutes ?? Number.NaN) * 60 + (seconds ?? Number.NaN);
}

/**
 * That a decoder is missing is known. libde265dec wants configurationVersion 0, of a draft, where ISO/IEC 14496-15 §8.3.3.1.3
 * says 1, and decodes all the same.
 */
const HARMLESS =
  /missing|No decoder available|decoder to handle|gst_libde265_dec_set_format|Unsupported extra data/i;

/** Errors and warnings of the pipeline. */
export function complaintsOf(stdout: string, stderr: string): string[] {
  const lines = `${stdout}\n${stderr}`.split("\n");
  const found = lines
    .filter((line) => /^(ERROR|WARNING)/.test(line))
    .filter((line) => !HARMLESS.test(line))
    .map((line) => line.replace(/from element \S+?([^/]+): /, "$1: "));
  return [...new Set(found)];
}
