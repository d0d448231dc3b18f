import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { chooseTracks, parseCommand } from "./commands.ts";
import type { LaneTrack } from "./lane-header.ts";

const COMMANDS: readonly (readonly [string, object])[] = [
  ["resume", { name: "resume" }],
  ["play", { name: "resume" }],
  [" pause\n", { name: "pause" }],
  ["live", { name: "live" }],
  ["play_from=1511300552", { name: "live" }],
  ["set_tracks=v2a1", { name: "tracks", tracks: "v2a1" }],
  ["set_tracks=", { name: "tracks", tracks: "" }],
  ["", { name: "unknown" }],
  ["stop", { name: "unknown" }],
  [`set_tracks=${"v1".repeat(600)}`, { name: "unknown" }],
];

for (const [text, command] of COMMANDS) {
  test(`"${text.slice(0, 30)}" is ${JSON.stringify(command)}`, () => {
    assert.deepEqual(parseCommand(text), command);
  });
}

test("any text is a command or none, and never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => typeof parseCommand(text).name === "string"));
});

function track(name: string): LaneTrack {
  const content = name.startsWith("v") ? "video" : "audio";
  const rest = { codec: "", mime: "", timescale: 1, bitrate: 0, payload: "" };
  return { id: 1, track_id: name, content, ...rest };
}

const CHOICES: readonly (readonly [string, string])[] = [
  ["", "v1a1"],
  ["v2a1", "v2a1"],
  ["a2", "a2"],
  ["v2", "v2"],
  ["v1v2a2a1", "v1a1"],
  ["v9", "v1a1"],
  ["v9a2", "a2"],
  ["nonsense", "v1a1"],
];

for (const [wanted, chosen] of CHOICES) {
  test(`of v1 v2 a1 a2, "${wanted}" means ${chosen}`, () => {
    const all = ["v1", "v2", "a1", "a2"].map(track);
    assert.equal(
      chooseTracks(all, wanted)
        .map(({ track_id }) => track_id)
        .join(""),
      chosen,
    );
  });
}
