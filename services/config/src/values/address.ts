import { isIPv4, isIPv6 } from "node:net";
import type { ListenConfig } from "@millrace/model";

/** `80`, `127.0.0.1:80`, `[::1]:80`, `host.name:80`, `*:80`. Undefined when it is none of them. */
export function parseAddress(text: string): ListenConfig | undefined {
  const found = /^(?:(\[[^\]]+\]|[^:[\]]+):)?(\d{1,5})$/.exec(text);
  if (found === null) return undefined;
  const port = Number(found[2]);
  if (port < 1 || port > 65_535) return undefined;
  const host = found[1];
  if (host === undefined || host === "*") return { port };
  if (host.startsWith("[")) {
    const bare = host.slice(1, -1);
    return isIPv6(bare) ? { host: bare, port } : undefined;
  }
  if (/^[\d.]+$/.test(host)) return isIPv4(host) ? { host, port } : undefined;
  return /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/.test(host) ? { host, port } : undefined;
}

/** The shortest text that `parseAddress` reads back. */
export function formatAddress(address: ListenConfig): string {
  if (address.host === undefined) return String(address.port);
  return `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}
