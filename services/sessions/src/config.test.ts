import assert from "node:assert/strict";
import { test } from "node:test";
import { tokensOf } from "./bearer.ts";
import { covers, readTokens } from "./config.ts";

const TOKENS = readTokens({ session_token: ["s3cret", "other news chats/*", "s3cret sport"] }) ?? [];

test("lines of the configuration", () => {
  assert.deepEqual(TOKENS, [
    { secret: "s3cret", streams: [] },
    { secret: "other", streams: ["news", "chats/*"] },
    { secret: "s3cret", streams: ["sport"] },
  ]);
  assert.equal(readTokens({}), undefined);
});

const COVERED: readonly (readonly [stream: string, covered: boolean])[] = [
  ["news", true],
  ["newsroom", false],
  ["chats/one", true],
  ["chats/one/two", true],
  ["chats", false],
  ["sport", false],
];
for (const [stream, covered] of COVERED) {
  test(`a token of news and chats/* ${covered ? "is" : "is not"} for ${stream}`, () => {
    assert.equal(covers({ secret: "x", streams: ["news", "chats/*"] }, stream), covered);
    assert.equal(covers({ secret: "x", streams: [] }, stream), true);
  });
}

const HEADERS: readonly (readonly [header: string | undefined, tokens: readonly number[]])[] = [
  ["Bearer s3cret", [0, 2]],
  ["bearer   other ", [1]],
  ["Bearer s3cre", []],
  ["Bearer s3crett", []],
  ["Bearer S3cret", []],
  ["Bearer", []],
  ["Bearer s3cret other", []],
  ["Basic s3cret", []],
  ["s3cret", []],
  ["", []],
  [undefined, []],
];
for (const [header, tokens] of HEADERS) {
  test(`the header ${header ?? "(none)"} has ${tokens.length} tokens`, () => {
    assert.deepEqual(
      tokensOf(header, TOKENS),
      tokens.map((i) => TOKENS[i]),
    );
  });
}
