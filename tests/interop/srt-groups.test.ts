import assert from "node:assert/strict";
import { after, before, describe, type TestContext, test } from "node:test";
import type { Details } from "@millrace/model";
import { publishHttp, readHttp } from "../e2e/kit/capture.ts";
import { freeUdpPort, until } from "../e2e/kit/server.ts";
import { LossyRelay } from "../netem/kit/lossy-relay.ts";
import { untilReceiving } from "./kit/bound.ts";
import { assertPasses } from "./kit/srt-media.ts";
import { PipedProgram } from "./kit/srt-piped.ts";
import { SrtServer } from "./kit/srt-server.ts";

/** libsrt's test program, from a build with ENABLE_BONDING and ENABLE_TESTING, which distributions do not have. */
const PROGRAM = process.env["MILLRACE_SRT_TEST_LIVE"];
const LATENCY_MS = 600;
const BYTES = 1_500_000;
/** Where the better way is cut. */
const MIDDLE = 600_000;
const BITS_PER_SECOND = 3_000_000;

let srt: SrtServer;
const stops: (() => Promise<unknown>)[] = [];

before(async () => {
  if (PROGRAM === undefined) return;
  srt = await SrtServer.start({ after: (stop) => stops.push(stop) }, { clear: `latency=${LATENCY_MS}` });
});

after(async () => {
  const errors = PROGRAM === undefined ? [] : srt.errors;
  for (const stop of stops) await stop();
  assert.deepEqual(errors, []);
});

interface Group {
  readonly t: TestContext;
  readonly stream: string;
  readonly type: "broadcast" | "backup";
  /** Two ways to the side that listens; the first is the better one. */
  readonly ways: readonly [LossyRelay, LossyRelay];
  /** Of the side that listens. */
  readonly port: number;
}

interface Line {
  readonly program: PipedProgram;
  readonly write: (bytes: Buffer) => void;
  readonly got: () => Buffer;
  readonly details: () => Promise<Details>;
}

/** It asks nothing at the end, and a listener waits for the next caller. */
const QUIET = ["-sf", "-loglevel:error", "-c", "1316"];

function start({ t }: Group, args: readonly string[]): PipedProgram {
  return PipedProgram.start(t, PROGRAM as string, [...QUIET, ...args]);
}

function groupUrls({ type, ways }: Group, streamId: string): string[] {
  const [first, second] = ways.map((way) => `127.0.0.1:${way.port}`);
  return [
    `srt://*?type=${type}&latency=${LATENCY_MS}&streamid=${streamId}`,
    `${first}?weight=10`,
    `${second}?weight=5`,
  ];
}

function calledUrl({ type, ways }: Group): string {
  const [first, second] = ways;
  const group = `group=${type}&weight=10&nodes=127.0.0.1:${second.port}/5`;
  return `srt://127.0.0.1:${first.port}?latency=${LATENCY_MS}&${group}`;
}

const theirPort = ({ port }: Group): string => `srt://:${port}?groupconnect=1&latency=${LATENCY_MS}`;

/** The program calls in a group, and publishes. */
async function publishing(group: Group): Promise<Line> {
  const { t, stream } = group;
  await srt.add(stream, "publish_enabled;");
  const viewer = await readHttp(srt.server.url(`/${stream}/mpegts`));
  t.after(() => viewer.close());
  const program = start(group, ["file://con", "-g", ...groupUrls(group, `publish:${stream}`)]);
  return {
    program,
    write: (bytes) => program.write(bytes),
    got: () => viewer.bytes(),
    details: () => srt.session(stream, "publish"),
  };
}

/** The program calls in a group, and plays. */
async function playing(group: Group): Promise<Line> {
  const { t, stream } = group;
  await srt.add(stream, "publish_enabled;");
  const publisher = publishHttp(srt.server.url(`/${stream}/mpegts`));
  t.after(() => publisher.kill());
  const program = start(group, [...groupUrls(group, `read:${stream}`), "-g", "file://con"]);
  return {
    program,
    write: (bytes) => publisher.write(bytes),
    got: () => program.output,
    details: () => srt.session(stream, "play"),
  };
}

/** The program listens, and the server pushes to it in a group. */
async function pushed(group: Group): Promise<Line> {
  const { t, stream, port } = group;
  const program = start(group, [theirPort(group), "file://con"]);
  await untilReceiving(port);
  await srt.add(stream, `publish_enabled; push ${calledUrl(group)};`);
  const publisher = publishHttp(srt.server.url(`/${stream}/mpegts`));
  t.after(() => publisher.kill());
  return {
    program,
    write: (bytes) => publisher.write(bytes),
    got: () => program.output,
    details: async () => (await srt.server.stream(stream)).pushes[0] ?? {},
  };
}

/** The program listens, and the server pulls from it in a group. */
async function pulled(group: Group): Promise<Line> {
  const { t, stream, port } = group;
  const program = start(group, ["file://con", theirPort(group)]);
  await untilReceiving(port);
  await srt.add(stream, `input ${calledUrl(group)};`);
  const viewer = await readHttp(srt.server.url(`/${stream}/mpegts`));
  t.after(() => viewer.close());
  return {
    program,
    write: (bytes) => program.write(bytes),
    got: () => viewer.bytes(),
    details: async () => (await srt.server.stream(stream)).inputs[0]?.details ?? {},
  };
}

/** `calls`: the program. `sends`: the server. */
const SIDES = [
  { name: "libsrt calls and publishes", calls: true, sends: false, open: publishing },
  { name: "libsrt calls and plays", calls: true, sends: true, open: playing },
  { name: "libsrt listens and receives", calls: false, sends: true, open: pushed },
  { name: "libsrt listens and sends", calls: false, sends: false, open: pulled },
];

describe("a group with libsrt loses its better way and nothing else", { concurrency: 2 }, () => {
  for (const type of ["broadcast", "backup"] as const) {
    for (const [i, { name, calls, sends, open }] of SIDES.entries()) {
      test(`${type}, ${name}`, async (t) => {
        if (PROGRAM === undefined) {
          t.skip("MILLRACE_SRT_TEST_LIVE names no srt-test-live of a libsrt with bonding");
          return;
        }
        const port = calls ? (srt.ports["clear"] as number) : await freeUdpPort();
        const way = { target: port, both: { delayMs: 15, lossPercent: 1 } };
        const ways = [
          await LossyRelay.start(t, way),
          await LossyRelay.start(t, { ...way, seed: 2 }),
        ] as const;
        const line = await open({ t, stream: `${type}${i}`, type, ways, port });
        const explain = (): string => `the program said: ${line.program.said.slice(-2000)}`;
        await until("both legs", 8000, async () => (await line.details())["legs"] === 2 || undefined).catch(
          (error: Error) => assert.fail(`${error.message}; ${explain()}`),
        );
        const cut = until("the middle", 20_000, () => line.got().length > MIDDLE || undefined).then(() => {
          const [better, worse] = ways.map(({ forward, back }) => forward.bytes + back.bytes);
          ways[0].cut();
          return (worse as number) / (better as number);
        });
        await assertPasses(t, { ...line, explain, bytes: BYTES, bitsPerSecond: BITS_PER_SECOND });
        const share = await cut;
        const { group, switches } = await line.details();
        assert.equal(group, type);
        // In a backup group a busy machine may look like a bad way, and both be used for a while.
        if (type === "broadcast") assert.ok(share > 0.9 && share < 1.1, `the second way carried ${share}`);
        else if (sends) assert.ok(Number(switches) > 0);
      });
    }
  }
});
