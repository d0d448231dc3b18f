import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "./config.ts";
import { HlsPackaging, PLAYLIST_KEY } from "./packaging.ts";
import { FakeHost } from "./testing/fake-host.ts";

const SETTINGS = readSettings({ segments: 4, segment_duration: 2000 });

/** Thirty seconds and more of a stream, in media and on the clock. */
function play(host: FakeHost, seconds: number): void {
  for (let ms = 0; ms < seconds * 1000; ms += 100) {
    host.put({ ms, key: ms % 1000 === 0 });
    host.wall += 100;
  }
}

test("the shelf holds what the playlist names, and the playlist only what the shelf holds", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const host = new FakeHost();
  const packaging = new HlsPackaging(host.host, SETTINGS);
  const shelf = host.shelfWriter.local;
  let checked = 0;
  host.shelfWriter.onChange = () => {
    host.lastWantedMs = host.wall;
    const text = shelf.get(PLAYLIST_KEY)?.text ?? "";
    for (const uri of text.match(/^[^#].*$/gm) ?? []) {
      const item = shelf.get(uri);
      assert.ok(item?.spans !== undefined, `${uri} is listed, and not there`);
      const bytes = item.spans.reduce((sum, span) => sum + span.length, item.head?.length ?? 0);
      assert.equal(item.facts?.["bytes"], bytes);
      checked++;
    }
  };
  play(host, 60);
  assert.ok(checked > 100);
  // Four listed, those that are leaving, and the open one: no more, however long it runs.
  const held = host.held;
  play(host, 60);
  assert.ok(Math.abs(host.held - held) <= 12, `${held} spans, then ${host.held}`);
  packaging.dispose();
  assert.equal(host.held, 0);
  assert.equal(host.readers, 0);
  assert.deepEqual(shelf.keys(), []);
});

test("segments go when their time is over, even if no new one comes", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const host = new FakeHost();
  const packaging = new HlsPackaging(host.host, SETTINGS);
  host.lastWantedMs = host.wall + 30_000;
  play(host, 30);
  const before = host.shelfWriter.local.keys().length;
  host.wall += 60_000;
  t.mock.timers.tick(1000);
  // The settings, the playlist, and the four that it names.
  assert.equal(host.shelfWriter.local.keys().length, 6);
  assert.ok(before > 6);
  packaging.dispose();
  assert.equal(host.held, 0);
});

test("numbers of a server that starts again do not step back", () => {
  const first = new FakeHost();
  const one = new HlsPackaging(first.host, SETTINGS);
  play(first, 20);
  const sequence = (host: FakeHost) =>
    Number(/MEDIA-SEQUENCE:(\d+)/.exec(host.shelfWriter.local.get(PLAYLIST_KEY)?.text ?? "")?.[1]);
  const before = sequence(first);
  one.dispose();
  const second = new FakeHost();
  second.wall = first.wall;
  const two = new HlsPackaging(second.host, SETTINGS);
  play(second, 5);
  assert.ok(sequence(second) > before, `${before}, then ${sequence(second)}`);
  two.dispose();
});
