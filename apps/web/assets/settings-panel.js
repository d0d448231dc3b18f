import { make } from "./dom.js";
import { FORMATS } from "./formats.js";

/** @typedef {import("./page-parts.js").Parts} Parts */
/** @typedef {import("./playback.js").Playback} Playback */
/** @typedef {import("./playback.js").Choice} Choice */
/** @typedef {import("./playback.js").Group} Group */

/** @type {[Group, string][]} */
const GROUPS = [
  ["quality", "Quality"],
  ["language", "Sound"],
  ["subtitles", "Subtitles"],
];

/** Quality, sound, subtitles and delivery, as lists of radio buttons. */
export class SettingsPanel {
  #parts;
  #playback;
  #view;
  #onChange;
  #shown = "";

  /**
   * @param {object} of
   * @param {Parts} of.parts
   * @param {Playback} of.playback
   * @param {{ stats: boolean }} of.view
   * @param {() => void} of.onChange
   */
  constructor({ parts, playback, view, onChange }) {
    this.#parts = parts;
    this.#playback = playback;
    this.#view = view;
    this.#onChange = onChange;
    parts.openSettings.addEventListener("click", () => (this.isOpen ? this.close() : this.open()));
    document.addEventListener("pointerdown", ({ target }) => {
      const isInside = target instanceof Node && parts.settings.contains(target);
      // The video and the button close it themselves.
      if (this.isOpen && !isInside && target !== parts.video && !contains(parts.openSettings, target))
        this.close();
    });
  }

  get isOpen() {
    return !this.#parts.settings.hidden;
  }

  open() {
    const { settings, openSettings } = this.#parts;
    settings.hidden = false;
    openSettings.setAttribute("aria-expanded", "true");
    this.render();
    settings.querySelector("input")?.focus();
  }

  close() {
    const { settings, openSettings } = this.#parts;
    const hadFocus = settings.contains(document.activeElement);
    settings.hidden = true;
    openSettings.setAttribute("aria-expanded", "false");
    if (hadFocus) openSettings.focus();
  }

  /** Made anew only when something in it changed: the focus stays. */
  render() {
    if (!this.isOpen) return;
    const choices = this.#playback.player?.choices();
    const delivery = this.#delivery();
    const shown = JSON.stringify([choices, delivery, this.#view.stats]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const { settings } = this.#parts;
    const focused = document.activeElement?.id;
    settings.replaceChildren(
      ...GROUPS.flatMap(([group, title]) => this.#list(group, title, choices?.[group] ?? [])),
      ...this.#list("delivery", "Delivery", delivery),
      this.#statsLine(),
    );
    if (focused) document.getElementById(focused)?.focus();
  }

  /** @returns {Choice[]} */
  #delivery() {
    const { chosenFormat, format, formats, moved } = this.#playback;
    const now = moved ? FORMATS[format]?.short : undefined;
    const auto = now && chosenFormat === "auto" ? `Automatic (${now})` : "Automatic";
    return [
      { id: "auto", label: auto, chosen: chosenFormat === "auto" },
      ...formats.map((id) => ({
        id,
        label: FORMATS[id]?.label ?? id,
        chosen: chosenFormat === id,
      })),
    ];
  }

  /**
   * @param {Group | "delivery"} group
   * @param {string} title
   * @param {Choice[]} choices
   */
  #list(group, title, choices) {
    if (choices.length === 0) return [];
    const lines = choices.map(({ id, label, chosen }) => {
      const input = make("input", { type: "radio", name: group, id: `${group}-${id}`, value: id });
      input.checked = chosen;
      input.addEventListener("change", () => this.#choose(group, id));
      return make("label", {}, input, make("span", {}, label));
    });
    return [make("fieldset", {}, make("legend", {}, title), ...lines)];
  }

  #statsLine() {
    const input = make("input", { type: "checkbox", id: "show-stats" });
    input.checked = this.#view.stats;
    input.addEventListener("change", () => {
      this.#view.stats = input.checked;
      this.#onChange();
    });
    return make("fieldset", {}, make("label", {}, input, make("span", {}, "Statistics")));
  }

  /**
   * @param {Group | "delivery"} group
   * @param {string} id
   */
  #choose(group, id) {
    if (group === "delivery") this.#playback.setFormat(id);
    else this.#playback.player?.choose(group, id);
    this.#onChange();
  }
}

/**
 * @param {Node} node
 * @param {EventTarget | null} target
 */
function contains(node, target) {
  return target instanceof Node && node.contains(target);
}
