import { fileURLToPath } from "node:url";
import { run } from "../e2e/kit/programs.ts";
import { complaintsIn, watch } from "../interop/kit/viewer.ts";
import type { Program, Seen, SeenFrame } from "./cell.ts";
import { enhancedIn } from "./formats.ts";

const CHILD = fileURLToPath(new URL("./kit/ffmpeg8-watch-child.ts", import.meta.url));

/** What FFmpeg says of every initialization segment but the first. */
const REPEATED_HEADER = "Found duplicated MOOV Atom";

function real(complaints: readonly string[]): string[] {
  return complaints.filter((line) => !line.includes(REPEATED_HEADER));
}

/** The FFmpeg that is installed. */
export const FFMPEG: Program = {
  name: "ffmpeg",
  undecoded: [],
  async version() {
    const { stdout } = await run("ffmpeg", ["-version"], 10_000);
    return /version (\d+\.\d+)/.exec(stdout)?.[1];
  },
  whyNot(format, tracks) {
    const codecs = enhancedIn(format, tracks);
    return (
      format.unread?.ffmpeg ??
      (codecs.length > 0 ? `FFmpeg before 6.1 has no ${codecs.join(" and ")} in ${format.name}` : undefined)
    );
  },
  async read({ url, tracks, seconds, patienceMs, measure }) {
    const seen = await watch(url, {
      seconds,
      timeoutMs: seconds * 1000 + patienceMs,
      video: tracks.video !== undefined,
      audio: tracks.audio !== undefined,
      measure,
    });
    return { ...seen, complaints: real(seen.complaints) };
  },
};

/** FFmpeg 8, by node-av. */
export const FFMPEG_8: Program = {
  name: "ffmpeg8",
  undecoded: [],
  async version() {
    try {
      await import("node-av/lib");
      return "8.1";
    } catch {
      return undefined;
    }
  },
  whyNot: (format) => format.unread?.ffmpeg,
  async read({ url, seconds, patienceMs, measure }): Promise<Seen> {
    const args = [CHILD, url, String(seconds), String(measure)];
    const { status, stdout, stderr } = await run(process.execPath, args, seconds * 1000 + patienceMs);
    if (status !== 0) throw new Error(`FFmpeg 8 ended with ${status}: ${stderr.slice(-1000)}`);
    const { video, audio } = JSON.parse(stdout) as Record<"video" | "audio", [number, number][]>;
    const frames = (pairs: [number, number][]): SeenFrame[] => pairs.map(([pts, level]) => ({ pts, level }));
    return { video: frames(video), audio: frames(audio), complaints: real(linesOf(stderr)) };
  },
};

/** Its log has no levels: all that is there is at least a warning. */
function linesOf(stderr: string): string[] {
  return complaintsIn(stderr.replaceAll(/^(?=[^[\s]|\[[a-z0-9,]+ @)/gm, "[warning] "));
}
