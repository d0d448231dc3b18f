import { messageOf, reasonOf } from "@millrace/engine";
import type { AccessRequest, RefusalReason } from "@millrace/model";
import type { LinkHost } from "./link-host.ts";
import type { Answer } from "./session/server-events.ts";

/** What a client asks for in one of its streams, and what comes of it. */
export interface Admission<Opened> {
  readonly host: LinkHost;
  readonly kind: "play" | "publish";
  readonly request: { readonly name: string; readonly query: string; readonly streamId: number };
  readonly answer: Answer;
  /** The words in which RTMP refuses. */
  readonly refusals: Readonly<Record<RefusalReason, string>>;
  /** For a client that may. May reject with a refusal. */
  readonly open: (access: AccessRequest) => Promise<Opened>;
  /** Closes what was opened for a client that is gone by then. */
  readonly discard: (opened: Opened) => void;
  /** Takes what was opened, and accepts. */
  readonly begin: (opened: Opened, access: AccessRequest) => void;
  /** The client, or the connection, is gone. */
  readonly isEnded: () => boolean;
  /** It will not be, or no longer. */
  readonly end: () => void;
}

const ROLE = { play: "player", publish: "publisher" } as const;

/** Asks the server, and answers the client. Never rejects. */
export async function admit<Opened>(admission: Admission<Opened>): Promise<void> {
  const { host, kind, request, open, discard, begin, isEnded } = admission;
  const access = host.access(kind, request.name, request.query);
  try {
    const verdict = await host.runtime.authorize(access);
    if (!verdict.ok) {
      refuse(admission, verdict.reason, verdict.text ?? verdict.reason);
      return;
    }
    // The stream that is meant, which may be another.
    const meant = { ...access, stream: verdict.stream ?? access.stream };
    const opened = await open(meant);
    if (isEnded()) discard(opened);
    else begin(opened, meant);
  } catch (error) {
    refuse(admission, reasonOf(error), messageOf(error));
  }
}

function refuse<Opened>(admission: Admission<Opened>, reason: RefusalReason, text: string): void {
  const { host, kind, request, answer, refusals, isEnded, end } = admission;
  if (isEnded()) return;
  end();
  host.runtime.log.info(`rtmp ${ROLE[kind]} refused`, { stream: request.name, reason: text });
  answer.reject(refusals[reason], text);
  host.over(request.streamId);
}
