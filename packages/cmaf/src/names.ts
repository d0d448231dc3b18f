import type { Track } from "@millrace/model";

const LETTERS: Readonly<Record<string, string>> = { video: "v", audio: "a", subtitle: "t" };

/** Names by kind and place: `v1`, `a1`, `a2`, `t1`. */
export function nameTracks(tracks: readonly Track[]): [Track, string][] {
  const counts = new Map<string, number>();
  const named: [Track, string][] = [];
  for (const track of tracks) {
    const letter = LETTERS[track.kind];
    if (letter === undefined) continue;
    const count = (counts.get(letter) ?? 0) + 1;
    counts.set(letter, count);
    named.push([track, `${letter}${count}`]);
  }
  return named;
}

/** The key of an initialization segment follows from its bytes: the same coding has the same URL on every server. */
export function nameInit(track: string, bytes: Uint8Array): string {
  // FNV-1a, 32 bits.
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return `${track}/init-${(hash >>> 0).toString(16).padStart(8, "0")}.mp4`;
}
