const MOST_REDIRECTS = 5;

/** Statuses that lead to another place, if they say where (RFC 9110 §15.4). */
export const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface Following {
  readonly first: URL;
  /** What the error says was asked for. */
  readonly what: string;
  /** Makes the error for more redirections than are bearable: five. */
  readonly badAnswer: (what: string) => Error;
  /** Asks a server. Resolves with where that redirects to, or undefined when it did not. */
  readonly ask: (url: URL) => Promise<URL | undefined>;
  readonly onRedirect?: (from: URL, to: URL) => void;
}

/** Asks one server after the other until one does not redirect. Rejects like `ask`. */
export async function followRedirects(following: Following): Promise<void> {
  const { first, what, badAnswer, ask, onRedirect } = following;
  let url = first;
  for (let redirects = 0; ; redirects++) {
    const next = await ask(url);
    if (next === undefined) return;
    if (redirects >= MOST_REDIRECTS) throw badAnswer(`${what}: more than ${MOST_REDIRECTS} redirections`);
    onRedirect?.(url, next);
    url = next;
  }
}
