import { chmodSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { run } from "../../e2e/kit/programs.ts";
import { Background } from "./background.ts";
import { encoding, FPS, GOP } from "./encoder.ts";

/** What publishes: H.264 and AAC. */
export interface RtmpPublisher {
  readonly name: string;
  readonly program: string;
  start(t: TestContext, url: string): Background;
}

const PICTURE = `video/x-raw,format=I420,width=320,height=180,framerate=${FPS}/1`;

/**
 * How long GStreamer's multiplexer waits for the slower of picture and sound, nanoseconds: on a busy machine it would else
 * move pictures that come after their sound.
 */
const GST_PATIENCE_NS = 3_000_000_000;

/** GStreamer's encoders and its FLV multiplexer ahead of one of its sinks. */
function gstPublishing(sink: string): string[] {
  const words = [
    `-q videotestsrc is-live=true ! ${PICTURE} ! openh264enc gop-size=${GOP} ! h264parse ! queue`,
    `! flvmux name=mux streamable=true latency=${GST_PATIENCE_NS}`,
    "audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=2 ! voaacenc ! aacparse ! queue ! mux.",
    `mux. ! ${sink}`,
  ];
  return words.join(" ").split(" ");
}

export const PUBLISHERS: readonly RtmpPublisher[] = [
  {
    name: "FFmpeg",
    program: "ffmpeg",
    start: (t, url) =>
      Background.start(t, "ffmpeg", [...encoding({ video: "h264", audio: "aac" }), "-f", "flv", url]),
  },
  {
    name: "GStreamer's rtmp2sink",
    program: "gst-launch-1.0",
    start: (t, url) => Background.start(t, "gst-launch-1.0", gstPublishing(`rtmp2sink location=${url}`)),
  },
  {
    name: "librtmp in GStreamer's rtmpsink",
    program: "gst-launch-1.0",
    start: (t, url) => Background.start(t, "gst-launch-1.0", gstPublishing(`rtmpsink location=${url}`)),
  },
];

/** What plays: it writes what it gets into a file, for so many seconds or more. */
export interface RtmpPlayer {
  readonly name: string;
  readonly program: string;
  /** How many of the first pictures are not to be judged by their times. */
  readonly unsettled?: number | undefined;
  /** Plays `url` into a file of `folder`; resolves with the file, and what the program said. */
  readonly record: (recording: Recording) => Promise<{ file: string; stderr: string }>;
}

export interface Recording {
  readonly url: string;
  /** That anybody may write to. */
  readonly folder: string;
  readonly seconds: number;
}

/** Runs a program that writes FLV for so many seconds; a tag that it could not finish is cut off. */
async function recordFlv(file: string, seconds: number, command: readonly string[]) {
  const { stderr } = await run("timeout", ["-k", "1", "-s", "INT", String(seconds + 2), ...command], 20_000);
  const bytes = readFileSync(file);
  // Header and tags are each followed by a size of four bytes.
  let end = 13;
  for (let at = end; at + 11 <= bytes.length; at += 15 + bytes.readUIntBE(at + 1, 3)) end = at;
  truncateSync(file, end);
  return { file, stderr };
}

/** Where a GStreamer element goes; certificates of tests are their own authorities. */
export function gstLocation(url: string): string[] {
  return [`location=${url}`, ...(url.startsWith("rtmps:") ? ["tls-validation-flags=0"] : [])];
}

function gstRecord(source: string, { url, folder, seconds }: Recording) {
  const file = join(folder, `${source}.flv`);
  const words = ["-q", source, ...gstLocation(url), "!", "filesink", `location=${file}`];
  return recordFlv(file, seconds, ["gst-launch-1.0", ...words]);
}

/** VLC refuses to run as root. */
async function vlcRecord({ url, folder, seconds }: Recording) {
  chmodSync(folder, 0o777);
  const file = join(folder, `vlc-${url.slice(0, 4)}.mpegts`);
  const other = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"];
  const command = ["env", `HOME=${folder}`, "cvlc", "--quiet", "--no-interact", "--play-and-exit"];
  command.push(`--run-time=${seconds + 1}`, url, `--sout=#std{access=file,mux=ts,dst=${file}}`);
  const [program = "", ...args] = process.getuid?.() === 0 ? [...other, ...command] : command;
  return { file, stderr: (await run(program, args, 20_000)).stderr };
}

export const PLAYERS: readonly RtmpPlayer[] = [
  {
    name: "rtmpdump",
    program: "rtmpdump",
    record: ({ url, folder, seconds }) => {
      const file = join(folder, "rtmpdump.flv");
      return recordFlv(file, seconds, ["rtmpdump", "-q", "--live", "-r", url, "-o", file]);
    },
  },
  { name: "GStreamer's rtmp2src", program: "gst-launch-1.0", record: (r) => gstRecord("rtmp2src", r) },
  {
    name: "librtmp in GStreamer's rtmpsrc",
    program: "gst-launch-1.0",
    record: (r) => gstRecord("rtmpsrc", r),
  },
  // VLC's multiplexer moves the very first picture.
  { name: "VLC", program: "cvlc", unsettled: 1, record: vlcRecord },
];
