import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { needs } from "../e2e/kit/programs.ts";
import { encodeFile } from "./kit/encoder.ts";
import { runCell } from "./kit/srt-cell.ts";
import { ffmpeg, gstreamer, srtLiveTransmit } from "./kit/srt-programs.ts";
import { SrtServer } from "./kit/srt-server.ts";

const FILE_SECONDS = 20;
/** Much for loopback: the machine may be busy, and nothing may come too late. */
const LATENCY_MS = 400;
const PASSPHRASE = "correct-horse-battery";

const CIPHERS = [
  { name: "clear", keyBytes: undefined },
  { name: "AES-128", keyBytes: 16 },
  { name: "AES-256", keyBytes: 32 },
] as const;

let server: SrtServer;
let folder: string;
const stops: (() => Promise<unknown>)[] = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-srt-"));
  const crypto = `passphrase=${PASSPHRASE} latency=${LATENCY_MS}`;
  const listeners = {
    clear: `latency=${LATENCY_MS}`,
    "AES-128": `${crypto} pbkeylen=16`,
    "AES-256": `${crypto} pbkeylen=32`,
  };
  server = await SrtServer.start({ after: (stop) => stops.push(stop) }, listeners);
  // Without FFmpeg the tests that need the file are skipped.
  await encodeFile(join(folder, "coded.mpegts"), { video: "h264", audio: "aac" }, FILE_SECONDS).catch(
    () => undefined,
  );
});

after(async () => {
  const { errors } = server;
  for (const stop of stops) await stop();
  rmSync(folder, { recursive: true, force: true });
  assert.deepEqual(errors, []);
});

describe("every program in every role, with every cipher", { concurrency: 3 }, () => {
  let number = 0;
  for (const program of [srtLiveTransmit, ffmpeg, gstreamer]) {
    for (const way of ["publish", "play"] as const) {
      for (const mode of ["caller", "listener"] as const) {
        for (const { name, keyBytes } of CIPHERS) {
          const stream = `cell${number++}`;
          test(`${program.name} is ${mode}, ${way === "publish" ? "publishes" : "plays"}, ${name}`, async (t) => {
            if (!needs(t, program.name)) return;
            const port = server.ports[name] as number;
            const crypto = keyBytes === undefined ? {} : { passphrase: PASSPHRASE, keyBytes };
            const cell = { program, mode, way, port, latencyMs: LATENCY_MS, ...crypto };
            const file = { path: join(folder, "coded.mpegts"), seconds: FILE_SECONDS };
            await runCell(t, { server, stream, cell, file });
          });
        }
      }
    }
  }
});
