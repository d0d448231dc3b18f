import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { parseStreamId, type StreamId, StreamIdProblem } from "./stream-id.ts";
import { REJECTION } from "./wire/rejection.ts";

type Fields = Omit<StreamId, "other"> & { readonly other?: StreamId["other"] };

const UNDERSTOOD: readonly [text: string, Fields][] = [
  ["", { form: "none" }],

  ["#!::r=live,m=publish", { form: "standard", name: "live", mode: "publish" }],
  ["#!::m=request,r=live", { form: "standard", name: "live", mode: "request" }],
  ["#!::m=bidirectional,r=live", { form: "standard", name: "live", mode: "bidirectional" }],
  [
    "#!::u=admin,r=bluesbrothers1_hi",
    { form: "standard", name: "bluesbrothers1_hi", mode: "request", user: "admin" },
  ],
  [
    "#!::u=johnny,t=file,m=publish,r=results.csv",
    { form: "standard", name: "results.csv", mode: "publish", user: "johnny", type: "file" },
  ],
  [
    "#!::h=somehost.com,r=videos/querry.php?vid=366,s=a1b2",
    {
      form: "standard",
      name: "videos/querry.php?vid=366",
      mode: "request",
      host: "somehost.com",
      session: "a1b2",
    },
  ],
  [
    "#!::r=a,password=p=w,token=t,acme_zone=9",
    { form: "standard", name: "a", mode: "request", other: { password: "p=w", token: "t", acme_zone: "9" } },
  ],
  ["#!::r=/live//cam", { form: "standard", name: "live//cam", mode: "request" }],
  ["#!::r=a%2Fb+c", { form: "standard", name: "a%2Fb+c", mode: "request" }],
  ["#!::r=bühne/ß", { form: "standard", name: "bühne/ß", mode: "request" }],
  ["#!::r=a}{b", { form: "standard", name: "a}{b", mode: "request" }],
  ["#!::R=a,x=", { form: "standard", mode: "request", other: { R: "a", x: "" } }],
  ["#!::,r=a,,", { form: "standard", name: "a", mode: "request" }],
  ["#!::r=,m=,u=", { form: "standard", mode: "request" }],
  ["#!::", { form: "standard", mode: "request" }],

  ["publish:live", { form: "prefix", name: "live", mode: "publish" }],
  [
    "publish:live/cam1:me:secret",
    { form: "prefix", name: "live/cam1", mode: "publish", user: "me", password: "secret" },
  ],
  [
    "publish:live:me:se:cr:et",
    { form: "prefix", name: "live", mode: "publish", user: "me", password: "se:cr:et" },
  ],
  ["read:live", { form: "prefix", name: "live", mode: "request" }],
  ["read:/live:me:secret", { form: "prefix", name: "live", mode: "request", user: "me", password: "secret" }],
  ["play:live", { form: "prefix", name: "live", mode: "request" }],
  ["request:live:me", { form: "prefix", name: "live", mode: "request", user: "me" }],
  ["publish:live::secret", { form: "prefix", name: "live", mode: "publish", password: "secret" }],
  ["publish:a|b", { form: "prefix", name: "a|b", mode: "publish" }],
  ["publish:", { form: "prefix", mode: "publish" }],

  ["me|secret", { form: "login", user: "me", password: "secret" }],
  ["me|se|cr:et", { form: "login", user: "me", password: "se|cr:et" }],
  ["|secret", { form: "login", password: "secret" }],
  ["me|", { form: "login", user: "me" }],

  ["live", { form: "bare", name: "live" }],
  ["/live/cam1", { form: "bare", name: "live/cam1" }],
  ["live:cam1", { form: "bare", name: "live:cam1" }],
  ["Publish:live", { form: "bare", name: "Publish:live" }],
  ["publish", { form: "bare", name: "publish" }],
  ["a=b,c=d", { form: "bare", name: "a=b,c=d" }],
  [" #!::r=a", { form: "bare", name: " #!::r=a" }],
  ["#live", { form: "bare", name: "#live" }],
  ["/", { form: "bare" }],
  ["📺", { form: "bare", name: "📺" }],
];

