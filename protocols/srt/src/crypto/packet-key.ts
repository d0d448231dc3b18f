/** Bytes of the tag that AES-GCM appends to a payload. */
export const TAG_BYTES = 16;

/** One stream encrypting key with its salt, for one direction of one connection. */
export interface PacketKey {
  /** The stream encrypting key: 16, 24 or 32 bytes. */
  readonly secret: Uint8Array;
  readonly salt: Uint8Array;
  /** Encrypts the payload behind the 16-byte header in place; gives the packet's new length. */
  encrypt(packet: Uint8Array, length: number): number;
  /** The reverse; -1 when the packet is not authentic, which leaves it as it was. */
  decrypt(packet: Uint8Array, length: number): number;
}
