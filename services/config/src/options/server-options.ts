import type { OptionSpec } from "@millrace/model";

/** What may stand at the top of the file, besides what protocols and services add. */
export const SERVER_OPTIONS: readonly OptionSpec[] = [
  {
    name: "http",
    scope: ["server"],
    type: "address",
    repeat: true,
    doc: "Port, or ADDRESS:PORT, for players, publishers and the web interface.",
    example: "http 127.0.0.1:8080;",
  },
  {
    name: "workers",
    scope: ["server"],
    type: "integer",
    min: 0,
    max: 256,
    doc: "Media threads; the number of processor cores when absent. 0 runs everything in the main thread.",
    example: "workers 4;",
  },
];
