import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerConfig, StreamConfig } from "@millrace/model";
import { matchPattern } from "./directory.ts";

const BASE: StreamConfig = {
  name: "",
  kind: "static",
  inputs: [],
  pushes: [],
  publishEnabled: false,
  disabled: false,
  retryLimit: 10,
  clientsTimeoutMs: 60_000,
  sourceTimeoutMs: 60_000,
  options: {},
};
const input = {
  url: "tshttp://origin/%s",
  scheme: "tshttp",
  priority: 1,
  sourceTimeoutMs: 60_000,
  options: {},
};
const SERVER: ServerConfig = {
  http: [],
  workers: 1,
  streams: [],
  livePrefixes: [{ ...BASE, name: "mylive" }],
  rewrites: [{ ...BASE, name: "nsk/", inputs: [input] }],
  fileLocations: [],
  options: {},
};

test("live prefixes take publishers in, rewrites fill the URL in", () => {
  const live = matchPattern(SERVER, "mylive/bunny");
  assert.deepEqual([live?.name, live?.kind, live?.publishEnabled], ["mylive/bunny", "ondemand", true]);
  assert.equal(matchPattern(SERVER, "nsk/ort")?.inputs[0]?.url, "tshttp://origin/ort");
});

test("names that could leave their place match nothing", () => {
  for (const name of [
    "mylive",
    "mylive/",
    "mylive/..",
    "mylive/a/../b",
    "mylive/a b",
    "nsk/",
    "other/x",
    "nsk/a?b",
  ]) {
    assert.equal(matchPattern(SERVER, name), undefined, name);
  }
});
