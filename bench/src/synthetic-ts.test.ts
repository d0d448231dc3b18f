import assert from "node:assert/strict";
import { test } from "node:test";
import { TsAnalyser, TsScanner } from "@millrace/mpegts";
import { syntheticTs } from "./synthetic-ts.ts";

const SECONDS = 4;

test("the made-up stream has the bit rate asked for and nothing wrong with it", () => {
  for (const rate of [500_000, 4_000_000, 8_000_000]) {
    const bytes = syntheticTs(rate, SECONDS);
    assert.equal(bytes.length % 188, 0);
    assert.ok(
      Math.abs(bytes.length * 8 - rate * SECONDS) <= 188 * 8,
      `${bytes.length} bytes at ${rate} bit/s`,
    );
    const scanner = new TsScanner();
    scanner.scan(bytes, 0, bytes.length / 188);
    assert.equal(scanner.ccErrors, 0);
    assert.equal(scanner.keys, SECONDS);
    const analyser = new TsAnalyser();
    analyser.push(bytes, 0, bytes.length / 188);
    const report = analyser.report();
    const [pcr] = report.pcr;
    assert.ok(pcr !== undefined && (pcr.interval?.maxMs ?? 99) <= 50, JSON.stringify(pcr));
    assert.ok((pcr.accuracy?.maxNs ?? 9999) <= 500, JSON.stringify(pcr));
  }
});
