import { isIP } from "node:net";
import { badUrl } from "@millrace/engine";

/** Where datagrams come from or go to, as a URL says it. */
export interface UdpAddress {
  /** Address of host or group; `0.0.0.0` or `::` for any of this machine. */
  readonly host: string;
  readonly port: number;
  readonly family: 4 | 6;
  readonly multicast: boolean;
  /** `SOURCE@HOST`: only this sender's datagrams. */
  readonly source?: string;
  /** `HOST:PORT/INTERFACE`: name or address. */
  readonly interface?: string;
}

const URL_FORM =
  /^(?:udp|rtp):\/\/(?:([^@/?]*)@)?(\[[^\]]*\]|[^:/?[\]]*):(\d{1,5})(?:\/([^?/]*)\/?)?(?:\?.*)?$/i;

/** Whether an IP address is one of a group (RFC 5771, RFC 4291 §2.7). */
export function isMulticast(address: string): boolean {
  if (isIP(address) === 6) return /^ff/i.test(address);
  const first = Number(address.split(".", 1)[0]);
  return isIP(address) === 4 && first >= 224 && first <= 239;
}

/** Reads `udp://[SOURCE@]HOST:PORT[/INTERFACE]`, in which HOST may be empty. Throws `bad-url`. */
export function parseUdpUrl(url: string): UdpAddress {
  const match = URL_FORM.exec(url);
  if (match === null) throw badUrl(url, "expected udp://HOST:PORT or udp://HOST:PORT/INTERFACE");
  const [, sourceText = "", hostText = "", portText = "", interfaceText = ""] = match;
  const port = Number(portText);
  if (port < 1 || port > 65535) throw badUrl(url, "the port must be 1 to 65535");
  const host = readHost(url, hostText);
  const family = isIP(host) === 6 ? 6 : 4;
  const source = unbracket(sourceText);
  if (source !== "") checkSource(url, source, family);
  const name = unbracket(decodeURIComponent(interfaceText));
  return {
    host,
    port,
    family,
    multicast: isMulticast(host),
    ...(source === "" ? {} : { source }),
    ...(name === "" ? {} : { interface: name }),
  };
}

/** An address that `source=` may name. Throws `bad-url`. */
export function checkSource(url: string, source: string, family: 4 | 6): void {
  if (isIP(source) !== family)
    throw badUrl(url, `the source must be an IPv${family} address, not "${source}"`);
  if (isMulticast(source)) throw badUrl(url, `"${source}" is a group, not a source`);
}

function readHost(url: string, text: string): string {
  if (text === "" || text === "*") return "0.0.0.0";
  if (!text.startsWith("[")) {
    if (/^[\w.-]+$/.test(text) && !/^[\d.]+$/.test(text)) return text;
    if (isIP(text) === 4) return text;
    throw badUrl(url, `"${text}" is no address`);
  }
  const host = unbracket(text);
  if (isIP(host) !== 6) throw badUrl(url, `"${host}" is no IPv6 address`);
  return host;
}

function unbracket(text: string): string {
  return text.replace(/^\[(.*)\]$/, "$1");
}
