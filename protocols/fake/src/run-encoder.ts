import { AV_LOG_ERROR } from "node-av/constants";
import { Log } from "node-av/lib";
import { ClockEncoder } from "./clock-encoder.ts";
import { LiveClock } from "./live-clock.ts";
import type { ClockSettings } from "./settings.ts";
import { TsOutput } from "./ts-output.ts";

/** Encodes the clock in real time to standard output until a call throws (the reader is gone) or the process ends. */
export function runEncoder(settings: ClockSettings, fail: (error: unknown) => void): void {
  Log.setLevel(AV_LOG_ERROR);
  const output = new TsOutput("pipe:1");
  const encoder = new ClockEncoder(settings, (packet, from) => output.write(packet, from));
  output.add(encoder.video);
  output.add(encoder.audio);
  output.start();
  const clock = new LiveClock(encoder, settings, { monotonicMs: performance.now(), wallMs: Date.now() });
  const tick = () => {
    try {
      const waitMs = clock.advance(performance.now(), Date.now());
      output.flush();
      setTimeout(tick, Math.max(1, Math.ceil(waitMs)));
    } catch (error) {
      fail(error);
    }
  };
  tick();
}
