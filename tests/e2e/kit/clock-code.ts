import type { Plane } from "../../../protocols/fake/src/text-line.ts";

/** Blocks from left to right, and rows of them: 48 bits of time, then 16 of check. */
const COLUMNS = 32;
export const CODE_ROWS = 2;
/** Rows of blocks are so high, pixels. The picture's width is a multiple of twice the number of columns. */
export const CODE_ROW_HEIGHT = 24;

/** Luma of a one and a zero, limited range (ITU-T H.273). */
const ONE = 235;
const ZERO = 16;

/** So that a black picture is no time, nor a white one. */
const SEED = 0xa5c3;

/** Check of a time in milliseconds: its three words of 16 bits and a constant, each turned by what came before. */
export function checkOf(timeMs: number): number {
  let check = SEED;
  for (const word of wordsOf(timeMs)) check = turned(check) ^ word;
  return check;
}

function turned(word: number): number {
  return ((word << 5) | (word >>> 11)) & 0xffff;
}

/** The 48 bits of a time, the highest first, in words of 16. */
function wordsOf(timeMs: number): number[] {
  return [Math.floor(timeMs / 2 ** 32) & 0xffff, Math.floor(timeMs / 2 ** 16) & 0xffff, timeMs & 0xffff];
}

/** Paints UTC in whole milliseconds as black and white blocks over the picture's first rows, the highest bit first. */
export function paintCode(luma: Plane, width: number, timeMs: number): void {
  const words = [...wordsOf(timeMs), checkOf(timeMs)];
  const block = width / COLUMNS;
  for (let row = 0; row < CODE_ROWS; row++) {
    const first = row * CODE_ROW_HEIGHT * luma.stride;
    for (let column = 0; column < COLUMNS; column++) {
      const bit = row * COLUMNS + column;
      const isOne = ((words[bit >> 4] ?? 0) >> (15 - (bit & 15))) & 1;
      luma.bytes.fill(isOne ? ONE : ZERO, first + column * block, first + (column + 1) * block);
    }
    for (let line = 1; line < CODE_ROW_HEIGHT; line++) {
      luma.bytes.copyWithin(first + line * luma.stride, first, first + width);
    }
  }
}

/**
 * The time that a picture shows, UTC in milliseconds; undefined where there is none to be read. `lightness` is asked for the
 * middle of every block, by its column and row: 0 to 255.
 */
export function readCode(lightness: (column: number, row: number) => number): number | undefined {
  const words = [0, 0, 0, 0];
  for (let bit = 0; bit < COLUMNS * CODE_ROWS; bit++) {
    const isOne = lightness(bit % COLUMNS, Math.floor(bit / COLUMNS)) > 127 ? 1 : 0;
    words[bit >> 4] = ((words[bit >> 4] ?? 0) << 1) | isOne;
  }
  const [high = 0, middle = 0, low = 0, check] = words;
  const timeMs = (high * 2 ** 16 + middle) * 2 ** 16 + low;
  return check === checkOf(timeMs) ? timeMs : undefined;
}

/**
 * Script that makes a function `readPicture(video)` for pages: the time in the picture that a video shows now, by the same
 * rules as `readCode`; undefined where there is none.
 */
export const READ_PICTURE = `(() => {
  const canvas = document.createElement("canvas");
  canvas.width = ${COLUMNS};
  canvas.height = ${CODE_ROWS};
  const context = canvas.getContext("2d", { willReadFrequently: true, alpha: false });
  context.imageSmoothingEnabled = false;
  return (video) => {
    // A dot of the canvas for each block: without smoothing it is taken from the block's middle.
    context.drawImage(video, 0, 0, video.videoWidth, ${CODE_ROWS * CODE_ROW_HEIGHT}, 0, 0, ${COLUMNS}, ${CODE_ROWS});
    const { data } = context.getImageData(0, 0, ${COLUMNS}, ${CODE_ROWS});
    const words = [0, 0, 0, 0];
    for (let bit = 0; bit < ${COLUMNS * CODE_ROWS}; bit++)
      words[bit >> 4] = (words[bit >> 4] << 1) | (data[4 * bit + 1] > 127 ? 1 : 0);
    const [high, middle, low, check] = words;
    let wanted = ${SEED};
    for (const word of [high, middle, low]) wanted = (((wanted << 5) | (wanted >>> 11)) & 0xffff) ^ word;
    return check === wanted ? (high * 65536 + middle) * 65536 + low : undefined;
  };
})()`;
