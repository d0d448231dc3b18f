import type { BitReader } from "@millrace/bytes";

/** num_short_term_ref_pic_sets is at most 64 (H.265 §7.4.3.2.1), pictures in a set at most 16. */
const MAX_SETS = 64;
const MAX_PICTURES = 16;

/** Passes all st_ref_pic_set structures of a sequence parameter set (§7.3.7). False when they make no sense. */
export function skipReferencePictureSets(reader: BitReader): boolean {
  const sets = reader.ue();
  if (sets > MAX_SETS) return false;
  let previous = 0;
  for (let index = 0; index < sets; index++) {
    previous = index > 0 && reader.flag() ? skipPredictedSet(reader, previous) : skipExplicitSet(reader);
    if (previous > 2 * MAX_PICTURES || reader.overrun) return false;
  }
  return true;
}

/** Returns the count of pictures in the set. */
function skipPredictedSet(reader: BitReader, reference: number): number {
  reader.skip(1);
  reader.ue();
  let count = 0;
  for (let j = 0; j <= reference; j++) {
    // used_by_curr_pic_flag, use_delta_flag
    if (reader.flag() || reader.flag()) count++;
  }
  return count;
}

function skipExplicitSet(reader: BitReader): number {
  const count = reader.ue() + reader.ue();
  if (count > 2 * MAX_PICTURES) return count;
  for (let i = 0; i < count; i++) {
    reader.ue();
    reader.skip(1);
  }
  return count;
}

/** Passes scaling_list_data (§7.3.4). */
export function skipScalingListData(reader: BitReader): void {
  for (let size = 0; size < 4; size++) {
    for (let matrix = 0; matrix < 6; matrix += size === 3 ? 3 : 1) {
      if (!reader.flag()) {
        reader.ue();
        continue;
      }
      const coefficients = Math.min(64, 1 << (4 + 2 * size));
      if (size > 1) reader.se();
      for (let i = 0; i < coefficients; i++) reader.se();
      if (reader.overrun) return;
    }
  }
}
