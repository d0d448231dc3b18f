import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { TestContext } from "node:test";
import type { Details } from "@millrace/model";
import { publishHttp, readHttp } from "../../e2e/kit/capture.ts";
import { freeUdpPort, until } from "../../e2e/kit/server.ts";
import { timestampsOf } from "../../e2e/kit/ts-check.ts";
import { LossyRelay } from "../../netem/kit/lossy-relay.ts";
import { untilReceiving } from "./bound.ts";
import { assertPasses, feedFile, whyNotRunOf } from "./srt-media.ts";
import type { PipedProgram } from "./srt-piped.ts";
import type { SrtPeer, SrtProgram } from "./srt-programs.ts";
import type { SrtServer } from "./srt-server.ts";
import { SrtWatch } from "./srt-watch.ts";

/** What is compared of a numbered stream. */
const WANTED_BYTES = 400_000;
/** What is compared of a coded one. */
const WANTED_PICTURES = 50;
const WAIT_MS = 15_000;
/** Of the first video track, as FFmpeg numbers them. */
const VIDEO_PID = 0x100;
const KM_UNSECURED = 0;
const KM_SECURED = 2;

/** A file with a coded stream, for programs that take streams apart. */
export interface CodedFile {
  readonly path: string;
  readonly seconds: number;
}

/** One way in which a program and the server exchange a stream. */
export interface Cell {
  readonly program: SrtProgram;
  /** What the program does. */
  readonly mode: "caller" | "listener";
  readonly way: "publish" | "play";
  /** Of the server's global listener that a caller calls. */
  readonly port: number;
  readonly latencyMs: number;
  readonly passphrase?: string;
  readonly keyBytes?: number;
}

export interface CellRun {
  readonly server: SrtServer;
  /** Name of a stream of its own. */
  readonly stream: string;
  readonly cell: Cell;
  readonly file: CodedFile;
}

/** Runs one cell: what one side sends must come out of the other, encrypted as it was told. */
export async function runCell(t: TestContext, run: CellRun): Promise<void> {
  const { cell } = run;
  const watch = new SrtWatch();
  const programPort = cell.mode === "listener" ? await freeUdpPort() : 0;
  const relay = await LossyRelay.start(t, {
    target: cell.mode === "listener" ? programPort : cell.port,
    filter: (datagram) => {
      watch.see(datagram);
      return true;
    },
  });
  const each = new RunningCell(t, { ...run, relayPort: relay.port, programPort });
  const details = cell.way === "publish" ? await each.publish() : await each.play();
  assertEncryption(watch, details, cell);
}

function assertEncryption(watch: SrtWatch, details: Details, { keyBytes, way }: Cell): void {
  const state = details[way === "publish" ? "rcvKmState" : "sndKmState"];
  if (keyBytes === undefined) {
    assert.deepEqual([watch.encrypted, state], [0, KM_UNSECURED]);
    assert.ok(watch.clear > 0);
  } else {
    assert.deepEqual([watch.clear, state, [...watch.keyBytes]], [0, KM_SECURED, [keyBytes]]);
    assert.ok(watch.encrypted > 0);
  }
}

interface Parts extends CellRun {
  readonly relayPort: number;
  readonly programPort: number;
}

class RunningCell {
  readonly #t: TestContext;
  readonly #parts: Parts;

  constructor(t: TestContext, parts: Parts) {
    this.#t = t;
    this.#parts = parts;
  }

  async publish(): Promise<Details> {
    const { server, stream, cell, file } = this.#parts;
    let program: PipedProgram | undefined;
    if (cell.mode === "listener") {
      program = await this.#listening(() => cell.program.publish(this.#t, this.#peer(), file.path));
      await server.add(stream, `input ${this.#calledUrl()};`);
    } else {
      await server.add(stream, "publish_enabled;");
    }
    const viewer = await readHttp(server.server.url(`/${stream}/mpegts`));
    this.#t.after(() => viewer.close());
    program ??= cell.program.publish(this.#t, this.#peer(), file.path);
    const details = await this.#received(program, cell.mode === "caller" ? "publish" : "input");
    await this.#compare(
      program,
      (bytes) => program.write(bytes),
      () => viewer.bytes(),
    );
    return details;
  }

