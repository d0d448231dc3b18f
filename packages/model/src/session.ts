/** The lanes of a stream that exist or can be made. */
export type LaneName = "ts" | "units";

export type RequestKind = "publish" | "play";

/** Somebody at the door. The verdict is given by the services; protocols only ask. */
export interface AccessRequest {
  readonly kind: RequestKind;
  /** The stream that is asked for; once let in, that of the verdict if it names one. */
  readonly stream: string;
  /** What the peer named, as it wrote it: also where its port alone says which stream is meant. */
  readonly resource?: string;
  readonly protocol: string;
  /** Remote address, without port. */
  readonly ip: string;
  /** Whatever stands for permission: a token, a session key. */
  readonly token?: string;
  readonly user?: string;
  readonly password?: string;
  readonly userAgent?: string;
  readonly referer?: string;
  readonly query: Readonly<Record<string, string>>;
}

/**
 * What a refused request gets: the field's usual answers, mapped to status codes by each protocol. `bad-request`: what
 * was asked cannot be understood. `unauthorized`: credentials are missing. `forbidden`: they do not suffice.
 */
export type RefusalReason =
  | "bad-request"
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "busy"
  | "unavailable";

/** Numbers and words that something says of itself, by name; names carry units (`rttMs`). */
export type Details = Readonly<Record<string, number | string>>;

/** One connection, as it describes itself: numbers only ever grow, unless the name says current. */
export interface SessionInfo {
  readonly id: string;
  readonly kind: RequestKind;
  readonly stream: string;
  readonly protocol: string;
  readonly ip: string;
  /** UTC, milliseconds. */
  readonly startedMs: number;
  readonly bytes: number;
  /** Times that the session was moved ahead because it had fallen behind. */
  readonly skips: number;
  /** Bytes between the session's position and the lane's head, now. */
  readonly lagBytes: number;
  /** Further numbers of the protocol (rtt, loss…). */
  readonly details?: Details;
}

/** One input of a stream, as it describes itself. */
export interface InputInfo {
  readonly url: string;
  readonly priority: number;
  readonly state: "idle" | "connecting" | "alive" | "active" | "failed";
  readonly bytes: number;
  readonly retries: number;
  readonly lastError?: string;
  /** Continuity-counter errors, sync losses, transport errors, rubbish bytes dropped… */
  readonly counters: Readonly<Record<string, number>>;
  /** Further numbers of its source (rtt, loss…), while it is connected. */
  readonly details?: Details;
}

export interface StreamInfo {
  readonly name: string;
  readonly kind: string;
  readonly running: boolean;
  readonly worker: number;
  readonly bytesIn: number;
  /** Bits a second over the last seconds. */
  readonly bitrate: number;
  readonly viewers: number;
  readonly switches: number;
  readonly inputs: readonly InputInfo[];
  readonly tracks: readonly {
    readonly id: number;
    readonly codec: string;
    readonly kind: string;
    readonly language?: string;
    readonly text?: string;
  }[];
  /** Memory in the lanes' windows. */
  readonly memoryBytes: number;
  readonly pushes: readonly Details[];
}
