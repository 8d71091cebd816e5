// Bars of shares that move.

import { element, percent } from "./dom.js";

const MOST = 12;

/** The shares of classes in an answer: {label: share}; null if it has none. */
export function sharesOf(answer) {
  const own = Object.entries(answer).filter(
    ([key, value]) => key.startsWith("p_") && typeof value === "number",
  );
  return own.length ? Object.fromEntries(own.map(([key, value]) => [key.slice(2), value])) : null;
}

/** Bars of shares, each at its place as long as the labels stay the same. */
export class Bars {
  #rows = new Map();

  constructor(title) {
    this.list = element("ul", { class: "bars", "aria-label": title });
    this.element = element("section", { class: "card", hidden: true }, element("h2", {}, title), this.list);
  }

  /** Show shares by label; labels keep their order, or stand by size where they change all the time. */
  show(shares) {
    const all = Object.entries(shares ?? {});
    this.element.hidden = !all.length;
    const likely = new Set(
      [...all]
        .sort((a, b) => b[1] - a[1])
        .slice(0, MOST)
        .map(([label]) => label),
    );
    const some = all.filter(([label]) => likely.has(label));
    const largest = Math.max(...some.map(([, share]) => share), 0);
    const rows = some.map(([label, share]) => this.#row(label, share, share === largest));
    if (rows.some((row, at) => this.list.children[at] !== row) || rows.length !== this.list.children.length) {
      this.list.replaceChildren(...rows);
    }
  }

  clear() {
    this.#rows.clear();
    this.show({});
  }

  #row(label, share, isLargest) {
    const row =
      this.#rows.get(label) ??
      element(
        "li",
        {},
        element("span", { class: "label" }, label),
        element("span", { class: "track" }, element("i")),
        element("span", { class: "share" }),
      );
    this.#rows.set(label, row);
    row.classList.toggle("largest", isLargest);
    row.querySelector("i").style.width = `${100 * Math.min(1, Math.max(0, share))}%`;
    row.querySelector(".share").textContent = percent(share);
    return row;
  }
}
