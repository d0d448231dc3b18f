import { parseArgs } from "node:util";
import { soakMixed } from "../../bench/src/soak/mixed.ts";
import { soakNginx } from "./nginx.ts";
import { soakViewers } from "./viewers.ts";

const USAGE = `usage: npm run soak -- viewers [--minutes 5] [--viewers 200] [--sleepers 20] [--mbit 8] [--workers 2]
       npm run soak -- mixed [--minutes 5] [--load 70] [--workers 1]
       npm run soak -- nginx [--cycles 20] [--streams 4]`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string", default: "5" },
    viewers: { type: "string", default: "200" },
    sleepers: { type: "string", default: "20" },
    mbit: { type: "string", default: "8" },
    workers: { type: "string" },
    load: { type: "string", default: "70" },
    cycles: { type: "string", default: "20" },
    streams: { type: "string", default: "4" },
  },
});

const SOAKS: Readonly<Record<string, () => Promise<string[]>>> = {
  viewers: () =>
    soakViewers({
      minutes: Number(values.minutes),
      viewers: Number(values.viewers),
      sleepers: Number(values.sleepers),
      bitrate: Number(values.mbit) * 1e6,
      workers: Number(values.workers ?? 2),
    }),
  mixed: () =>
    soakMixed({
      minutes: Number(values.minutes),
      load: Number(values.load) / 100,
      workers: Number(values.workers ?? 1),
    }),
  nginx: () => soakNginx({ cycles: Number(values.cycles), streams: Number(values.streams) }),
};

const soak = SOAKS[positionals[0] ?? ""];
if (soak === undefined) {
  console.error(USAGE);
  process.exit(2);
}
const failures = await soak();
for (const failure of failures) console.log(`FAILED: ${failure}`);
if (failures.length === 0) console.log("passed");
process.exit(failures.length === 0 ? 0 : 1);
