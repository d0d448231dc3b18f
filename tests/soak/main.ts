import { parseArgs } from "node:util";
import { soakViewers } from "./viewers.ts";

const USAGE = `usage: npm run soak -- viewers [--minutes 5] [--viewers 200] [--sleepers 20] [--mbit 8] [--workers 2]`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string", default: "5" },
    viewers: { type: "string", default: "200" },
    sleepers: { type: "string", default: "20" },
    mbit: { type: "string", default: "8" },
    workers: { type: "string", default: "2" },
  },
});

if (positionals[0] !== "viewers") {
  console.error(USAGE);
  process.exit(2);
}
const failures = await soakViewers({
  minutes: Number(values.minutes),
  viewers: Number(values.viewers),
  sleepers: Number(values.sleepers),
  bitrate: Number(values.mbit) * 1e6,
  workers: Number(values.workers),
});
for (const failure of failures) console.log(`FAILED: ${failure}`);
if (failures.length === 0) console.log("passed");
process.exit(failures.length === 0 ? 0 : 1);
