import type { CmafPeriod, EventRecord } from "@millrace/cmaf";
import { TICKS_PER_SECOND } from "@millrace/model";
import type { EventStream } from "@millrace/playlist";

/** Binary sections in XML (ANSI/SCTE 214-1 §6.7.4). */
const SCTE35_SCHEME = "urn:scte:scte35:2014:xml+bin";

/** SCTE 35 of a period; times count from its start. */
export function spliceEvents(period: CmafPeriod, events: readonly EventRecord[]): EventStream | undefined {
  const own = events.filter((event) => event.scheme === "scte35" && event.period === period.id);
  if (own.length === 0) return undefined;
  return {
    schemeIdUri: SCTE35_SCHEME,
    timescale: TICKS_PER_SECOND,
    events: own.map(({ id, startTicks, data }) => ({
      id,
      presentationTimeTicks: Math.max(0, startTicks - period.startTicks),
      signal: { binary: data },
    })),
  };
}
