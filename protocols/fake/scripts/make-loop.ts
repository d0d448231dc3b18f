/**
 * Makes `assets/clock-loop.mpegts`, what `fake://clock` plays where FFmpeg is not installed:
 * `node protocols/fake/scripts/make-loop.ts`.
 *
 * Three laps are encoded and the middle one is kept, so that the encoders' state at its end is the one at its
 * beginning. Eight seconds hold whole GOPs (25 frames) and whole AAC frames (375).
 */
import { isBeeping } from "../src/beep.ts";
import { ClockEncoder } from "../src/clock-encoder.ts";
import type { Face } from "../src/clock-picture.ts";
import { LOOP_ASSET, LOOP_SECONDS } from "../src/loop-asset.ts";
import { AAC_FRAME_SAMPLES, DEFAULT_CLOCK, SAMPLE_RATE } from "../src/settings.ts";
import { TsOutput } from "../src/ts-output.ts";

const settings = { ...DEFAULT_CLOCK, videoBitrate: 400_000, audioBitrate: 64_000 };
const lapFrames = LOOP_SECONDS * settings.fps;

function face(index: number): Face {
  const frame = index % lapFrames;
  const ms = (frame * 1000) / settings.fps;
  return {
    title: "MILLRACE LOOP",
    time: new Date(ms).toISOString().slice(11, 23),
    footer: `FRAME ${String(frame).padStart(9, "0")}`,
    phase: (ms % 1000) / 1000,
    grain: frame,
    beep: isBeeping(ms),
  };
}

const output = new TsOutput(LOOP_ASSET);
const encoder = new ClockEncoder(settings, (packet, from) => {
  const seconds = (Number(packet.dts) * from.timeBase.num) / from.timeBase.den;
  if (seconds >= LOOP_SECONDS && seconds < 2 * LOOP_SECONDS) output.write(packet, from);
});
output.add(encoder.video);
output.add(encoder.audio);
output.start();
let sample = 0;
for (let index = 0; index < 3 * lapFrames; index++) {
  encoder.encodePicture(index, face(index));
  for (; sample < ((index + 1) * SAMPLE_RATE) / settings.fps; sample += AAC_FRAME_SAMPLES) {
    encoder.encodeSamples(sample, sample % SAMPLE_RATE);
  }
}
output.close();
encoder.close();
