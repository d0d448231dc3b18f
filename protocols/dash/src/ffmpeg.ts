/** Whether it is FFmpeg's DASH demultiplexer that asks, or a program that uses it and has not given it another name. */
export function isFfmpeg(userAgent: string | undefined): boolean {
  return userAgent?.startsWith("Lavf/") === true;
}

/**
 * What FFmpeg (5.1 to 8.1) can work with. After each update it counts a SegmentTimeline from 0 to find where it was, and goes
 * on at a segment of its choice where `startNumber` is more than that: segments that are named by their start need none. Behind
 * the last segment that it knows of it asks for the next one all the same, but does not count it, and asks for the same once
 * more after the next update. So one is listed that is still to come, by a name (`listed-`) for which it has to wait until that
 * has come about.
 */
export function forFfmpeg(text: string): string {
  const plain = text.replaceAll(/ startNumber="\d+"/g, "").replaceAll("/$Time$.m4s", "/listed-$Time$.m4s");
  const newest = Math.max(0, plain.lastIndexOf("<Period"));
  const next = plain.slice(newest).replaceAll(LAST_ENTRY, (_, head: string, repeat = "0") => {
    return `${head} r="${Number(repeat) + 1}"/>`;
  });
  return plain.slice(0, newest) + next;
}

/** The last `S` of a SegmentTimeline, which may stand for several segments (ISO/IEC 23009-1 §5.3.9.6). */
const LAST_ENTRY = /(<S(?: [td]="\d+")+)(?: r="(\d+)")?\/>(?=\s*<\/SegmentTimeline>)/g;
