import assert from "node:assert/strict";
import { test } from "node:test";
import { forFfmpeg, isFfmpeg } from "./ffmpeg.ts";

test("it is known by the name that its HTTP source gives", () => {
  assert.equal(isFfmpeg("Lavf/59.27.100"), true);
  for (const other of [undefined, "", "Mozilla/5.0", "GStreamer souphttpsrc 1.22.0 libsoup/3.2.3"])
    assert.equal(isFfmpeg(other), false);
});

test("no segment has a number, all are asked for by the name that waits until they are listed", () => {
  const template = (name: string, number: string): string =>
    `<SegmentTemplate media="cmaf/v1/${name}.m4s" timescale="90000"${number} presentationTimeOffset="1"/>`;
  assert.equal(
    forFfmpeg(template("$Time$", ' startNumber="12"') + template("$Time$", ' startNumber="7"')),
    template("listed-$Time$", "") + template("listed-$Time$", ""),
  );
});

test("the newest period lists one segment of each track that is still to come", () => {
  const timelines = (...all: string[]): string =>
    `<Period>${all.map((each) => `<SegmentTimeline>\n ${each}\n</SegmentTimeline>`).join("")}</Period>`;
  const [old, regular, varying] = [
    '<S t="5" d="2"/>',
    '<S t="0" d="9" r="3"/>',
    '<S t="0" d="9" r="2"/> <S d="8"/>',
  ];
  assert.equal(
    forFfmpeg(timelines(old as string) + timelines(regular as string, varying as string)),
    timelines(old as string) + timelines('<S t="0" d="9" r="4"/>', '<S t="0" d="9" r="2"/> <S d="8" r="1"/>'),
  );
});
