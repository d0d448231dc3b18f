import assert from "node:assert/strict";
import { test } from "node:test";
import { MillraceError } from "@millrace/model";
import { followRedirects } from "./redirects.ts";

/** Follows so many redirections: `/0` leads to `/1`, and so on. */
async function follow(count: number): Promise<{ asked: string[]; told: string[] }> {
  const asked: string[] = [];
  const told: string[] = [];
  await followRedirects({
    first: new URL("http://host/0"),
    what: "host",
    badAnswer: (what) => new MillraceError("some.answer", what),
    ask: async (url) => {
      asked.push(url.pathname);
      return asked.length > count ? undefined : new URL(`/${asked.length}`, url);
    },
    onRedirect: (from, to) => told.push(`${from.pathname} ${to.pathname}`),
  });
  return { asked, told };
}

test("an answer is asked for once", async () => {
  assert.deepEqual(await follow(0), { asked: ["/0"], told: [] });
});

test("redirections are followed, and told", async () => {
  assert.deepEqual(await follow(2), { asked: ["/0", "/1", "/2"], told: ["/0 /1", "/1 /2"] });
});

test("five redirections are followed, not six", async () => {
  assert.equal((await follow(5)).asked.length, 6);
  await assert.rejects(follow(6), { code: "some.answer", message: "host: more than 5 redirections" });
});

test("what asking rejects with is passed on", async () => {
  const failure = new MillraceError("some.connection", "host: gone");
  const ask = () => Promise.reject(failure);
  const first = new URL("http://host/");
  await assert.rejects(followRedirects({ first, what: "host", badAnswer: () => failure, ask }), failure);
});
