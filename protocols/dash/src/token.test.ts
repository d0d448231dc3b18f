import assert from "node:assert/strict";
import { test } from "node:test";
import { withToken } from "./token.ts";

const TEXT = '<SegmentTemplate media="cmaf/$Time$.m4s" initialization="cmaf/i.mp4" duration="1"/>';

test("a token goes behind every template, and is neither XML nor an identifier in it", () => {
  const text = withToken(TEXT, { token: 'a"<&$b' });
  assert.equal(
    text,
    '<SegmentTemplate media="cmaf/$Time$.m4s?token=a%22%3C%26%24b" initialization="cmaf/i.mp4?token=a%22%3C%26%24b" duration="1"/>',
  );
});

test("without a token nothing changes", () => assert.equal(withToken(TEXT, {}), TEXT));
