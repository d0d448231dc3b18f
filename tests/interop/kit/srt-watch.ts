/** What the SRT packets that pass a point of the network say of a connection. */
export class SrtWatch {
  /** Data packets without encryption, and with it. */
  clear = 0;
  encrypted = 0;
  /** Data packets that were sent again. */
  again = 0;
  /** Packets of the packet filter: data with message number 0. */
  filter = 0;
  /** Lengths of the keys that handshakes and key refreshes brought, bytes. */
  readonly keyBytes = new Set<number>();
  /** Times that data sent first began to be encrypted with the other of the two keys. */
  keyChanges = 0;

  /** Codes of refused handshakes. */
  readonly rejections = new Set<number>();
  #key = 0;

  see(datagram: Uint8Array): void {
    if (datagram.length < 16) return;
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
    const first = view.getUint32(0);
    if (first < 0x8000_0000) this.#data(view.getUint32(4));
    else if (first === HANDSHAKE) this.#handshake(view);
    else if (first === KEY_REQUEST) this.#keyMaterial(view, 16);
  }

  #data(second: number): void {
    const key = (second >>> 27) & 3;
    if (key === 0) this.clear++;
    else this.encrypted++;
    if ((second & AGAIN) !== 0) {
      this.again++;
    } else if (key !== this.#key) {
      if (this.#key !== 0) this.keyChanges++;
      this.#key = key;
    }
    if ((second & 0x03ff_ffff) === 0) this.filter++;
  }

  /** The type; and of a conclusion the key material among its extensions (draft §3.2.1). */
  #handshake(view: DataView): void {
    if (view.byteLength < 64) return;
    const type = view.getInt32(16 + 20);
    if (type >= FIRST_REJECTION) this.rejections.add(type);
    if (type !== CONCLUSION) return;
    for (let at = 64; at + 4 <= view.byteLength; ) {
      const bytes = view.getUint16(at + 2) * 4;
      if (view.getUint16(at) === KMREQ) this.#keyMaterial(view, at + 4);
      at += 4 + bytes;
    }
  }

  /** The length of the keys stands, in words, in the last byte ahead of the salt (draft §3.2.2). */
  #keyMaterial(view: DataView, at: number): void {
    if (at + 16 <= view.byteLength) this.keyBytes.add(view.getUint8(at + 15) * 4);
  }
}

const AGAIN = 0x0400_0000;
const HANDSHAKE = 0x8000_0000;
/** Control packet of the user type, key request. */
const KEY_REQUEST = 0xffff_0003;
const CONCLUSION = -1;
const FIRST_REJECTION = 1000;
const KMREQ = 3;
