import { systemError } from "../errors.ts";
import { int32, type SocketOption } from "../linux.ts";
import type { Addon, Handle } from "./addon.ts";

export interface OptionValue extends SocketOption {
  readonly value: Uint8Array;
  /** For the message of an error; by default the option's name. */
  readonly what?: string;
}

/** Throws `UdpError`. */
export function setOption(addon: Addon, handle: Handle, to: OptionValue): void {
  const errno = addon.setOption(handle, to.level, to.option, to.value);
  if (errno !== 0) throw systemError("setsockopt", errno, to.what ?? to.name);
}

/** Throws `UdpError`. */
export function setInt(addon: Addon, handle: Handle, to: SocketOption & { readonly int: number }): void {
  setOption(addon, handle, { ...to, value: int32(to.int), what: `${to.name} ${to.int}` });
  return;
}

/** Throws `UdpError`. */
export function getInt(addon: Addon, handle: Handle, option: SocketOption): number {
  const value = new Uint8Array(4);
  const errno = addon.getOption(handle, option.level, option.option, value);
  if (errno !== 0) throw systemError("getsockopt", errno, option.name);
  return new DataView(value.buffer).getInt32(0, true);
}
