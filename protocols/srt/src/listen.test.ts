import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { describe, test } from "node:test";
import type { LaneReader, Publication, Runtime, Verdict, ViewerSession } from "@millrace/engine";
import { type AccessRequest, MillraceError, type Options, type ServerConfig } from "@millrace/model";
import {
  countedTs,
  eventually,
  freeUdpPort,
  leavesNothingOpen,
  TestLane,
  TestWriter,
  testContext,
} from "../../../tests/contract/index.ts";
import { SrtListener } from "./listen.ts";
import { dial, say } from "./port/loopback.test-support.ts";
import { REJECTION } from "./wire/rejection.ts";

/** A worker as far as a listener knows it. */
class TestRuntime {
  readonly asked: AccessRequest[] = [];
  readonly writer = new TestWriter();
  readonly lane = new TestLane();
  readonly stop = new AbortController();
  verdict: Verdict = { ok: true };
  /** What publishing waits for. */
  hold: Promise<void> = Promise.resolve();
  busy = false;
  published = 0;
  sessions = 0;

  get runtime(): Runtime {
    const runtime: Partial<Runtime> = {
      ...testContext(),
      workerIndex: 0,
      authorize: (request) => {
        this.asked.push(request);
        return Promise.resolve(this.verdict);
      },
      publish: () => this.#publish(),
      read: (): Promise<LaneReader> => Promise.resolve(this.lane.read("key")),
      openSession: () => this.#openSession(),
    };
    return runtime as Runtime;
  }

  async #publish(): Promise<Publication> {
    await this.hold;
    if (this.busy) throw new MillraceError("busy", "somebody publishes");
    this.published++;
    return {
      writer: this.writer,
      signal: this.stop.signal,
      end: () => {
        this.published--;
      },
    };
  }

  #openSession(): ViewerSession {
    this.sessions++;
    return { id: "1", stream: "cam/one", bytes: 0, skips: 0, lagBytes: 0, close: () => void this.sessions-- };
  }
}

interface Place {
  readonly test: TestRuntime;
  readonly listener: SrtListener;
  readonly port: number;
}

type Ports = NonNullable<ServerConfig["ports"]>;

function configOf(ports: Ports, stream: Ports = {}): ServerConfig {
  const streams = [{ name: "cam", disabled: false, ports: stream }];
  return { ...testContext().server, ports, streams } as unknown as ServerConfig;
}

/** Runs a listener with one port for all streams, or for one. */
async function open(options: Options = {}, line: "srt" | "srt_play" | "srt_publish" = "srt"): Promise<Place> {
  const it = new TestRuntime();
  const listener = new SrtListener(it.runtime);
  const port = await freeUdpPort();
  const ports = { [line]: [{ host: "127.0.0.1", port, options: { latency: 20, ...options } }] };
  assert.deepEqual(await listener.apply(line === "srt" ? configOf(ports) : configOf({}, ports)), []);
  return { test: it, listener, port };
}

async function refusalOf(port: number, options: Options): Promise<number> {
  try {
    const line = await dial(port, options);
    await line.port.close();
    return 0;
  } catch (error) {
    return Number(/\((\d+)\)$/.exec((error as Error).message)?.[1]);
  }
}

