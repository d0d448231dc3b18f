import assert from "node:assert/strict";
import { test } from "node:test";
import { complaintsOf, framesOf } from "./gst-lines.ts";

const PICTURE =
  'Got message #148 from element "videoanalyse0" (element): GstVideoAnalyse, timestamp=(guint64)780000000, stream-time=(guint64)780000000, running-time=(guint64)40000000, duration=(guint64)40000000, luma-average=(double)0.5, luma-variance=(double)0.004;';
const SOUND =
  'Got message #187 from element "level0" (element): level, endtime=(guint64)800000000, timestamp=(guint64)780000000, stream-time=(guint64)780000000, running-time=(guint64)0, duration=(guint64)20000000, rms=(GValueArray)< -9.5, -9.5 >, peak=(GValueArray)< -3, -3 >;';
const CHAIN =
  "/GstPipeline:pipeline0/GstFakeSink:audio: last-message = chain   ******* (audio:sink) (512 bytes, dts: none, pts: 0:01:02.250000000, duration: 0:00:00.032000000, offset: -1, offset_end: -1, flags: 00004040 discont tag-memory , meta: none) 0x7fdaac0446c0";

test("pictures and sound are what was measured on their way, with both of their times", () => {
  const text = `${PICTURE}\n${SOUND}\n${SOUND.replace("-9.5", "-699.9")}`;
  assert.deepEqual(framesOf(text, "video"), [{ pts: 0.78, shownS: 0.04, level: 127.5 }]);
  assert.deepEqual(
    framesOf(text, "audio").map(({ pts, shownS, level }) => [pts, shownS, level]),
    [
      [0.78, 0, -9.5],
      [0.78, 0, -1000],
    ],
  );
});

test("where nothing was measured it is what came to the sink", () => {
  assert.deepEqual(framesOf(CHAIN, "audio"), [{ pts: 62.25, level: Number.NaN }]);
  assert.deepEqual(framesOf(CHAIN, "video"), []);
});

test("errors and warnings are told once, but for what is known to be harmless", () => {
  const lines = [
    "WARNING: from element /GstPipeline:pipeline0/GstLibde265Dec:d: Unsupported extra data version 1, decoding may fail",
    "WARNING: from element /GstPipeline:pipeline0/GstLibde265Dec:d: something else",
    "Additional debug info:",
  ];
  const found = complaintsOf(
    lines.join("\n"),
    `ERROR: from element /GstPipeline:pipeline0/GstSoup:s: Not found\n${lines[1]}`,
  );
  assert.equal(found.length, 2);
  assert.match(found[0] ?? "", /^WARNING: .*something else$/);
  assert.match(found[1] ?? "", /^ERROR: .*Not found$/);
});
