import { randomBytes } from "node:crypto";
import { type DataHeader, setKeyFlag } from "../../wire/header.ts";
import { KM_SECURED } from "../../wire/key-material.ts";
import { type CryptoOptions, SessionCrypto } from "../session-crypto.ts";

export const OPTIONS: CryptoOptions = {
  passphrase: "correct-horse",
  keyBytes: 0,
  mode: "auto",
  refreshPackets: 2 ** 24,
  announcePackets: 2 ** 12,
  random: (bytes) => new Uint8Array(randomBytes(bytes)),
};

/** Two sides that have shaken hands. */
export function pair(
  initiator: Partial<CryptoOptions> = {},
  responder: Partial<CryptoOptions> = {},
): { a: SessionCrypto; b: SessionCrypto } {
  const a = new SessionCrypto({ ...OPTIONS, ...initiator });
  const b = new SessionCrypto({ ...OPTIONS, ...responder });
  a.conclude(b.respond(a.initiate()));
  return { a, b };
}

export function states(side: SessionCrypto): [number, number] {
  return [side.sendState, side.receiveState];
}

export function secured(...sides: SessionCrypto[]): boolean {
  return sides.every((side) => side.sendState === KM_SECURED && side.receiveState === KM_SECURED);
}

/** A whole data packet with room behind it; boundary solo. */
export function dataPacket(
  fields: Partial<Pick<DataHeader, "sequence" | "timestamp">>,
  payload: Uint8Array,
): Uint8Array {
  const packet = new Uint8Array(16 + payload.length + 16);
  const view = new DataView(packet.buffer);
  view.setUint32(0, fields.sequence ?? 0);
  view.setUint32(4, 0xc000_0001);
  view.setUint32(8, fields.timestamp ?? 0);
  view.setUint32(12, 0x1234_5678);
  packet.set(payload, 16);
  return packet;
}

/** Encrypts with the flag of the moment; the packet alone, without room behind. */
export function encrypted(side: SessionCrypto, sequence: number, payload: Uint8Array): Uint8Array {
  const packet = dataPacket({ sequence }, payload);
  setKeyFlag(packet, side.sendKey);
  return packet.slice(0, side.encrypt(packet, 16 + payload.length));
}

/** The payload, or undefined if it cannot be decrypted. */
export function decrypted(side: SessionCrypto, packet: Uint8Array): Uint8Array | undefined {
  const copy = packet.slice();
  const end = side.decrypt(copy, copy.length);
  return end < 0 ? undefined : copy.subarray(16, end);
}