describe("who calls an SRT port", () => {
  const cases: readonly (readonly [
    line: "srt" | "srt_play" | "srt_publish",
    options: Options,
    streamId: string,
    asked: Partial<AccessRequest> | number,
  ])[] = [
    ["srt", {}, "cam", { kind: "play", stream: "cam", resource: "cam" }],
    ["srt", { mode: "publish" }, "cam", { kind: "publish", stream: "cam" }],
    ["srt", {}, "#!::r=cam,m=publish", { kind: "publish", stream: "cam" }],
    ["srt", {}, "#!::r=cam,m=request", { kind: "play", stream: "cam" }],
    ["srt", {}, "#!::m=publish,r=/live/cam", { kind: "publish", stream: "live/cam" }],
    ["srt", { mode: "publish" }, "#!::r=cam", { kind: "publish", stream: "cam" }],
    ["srt", { mode: "publish" }, "#!::r=cam,m=request", { kind: "play", stream: "cam" }],
    ["srt", {}, "#!::r=cam,u=me,s=key,password=secret,x=y", { user: "me", token: "key", password: "secret" }],
    ["srt", {}, "#!::r=cam,token=abc,pass=secret", { token: "abc", password: "secret" }],
    ["srt", {}, "publish:cam:me:secret", { kind: "publish", stream: "cam", user: "me", password: "secret" }],
    ["srt", {}, "read:cam", { kind: "play", stream: "cam" }],
    ["srt", {}, "", REJECTION.BAD_REQUEST],
    ["srt", {}, "me|secret", REJECTION.BAD_REQUEST],
    ["srt", {}, "#!::m=publish", REJECTION.BAD_REQUEST],
    ["srt", {}, "#!::r=cam,m=bidirectional", REJECTION.BAD_MODE],
    ["srt", {}, "#!::r=cam,m=both", REJECTION.BAD_MODE],
    ["srt", {}, "#!:{nested}", REJECTION.ROGUE],
    ["srt_play", {}, "", { kind: "play", stream: "cam" }],
    ["srt_play", {}, "other", { kind: "play", stream: "cam", resource: "other" }],
    ["srt_play", {}, "me|secret", { kind: "play", stream: "cam", user: "me", password: "secret" }],
    ["srt_play", {}, "publish:cam", REJECTION.BAD_MODE],
    ["srt_publish", {}, "", { kind: "publish", stream: "cam" }],
    ["srt_publish", {}, "#!::r=x", { kind: "publish", stream: "cam", resource: "x" }],
    ["srt_publish", {}, "#!::m=request", REJECTION.BAD_MODE],
  ];
  for (const [line, options, streamid, expected] of cases) {
    test(`${line} ${JSON.stringify(options)}: "${streamid}"`, async () => {
      const { test: it, listener, port } = await open(options, line);
      it.verdict = { ok: false, reason: "forbidden" };
      const refusal = await refusalOf(port, { streamid });
      await listener.close();
      if (typeof expected === "number") {
        assert.equal(refusal, expected);
        assert.deepEqual(it.asked, []);
        return;
      }
      assert.equal(refusal, REJECTION.FORBIDDEN);
      const [asked] = it.asked;
      assert.ok(asked !== undefined);
      assert.deepEqual({ ...asked, ...expected }, asked);
      assert.deepEqual([asked.protocol, asked.ip, it.asked.length], ["srt", "127.0.0.1", 1]);
    });
  }

  test("is told by a code why not", async () => {
    const { test: it, listener, port } = await open();
    for (const [reason, code] of [
      ["bad-request", REJECTION.ROGUE],
      ["unauthorized", REJECTION.UNAUTHORIZED],
      ["forbidden", REJECTION.FORBIDDEN],
      ["not-found", REJECTION.NOTFOUND],
      ["busy", REJECTION.CONFLICT],
      ["unavailable", REJECTION.DOWN],
    ] as const) {
      it.verdict = { ok: false, reason };
      assert.equal(await refusalOf(port, { streamid: "cam" }), code, reason);
    }
    it.verdict = { ok: true };
    it.busy = true;
    assert.equal(await refusalOf(port, { streamid: "publish:cam" }), REJECTION.CONFLICT);
    await listener.close();
  });
});

