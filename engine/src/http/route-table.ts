import type { DocumentRoute, HttpRoute } from "./route.ts";
import { type ParsedTarget, parseTarget } from "./target.ts";

/** Targets that are remembered: in a moment many ask for the same. Twice as many at most. */
const REMEMBERED = 1024;
const LONGEST_REMEMBERED = 512;

/** What a target means: a route that answers with documents, and what it needs to know of the request. */
export interface DocumentTarget extends ParsedTarget {
  readonly route: DocumentRoute;
  readonly match: RegExpExecArray;
}

/** The routes, in order. */
export class RouteTable {
  readonly routes: readonly HttpRoute[];
  #newer = new Map<string, DocumentTarget>();
  #older = new Map<string, DocumentTarget>();

  constructor(routes: readonly HttpRoute[]) {
    this.routes = routes;
  }

  /** The route of a request, if it is the first that takes it and answers with documents. */
  findDocument(method: "GET" | "HEAD", target: string): DocumentTarget | undefined {
    if (method === "HEAD") return this.#search(method, target);
    const known = this.#newer.get(target);
    if (known !== undefined) return known;
    const found = this.#older.get(target) ?? this.#search(method, target);
    if (found !== undefined && target.length <= LONGEST_REMEMBERED) this.#remember(target, found);
    return found;
  }

  #search(method: string, target: string): DocumentTarget | undefined {
    const url = parseTarget(target);
    if (url === undefined) return undefined;
    for (const route of this.routes) {
      const match = route.methods.includes(method) ? route.pattern.exec(url.path) : null;
      if (match !== null) return route.documents === true ? { ...url, route, match } : undefined;
    }
    return undefined;
  }

  #remember(target: string, found: DocumentTarget): void {
    if (this.#newer.size >= REMEMBERED) {
      this.#older = this.#newer;
      this.#newer = new Map();
    }
    this.#newer.set(target, found);
  }
}
