import assert from "node:assert/strict";
import { test } from "node:test";
import type { InputConfig, StreamConfig } from "@millrace/model";
import type { Logger } from "../api.ts";
import type { Input, InputHost } from "./input.ts";
import { planInputs } from "./input-plan.ts";

const nothing = (): void => undefined;
const LOG: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => LOG };
const HOST: InputHost = {
  nowNs: () => 1,
  log: LOG,
  offer: () => false,
  onTs: nothing,
  onTracks: nothing,
  onUnit: nothing,
  onBreak: nothing,
  onStopped: nothing,
};

function inputOf(url: string): InputConfig {
  return { url, scheme: url.split(":")[0] ?? "", priority: 1, sourceTimeoutMs: 1000, options: {} };
}

function streamOf(
  urls: readonly string[],
  others: Partial<Pick<StreamConfig, "backup" | "publishEnabled" | "sourceTimeoutMs">> = {},
): StreamConfig {
  return {
    name: "news",
    kind: "static",
    inputs: urls.map(inputOf),
    pushes: [],
    publishEnabled: false,
    disabled: false,
    retryLimit: 10,
    clientsTimeoutMs: 1000,
    sourceTimeoutMs: 1000,
    options: {},
    ...others,
  };
}

function plan(config: StreamConfig, before: readonly Input[] = []) {
  const open = () => assert.fail("nothing is opened yet");
  return planInputs(config, { before, host: HOST, open });
}

const urlsOf = (inputs: readonly Input[]): string[] => inputs.map(({ config }) => config.url);

const WHO_PUBLISHES: readonly (readonly [
  what: string,
  config: StreamConfig,
  urls: string[],
  publisher: number | undefined,
])[] = [
  ["nobody", streamOf(["a:1", "b:2"]), ["a:1", "b:2"], undefined],
  ["whoever comes", streamOf(["a:1"], { publishEnabled: true }), ["publish://", "a:1"], 0],
  [
    "where the file says so",
    streamOf(["a:1", "publish://"], { publishEnabled: true }),
    ["a:1", "publish://"],
    1,
  ],
  [
    "not the backup",
    streamOf([], { publishEnabled: true, backup: inputOf("c:3") }),
    ["publish://", "c:3"],
    0,
  ],
];
for (const [what, config, urls, publisher] of WHO_PUBLISHES)
  test(`who publishes: ${what}`, () => {
    const planned = plan(config);
    assert.deepEqual(urlsOf(planned.inputs), urls);
    assert.equal(planned.publisher, publisher === undefined ? undefined : planned.inputs[publisher]);
    assert.deepEqual(planned.left, []);
    for (const input of planned.inputs) {
      assert.equal(input.passive, input === planned.publisher, input.config.url);
      assert.equal(input.isBackup, input.config.url === "c:3", input.config.url);
    }
  });

test("inputs that stay the same are kept, wherever they stand; the others are left", () => {
  const before = plan(streamOf(["a:1", "b:2", "c:3"], { publishEnabled: true })).inputs;
  const [publisher, a, b, c] = before;
  const after = plan(streamOf(["c:3", "d:4", "a:1"], { publishEnabled: true }), before);
  assert.deepEqual(urlsOf(after.inputs), ["publish://", "c:3", "d:4", "a:1"]);
  assert.deepEqual([after.inputs[0], after.inputs[1], after.inputs[3]], [publisher, c, a]);
  assert.equal(after.publisher, publisher);
  assert.deepEqual(after.left, [b]);
});

test("an input with another option is another", () => {
  const { inputs } = plan(streamOf(["a:1"]));
  const config = streamOf(["a:1"]);
  const changed = { ...config, inputs: [{ ...inputOf("a:1"), options: { bitrate: 5 } }] };
  const after = plan(changed, inputs);
  assert.notEqual(after.inputs[0], inputs[0]);
  assert.deepEqual(after.left, inputs);
});

test("an input does not become the backup, though its URL is the same", () => {
  const { inputs } = plan(streamOf(["a:1"]));
  const after = plan(streamOf([], { backup: inputOf("a:1") }), inputs);
  assert.deepEqual(
    after.inputs.map(({ isBackup }) => isBackup),
    [true],
  );
  assert.deepEqual(after.left, inputs);
});

test("one input stands for one line only", () => {
  const { inputs } = plan(streamOf(["a:1"]));
  const after = plan(streamOf(["a:1", "a:1"]), inputs);
  assert.equal(after.inputs[0], inputs[0]);
  assert.notEqual(after.inputs[1], inputs[0]);
});
