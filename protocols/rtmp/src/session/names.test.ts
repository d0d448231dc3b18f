import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { joinStreamName } from "./names.ts";

const JOINED: readonly [app: string, name: string, joined: string, query: string][] = [
  ["chats/my", "chat-15", "chats/my/chat-15", ""],
  ["chats", "my/chat-15", "chats/my/chat-15", ""],
  ["published", "", "published", ""],
  ["static", "published", "published", ""],
  ["rtmp", "ort?from=1398267588&to=1398268588", "ort", "from=1398267588&to=1398268588"],
  ["static", "client15/published1", "client15/published1", ""],
  ["client15", "static", "client15/static", ""],
  ["static", "static", "static", ""],
  ["live", "mystream?password=mypass", "live/mystream", "password=mypass"],
  ["live?token=1", "mystream", "live/mystream", "token=1"],
  ["live?token=1", "mystream?a=b?c", "live/mystream", "token=1&a=b?c"],
  ["/live/", "//mystream/", "live/mystream", ""],
  ["live", "mystream?path=../x", "live/mystream", "path=../x"],
  ["live", "a..b", "live/a..b", ""],
  ["live", "Bühne 1", "live/Bühne 1", ""],
];

const REFUSED: readonly [what: string, app: string, name: string][] = [
  ["nothing", "", ""],
  ["only an application that stands for none", "static", ""],
  ["a query alone", "", "?password=1"],
  ["climbing", "live", "../etc/passwd"],
  ["climbing by the application", "..", "x"],
  ["climbing in the middle", "live", "a/../../b"],
  ["a dot", "live", "./a"],
  ["a backslash", "live", "..\\a"],
  ["a zero", "live", "a\0b"],
  ["a line's end", "live", "a\r\nb"],
  ["a line's end in the query", "live", "a?b\nc"],
  ["a control character of the second set", "live", "a\u0085b"],
  ["half of a surrogate pair", "live", "a\ud800"],
  ["length", "live", "a".repeat(256)],
  ["a query's length", "live", `a?${"b".repeat(4097)}`],
];

suite("stream names", () => {
  for (const [app, name, joined, query] of JOINED) {
    test(`${app} with ${name} is ${joined}`, () => {
      assert.deepEqual(joinStreamName(app, name), { name: joined, query });
    });
  }
  for (const [what, app, name] of REFUSED) {
    test(`refuses ${what}`, () => assert.equal(joinStreamName(app, name), undefined));
  }

  test("no name that is given climbs, or is empty in places", () => {
    const part = fc.oneof(fc.string(), fc.constantFrom("..", ".", "/", "../", "a", "?", "\\", "static"));
    const text = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, text, (app, name) => {
        const joined = joinStreamName(app, name);
        if (joined === undefined) return;
        for (const segment of joined.name.split("/")) assert.ok(!["", ".", ".."].includes(segment));
        assert.ok(!/[\\?]/.test(joined.name));
      }),
      { numRuns: 500 },
    );
  });
});
