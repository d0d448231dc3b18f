import assert from "node:assert/strict";
import { test } from "node:test";
import { hidePassword } from "./input.ts";

const SECRETS: readonly (readonly [url: string, shown: string])[] = [
  ["http://u:secret@h/p", "http://u:***@h/p"],
  ["srt://h:1?passphrase=0123456789&latency=200", "srt://h:1?passphrase=***&latency=200"],
  ["srt://h:1?latency=200&PASSWORD=x", "srt://h:1?latency=200&PASSWORD=***"],
  ["udp://239.0.0.1:1?ttl=8", "udp://239.0.0.1:1?ttl=8"],
];
for (const [url, shown] of SECRETS) {
  test(`what is shown of ${shown}`, () => assert.equal(hidePassword(url), shown));
}
