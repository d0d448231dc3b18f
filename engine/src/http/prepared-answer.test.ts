import assert from "node:assert/strict";
import { test } from "node:test";
import { PreparedAnswer } from "./prepared-answer.ts";

test("head and body as bytes, made once for each second", () => {
  const answer = new PreparedAnswer(
    404,
    { "Content-Type": "text/plain", "Content-Length": 3 },
    Buffer.from("no\n"),
  );
  const whole = answer.whole("Date: 1\r\n\r\n");
  assert.equal(
    whole?.toString(),
    "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nDate: 1\r\n\r\nno\n",
  );
  assert.equal(answer.whole("Date: 1\r\n\r\n"), whole);
  assert.match(answer.whole("Date: 2\r\n\r\n")?.toString() ?? "", /Date: 2\r\n\r\nno\n$/);
  assert.match(answer.head("\r\n").toString(), /Length: 3\r\n\r\n$/);
});

test("long bodies are not copied", () => {
  const answer = new PreparedAnswer(200, {}, new Uint8Array(100_000));
  assert.equal(answer.whole("\r\n"), undefined);
  assert.equal(answer.head("\r\n").toString(), "HTTP/1.1 200 OK\r\n\r\n");
  assert.equal(new PreparedAnswer(200, {}).whole("\r\n"), undefined);
});

test("no header begins another one", () => {
  for (const value of ["a\r\nB: c", "a\nb", "a\0", "\u0100"])
    assert.throws(() => new PreparedAnswer(200, { A: value }).head("\r\n"), TypeError);
});
