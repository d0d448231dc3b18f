import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MillraceError, type Options, type OptionValue } from "@millrace/model";
import { type PeerSettings, readInput, readOptions, readPush } from "./config.ts";
import { SRT_OPTIONS } from "./option-specs.ts";
import { DEFAULT_OPTIONS, type SrtOptions } from "./session/options.ts";

const URL = "srt://192.0.2.1:9000";

function peer(url: string, options: Options = {}): PeerSettings {
  return readPush({ url, scheme: "srt", options });
}

function refused(text: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof MillraceError, String(error));
    assert.equal(error.code, "bad-url");
    assert.match(error.message, text);
    return true;
  };
}

/** What an option changes. */
const CASES: readonly (readonly [options: Options, settings: Partial<SrtOptions>])[] = [
  [{ latency: 300 }, { receiveLatencyMs: 300, peerLatencyMs: 300 }],
  [{ rcvlatency: 300 }, { receiveLatencyMs: 300 }],
  [{ peerlatency: 300 }, { peerLatencyMs: 300 }],
  [
    { latency: 200, rcvlatency: 0 },
    { receiveLatencyMs: 0, peerLatencyMs: 200 },
  ],
  [
    { latency: 200, peerlatency: 0 },
    { receiveLatencyMs: 200, peerLatencyMs: 0 },
  ],
  [{ passphrase: "0123456789" }, { passphrase: "0123456789" }],
  [{ passphrase: "" }, {}],
  [{ pbkeylen: 32 }, { keyBytes: 32 }],
  [{ cryptomode: "gcm" }, { cryptoMode: "gcm" }],
  [{ enforcedencryption: false }, { enforcedEncryption: false }],
  [{ kmrefreshrate: 1000 }, { keyRefreshPackets: 1000, keyAnnouncePackets: 499 }],
  [{ kmrefreshrate: 8 }, { keyRefreshPackets: 8, keyAnnouncePackets: 3 }],
  [{ kmpreannounce: 100 }, { keyAnnouncePackets: 100 }],
  [{ streamid: "#!::r=cam,m=publish" }, { streamId: "#!::r=cam,m=publish" }],
  [{ streamid: "ü".repeat(256) }, { streamId: "ü".repeat(256) }],
  [{ tsbpd: false }, { tsbpd: false }],
  [{ tlpktdrop: false }, { tooLateDrop: false }],
  [{ nakreport: false }, { nakReport: false }],
  [{ maxbw: 0 }, { maxBandwidth: 0 }],
  [{ maxbw: 1_000_000 }, { maxBandwidth: 1_000_000 }],
  [{ inputbw: 500_000 }, { inputBandwidth: 500_000 }],
  [{ mininputbw: 100_000 }, { minInputBandwidth: 100_000 }],
  [{ oheadbw: 50 }, { overheadPercent: 50 }],
  [{ mss: 1360 }, { maxPacketSize: 1360, sendBufferPackets: 9053, receiveBufferPackets: 9053 }],
  [{ fc: 4096 }, { flowWindow: 4096, receiveBufferPackets: 4096 }],
  [{ sndbuf: 147_200 }, { sendBufferPackets: 100 }],
  [{ rcvbuf: 147_200 }, { receiveBufferPackets: 100 }],
  [{ payload_size: 1456 }, { payloadBytes: 1316 }],
  [{ payload_size: 188 }, { payloadBytes: 188 }],
  [{ lossmaxttl: 40 }, { lossMaxTtl: 40 }],
  [{ conntimeo: 5000 }, { connectTimeoutMs: 5000 }],
  [{ peeridletimeo: 8000 }, { peerIdleTimeoutMs: 8000 }],
  [{ linger: 2000 }, { lingerMs: 2000 }],
  [{ packetfilter: "fec,cols:10" }, { packetFilter: "fec,cols:10,rows:1,layout:staircase,arq:onreq" }],
  [{ packetfilter: "" }, {}],
  [{ snddropdelay: -1 }, { sendDropDelayMs: -1 }],
  [{ minversion: "1.4.12" }, { minVersion: 0x01_04_0c }],
  [{ retransmitalgo: 0 }, { retransmitAlgorithm: 0 }],
  [{ drifttracer: false }, { driftTracer: false }],
];

/** Not about one connection's way of working: tested with the URLs, or in their own words. */
const OF_URLS = [
  "mode",
  "adapter",
  "localport",
  "ipttl",
  "iptos",
  "dscp",
  "start",
  "transtype",
  "congestion",
  "group",
  "nodes",
  "weight",
];
const OF_OTHERS = ["srt", "srt_play", "srt_publish"];

