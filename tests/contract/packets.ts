import { PACKET_SIZE, PacketAligner, PID_NULL, pidOf } from "@millrace/mpegts";

/** What a receiver of these bytes makes of them: whole packets, and how much was none. */
export function packetsIn(bytes: Uint8Array): { packets: Uint8Array; rubbishBytes: number } {
  const packets = new Uint8Array(bytes.length + PACKET_SIZE);
  let length = 0;
  const aligner = new PacketAligner((buf, start, count) => {
    packets.set(buf.subarray(start, start + count * PACKET_SIZE), length);
    length += count * PACKET_SIZE;
  });
  aligner.push(bytes);
  aligner.flush();
  return { packets: packets.subarray(0, length), rubbishBytes: aligner.rubbishBytes };
}

/** The packets without null packets. */
export function withoutNulls(packets: Uint8Array): Uint8Array {
  const kept = new Uint8Array(packets.length);
  let length = 0;
  for (let at = 0; at < packets.length; at += PACKET_SIZE) {
    if (pidOf(packets, at) === PID_NULL) continue;
    kept.set(packets.subarray(at, at + PACKET_SIZE), length);
    length += PACKET_SIZE;
  }
  return kept.subarray(0, length);
}