  async play(): Promise<Details> {
    const { server, stream, cell } = this.#parts;
    let program: PipedProgram | undefined;
    if (cell.mode === "listener") {
      program = await this.#listening(() => cell.program.play(this.#t, this.#peer()));
      await server.add(stream, `publish_enabled; push ${this.#calledUrl()};`);
    } else {
      await server.add(stream, "publish_enabled;");
    }
    const publisher = publishHttp(server.server.url(`/${stream}/mpegts`));
    this.#t.after(() => publisher.kill());
    program ??= cell.program.play(this.#t, this.#peer());
    const details = await this.#received(program, cell.mode === "caller" ? "play" : "push");
    await this.#compare(
      program,
      (bytes) => publisher.write(bytes),
      () => program.output,
    );
    return details;
  }

  #peer(): SrtPeer {
    const { cell, relayPort, programPort, stream } = this.#parts;
    const { mode, latencyMs, passphrase, keyBytes, way } = cell;
    const isCaller = mode === "caller";
    return {
      mode,
      port: isCaller ? relayPort : programPort,
      latencyMs,
      ...(isCaller ? { streamId: `#!::r=${stream},m=${way === "publish" ? "publish" : "request"}` } : {}),
      ...(passphrase === undefined ? {} : { passphrase }),
      ...(keyBytes === undefined ? {} : { keyBytes }),
    };
  }

  /** The URL at which the server calls a program that listens. */
  #calledUrl(): string {
    const { cell, relayPort } = this.#parts;
    const { latencyMs, passphrase, keyBytes } = cell;
    const crypto = passphrase === undefined ? "" : `&passphrase=${passphrase}&pbkeylen=${keyBytes}`;
    return `srt://127.0.0.1:${relayPort}?latency=${latencyMs}${crypto}`;
  }

  async #listening(start: () => PipedProgram): Promise<PipedProgram> {
    const program = start();
    await untilReceiving(this.#parts.programPort);
    return program;
  }

  /** The statistics of the connection, once there is one. */
  async #received(program: PipedProgram, at: "publish" | "play" | "input" | "push"): Promise<Details> {
    const { server, stream } = this.#parts;
    try {
      if (at === "input") return await server.input(stream);
      if (at === "push") return await server.push(stream);
      return await server.session(stream, at);
    } catch (error) {
      throw new Error(`${String(error)}; ${program.program} said: ${program.said.slice(-2000)}`);
    }
  }

  /** Feeds one side until the other has enough, and compares. */
  async #compare(program: PipedProgram, write: (bytes: Buffer) => void, got: () => Buffer): Promise<void> {
    const { cell, file } = this.#parts;
    const explain = (): string => `${program.program} said: ${program.said.slice(-2000)}`;
    if (!cell.program.remuxes) {
      await assertPasses(this.#t, { write, got, bytes: WANTED_BYTES, explain });
      return;
    }
    const whole = readFileSync(file.path);
    if (cell.way === "play") {
      const feed = feedFile(whole, file.seconds, write);
      this.#t.after(() => feed.stop());
    }
    const pictures = (): number => timestampsOf(got(), VIDEO_PID).length;
    await until(
      `${WANTED_PICTURES} pictures`,
      WAIT_MS,
      () => pictures() >= WANTED_PICTURES || undefined,
    ).catch((error: Error) => assert.fail(`${error.message}, got ${pictures()}; ${explain()}`));
    const wanted = { bytes: whole, pid: VIDEO_PID };
    assert.equal(whyNotRunOf({ bytes: got(), pid: VIDEO_PID }, wanted), undefined);
  }
}
