import assert from "node:assert/strict";
import { test } from "node:test";
import type { LaneName } from "@millrace/model";
import type { Logger } from "../api.ts";
import { hidePassword, Input, type InputHost } from "./input.ts";

const SECRETS: readonly (readonly [url: string, shown: string])[] = [
  ["http://u:secret@h/p", "http://u:***@h/p"],
  ["srt://h:1?passphrase=0123456789&latency=200", "srt://h:1?passphrase=***&latency=200"],
  ["srt://h:1?latency=200&PASSWORD=x", "srt://h:1?latency=200&PASSWORD=***"],
  ["udp://239.0.0.1:1?ttl=8", "udp://239.0.0.1:1?ttl=8"],
];
for (const [url, shown] of SECRETS) {
  test(`what is shown of ${shown}`, () => assert.equal(hidePassword(url), shown));
}

test("a source may learn what it brings from its other side", async () => {
  const lanes: string[] = [];
  const nothing = (): void => undefined;
  const log: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => log };
  const stopped = Promise.withResolvers<void>();
  const host: InputHost = {
    nowNs: () => 1,
    log,
    offer: (input) => {
      lanes.push(input.lane);
      input.goOnAir(false);
      return true;
    },
    onTs: nothing,
    onTracks: nothing,
    onUnit: nothing,
    onBreak: nothing,
    onStopped: () => stopped.resolve(),
  };
  const config = { url: "x://", scheme: "x", priority: 1, sourceTimeoutMs: 1000, options: {} };
  const input = new Input({ config, host });
  let lane: LaneName = "ts";
  const unit = { track: 1, pts: 0, dts: 0, key: true, discontinuity: false, data: [], wallMs: 0 };
  input.start({
    get lane() {
      return lane;
    },
    async run(into) {
      await Promise.resolve();
      lane = "units";
      into.setTracks([{ id: 1, kind: "audio", codec: "aac", timescale: 90_000 }]);
      into.unit(unit);
    },
  });
  await stopped.promise;
  assert.deepEqual(lanes, ["units"]);
});