const REFUSED: readonly [text: string, rejection: number][] = [
  ["#!", REJECTION.ROGUE],
  ["#!:", REJECTION.ROGUE],
  ["#!r=live", REJECTION.ROGUE],
  ["#!:r=live", REJECTION.ROGUE],
  ["#!{r=live}", REJECTION.ROGUE],
  ["#!:{r=live}", REJECTION.ROGUE],
  ["#!::{r=live}", REJECTION.ROGUE],
  ["#!::r=live,x={a=b,c=d}", REJECTION.ROGUE],
  ["#!::live", REJECTION.ROGUE],
  ["#!::r=live,secret", REJECTION.ROGUE],
  ["#!::=live", REJECTION.ROGUE],
  ["#!::r=a, m=publish", REJECTION.ROGUE],
  ["#!::r=a,r=b", REJECTION.ROGUE],
  ["#!::r=a,zz=1,zz=1", REJECTION.ROGUE],
  ["#!::r=a,m=record", REJECTION.BAD_MODE],
  ["#!::r=a,m=PUBLISH", REJECTION.BAD_MODE],
  ["live\0", REJECTION.ROGUE],
  ["li\nve", REJECTION.ROGUE],
  ["#!::r=a\t", REJECTION.ROGUE],
  ["me|\u007f", REJECTION.ROGUE],
  ["\u0085live", REJECTION.ROGUE],
  ["live\ufffd", REJECTION.ROGUE],
  ["live\ud83d", REJECTION.ROGUE],
  ["\udcfalive", REJECTION.ROGUE],
];

suite("stream ID", () => {
  for (const [text, fields] of UNDERSTOOD) {
    test(`"${text}"`, () => assert.deepEqual(parseStreamId(text), { other: {}, ...fields }));
  }

  for (const [text, rejection] of REFUSED) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseStreamId(text),
        (error) => error instanceof StreamIdProblem && error.rejection === rejection,
      );
    });
  }

  test("a refusal does not repeat what may be a password", () => {
    assert.throws(
      () => parseStreamId("#!::r=live,hunter2"),
      (error) => error instanceof StreamIdProblem && !error.message.includes("hunter2"),
    );
  });

  test("a key of objects is a key like others", () => {
    const { other } = parseStreamId("#!::r=a,__proto__=x,constructor=y");
    assert.deepEqual(Object.entries(other), [
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
    assert.equal(Object.getPrototypeOf(other), Object.prototype);
  });

  test("takes back the values of the standard form, in any order", () => {
    const value = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
      .filter((it) => !/[\p{Cc}\ufffd,]/u.test(it) && !it.startsWith("{") && !it.startsWith("/"));
    const keys = ["r", "u", "s", "h", "t", "x", "acme_id"];
    const chosen = fc
      .shuffledSubarray(keys)
      .chain((order) => fc.tuple(...order.map((key) => fc.tuple(fc.constant(key), value))));
    const fieldOf = new Map([
      ["r", "name"],
      ["u", "user"],
      ["s", "session"],
      ["h", "host"],
      ["t", "type"],
    ]);
    fc.assert(
      fc.property(chosen, fc.constantFrom("publish", "request", "bidirectional"), (pairs, mode) => {
        const text = [...pairs, ["m", mode] as const].map(([key, it]) => `${key}=${it}`).join(",");
        const expected: Record<string, unknown> = { form: "standard", mode };
        const other: Record<string, string> = {};
        for (const [key, it] of pairs) {
          const field = fieldOf.get(key);
          if (field === undefined) other[key] = it;
          else expected[field] = it;
        }
        assert.deepEqual(parseStreamId(`#!::${text}`), { ...expected, other });
      }),
      { numRuns: 200 },
    );
  });

  test("survives whatever comes, and lets no control character through", () => {
    const seeds = [...UNDERSTOOD, ...REFUSED].map(([text]) => text);
    const mutated = fc
      .record({
        seed: fc.constantFrom(...seeds),
        at: fc.nat(20),
        cut: fc.nat(2),
        put: fc.string({ unit: "binary", maxLength: 3 }),
      })
      .map(({ seed, at, cut, put }) => seed.slice(0, at) + put + seed.slice(at + cut));
    const marks = fc.array(
      fc.constantFrom("#!", "::", ":", "{", "}", "=", ",", "|", "/", "r", "m", "publish", "\0"),
    );
    const anything = fc.oneof(
      mutated,
      marks.map((parts) => parts.join("")),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(anything, (text) => {
        let id: StreamId;
        try {
          id = parseStreamId(text);
        } catch (error) {
          assert.ok(error instanceof StreamIdProblem, String(error));
          assert.ok(error.rejection === REJECTION.ROGUE || error.rejection === REJECTION.BAD_MODE);
          return;
        }
        const { form, other, mode, ...values } = id;
        assert.equal(form === "none", text === "");
        assert.equal(mode !== undefined, form === "standard" || form === "prefix");
        assert.ok(!(id.name ?? "").startsWith("/"));
        for (const value of [...Object.values(values), ...Object.keys(other), ...Object.values(other)]) {
          assert.doesNotMatch(value, /[\p{Cc}\p{Cs}\ufffd]/u);
          assert.ok(text.includes(value));
        }
        for (const value of Object.values(values)) assert.notEqual(value, "");
      }),
      { numRuns: 2000 },
    );
  });
});
