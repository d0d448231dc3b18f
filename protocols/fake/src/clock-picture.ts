import { type Plane, TextLine } from "./text-line.ts";

/** Colour bars at 75 %, Y'CbCr of ITU-R BT.709, limited range: white to blue. */
const BARS = [
  [180, 128, 128],
  [168, 44, 136],
  [145, 147, 44],
  [133, 63, 52],
  [63, 193, 204],
  [51, 109, 212],
  [28, 212, 120],
] as const;

const BLACK = 16;
const WHITE = 235;
const GREY = 48;

/** Grain of the noise band, luma above and below grey. */
const GRAIN = 40;

/** A picture in planar 4:2:0. */
export interface Planes {
  readonly luma: Plane;
  readonly cb: Plane;
  readonly cr: Plane;
}

/** What one frame shows. */
export interface Face {
  /** First line, at most 24 characters: the date. */
  readonly title: string;
  /** Large line, `hh:mm:ss.mmm`. */
  readonly time: string;
  /** Last line, at most 24 characters: the frame counter. */
  readonly footer: string;
  /** Position within the second, 0 to 1: where the sweep stands. */
  readonly phase: number;
  /** Any integer that differs from frame to frame: picks the noise. */
  readonly grain: number;
  /** The lamp is lit while the beep sounds. */
  readonly beep: boolean;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The face of the clock: colour bars, a panel with the time in large digits, a band of noise (it costs bits, so the
 * stream has the bitrate that was asked for), a block that sweeps the width once a second, and a lamp that shows when
 * the beep should be heard. `paint` once, then `update` per frame.
 */
export class ClockPicture {
  readonly #planes: Planes;
  readonly #width: number;
  readonly #height: number;
  readonly #title: TextLine;
  readonly #time: TextLine;
  readonly #footer: TextLine;
  readonly #panel: Box;
  readonly #track: Box;
  readonly #lamp: Box;
  readonly #band: Box;
  readonly #noise: Uint8Array;
  readonly #block: number;
  #blockX: number;
  #lit = true;

  /** Width at least 160, height at least 90; both even. */
  constructor(planes: Planes, size: { readonly width: number; readonly height: number }) {
    this.#planes = planes;
    this.#width = size.width;
    this.#height = size.height;
    const big = Math.max(1, Math.min(Math.floor(size.width / 80), Math.floor(size.height / 30)));
    const small = Math.max(1, big >> 1);
    const timeWidth = TextLine.width(12, big);
    const x = even((size.width - timeWidth) / 2);
    const y = even(size.height / 2 - big * 9);
    this.#panel = {
      x: even(Math.max(0, x - 3 * big)),
      y: even(y - 2 * big),
      width: even(Math.min(size.width, timeWidth + 6 * big)),
      height: even(big * 4 + small * 7 * 2 + big * 7 + big * 4),
    };
    this.#title = new TextLine({ x, y, scale: small });
    this.#time = new TextLine({ x, y: y + small * 7 + big * 2, scale: big });
    this.#footer = new TextLine({ x, y: y + small * 7 + big * 11, scale: small });
    this.#lamp = { x: x + timeWidth - 4 * big, y, width: 4 * big, height: small * 7 };
    const strip = even(size.height / 9);
    this.#track = { x: 0, y: size.height - strip, width: size.width, height: strip };
    this.#band = { x: 0, y: size.height - 2 * strip, width: size.width, height: strip };
    this.#noise = makeNoise(size.width * 8);
    this.#block = even(size.width / 16);
    this.#blockX = 0;
  }

  /** Draws everything that stands still. */
  paint(): void {
    const bars = { x: 0, y: 0, width: this.#width, height: this.#height };
    const barWidth = this.#width / BARS.length;
    for (let i = 0; i < BARS.length; i++) {
      const x = even(i * barWidth);
      const end = i === BARS.length - 1 ? this.#width : even((i + 1) * barWidth);
      this.#fill({ ...bars, x, width: end - x }, BARS[i] as (typeof BARS)[number]);
    }
    this.#fill(this.#panel, [BLACK, 128, 128]);
    this.#fill(this.#track, [GREY, 128, 128]);
    this.#fill(this.#band, [BLACK, 128, 128]);
  }

  update(face: Face): void {
    const { luma } = this.#planes;
    this.#title.draw(luma, face.title);
    this.#time.draw(luma, face.time);
    this.#footer.draw(luma, face.footer);
    if (face.beep !== this.#lit) {
      this.#fillLuma(this.#lamp, face.beep ? WHITE : GREY);
      this.#lit = face.beep;
    }
    this.#shakeNoise(face.grain);
    this.#fillLuma({ ...this.#track, x: this.#blockX, width: this.#block }, GREY);
    this.#blockX = Math.floor(face.phase * (this.#width - this.#block));
    this.#fillLuma({ ...this.#track, x: this.#blockX, width: this.#block }, WHITE);
  }

  #shakeNoise(grain: number): void {
    const { bytes, stride } = this.#planes.luma;
    const { y, width, height } = this.#band;
    const span = this.#noise.length - width;
    for (let row = 0; row < height; row++) {
      // Two primes, so that neither rows nor frames repeat soon.
      const from = (grain * 7919 + row * 1543) % span;
      bytes.set(this.#noise.subarray(from, from + width), (y + row) * stride);
    }
  }

  #fillLuma(box: Box, value: number): void {
    fillPlane(this.#planes.luma, box, value);
  }

  #fill(box: Box, colour: readonly [number, number, number]): void {
    const half = { x: box.x >> 1, y: box.y >> 1, width: box.width >> 1, height: box.height >> 1 };
    fillPlane(this.#planes.luma, box, colour[0]);
    fillPlane(this.#planes.cb, half, colour[1]);
    fillPlane(this.#planes.cr, half, colour[2]);
  }
}

function fillPlane(plane: Plane, box: Box, value: number): void {
  for (let row = box.y; row < box.y + box.height; row++) {
    const start = row * plane.stride + box.x;
    plane.bytes.fill(value, start, start + box.width);
  }
}

/** Luma noise, the same at every start: a linear congruential generator (Numerical Recipes' constants). */
function makeNoise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 128 - GRAIN + Math.floor((state / 2 ** 32) * 2 * GRAIN);
  });
}

/** The even number at or below. */
function even(value: number): number {
  return Math.floor(value / 2) * 2;
}
