import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseMediaPlaylist } from "@millrace/playlist";
import fc from "fast-check";
import type { Piece } from "./piece.ts";
import { type CursorOptions, PlaylistCursor } from "./playlist-cursor.ts";
import { type LivePlaylist, mediaPlaylist } from "./testing/hls-server.ts";

function cursor(options: Partial<CursorOptions> = {}): PlaylistCursor {
  return new PlaylistCursor({ lowLatency: true, stalledCheck: false, ...options });
}

/** Segments by number, each a second long. */
function version(from: number, to: number, more: Partial<LivePlaylist> = {}) {
  const segments = Array.from({ length: to - from }, (_, i) => `s${from + i}`);
  return parseMediaPlaylist(mediaPlaylist({ segments, sequence: from, ...more }));
}

function names(pieces: readonly Piece[]): string[] {
  return pieces.map(({ uri, discontinuity }) => (discontinuity ? `|${uri}` : uri));
}

suite("where a playlist is begun", () => {
  test("one that has an end: at its beginning", () => {
    assert.deepEqual(names(cursor().accept(version(0, 4, { end: true })).pieces), ["s0", "s1", "s2", "s3"]);
  });

  const live: readonly [what: string, stalledCheck: boolean, duration: number, expected: string[]][] = [
    ["two segments", false, 6, ["s18", "s19"]],
    ["three seconds, if segments are short", false, 1, ["s17", "s18", "s19"]],
    ["one, if nothing is played before the playlist changes", true, 6, ["s19"]],
    ["two seconds then, if segments are short", true, 1, ["s18", "s19"]],
  ];
  for (const [what, stalledCheck, duration, expected] of live) {
    test(`live: ${what} before its end`, () => {
      assert.deepEqual(
        names(cursor({ stalledCheck }).accept(version(10, 20, { duration })).pieces),
        expected,
      );
    });
  }

  test("with parts: an independent one, the hold-back from the end", () => {
    const text = [
      "#EXTM3U",
      "#EXT-X-TARGETDURATION:2",
      "#EXT-X-PART-INF:PART-TARGET=0.5",
      "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5",
      "#EXT-X-MEDIA-SEQUENCE:7",
      "#EXTINF:2,",
      "s7",
      '#EXT-X-PART:DURATION=0.5,URI="s8.0",INDEPENDENT=YES',
      '#EXT-X-PART:DURATION=0.5,URI="s8.1"',
      '#EXT-X-PART:DURATION=0.5,URI="s8.2",INDEPENDENT=YES',
      '#EXT-X-PART:DURATION=0.5,URI="s8.3"',
      "#EXTINF:2,",
      "s8",
      '#EXT-X-PART:DURATION=0.5,URI="s9.0",INDEPENDENT=YES',
      "",
    ].join("\n");
    const follower = cursor();
    const playlist = parseMediaPlaylist(text);
    const { pieces } = follower.accept(playlist);
    assert.deepEqual(names(pieces), ["s8.2", "s8.3", "s9.0"]);
    assert.deepEqual(
      pieces.map(({ sequence, part }) => [sequence, part]),
      [
        [8, 2],
        [8, 3],
        [9, 0],
      ],
    );
    assert.deepEqual(follower.directives(playlist), { msn: 9, part: 1 });
    const more = parseMediaPlaylist(
      `${text}#EXT-X-PART:DURATION=0.5,URI="s9.1"\n#EXT-X-PART:DURATION=0.5,URI="s9.2"\n#EXTINF:1.5,\ns9\n#EXT-X-PART:DURATION=0.5,URI="s10.0"\n`,
    );
    assert.deepEqual(names(follower.accept(more).pieces), ["s9.1", "s9.2", "s10.0"]);
    assert.deepEqual(names(cursor({ lowLatency: false }).accept(playlist).pieces), ["s7", "s8"]);
    const key = '#EXT-X-KEY:METHOD=AES-128,URI="k"';
    const encrypted = parseMediaPlaylist(text.replace("#EXTINF:2,\ns7", `${key}\n#EXTINF:2,\ns7`));
    const whole = cursor();
    assert.deepEqual(
      names(whole.accept(encrypted).pieces),
      ["s7", "s8"],
      "how parts are encrypted is not said",
    );
    assert.deepEqual(whole.directives(encrypted), { msn: 9 });
  });

  const beside: readonly [
    what: string,
    place: [sequence: number, date: number | undefined, fromEndUs: number],
    first: string,
  ][] = [
    ["with the same number", [17, undefined, 2_000_000], "s17"],
    ["as far from the end, where numbers differ", [900, undefined, 4_000_000], "s16"],
  ];
  for (const [what, [sequence, programDateTimeMs, fromEndUs], first] of beside) {
    test(`beside another: ${what}`, () => {
      const follower = cursor({ beside: { sequence, programDateTimeMs, fromEndUs } });
      assert.equal(names(follower.accept(version(10, 20)).pieces)[0], first);
    });
  }

  test("beside another: by the date, where both have one", () => {
    const head = ["#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00Z"];
    const place = { sequence: 3, programDateTimeMs: Date.UTC(2026, 0, 1, 0, 0, 4), fromEndUs: 1_000_000 };
    assert.equal(names(cursor({ beside: place }).accept(version(10, 20, { head })).pieces)[0], "s14");
  });
});