describe("an SRT port", () => {
  test("takes what a publisher sends, and notices when it goes", async () => {
    await leavesNothingOpen(async () => {
      const { test: it, listener, port } = await open();
      const line = await dial(port, { streamid: "publish:cam" });
      say(line, "something");
      await eventually(() => it.writer.length > 0);
      assert.equal(new TextDecoder().decode(it.writer.bytes()), "something");
      assert.equal(it.published, 1);
      await line.port.close();
      await eventually(() => it.published === 0);
      await listener.close();
    });
  });

  test("hangs up on a publisher when the server ends the publication", async () => {
    const { test: it, listener, port } = await open();
    const line = await dial(port, { streamid: "publish:cam" });
    await eventually(() => it.published === 1);
    it.stop.abort();
    await eventually(() => line.inbox.reason !== undefined);
    assert.equal(it.published, 0);
    await line.port.close();
    await listener.close();
  });

  test("sends a player the stream, and takes it off the books when it goes", async () => {
    await leavesNothingOpen(async () => {
      const { test: it, listener, port } = await open({ start: "key" });
      const media = countedTs(70);
      it.lane.write(media, "key");
      const line = await dial(port, { streamid: "cam" });
      await eventually(() => line.inbox.payloads.length === 10);
      assert.deepEqual(new Uint8Array(Buffer.concat(line.inbox.payloads)), media);
      assert.equal(it.sessions, 1);
      it.lane.end();
      await eventually(() => line.inbox.reason !== undefined);
      assert.equal(it.sessions, 0);
      await line.port.close();
      await listener.close();
      it.lane.free();
      assert.equal(it.lane.heldSlabs, 0);
    });
  });

  test("ends its sessions when it closes, also players that linger", async () => {
    await leavesNothingOpen(async () => {
      const { test: it, listener, port } = await open({ linger: 60_000, start: "key" });
      const publisher = await dial(port, { streamid: "publish:cam" });
      const player = await dial(port, { streamid: "cam" });
      await eventually(() => it.published === 1 && it.sessions === 1);
      it.lane.write(countedTs(7), "key");
      await listener.close();
      assert.deepEqual([it.published, it.sessions], [0, 0]);
      await eventually(() => publisher.inbox.reason !== undefined && player.inbox.reason !== undefined);
      await Promise.all([publisher.port.close(), player.port.close()]);
    });
  });

  test("that closes while a caller waits for a verdict leaves nobody behind", async () => {
    await leavesNothingOpen(async () => {
      const { test: it, listener, port } = await open();
      const gate = Promise.withResolvers<void>();
      it.hold = gate.promise;
      const refusal = refusalOf(port, { streamid: "publish:cam", conntimeo: 200 });
      await eventually(() => it.asked.length > 0);
      await listener.close();
      gate.resolve();
      assert.equal(await refusal, REJECTION.TIMEOUT);
      assert.equal(it.published, 0);
    });
  });

  test("follows the configuration", async () => {
    await leavesNothingOpen(async () => {
      const { test: it, listener, port } = await open();
      const at = (options: Options) => [{ host: "127.0.0.1", port, options }];
      const line = await dial(port, { streamid: "publish:cam" });
      // Another latency is for those to come; who is there does not notice.
      assert.deepEqual(await listener.apply(configOf({ srt: at({ latency: 300 }) })), []);
      assert.equal(line.inbox.reason, undefined);
      const later = await dial(port, { streamid: "cam" });
      assert.equal(later.connection.agreement.peerLatencyMs, 300);
      assert.deepEqual(await listener.apply(configOf({}, { srt_play: at({}) })), []);
      await eventually(() => line.inbox.reason !== undefined && later.inbox.reason !== undefined);
      assert.deepEqual([it.published, it.sessions], [0, 0]);
      assert.equal(await refusalOf(port, { streamid: "publish:cam" }), REJECTION.BAD_MODE);
      assert.deepEqual(await listener.apply(configOf({})), []);
      assert.equal(await refusalOf(port, { streamid: "cam", conntimeo: 100 }), REJECTION.TIMEOUT);
      await Promise.all([line.port.close(), later.port.close(), listener.close()]);
    });
  });

  test("says what is wrong with a line, and opens the others", async () => {
    const { listener, port } = await open();
    const taken = createSocket("udp4");
    const other = await freeUdpPort();
    await new Promise<void>((resolve) => taken.bind(other, "127.0.0.1", resolve));
    const at = (number: number, options: Options = {}) => ({ host: "127.0.0.1", port: number, options });
    const problems = await listener.apply(
      configOf({ srt: [at(port), at(other), at(9, { passphrase: "short" })] }, { srt_play: [at(port)] }),
    );
    assert.deepEqual(problems.length, 3);
    assert.match(problems[0] ?? "", /srt 9: passphrase must have/);
    assert.match(
      problems[1] ?? "",
      new RegExp(`127.0.0.1:${port} is wanted twice: srt and srt_play of stream "cam"`),
    );
    assert.match(problems[2] ?? "", new RegExp(`UDP port ${other}`));
    assert.equal(await refusalOf(port, { streamid: "" }), REJECTION.BAD_REQUEST);
    await listener.close();
    await new Promise<void>((resolve) => taken.close(() => resolve()));
  });
});
