// A pad to draw on, with a pen, a finger, a mouse, or the arrow keys (Space lifts the pen and puts it down).

import { element, shape } from "./dom.js";

const SIZE = 280;
const STEP = 8;
const ARROWS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

/** Strokes of points [x, y, seconds, pressure]. Events: "point" (a point came), "lift" (the pen was lifted). */
export class Pad extends EventTarget {
  #lines = [];
  #begun = 0;
  #pen = [SIZE / 2, SIZE / 2];
  #down = false;

  constructor() {
    super();
    this.strokes = [];
    this.cursor = shape("circle", { class: "cursor", r: 4, cx: this.#pen[0], cy: this.#pen[1] });
    this.svg = shape(
      "svg",
      {
        class: "pad",
        viewBox: `0 0 ${SIZE} ${SIZE}`,
        tabindex: "0",
        role: "application",
        "aria-label": "Drawing pad: arrow keys move the pen, Space puts it down and lifts it",
      },
      this.cursor,
    );
    const at = (event) => {
      const box = this.svg.getBoundingClientRect();
      return [
        ((event.clientX - box.left) * SIZE) / box.width,
        ((event.clientY - box.top) * SIZE) / box.height,
        event.pressure || 0.5,
      ];
    };
    this.svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.svg.setPointerCapture(event.pointerId);
      this.#begin();
      this.#add(...at(event));
    });
    this.svg.addEventListener("pointermove", (event) => {
      if (!this.#down || !this.svg.hasPointerCapture(event.pointerId)) return;
      const every = event.getCoalescedEvents?.() ?? [];
      (every.length ? every : [event]).forEach((one) => this.#add(...at(one)));
    });
    for (const name of ["pointerup", "pointercancel"]) this.svg.addEventListener(name, () => this.#lift());
    this.svg.addEventListener("keydown", (event) => this.#press(event));
    this.element = element("div", { class: "pad-place" }, this.svg);
  }

  get size() {
    return SIZE;
  }

  clear() {
    this.strokes = [];
    this.#down = false;
    this.#lines.forEach((line) => line.remove());
    this.#lines = [];
  }

  #press(event) {
    if (event.key === " ") {
      if (this.#down) this.#lift();
      else {
        this.#begin();
        this.#add(...this.#pen, 0.5);
      }
    } else if (event.key in ARROWS) {
      this.#pen = this.#pen.map((one, axis) => Math.max(0, Math.min(SIZE, one + ARROWS[event.key][axis])));
      if (this.#down) this.#add(...this.#pen, 0.5);
      this.#show(...this.#pen);
    } else return;
    event.preventDefault();
  }

  #show(x, y) {
    this.cursor.setAttribute("cx", x);
    this.cursor.setAttribute("cy", y);
  }

  #begin() {
    this.#down = true;
    this.strokes.push([]);
    this.#lines.push(shape("polyline", { class: "ink" }));
    this.svg.append(this.#lines.at(-1));
  }

  #add(x, y, pressure) {
    const now = performance.now();
    if (this.strokes.length === 1 && !this.strokes[0].length) this.#begun = now;
    const stroke = this.strokes.at(-1);
    const last = stroke.at(-1);
    if (last && last[0] === x && last[1] === y) return;
    stroke.push([x, y, (now - this.#begun) / 1000, pressure]);
    this.#lines
      .at(-1)
      .setAttribute(
        "points",
        [...stroke, ...(stroke.length === 1 ? [[x + 0.1, y]] : [])]
          .map((one) => one.slice(0, 2).join(","))
          .join(" "),
      );
    this.#pen = [x, y];
    this.#show(x, y);
    this.dispatchEvent(new Event("point"));
  }

  #lift() {
    if (!this.#down) return;
    this.#down = false;
    this.dispatchEvent(new Event("lift"));
  }
}
