import { type LaneReader, MessageReader, type ViewerSession, type WebSocketLink } from "@millrace/engine";
import { chooseTracks, parseCommand } from "./commands.ts";
import { HEADER_MARK, type LaneTrack, readHeader } from "./lane-header.ts";
import { KEY_BIT, TRACK_MASK } from "./packaging.ts";

/** With this much unsent a viewer waits until its connection drains. */
const MARK_BYTES = 512 * 1024;
/** Whoever waited goes on at a key frame that came since, if this much lies ahead. */
const LATE_CHUNKS = 25;
const NORMAL = 1000;

export interface MseViewerOptions {
  readonly link: Pick<
    WebSocketLink,
    "sendText" | "sendParts" | "bufferedBytes" | "closed" | "close" | "onText" | "onDrain" | "onClose"
  >;
  readonly reader: LaneReader;
  readonly session: ViewerSession;
  /** As in `?tracks=v2a1`; empty for the first of each kind. */
  readonly tracks: string;
}

/** Sends the lane `mse` to one viewer: its tracks only, from a key frame on, and from a later one if it falls behind. */
export class MseViewer {
  readonly #options: MseViewerOptions;
  readonly #messages: MessageReader;
  readonly #reader: LaneReader;
  #wanted: string;
  /** Those of the header that the viewer has been told of last, and what it was told. */
  #all: readonly LaneTrack[] = [];
  #told = "";
  #streams = "";
  /** Whether each track is sent, by number: 0 no, 1 from its next key frame on, 2 yes. */
  readonly #sends = new Uint8Array(TRACK_MASK + 1);
  #paused = false;
  #waiting = false;
  #closed = false;

  constructor(options: MseViewerOptions) {
    const { link, reader, session, tracks } = options;
    this.#options = options;
    this.#reader = reader;
    this.#messages = new MessageReader(reader);
    this.#wanted = tracks;
    link.onText = (text) => this.#command(text);
    link.onDrain = () => this.#drained();
    link.onClose = () => this.#close();
    session.describe ??= () => ({ tracks: this.#wanted, paused: this.#paused ? 1 : 0 });
  }

  start(): void {
    if (this.#options.link.closed) {
      this.#close();
      return;
    }
    this.#reader.onReadable = () => this.#pump();
    this.#pump();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#messages.close();
    this.#options.session.close();
  }

  #command(text: string): void {
    const command = parseCommand(text);
    if (command.name === "pause") this.#pause();
    else if (command.name === "resume") this.#resume();
    else if (command.name === "live") this.#goLive();
    else if (command.name === "tracks") this.#switch(command.tracks);
    else this.#event("unknown_command");
  }

  #pause(): void {
    this.#paused = true;
    this.#event("paused");
  }

  #resume(): void {
    const paused = this.#paused;
    this.#paused = false;
    this.#event("resumed");
    if (paused) this.#goToKey();
  }

  #goLive(): void {
    this.#paused = false;
    this.#event("switched_to_live");
    this.#goToKey();
  }

  #switch(tracks: string): void {
    this.#wanted = tracks;
    this.#event("tracks_switched");
    this.#told = "";
    this.#goToKey();
  }

  /** On from the newest key frame, with its header, sent already or not: it is what a decoder can start with at once. */
  #goToKey(): void {
    const key = this.#reader.view.ring.lastKey;
    // A message is there whole or not at all, so none is under way now.
    if (key !== undefined) this.#reader.seek(key);
    this.#sends.fill(0);
    this.#apply();
    this.#pump();
  }

  #drained(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    const { lastKey } = this.#reader.view.ring;
    const isAhead = lastKey !== undefined && ((lastKey - this.#reader.position) | 0) > 0;
    if (isAhead && this.#reader.lag > LATE_CHUNKS) this.#reader.skip();
    this.#pump();
  }

  #pump(): void {
    const { link, session } = this.#options;
    while (!this.#closed && !this.#paused && !this.#waiting && this.#messages.next()) {
      this.#message(this.#reader.chunk.track);
      if (link.bufferedBytes > MARK_BYTES) this.#waiting = true;
    }
    session.skips = this.#reader.skips;
    session.lagBytes = this.#reader.lagBytes + link.bufferedBytes;
    if (this.#closed || !this.#messages.ended) return;
    this.#event("stream_unavailable");
    link.close(NORMAL, "the stream has ended");
    this.#close();
  }

  #message(track: number): void {
    const { parts } = this.#messages;
    if (parts[0]?.[0] === HEADER_MARK) {
      this.#setHeader(readHeader(Buffer.concat(parts)));
      return;
    }
    const id = track & TRACK_MASK;
    if (this.#sends[id] === 1 && (track & KEY_BIT) !== 0) this.#sends[id] = 2;
    if (this.#sends[id] !== 2) return;
    for (const part of parts) this.#options.session.bytes += part.length;
    this.#messages.keep();
    this.#options.link.sendParts(parts, this.#messages.sent);
  }

  #setHeader(all: readonly LaneTrack[]): void {
    const sameTracks = this.#told !== "" && codingOf(all) === codingOf(this.#all);
    this.#all = all;
    if (this.#messages.fresh || !sameTracks) this.#sends.fill(0);
    this.#apply();
    const streams = JSON.stringify(all);
    if (sameTracks && streams !== this.#streams) this.#tellInfo("media_info", {});
    this.#streams = streams;
  }

  /** Tells what there is and what of it will come, if that is new. */
  #apply(): void {
    const chosen = chooseTracks(this.#all, this.#wanted);
    for (const { id } of chosen) if (this.#sends[id] === 0) this.#sends[id] = 1;
    const told = `${chosen.map(({ track_id }) => track_id).join("")} ${codingOf(this.#all)}`;
    if (this.#all.length === 0 || told === this.#told) return;
    this.#told = told;
    this.#tellInfo("mse_init_segment", { tracks: chosen });
  }

  #tellInfo(type: string, more: Readonly<Record<string, unknown>>): void {
    const { link, session } = this.#options;
    const { width = 0, height = 0 } = chooseTracks(this.#all, this.#wanted).find(isVideo) ?? {};
    const streams = this.#all.map(({ payload: _, ...facts }) => facts);
    link.sendText(
      JSON.stringify({ type, session_id: session.id, ...more, metadata: { width, height, streams } }),
    );
  }

  #event(event: string): void {
    this.#options.link.sendText(JSON.stringify({ type: "event", event }));
  }
}

function isVideo({ content }: LaneTrack): boolean {
  return content === "video";
}

/** What a decoder has to know, of all tracks. */
function codingOf(tracks: readonly LaneTrack[]): string {
  return tracks.map(({ track_id, mime, payload }) => `${track_id}:${mime}:${payload}`).join(" ");
}
