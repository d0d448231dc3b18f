import type { WebvttCue } from "@millrace/isobmff";
import type { Ticks } from "@millrace/model";

/** MPEG-2 time stamps have 33 bits. */
const TIMESTAMP_RANGE = 2 ** 33;

/** Cues that are shown all through a stretch of the media timeline, 90 kHz. */
export interface CueStretch {
  readonly startTicks: Ticks;
  readonly endTicks: Ticks;
  readonly cues: readonly WebvttCue[];
}

/**
 * A segment as a WebVTT file of its own, which HLS players want (RFC 8216 §3.5): times count from the segment's start, and
 * X-TIMESTAMP-MAP says where that is. A cue that stays from one stretch to the next is one cue.
 */
export function writeVttSegment(startTicks: Ticks, stretches: readonly CueStretch[]): string {
  const blocks = [`WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:${startTicks % TIMESTAMP_RANGE},LOCAL:00:00:00.000\n`];
  const open = new Map<string, Ticks>();
  let end = startTicks;
  const close = (block: string, from: Ticks): void => {
    blocks.push(withTimes(block, stamp(from - startTicks), stamp(end - startTicks)));
    open.delete(block);
  };
  for (const stretch of stretches) {
    const now = new Set(stretch.cues.map(blockOf));
    for (const [block, from] of open) if (!now.has(block)) close(block, from);
    for (const block of now) if (!open.has(block)) open.set(block, stretch.startTicks);
    end = stretch.endTicks;
  }
  for (const [block, from] of open) close(block, from);
  return blocks.join("\n");
}

/** All of a cue but its times, for which a NUL stands: it may not be in a WebVTT file. */
function blockOf({ id, settings, text }: WebvttCue): string {
  const head = id === undefined || id === "" ? "" : `${oneLine(id)}\n`;
  const tail = settings === undefined || settings === "" ? "" : ` ${oneLine(settings)}`;
  return `${head}\0${tail}\n${payload(text)}\n`;
}

function withTimes(block: string, from: string, to: string): string {
  return block.replace("\0", () => `${from} --> ${to}`);
}

/** An empty line would end the cue, an arrow begin one. */
function payload(text: string): string {
  return text
    .replaceAll("\0", "\ufffd")
    .replace(/\r\n?/g, "\n")
    .replace(/\n{2,}/g, "\n")
    .replaceAll("-->", "--&gt;");
}

function oneLine(text: string): string {
  return text.replace(/[\r\n\0]+/g, " ").replaceAll("-->", "");
}

/** `00:00:01.500` */
function stamp(ticks: Ticks): string {
  const ms = Math.max(0, Math.round(ticks / 90));
  const two = (value: number): string => String(value % 60).padStart(2, "0");
  const [s, m, h] = [Math.floor(ms / 1000), Math.floor(ms / 60_000), Math.floor(ms / 3_600_000)];
  return `${String(h).padStart(2, "0")}:${two(m)}:${two(s)}.${String(ms % 1000).padStart(3, "0")}`;
}
