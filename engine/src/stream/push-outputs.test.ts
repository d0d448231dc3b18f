import assert from "node:assert/strict";
import { test } from "node:test";
import type { PushConfig } from "@millrace/model";
import type { Logger } from "../api.ts";
import { PushOutputs } from "./push-outputs.ts";

const nothing = (): void => undefined;
const LOG: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => LOG };

const pushTo = (url: string, options: PushConfig["options"] = {}): PushConfig => ({
  url,
  scheme: "x",
  options,
});

function setUp() {
  const said: string[] = [];
  const outputs = new PushOutputs({
    log: LOG,
    open: ({ url }) => ({
      accepts: ["ts"],
      run: async (_from, signal) => {
        said.push(`begin ${url}`);
        await new Promise<void>((resolve) =>
          signal.addEventListener("abort", () => resolve(), { once: true }),
        );
        said.push(`end ${url}`);
      },
    }),
    read: () => ({ position: 0, close: nothing }) as never,
  });
  const urls = (): unknown[] => outputs.describe().map(({ url }) => url);
  return { outputs, said, urls };
}

test("what stays runs on, what is gone ends before what is new begins", async () => {
  const { outputs, said, urls } = setUp();
  for (const url of ["a", "b"]) outputs.start(pushTo(url));
  await outputs.update([pushTo("c"), pushTo("b")]);
  assert.deepEqual(urls(), ["b", "c"]);
  assert.deepEqual(said, ["begin a", "begin b", "end a", "begin c"]);
  await outputs.stop();
  assert.deepEqual(said.slice(4).sort(), ["end b", "end c"]);
});

test("a push with another option is another", async () => {
  const { outputs, said } = setUp();
  outputs.start(pushTo("a"));
  await outputs.update([pushTo("a", { latency: 5 })]);
  assert.deepEqual(said, ["begin a", "end a", "begin a"]);
  await outputs.update([pushTo("a", { latency: 5 })]);
  assert.deepEqual(said, ["begin a", "end a", "begin a"]);
  await outputs.stop();
});
