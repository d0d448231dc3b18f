import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { OptionSpec, OptionValue } from "@millrace/model";
import { parseAddress } from "./address.ts";
import { formatValue, readValue } from "./read-value.ts";
import { queryOptions, schemeOf } from "./url.ts";

const DAY_MS = 86_400_000;

describe("values by type", () => {
  const cases: readonly (readonly [OptionSpec["type"], string, OptionValue | undefined])[] = [
    ["flag", "on", true],
    ["flag", "FALSE", false],
    ["flag", "maybe", undefined],
    ["integer", "25", 25],
    ["integer", "-1", -1],
    ["integer", "0x12", 18],
    ["integer", "16#fb", 251],
    ["integer", "16#xy", undefined],
    ["integer", "2.5", undefined],
    ["integer", "99999999999999999999", undefined],
    ["integer", "", undefined],
    ["seconds", "60", 60_000],
    ["seconds", "500ms", 500],
    ["seconds", "1.5s", 1500],
    ["seconds", "2h", 7_200_000],
    ["seconds", "7d", 7 * DAY_MS],
    ["seconds", "7w", undefined],
    ["seconds", "-5", undefined],
    ["milliseconds", "20", 20],
    ["milliseconds", "2s", 2000],
    ["kbit", "2200", 2_200_000],
    ["kbit", "2048k", 2_048_000],
    ["kbit", "8M", 8_000_000],
    ["kbit", "fast", undefined],
    ["bytes", "512", 512],
    ["bytes", "64K", 65_536],
    ["bytes", "100G", 100 * 2 ** 30],
    ["bytes", "1.5M", 1_572_864],
    ["bytes", "90%", undefined],
    ["text", "", ""],
    ["word", "", undefined],
    ["words", "45,46,,47", ["45", "46", "47"]],
    ["integers", "45,0x2e,16#2f", ["45", "46", "47"]],
    ["integers", "45,x", undefined],
    ["url", "udp://239.0.0.1:1234", "udp://239.0.0.1:1234"],
    ["url", "239.0.0.1:1234", undefined],
    ["address", "80", "80"],
    ["address", "*:80", "80"],
    ["address", "127.0.0.1:80", "127.0.0.1:80"],
    ["address", "[::1]:80", "[::1]:80"],
    ["address", "70000", undefined],
  ];
  for (const [type, text, value] of cases) {
    test(`${type} ${text}`, () => {
      const read = readValue({ name: "x", scope: ["stream"], type, doc: "" }, text);
      assert.deepEqual(read.ok ? read.value : undefined, value);
    });
  }

  test("limits and choices are said in the unit of the file", () => {
    const timeout = {
      name: "t",
      scope: ["stream"],
      type: "seconds",
      min: 1000,
      max: DAY_MS,
      doc: "",
    } as const;
    assert.deepEqual(readValue(timeout, "500ms"), { ok: false, expected: "at least 1s" });
    assert.deepEqual(readValue(timeout, "2d"), { ok: false, expected: "at most 1d" });
    const level = {
      name: "l",
      scope: ["server"],
      type: "word",
      choices: ["debug", "info"],
      doc: "",
    } as const;
    const expected = 'one of "debug", "info"; did you mean "debug"?';
    assert.deepEqual(readValue(level, "debgu"), { ok: false, expected });
  });

  test("formatValue writes what readValue reads", () => {
    for (const [type, text, value] of cases) {
      if (value === undefined || type === "text") continue;
      const spec: OptionSpec = { name: "x", scope: ["stream"], type, doc: "" };
      const again = readValue(spec, formatValue(type, value));
      assert.deepEqual(again, { ok: true, value }, `${type} ${text}`);
    }
  });
});

describe("addresses", () => {
  const cases: readonly (readonly [string, ReturnType<typeof parseAddress>])[] = [
    ["8080", { port: 8080 }],
    ["media.example.com:80", { host: "media.example.com", port: 80 }],
    ["[::]:80", { host: "::", port: 80 }],
    ["[zz]:80", undefined],
    ["1.2.3.400:80", undefined],
    ["host", undefined],
    ["0", undefined],
    [":80", undefined],
  ];
  for (const [text, address] of cases) test(text, () => assert.deepEqual(parseAddress(text), address));
});

describe("URLs", () => {
  test("schemes", () => {
    assert.equal(schemeOf("UDP://x"), "udp");
    assert.equal(schemeOf("http(s)://x"), "http(s)");
    assert.equal(schemeOf("vod/x.ts"), undefined);
    assert.equal(schemeOf("://x"), undefined);
  });

  test("a query holds our options, except in HTTP and its like", () => {
    const url = "udp://239.0.0.1:1?cbr=2200&multicast_loop&x=a%20b";
    assert.deepEqual(
      queryOptions(url, "udp").map(({ name, value, shift, length }) => [
        name,
        value,
        url.slice(shift, shift + length),
      ]),
      [
        ["cbr", "2200", "cbr=2200"],
        ["multicast_loop", undefined, "multicast_loop"],
        ["x", "a b", "x=a%20b"],
      ],
    );
    assert.deepEqual(queryOptions("tshttp://h/p?cbr=2200", "tshttp"), []);
    assert.deepEqual(queryOptions("udp://h?x=%", "udp")[0]?.value, "%");
  });
});
