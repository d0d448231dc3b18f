import { make, setText } from "./dom.js";
import { formatBitrate, formatCount } from "./format.js";
import { stateOf, tracksText } from "./stream-state.js";

/** @typedef {import("@millrace/model").StreamInfo} StreamInfo */
/**
 * The nodes of one stream's line, kept from one refresh to the next so that the keyboard focus stays.
 * @typedef {{ item: HTMLLIElement, button: HTMLButtonElement, state: Element, tracks: HTMLElement, numbers: Element }} Line
 */

/** The list of streams, one button each. */
export class StreamList {
  /** @type {Map<string, Line>} */
  #lines = new Map();
  #list;
  #select;

  /**
   * @param {HTMLElement} list
   * @param {(name: string) => void} select
   */
  constructor(list, select) {
    this.#list = list;
    this.#select = select;
  }

  /**
   * @param {readonly StreamInfo[]} streams
   * @param {string | undefined} selected
   * @param {string} filter
   */
  update(streams, selected, filter) {
    const names = new Set(streams.map((stream) => stream.name));
    for (const [name, line] of this.#lines) {
      if (names.has(name)) continue;
      line.item.remove();
      this.#lines.delete(name);
    }
    const wanted = filter.trim().toLowerCase();
    streams.forEach((stream, index) => {
      const line = this.#lines.get(stream.name) ?? this.#add(stream.name);
      if (this.#list.children[index] !== line.item) {
        this.#list.insertBefore(line.item, this.#list.children[index] ?? null);
      }
      line.item.hidden = !stream.name.toLowerCase().includes(wanted);
      fill(line, stream, stream.name === selected);
    });
  }

  /** @param {string} name */
  #add(name) {
    const state = make("span", { class: "state" });
    const tracks = make("span", { class: "tracks" });
    const numbers = make("span", { class: "numbers" });
    const top = make("span", { class: "top" }, make("span", { class: "name" }, name), state);
    const button = make("button", { type: "button", class: "stream" }, top, tracks, numbers);
    button.addEventListener("click", () => this.#select(name));
    const line = { item: make("li", {}, button), button, state, tracks, numbers };
    this.#lines.set(name, line);
    return line;
  }
}

/**
 * @param {Line} line
 * @param {StreamInfo} stream
 * @param {boolean} selected
 */
function fill(line, stream, selected) {
  const state = stateOf(stream);
  if (selected) line.button.setAttribute("aria-current", "true");
  else line.button.removeAttribute("aria-current");
  line.button.dataset["state"] = state.key;
  setText(line.state, state.text);
  const tracks = tracksText(stream.tracks);
  line.tracks.hidden = tracks === "";
  setText(line.tracks, tracks);
  const viewers = formatCount(stream.viewers, "viewer", "viewers");
  setText(line.numbers, `${formatBitrate(stream.bitrate)} · ${viewers}`);
}
