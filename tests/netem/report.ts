import { LATENCY_ROUND_TRIPS } from "./cells.ts";
import type { Measured, Pair } from "./measure.ts";

/** Loss up to which nothing may be dropped, where each packet is lost for itself. */
const MOST_LOSS_PERCENT = 10;

export const nameOf = ({ sender, receiver }: Pair): string => `${sender} → ${receiver}`;

const percent = (part: number, digits: number): string => (part * 100).toFixed(digits);
const count = (number: number): string => (Number.isInteger(number) ? String(number) : number.toFixed(1));

const COLUMNS = [
  "network",
  "RTT ms",
  "latency ms",
  "pair",
  "delivered %",
  "recovered",
  "dropped",
  "doubled",
  "out of order",
  "sent again %",
  "overhead %",
  "control %",
];

export function rowOf(measured: Measured): string[] {
  const { cell, pair, sent, dropped } = measured;
  return [
    cell.network,
    String(cell.rttMs),
    String(cell.rttMs * LATENCY_ROUND_TRIPS),
    nameOf(pair),
    percent((sent - dropped) / sent, 3),
    count(Math.round(measured.recovered)),
    count(dropped),
    count(measured.duplicates),
    count(measured.reordered),
    percent(measured.again, 1),
    percent(measured.overhead, 1),
    percent(measured.controlOverhead, 2),
  ];
}

/** The table, in Markdown. */
export function tableOf(all: readonly Measured[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(COLUMNS), line(COLUMNS.map(() => "---")), ...all.map((each) => line(rowOf(each)))].join("\n");
}

/** What is wrong with what was measured, in words. */
export function judge(all: readonly Measured[]): string[] {
  const failures: string[] = [];
  for (const each of all) {
    const { cell, pair, dropped, machineDrops } = each;
    const where = `${nameOf(pair)}, ${cell.network}, ${cell.rttMs} ms`;
    if (machineDrops > 0)
      failures.push(`${where}: not measured, the machine itself lost ${machineDrops} datagrams`);
    if (pair.sender !== "millrace" && pair.receiver !== "millrace") continue;
    if (dropped > 0 && cell.lossPercent <= MOST_LOSS_PERCENT && cell.runPackets === 1)
      failures.push(`${where}: ${count(dropped)} dropped`);
    const [reference] = all.filter(
      (other) => other.cell === cell && other.pair.sender === "libsrt" && other.pair.receiver === "libsrt",
    );
    if (reference !== undefined && dropped > mostLike(reference.dropped, cell.runPackets))
      failures.push(
        `${where}: ${count(dropped)} dropped, by libsrt on both sides ${count(reference.dropped)}`,
      );
    if (each.duplicates > 0 || each.reordered > 0)
      failures.push(`${where}: ${count(each.duplicates)} doubled, ${count(each.reordered)} out of order`);
  }
  return failures;
}

/**
 * What a count of rare events may be in another run: three standard deviations of the difference of both. An event drops
 * one packet, or as many as were lost in a run, whose length varies by as much as it is (hence the second 2).
 */
function mostLike(dropped: number, runPackets: number): number {
  const events = Math.max(dropped / runPackets, 1);
  const squared = runPackets === 1 ? 1 : 2 * runPackets ** 2;
  return dropped + 3 * Math.sqrt(2 * events * squared);
}