const CONNECTION_SPECS = SRT_OPTIONS.filter(({ name, scope, under }) => {
  const isOurs = scope.includes("input") && scope.includes("push");
  const isEverywhere = under?.includes("srt") ?? false;
  return !OF_URLS.includes(name) && !OF_OTHERS.includes(name) && (isOurs || isEverywhere);
});

describe("the options of a connection", () => {
  test("have the defaults of a connection", () => assert.deepEqual(readOptions("here", {}), DEFAULT_OPTIONS));

  for (const [options, settings] of CASES) {
    test(JSON.stringify(options).slice(0, 60), () => {
      assert.deepEqual(readOptions("here", options), { ...DEFAULT_OPTIONS, ...settings });
    });
  }

  test("are all among these cases", () => {
    const tested = new Set(CASES.flatMap(([options]) => Object.keys(options)));
    const missing = CONNECTION_SPECS.map(({ name }) => name).filter((name) => !tested.has(name));
    assert.deepEqual(missing, []);
  });

  test("have at least room for some packets, however small the buffers are said to be", () => {
    const { sendBufferPackets, receiveBufferPackets } = readOptions("here", {
      sndbuf: 65_536,
      rcvbuf: 65_536,
      fc: 32,
      mss: 1500,
    });
    assert.deepEqual([sendBufferPackets, receiveBufferPackets], [44, 32]);
  });

  for (const { name, type, min, max } of CONNECTION_SPECS) {
    if (!["integer", "milliseconds", "seconds", "bytes"].includes(type)) continue;
    test(`${name} names itself when it is no number within its limits`, () => {
      const bad: OptionValue[] = [1.5, Number.NaN, Number.POSITIVE_INFINITY, "many", true];
      if (min !== undefined) bad.push(min - 1);
      if (max !== undefined) bad.push(max + 1);
      for (const value of bad) {
        assert.throws(
          () => readOptions("srt 9000", { [name]: value }),
          refused(new RegExp(`^srt 9000: .*${name} must be a whole number.*${String(value)}`)),
        );
      }
    });
  }

  const bad: readonly (readonly [options: Options, text: RegExp])[] = [
    [{ passphrase: "short" }, /passphrase must have 10 to 79/],
    [{ passphrase: "ü".repeat(40) }, /passphrase must have 10 to 79/],
    [{ passphrase: "x".repeat(80) }, /passphrase must have 10 to 79/],
    [{ cryptomode: "gcm", pbkeylen: 24 }, /gcm.*24/],
    [{ kmrefreshrate: 100, kmpreannounce: 50 }, /kmpreannounce must be less than half of kmrefreshrate/],
    [{ streamid: "x".repeat(513) }, /streamid is longer than 512 bytes/],
    [{ streamid: "ü".repeat(257) }, /streamid is longer than 512 bytes/],
    [{ packetfilter: "xor" }, /packet filter "xor"/],
    [{ packetfilter: "fec" }, /lacks cols/],
    [{ packetfilter: "fec,cols:1" }, /cols is from 2/],
    [{ packetfilter: "fec,cols:10,colour:red" }, /"colour"/],
    [{ packetfilter: "fec,cols:10,arq:perhaps" }, /arq is always, onreq or never/],
    [{ minversion: "1.5" }, /minversion must look like 1\.3\.0/],
    [{ minversion: "latest" }, /minversion.*"latest"/],
  ];
  for (const [options, text] of bad) {
    test(`are refused: ${JSON.stringify(options).slice(0, 60)}`, () => {
      assert.throws(() => readOptions("here", options), refused(text));
      assert.throws(() => peer(URL, options), refused(text));
    });
  }
});

