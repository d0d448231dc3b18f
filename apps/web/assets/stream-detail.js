import { make, setText } from "./dom.js";
import { EndList, inputEnd, outputEnd } from "./end-list.js";
import { formatBitrate, formatBytes, formatCount } from "./format.js";
import { addressesOf, playersOf, stateOf, streamPath, tracksText } from "./stream-state.js";

/** @typedef {import("@millrace/model").StreamInfo} StreamInfo */

/** The selected stream: player, addresses, inputs and outputs. */
export class StreamDetail {
  #root;
  #said;
  #shown = "";
  #facts = make("p", { class: "facts" });
  #inputs = new EndList("None: it waits for a publisher.");
  #outputs = new EndList("");
  #outputsTitle = make("h3", {}, "Outputs");
  #state = make("span", { class: "state" });
  #title = make("div", { class: "title" });

  /**
   * @param {HTMLElement} root
   * @param {(text: string) => void} said reads a text out
   */
  constructor(root, said) {
    this.#root = root;
    this.#said = said;
  }

  /** @param {StreamInfo} stream */
  update(stream) {
    if (this.#shown !== stream.name) this.#build(stream.name);
    const state = stateOf(stream);
    this.#title.dataset["state"] = state.key;
    setText(this.#state, state.text);
    const facts = [
      tracksText(stream.tracks),
      formatBitrate(stream.bitrate),
      formatCount(stream.viewers, "viewer", "viewers"),
      `${formatBytes(stream.bytesIn)} received`,
    ];
    setText(this.#facts, facts.filter(Boolean).join(" · "));
    this.#inputs.update(stream.inputs.map(inputEnd));
    this.#outputs.update(stream.pushes.map(outputEnd));
    this.#outputsTitle.hidden = this.#outputs.root.hidden = stream.pushes.length === 0;
  }

  /** @param {string} name */
  #build(name) {
    this.#shown = name;
    const player = make("iframe", {
      src: `${streamPath(name)}/embed.html?muted=1`,
      title: `Player of ${name}`,
      allow: "autoplay; fullscreen",
      class: "player",
    });
    this.#title.replaceChildren(make("h2", { id: "detail-title" }, name), this.#state);
    this.#root.replaceChildren(
      this.#title,
      player,
      this.#facts,
      playerLinks(name),
      make("h3", {}, "Addresses"),
      make(
        "ul",
        { class: "addresses" },
        ...addressesOf(location.origin, name).map((entry) => this.#address(...entry)),
      ),
      make("h3", {}, "Inputs"),
      this.#inputs.root,
      this.#outputsTitle,
      this.#outputs.root,
    );
  }

  /**
   * @param {string} label
   * @param {string} url
   */
  #address(label, url) {
    const id = `address-${label.toLowerCase().replace(/\W/g, "-")}`;
    const field = make("input", { id, type: "text", readonly: "", value: url, spellcheck: "false" });
    field.addEventListener("focus", () => field.select());
    const button = make("button", { type: "button", "aria-label": `Copy ${label}` }, "Copy");
    /** @param {boolean} copied */
    const tell = (copied) => {
      setText(button, copied ? "Copied" : "Press Ctrl+C");
      this.#said(copied ? `${label} copied` : `${label} is selected: press Control C`);
      setTimeout(() => setText(button, "Copy"), 2000);
    };
    button.addEventListener("click", () => void copy(field).then(tell));
    return make("li", {}, make("label", { for: id }, label), field, button);
  }
}

/** @param {string} name */
function playerLinks(name) {
  const links = playersOf(name).map(([label, path]) =>
    make("li", {}, make("a", { href: path, target: "_blank", rel: "noopener" }, label)),
  );
  return make("nav", { class: "players", "aria-label": "Open a player" }, make("ul", {}, ...links));
}

/**
 * Copies a field's text; where the browser forbids that (no HTTPS), selects it.
 * @param {HTMLInputElement} field
 */
async function copy(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.focus();
    field.select();
    return document.execCommand("copy");
  }
}
