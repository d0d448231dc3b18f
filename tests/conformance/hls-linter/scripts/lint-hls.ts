import type { Violation } from "../model.ts";
import { lintHls } from "../observe.ts";

/** `node tests/conformance/hls-linter/scripts/lint-hls.ts URL [SECONDS]`: exit status 1 for a breach of a `must`, 2 for a bad call. */

function print({ rule, clause, level, where, message, times }: Violation): void {
  console.log(
    `${level.padEnd(6)} ${rule}  ${where}: ${message}${times > 1 ? ` (${times} times)` : ""}  [${clause}]`,
  );
}

const [url, seconds = "30"] = process.argv.slice(2);
if (url === undefined || URL.parse(url) === null || !(Number(seconds) > 0)) {
  console.error("usage: lint-hls.ts URL [SECONDS]");
  process.exit(2);
}
const { violations, observation } = await lintHls({ url, seconds: Number(seconds) });
for (const violation of violations) print(violation);
const reloads = observation.playlists.reduce((sum, playlist) => sum + playlist.reloads.length, 0);
const musts = violations.filter((violation) => violation.level === "must").length;
console.log(
  `${observation.playlists.length} playlists, ${reloads} reloads, ${observation.segments.length} segments: ` +
    `${musts} breaches, ${violations.length - musts} recommendations not followed`,
);
if (musts > 0) process.exitCode = 1;