suite("how a playlist is followed", () => {
  test("each segment once, and whether there was news", () => {
    const follower = cursor();
    assert.deepEqual(names(follower.accept(version(0, 4)).pieces), ["s1", "s2", "s3"]);
    const same = follower.accept(version(0, 4));
    assert.deepEqual([same.pieces.length, same.changed], [0, false]);
    const next = follower.accept(version(2, 6));
    assert.deepEqual([names(next.pieces), next.changed], [["s4", "s5"], true]);
    assert.equal(follower.accept(version(2, 6, { end: true })).changed, true);
  });

  test("what has left the playlist is counted, and the live edge comes next", () => {
    const follower = cursor();
    follower.accept(version(0, 4));
    const { pieces, missed } = follower.accept(version(20, 30));
    assert.equal(missed, 16);
    assert.deepEqual(names(pieces), ["s27", "s28", "s29"]);
  });

  test("a playlist that counts anew is another timeline", () => {
    const follower = cursor();
    follower.accept(version(100, 104));
    const { pieces, restarted } = follower.accept(version(0, 3));
    assert.equal(restarted, true);
    assert.deepEqual(names(pieces), ["|s0", "s1", "s2"]);
    assert.equal(pieces[0]?.period, 1);
  });

  test("one that is only a little older is a cache's: it counts as begun anew when it stays so", () => {
    const follower = cursor();
    follower.accept(version(100, 104));
    for (let i = 0; i < 3; i++) {
      const { pieces, restarted } = follower.accept(version(99, 103));
      assert.deepEqual([pieces.length, restarted], [0, false]);
    }
    assert.equal(follower.accept(version(99, 103)).restarted, true);
  });

  test("breaks are numbered as the playlist numbers them", () => {
    const follower = cursor();
    const segments = ["s0", "s1", "#EXT-X-DISCONTINUITY\ns2", "s3", "s4", "s5"];
    const head = ["#EXT-X-DISCONTINUITY-SEQUENCE:5"];
    const { pieces } = follower.accept(parseMediaPlaylist(mediaPlaylist({ segments, head, end: true })));
    assert.deepEqual(
      pieces.map(({ period }) => period),
      [5, 5, 6, 6, 6, 6],
    );
    assert.deepEqual(names(pieces), ["s0", "s1", "|s2", "s3", "s4", "s5"]);
    const late = cursor().accept(parseMediaPlaylist(mediaPlaylist({ segments, head })));
    assert.deepEqual(
      late.pieces.map(({ period }) => period),
      [6, 6, 6],
    );
  });

  test("property: whichever versions are seen, segments come in order and none twice", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ step: fc.integer({ min: 0, max: 8 }), length: fc.integer({ min: 1, max: 6 }) }),
          { maxLength: 20 },
        ),
        (steps) => {
          const follower = cursor();
          let end = 0;
          let last = -1;
          for (const { step, length } of steps) {
            end += step;
            for (const { sequence } of follower.accept(version(Math.max(0, end - length), end)).pieces) {
              assert.ok(sequence > last);
              last = sequence;
            }
          }
        },
      ),
    );
  });
});
