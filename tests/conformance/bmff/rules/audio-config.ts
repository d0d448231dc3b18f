/** Reads past the end throw RangeError, which says that the box is too short; so for all checks here. */
export function ac3Problem(box: DataView): string | undefined {
  if (box.byteLength !== 3) return `has ${box.byteLength} bytes`;
  // fscod 2, bsid 5, bsmod 3, acmod 3, lfeon 1, bit_rate_code 5, reserved 5
  const bits = box.getUint8(0) * 0x10000 + box.getUint16(1);
  if (bits >> 22 === 3) return "has a reserved sample rate";
  if (((bits >> 17) & 31) > 10) return "has the bit stream of another codec";
  if (((bits >> 5) & 31) > 18) return "has a reserved bit rate";
  return (bits & 31) === 0 ? undefined : "has reserved bits of 1";
}

export function eac3Problem(box: DataView): string | undefined {
  const count = (box.getUint16(0) & 7) + 1;
  let at = 2;
  for (let i = 0; i < count; i++) {
    // fscod 2, bsid 5, 1, asvc 1, bsmod 3, acmod 3, lfeon 1, 3, num_dep_sub 4, then 9 or 1
    const bits = box.getUint8(at) * 0x10000 + box.getUint16(at + 1);
    if (bits >> 22 === 3) return "has a reserved sample rate";
    if (((bits >> 17) & 31) > 16) return "has the bit stream of another codec";
    const hasLocations = ((bits >> 1) & 15) > 0;
    at += hasLocations ? 4 : 3;
  }
  const rest = box.byteLength - at;
  // flag_ec3_extension_type_a and its complexity index, two bytes.
  return rest === 0 || rest === 2 ? undefined : `has ${box.byteLength} bytes for ${count} substreams`;
}

export function opusProblem(box: DataView): string | undefined {
  if (box.getUint8(0) !== 0) return `has version ${box.getUint8(0)}`;
  const channels = box.getUint8(1);
  const family = box.getUint8(10);
  if (channels === 0 || (family === 0 && channels > 2))
    return `has ${channels} channels in mapping family ${family}`;
  const bytes = family === 0 ? 11 : 13 + channels;
  return box.byteLength === bytes ? undefined : `has ${box.byteLength} bytes instead of ${bytes}`;
}

export function flacProblem(box: DataView): string | undefined {
  if (box.getUint32(0) !== 0) return "has a version or flags";
  for (let at = 4, isLast = false; !isLast; ) {
    const head = box.getUint32(at);
    isLast = head >>> 31 === 1;
    const type = (head >>> 24) & 0x7f;
    const size = head & 0xffffff;
    if (at === 4 && (type !== 0 || size !== 34)) return "does not begin with STREAMINFO";
    at += 4 + size;
    if (isLast && at !== box.byteLength) return `has ${box.byteLength} bytes instead of ${at}`;
  }
  return undefined;
}
