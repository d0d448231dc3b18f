/**
 * Entry of the encoder process: `node encoder-child.ts SETTINGS-AS-JSON`. Writes a transport stream to standard
 * output in real time. It ends when standard input closes, so it cannot outlive whoever started it, and on SIGTERM.
 */
import process from "node:process";
import { EXIT_FAILED, EXIT_NO_ENCODER } from "./exit-codes.ts";
import type { ClockSettings } from "./settings.ts";

function fail(code: number, error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`, () =>
    process.exit(code),
  );
}

process.stdin.on("end", () => process.exit(0));
process.stdin.on("error", () => process.exit(0));
process.stdin.resume();
process.on("SIGTERM", () => process.exit(0));

const settings = JSON.parse(process.argv[2] ?? "") as ClockSettings;
let runner: typeof import("./run-encoder.ts") | undefined;
try {
  runner = await import("./run-encoder.ts");
} catch (error) {
  fail(EXIT_NO_ENCODER, error);
}
try {
  runner?.runEncoder(settings, (error) => fail(EXIT_FAILED, error));
} catch (error) {
  fail(EXIT_FAILED, error);
}
