// Notes as a drawing, and a keyboard.

import { element, shape } from "./dom.js";
import { endOf, nameOf } from "./notation.js";

const STEP = 12;
const ROW = 7;
const BLACK = [1, 3, 6, 8, 10];

/** A piano roll; notes before a step are those that were given. */
export class Roll {
  constructor() {
    this.svg = shape("svg", { class: "roll", role: "img", "aria-label": "Notes over time" });
    this.place = shape("line", { class: "place" });
    this.element = element(
      "div",
      {
        class: "scroll card roll-place",
        tabindex: "0",
        role: "region",
        "aria-label": "Piano roll",
        hidden: true,
      },
      this.svg,
    );
  }

  show(notes, given = 0) {
    this.element.hidden = !notes.length;
    if (!notes.length) return;
    const keys = notes.map((one) => one.key);
    const [low, high] = [Math.min(...keys) - 2, Math.max(...keys) + 2];
    const [width, height] = [Math.max(endOf(notes), 24) * STEP + 40, (high - low + 1) * ROW];
    const y = (key) => (high - key) * ROW;
    const rules = Array.from({ length: high - low + 1 }, (_, at) => low + at).filter((key) => key % 12 === 0);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("width", width);
    this.svg.setAttribute("height", height);
    this.svg.replaceChildren(
      ...rules.flatMap((key) => [
        shape("line", { class: "rule", x1: 36, x2: width, y1: y(key) + ROW, y2: y(key) + ROW }),
        shape("text", { class: "tick", x: 0, y: y(key) + ROW }, nameOf(key)),
      ]),
      ...notes.map((one) =>
        shape(
          "rect",
          {
            class: one.start < given ? "given" : "made",
            x: 36 + one.start * STEP,
            y: y(one.key),
            width: one.length * STEP - 1,
            height: ROW - 1,
            rx: 2,
          },
          shape("title", {}, nameOf(one.key)),
        ),
      ),
      this.place,
    );
    this.mark(null);
  }

  /** Where it is played now; null: nowhere. */
  mark(step) {
    const x = 36 + (step ?? 0) * STEP;
    const own = {
      x1: x,
      x2: x,
      y1: 0,
      y2: this.svg.getAttribute("height") ?? 0,
      visibility: step === null ? "hidden" : "visible",
    };
    for (const [name, value] of Object.entries(own)) this.place.setAttribute(name, value);
    if (step !== null && x > this.element.scrollLeft + this.element.clientWidth)
      this.element.scrollLeft = x - 40;
  }
}

/** A keyboard from one key to another; arrow keys go along it. */
export function keyboard(low, high, onkey) {
  const keys = Array.from({ length: high - low + 1 }, (_, at) => low + at);
  const made = keys.map((key) => {
    const name = nameOf(key);
    const attributes = {
      type: "button",
      class: BLACK.includes(key % 12) ? "black" : "white",
      "aria-label": name,
      tabindex: key === low ? "0" : "-1",
      onclick: () => onkey(key),
    };
    return element("button", attributes, key % 12 === 0 ? element("span", {}, name) : "");
  });
  const move = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const to = made[made.indexOf(document.activeElement) + (step ?? 0)];
    if (!step || !to) return;
    made.forEach((one) => (one.tabIndex = one === to ? 0 : -1));
    to.focus();
    event.preventDefault();
  };
  return element(
    "div",
    { class: "keyboard", role: "toolbar", "aria-label": "Keyboard", onkeydown: move },
    made,
  );
}
