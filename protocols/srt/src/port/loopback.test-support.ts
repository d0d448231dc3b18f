import type { Options } from "@millrace/model";
import { freeUdpPort, realClock } from "../../../../tests/contract/index.ts";
import { type PeerSettings, readPush } from "../config.ts";
import type { CloseReason, Connection, ConnectionEvents } from "../session/connection.ts";
import { type CallOptions, call, type Line } from "./call.ts";
import type { Gate, PendingCaller } from "./gate.ts";
import { openGate } from "./open-gate.ts";

/** What a connection brought. */
export class Inbox {
  readonly payloads: Uint8Array[] = [];
  lost = 0;
  reason: CloseReason | undefined;
  readonly events: ConnectionEvents = {
    onPacket: (payload) => this.payloads.push(payload.slice()),
    onGap: (from, to) => (this.lost += to - from + 1),
    onClosed: (reason) => (this.reason = reason),
  };

  /** The messages as text. */
  texts(): string[] {
    return this.payloads.map((it) => new TextDecoder().decode(it));
  }
}

export function settingsOf(url: string, options: Options = {}): PeerSettings {
  return readPush({ url, scheme: "srt", options });
}

/** A port that lets everybody in. */
export class TestGate {
  readonly inbox = new Inbox();
  readonly connections: Connection[] = [];
  readonly callers: PendingCaller[] = [];
  /** Undefined lets a caller wait. */
  verdict: "admit" | number | undefined = "admit";
  readonly port: number;
  readonly settings: PeerSettings;
  #gate: Gate | undefined;

  private constructor(port: number, settings: PeerSettings) {
    this.port = port;
    this.settings = settings;
  }

  static async open(options: Options = {}, host = "127.0.0.1"): Promise<TestGate> {
    const port = await freeUdpPort(host.includes(":") ? 6 : 4);
    const at = host.includes(":") ? `[${host}]` : host;
    const made = new TestGate(port, settingsOf(`srt://${at}:${port}`, { mode: "listener", ...options }));
    made.#gate = await openGate(made.settings, realClock, (caller, gate) => made.#receive(caller, gate));
    return made;
  }

  get gate(): Gate {
    if (this.#gate === undefined) throw new Error("not open");
    return this.#gate;
  }

  admit(caller: PendingCaller): void {
    const connection = this.gate.admit(caller, { options: this.settings.options, events: this.inbox.events });
    if (connection !== undefined) this.connections.push(connection);
  }

  close(): Promise<void> {
    return this.gate.port.close();
  }

  #receive(caller: PendingCaller, gate: Gate): void {
    this.callers.push(caller);
    if (this.verdict === "admit") this.admit(caller);
    else if (this.verdict !== undefined) gate.refuse(caller, this.verdict);
  }
}

/** Calls a port of this machine. */
export async function dial(
  port: number,
  options: Options = {},
  more: Partial<CallOptions> & { readonly host?: string } = {},
): Promise<Line & { readonly inbox: Inbox }> {
  const inbox = new Inbox();
  const { host = "127.0.0.1", ...rest } = more;
  const line = await call({
    settings: settingsOf(`srt://${host}:${port}`, options),
    clock: realClock,
    events: inbox.events,
    signal: new AbortController().signal,
    ...rest,
  });
  if (line === undefined) throw new Error("aborted");
  return { ...line, inbox };
}

/** Sends a message as text. */
export function say({ connection, port }: Line, text: string): void {
  connection.send(new TextEncoder().encode(text), port.nowUs, port.nowUs);
  port.wakeFor(connection);
}