describe("the URL of a peer", () => {
  const good: readonly (readonly [url: string, options: Options, settings: Partial<PeerSettings>])[] = [
    [URL, {}, { mode: "caller", host: "192.0.2.1", port: 9000 }],
    ["SRT://Encoder.example:1/", {}, { mode: "caller", host: "Encoder.example", port: 1 }],
    ["srt://h:65535?streamid=a:b/c?d&passphrase=0123456789", {}, { mode: "caller", host: "h", port: 65_535 }],
    ["srt://[2001:db8::1]:9000", {}, { mode: "caller", host: "2001:db8::1", port: 9000 }],
    ["srt://:9000", {}, { mode: "listener", host: "", port: 9000 }],
    ["srt://*:9000", {}, { mode: "listener", host: "", port: 9000 }],
    ["srt://0.0.0.0:9000", { mode: "listener" }, { mode: "listener", host: "0.0.0.0" }],
    [URL, { mode: "rendezvous" }, { mode: "rendezvous" }],
    [URL, { adapter: "192.0.2.9" }, { adapter: "192.0.2.9" }],
    [URL, { adapter: "2001:db8::2" }, { adapter: "2001:db8::2" }],
    [URL, { adapter: "eth0" }, { adapter: "eth0" }],
    [URL, {}, { trafficClass: undefined }],
    [URL, { iptos: 0 }, { trafficClass: 0 }],
    [URL, { iptos: 255 }, { trafficClass: 255 }],
    [URL, { dscp: 46 }, { trafficClass: 184 }],
    [URL, { localport: 4000 }, { localPort: 4000 }],
    [URL, { ipttl: 3 }, { ttl: 3 }],
    [URL, { start: "key" }, { start: "key" }],
    [URL, { transtype: "live", congestion: "live" }, { start: "live", localPort: 0, adapter: undefined }],
  ];
  for (const [url, options, settings] of good) {
    test(`${url} ${JSON.stringify(options)}`, () => {
      const read = peer(url, options);
      for (const [name, value] of Object.entries(settings))
        assert.deepEqual(read[name as keyof PeerSettings], value, name);
      assert.equal(read.url, url);
    });
  }

  const bad: readonly (readonly [url: string, options: Options, text: RegExp])[] = [
    ["srt://", {}, /expected srt:\/\/HOST:PORT/],
    ["srt://host", {}, /expected srt:\/\/HOST:PORT/],
    ["srt://host:", {}, /expected srt:\/\/HOST:PORT/],
    ["srt://host:port", {}, /expected srt:\/\/HOST:PORT/],
    ["srt://host:9000/path", {}, /expected srt:\/\/HOST:PORT/],
    ["srt://::1:9000", {}, /expected srt:\/\/HOST:PORT/],
    ["srt://[::1:9000", {}, /expected srt:\/\/HOST:PORT/],
    ["srt://[]:9000", {}, /expected srt:\/\/HOST:PORT/],
    ["udp://host:9000", {}, /expected srt:\/\/HOST:PORT/],
    ["srt://host:0", {}, /the port must be 1 to 65535/],
    ["srt://host:65536", {}, /the port must be 1 to 65535/],
    ["srt://:9000", { mode: "caller" }, /no host to connect to/],
    ["srt://:9000", { mode: "rendezvous" }, /no host to connect to/],
    [URL, { adapter: "192.0.2" }, /adapter must be an address or a network interface .*, not "192.0.2"/],
    [URL, { adapter: "much-too-long-a-name" }, /adapter must be .*, not "much-too-long-a-name"/],
    [URL, { iptos: 256 }, /iptos must be a whole number from 0 to 255/],
    [URL, { dscp: 64 }, /dscp must be a whole number from 0 to 63/],
    [URL, { dscp: 46, iptos: 184 }, /iptos and dscp are the same field/],
  ];
  for (const [url, options, text] of bad) {
    test(`is refused: ${url} ${JSON.stringify(options)}`, () => {
      assert.throws(() => peer(url, options), refused(text));
      assert.throws(
        () => readInput({ url, scheme: "srt", priority: 1, sourceTimeoutMs: 1000, options }),
        refused(text),
      );
    });
  }

  test("has ten times as long for a rendezvous", () => {
    assert.equal(peer(URL, { mode: "rendezvous" }).options.connectTimeoutMs, 30_000);
    assert.equal(peer(URL, { mode: "rendezvous", conntimeo: 500 }).options.connectTimeoutMs, 5000);
  });

  test("of an input says which programs and PIDs are wanted", () => {
    const input = { url: URL, scheme: "srt", priority: 1, sourceTimeoutMs: 1000 };
    assert.equal(readInput({ ...input, options: {} }).filter, undefined);
    assert.deepEqual(readInput({ ...input, options: { program: 5 } }).filter, {
      program: 5,
      nit: false,
      subtitles: true,
    });
  });

  test("does not show its passphrase when it is refused", () => {
    const url = "srt://host:9000?passphrase=correct-horse&latency=-1";
    assert.throws(
      () => peer(url, { passphrase: "correct-horse", latency: -1 }),
      (error: unknown) => error instanceof MillraceError && !error.message.includes("correct-horse"),
    );
  });
});
