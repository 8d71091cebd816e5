// A line chart that grows: lines, bands around them, and marks.

import { element, shape, shown } from "./dom.js";

const HEIGHT = 240;
const MARGIN = { top: 10, right: 10, bottom: 24 };

/** Round numbers between two, about so many. */
export function ticks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= rough * 0.999);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at += 1)
    found.push(Number((at * step).toPrecision(12)));
  return found;
}

/**
 * What is drawn: {lines: [{name, role, points: [[x, y]]}], bands: [{role, points: [[x, low, high]]}],
 * marks: [[x, y, text]]}; x are numbers of rows.
 */
export class Chart {
  #drawn = { lines: [], bands: [], marks: [] };

  constructor(description) {
    this.description = description;
    this.svg = shape("svg", { role: "img", "aria-label": description });
    this.legend = element("ul", { class: "legend" });
    this.element = element("figure", { class: "drawing", hidden: true }, this.legend, this.svg);
    new ResizeObserver(() => this.#draw()).observe(this.element);
  }

  show(drawn) {
    this.#drawn = { lines: [], bands: [], marks: [], ...drawn };
    this.element.hidden = !this.#drawn.lines.some((line) => line.points.length);
    this.legend.replaceChildren(...this.#entries());
    this.#draw();
  }

  #entries() {
    const lines = this.#drawn.lines.filter((line) => line.points.length && line.name);
    const bands = this.#drawn.bands.filter((band) => band.points.length && band.name);
    return [
      ...lines.map((one) => element("li", {}, element("span", { class: `stroke ${one.role}` }), one.name)),
      ...bands.map((one) => element("li", {}, element("span", { class: `area ${one.role}` }), one.name)),
      ...(this.#drawn.marks.length
        ? [element("li", {}, element("span", { class: "dot" }), this.#drawn.markName ?? "marked")]
        : []),
    ];
  }

  #draw() {
    const width = this.svg.clientWidth;
    const { lines, bands, marks } = this.#drawn;
    const points = [
      ...lines.flatMap((one) => one.points),
      ...bands.flatMap((one) =>
        one.points.flatMap(([x, low, high]) => [
          [x, low],
          [x, high],
        ]),
      ),
    ];
    const known = points.filter(([, y]) => Number.isFinite(y));
    if (width === 0 || !known.length) return this.svg.replaceChildren();
    const [x, y, axes] = scalesOf(known, width);
    const way = (some) => pathOf(some, x, y);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.svg.replaceChildren(
      ...axes,
      ...bands.map((one) => shape("path", { class: `band ${one.role}`, d: bandOf(one.points, x, y) })),
      ...lines.map((one) => shape("path", { class: `line ${one.role}`, d: way(one.points) })),
      ...lines
        .filter((one) => one.points.length === 1)
        .map((one) =>
          shape("circle", {
            class: `point ${one.role}`,
            cx: x(one.points[0][0]),
            cy: y(one.points[0][1]),
            r: 3,
          }),
        ),
      ...marks.map(([at, value, text]) =>
        shape("circle", { class: "mark", cx: x(at), cy: y(value), r: 5 }, shape("title", {}, text)),
      ),
    );
  }
}

function scalesOf(points, width) {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [x, y] of points) {
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [low, high] = [Math.min(low, y), Math.max(high, y)];
  }
  if (right === left) [left, right] = [left - 1, right + 1];
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  [low, high] = [low - room, high + room];
  const texts = ticks(low, high, 4).map((value) => [value, shown(value)]);
  const start = 12 + 7 * Math.max(...texts.map(([, text]) => text.length));
  const x = (value) => start + ((value - left) / (right - left)) * (width - start - MARGIN.right);
  const y = (value) => MARGIN.top + ((high - value) / (high - low)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const across = texts.flatMap(([value, text]) => [
    shape("line", { class: "rule", x1: start, x2: width - MARGIN.right, y1: y(value), y2: y(value) }),
    shape("text", { class: "tick", x: start - 6, y: y(value) + 4, "text-anchor": "end" }, text),
  ]);
  const along = ticks(left, right, Math.max(3, Math.floor(width / 110))).filter(Number.isInteger);
  const below = along.map((value) =>
    shape("text", { class: "tick", x: x(value), y: HEIGHT - 6, "text-anchor": "middle" }, String(value)),
  );
  return [x, y, [...across, ...below]];
}

function pathOf(points, x, y) {
  let [d, draws] = ["", false];
  for (const [at, value] of points) {
    if (Number.isFinite(value)) d += `${draws ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    draws = Number.isFinite(value);
  }
  return d;
}

function bandOf(points, x, y) {
  const known = points.filter(([, low, high]) => Number.isFinite(low) && Number.isFinite(high));
  const there = known.map(([at, , high]) => `${x(at).toFixed(1)} ${y(high).toFixed(1)}`);
  const back = known.map(([at, low]) => `${x(at).toFixed(1)} ${y(low).toFixed(1)}`).reverse();
  return known.length ? `M${[...there, ...back].join("L")}Z` : "";
}
