import type { AccessRequest, SessionInfo } from "@millrace/model";
import type { ViewerSession } from "../api.ts";

interface OpenSession {
  readonly request: AccessRequest;
  readonly startedMs: number;
  readonly session: ViewerSession;
}

/** The sessions that this worker serves. */
export class Viewers {
  readonly #sessions = new Map<string, OpenSession>();
  readonly #counts = new Map<string, number>();
  readonly #prefix: string;
  readonly #wallMs: () => number;
  readonly #onCount: (stream: string, count: number) => void;
  #next = 1;

  constructor(options: {
    prefix: string;
    wallMs: () => number;
    onCount: (stream: string, count: number) => void;
  }) {
    this.#prefix = options.prefix;
    this.#wallMs = options.wallMs;
    this.#onCount = options.onCount;
  }

  open(request: AccessRequest): ViewerSession {
    const id = `${this.#prefix}-${this.#next++}`;
    const close = (): void => {
      if (this.#sessions.delete(id) && request.kind === "play") this.#count(request.stream, -1);
    };
    const session: ViewerSession = { id, stream: request.stream, bytes: 0, skips: 0, lagBytes: 0, close };
    this.#sessions.set(id, { request, startedMs: this.#wallMs(), session });
    if (request.kind === "play") this.#count(request.stream, 1);
    return session;
  }

  countOf(stream: string): number {
    return this.#counts.get(stream) ?? 0;
  }

  counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  describe(): SessionInfo[] {
    return [...this.#sessions.values()].map(describeSession);
  }

  #count(stream: string, by: number): void {
    const count = (this.#counts.get(stream) ?? 0) + by;
    if (count === 0) this.#counts.delete(stream);
    else this.#counts.set(stream, count);
    this.#onCount(stream, count);
  }
}

function describeSession({ request, startedMs, session }: OpenSession): SessionInfo {
  const details = session.describe?.();
  return {
    id: session.id,
    kind: request.kind,
    stream: request.stream,
    protocol: request.protocol,
    ip: request.ip,
    startedMs,
    bytes: session.bytes,
    skips: session.skips,
    lagBytes: session.lagBytes,
    ...(details === undefined ? {} : { details }),
  };
}
