import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { answerDemand } from "./auth.ts";
import { md5 } from "./hmac.ts";

const INPUT = {
  app: "live",
  name: "cam",
  user: "me",
  password: "secret",
  query: "",
  random: () => Uint8Array.of(1, 2, 3, 4),
};
const FIRST = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ";

function ask(description: string, changes: Partial<typeof INPUT> = {}): unknown {
  return answerDemand({ ...INPUT, ...changes, description });
}

suite("authentication", () => {
  test("a refusal that has nothing to do with it", () => {
    assert.deepEqual(ask("no such application"), { kind: "none" });
  });

  test("the user is named first", () => {
    assert.deepEqual(ask(FIRST), { kind: "retry", query: "?authmod=adobe&user=me" });
    assert.deepEqual(ask(FIRST.replace("adobe", "llnw")), { kind: "retry", query: "?authmod=llnw&user=me" });
  });

  test("Adobe's challenge", () => {
    const query = "?authmod=adobe&user=me";
    const text = `[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=me&salt=SALT==&challenge=CH==`;
    const secret = md5("meSALT==secret", "base64");
    const plain = md5(`${secret}CH==01020304`, "base64");
    assert.deepEqual(ask(text, { query }), {
      kind: "retry",
      query: `?authmod=adobe&user=me&challenge=01020304&response=${plain}`,
    });
    const opaque = md5(`${secret}OP01020304`, "base64");
    assert.deepEqual(ask(`${text}&opaque=OP`, { query }), {
      kind: "retry",
      query: `?authmod=adobe&user=me&challenge=01020304&response=${opaque}&opaque=OP`,
    });
  });

  test("Limelight's challenge", () => {
    const query = "?authmod=llnw&user=me";
    const text = "[ AccessManager.Reject ] : [ authmod=llnw ] : ?reason=needauth&user=me&nonce=NO";
    for (const [app, path] of [
      ["live", "/live/_definst_"],
      ["live/x", "/live/x"],
    ] as const) {
      const a1 = md5("me:live:secret", "hex");
      const a2 = md5(`publish:${path}`, "hex");
      const response = md5(`${a1}:NO:00000001:01020304:auth:${a2}`, "hex");
      assert.deepEqual(ask(text, { query, app }), {
        kind: "retry",
        query: `?authmod=llnw&user=me&nonce=NO&cnonce=01020304&nc=00000001&response=${response}`,
      });
    }
  });

  for (const [what, description, changes] of [
    ["without a user", FIRST, { user: "" }],
    ["once a response was not taken", FIRST, { query: "?authmod=adobe&user=me&challenge=1&response=2" }],
    ["when the same is asked again", FIRST, { query: "?authmod=adobe&user=me" }],
    ["when the password is wrong", "authmod=adobe ?reason=authfailed", { query: "?authmod=adobe&user=me" }],
    [
      "when there is no such user",
      "authmod=llnw ?reason=nosuchuser&opaque=x",
      { query: "?authmod=llnw&user=me" },
    ],
  ] as const) {
    test(`fails ${what}`, () => {
      assert.equal((ask(description, changes) as { kind: string }).kind, "failed");
    });
  }
});
