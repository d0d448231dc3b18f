import { make } from "./dom.js";

/** @typedef {import("@millrace/model").InputInfo} InputInfo */
/** @typedef {import("@millrace/model").StreamInfo} StreamInfo */
/**
 * Where a stream comes from or goes to.
 * @typedef {{ url: string, key: string, state: string, error: string }} End
 */

/** A list of inputs or outputs. A line is made anew only when it changed. */
export class EndList {
  root = make("ul", { class: "ends" });
  #none;
  #shown = "";

  /** @param {string} none said when there is nothing to list */
  constructor(none) {
    this.#none = none;
  }

  /** @param {readonly End[]} ends */
  update(ends) {
    const shown = JSON.stringify(ends);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const lines = ends.map((end) => {
      const line = make("li", { "data-state": end.key }, make("span", { class: "state" }, end.state));
      line.append(make("code", {}, end.url));
      if (end.error !== "") line.append(make("span", { class: "error" }, end.error));
      return line;
    });
    this.root.replaceChildren(...(lines.length > 0 ? lines : [make("li", { class: "none" }, this.#none)]));
  }
}

/** @type {Record<InputInfo["state"], string>} */
const INPUT_STATES = {
  active: "in use",
  alive: "standing by",
  connecting: "connecting",
  idle: "not tried",
  failed: "failed",
};

/**
 * @param {InputInfo} input
 * @returns {End}
 */
export function inputEnd(input) {
  const error = input.state === "active" ? "" : (input.lastError ?? "");
  return { url: input.url, key: input.state, state: INPUT_STATES[input.state] ?? input.state, error };
}

/**
 * @param {StreamInfo["pushes"][number]} push
 * @returns {End}
 */
export function outputEnd(push) {
  const retries = Number(push["retries"] ?? 0);
  const state = retries === 0 ? "sending" : `${retries} retries`;
  return {
    url: String(push["url"] ?? ""),
    key: retries === 0 ? "active" : "connecting",
    state,
    error: String(push["lastError"] ?? ""),
  };
}
