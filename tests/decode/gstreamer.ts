import { run } from "../e2e/kit/programs.ts";
import { Background } from "../interop/kit/background.ts";
import type { Program, Seen, Task } from "./cell.ts";
import { enhancedIn } from "./formats.ts";
import { complaintsOf, framesOf } from "./gst-lines.ts";

/** Media types of what GStreamer 1.22 as Debian has it has no decoder for, by codec. */
const UNDECODED: Readonly<Record<string, string>> = {
  ac3: "audio/x-ac3",
  eac3: "audio/x-eac3",
  mpeg2video: "video/mpeg",
};

/** Each frame that a sink gets is told of, and what it is like. At the pace of the clock, as players do. */
function pipeline({ url, format, tracks }: Task): string[] {
  const { video, audio } = tracks;
  const raw = ["video/x-raw", "audio/x-raw", ...Object.values(UNDECODED)].map((type) => `${type}(ANY)`);
  // GStreamer's older demultiplexer begins at once; the newer one fills 30 s of buffer before DASH is played.
  const source = format.name.includes("dash") || format.name === "smooth" ? "uridecodebin" : "uridecodebin3";
  const words = [source, `uri=${url}`, `caps=${raw.join(";")}`, "name=in"];
  const sink = (name: string): string[] => ["fakesink", `name=${name}`, "sync=true", "silent=false"];
  if (video !== undefined) {
    const type = UNDECODED[video];
    const chain =
      type === undefined ? "video/x-raw ! queue ! videoconvert ! videoanalyse message=true" : type;
    words.push("in.", "!", ...`${chain} ! queue !`.split(" "), ...sink("video"));
  }
  if (audio !== undefined) {
    const type = UNDECODED[audio];
    const chain = type === undefined ? "audio/x-raw ! queue ! audioconvert ! level interval=10000000" : type;
    words.push("in.", "!", ...`${chain} ! queue !`.split(" "), ...sink("audio"));
  }
  return words;
}

export const GSTREAMER: Program = {
  name: "gstreamer",
  undecoded: Object.keys(UNDECODED),
  async version() {
    const { stdout } = await run("gst-launch-1.0", ["--version"], 10_000);
    return /version (\d+\.\d+)/.exec(stdout)?.[1];
  },
  whyNot(format, tracks) {
    const codecs = enhancedIn(format, tracks);
    const undecoded = [tracks.video, tracks.audio].find((codec) => codec !== undefined && codec in UNDECODED);
    // Without a decoder its demultiplexers of one file go on, and what looks for decoders by itself gives up.
    if (undecoded !== undefined && (format.segments === true || format.single === true))
      return `GStreamer has no decoder for ${undecoded}`;
    return (
      format.unread?.gstreamer ??
      (codecs.length > 0 ? `GStreamer 1.22 has no ${codecs.join(" and ")} in ${format.name}` : undefined)
    );
  },
  async read(task) {
    const { seconds, tracks, fps, patienceMs } = task;
    const stops: (() => unknown)[] = [];
    const player = Background.start({ after: (stop) => void stops.push(stop) }, "gst-launch-1.0", [
      "-v",
      "-m",
      ...pipeline(task),
    ]);
    const seen = (): Seen => {
      const text = player.stdout.toString();
      return {
        video: tracks.video === undefined ? [] : framesOf(text, "video"),
        audio: tracks.audio === undefined ? [] : framesOf(text, "audio"),
        complaints: complaintsOf(text, player.stderr),
      };
    };
    const hasAll = ({ video, audio }: Seen): boolean =>
      (tracks.video === undefined || video.length > seconds * fps) &&
      (tracks.audio === undefined || spanOf(audio) > seconds);
    const deadline = Date.now() + seconds * 1000 + patienceMs;
    try {
      // What has come by then is not all: nobody needs to look.
      await during(player, seconds * 1000);
      for (;;) {
        const now = seen();
        if (hasAll(now) || Date.now() > deadline) return cut(now, task);
        if (!player.running)
          throw new Error(`GStreamer ended: ${now.complaints.join("; ") || player.stderr}`);
        await during(player, 1000);
      }
    } finally {
      for (const stop of stops) await stop();
    }
  },
};

/** Waits for so long, or until the program has ended. */
async function during(player: Background, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([passed, player.exited]);
  clearTimeout(timer);
}

function spanOf(frames: Seen["audio"]): number {
  return (frames.at(-1)?.pts ?? 0) - (frames[0]?.pts ?? 0);
}

/** No more than was asked for. */
function cut(seen: Seen, { seconds, fps }: Task): Seen {
  const end = (seen.audio[0]?.pts ?? 0) + seconds;
  return {
    ...seen,
    video: seen.video.slice(0, Math.round(seconds * fps)),
    audio: seen.audio.filter(({ pts }) => pts < end),
  };
}
