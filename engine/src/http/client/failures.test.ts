import assert from "node:assert/strict";
import { test } from "node:test";
import { httpFailures } from "./failures.ts";

const { connectionFailed, timedOut, badAnswer } = httpFailures("some");

test("a failure of the system is told in words, with the protocol's code and its cause", () => {
  const cause = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" });
  const error = connectionFailed("host:1", cause);
  assert.equal(error.code, "some.connection");
  assert.equal(error.message, "host:1: nobody listens there");
  assert.equal(error.cause, cause);
});

test("a certificate that is not trusted names the option that trusts it", () => {
  const cause = Object.assign(new Error("self-signed"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  assert.match(connectionFailed("host", cause).message, /insecure=true/);
});

test("what is not known is told as it is", () => {
  assert.equal(connectionFailed("host", new Error("odd")).message, "host: odd");
  assert.equal(connectionFailed("host", "the server broke off").message, "host: the server broke off");
});

test("the others", () => {
  const late = timedOut("host did not answer", 1500);
  assert.deepEqual([late.code, late.message], ["some.timeout", "host did not answer within 1.5 s"]);
  assert.equal(badAnswer("host answered 404").code, "some.answer");
});
