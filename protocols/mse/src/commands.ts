import type { LaneTrack } from "./lane-header.ts";

/** What a viewer may ask for. */
export type Command =
  | { readonly name: "resume" | "pause" | "live" }
  | { readonly name: "tracks"; readonly tracks: string }
  | { readonly name: "unknown" };

const MOST_BYTES = 1024;

/** Reads one text message: `resume` or `play`, `pause`, `live`, `play_from=UTC`, `set_tracks=v2a1`. */
export function parseCommand(text: string): Command {
  if (text.length > MOST_BYTES) return { name: "unknown" };
  const [word = "", value = ""] = text.trim().split("=", 2);
  switch (word) {
    case "play":
    case "resume":
      return { name: "resume" };
    case "pause":
      return { name: "pause" };
    // There is no archive to play from: whatever time is asked for, the nearest one is now.
    case "live":
    case "play_from":
      return { name: "live" };
    case "set_tracks":
      return { name: "tracks", tracks: value };
    default:
      return { name: "unknown" };
  }
}

/**
 * The tracks that `v2a1` names, one of a kind; the first of each kind where nothing, or nothing there is, is named. Only
 * what is named where something is: `a1` is sound alone.
 */
export function chooseTracks(all: readonly LaneTrack[], wanted: string): LaneTrack[] {
  const names = new Set(wanted.match(/[va]\d+/g) ?? []);
  const named = firstOfEach(all.filter(({ track_id }) => names.has(track_id)));
  return named.length > 0 ? named : firstOfEach(all);
}

function firstOfEach(tracks: readonly LaneTrack[]): LaneTrack[] {
  return tracks.filter((track) => track === tracks.find(({ content }) => content === track.content));
}
