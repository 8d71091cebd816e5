// Elements of the page, and numbers as people read them.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes (functions listen: onclick), and texts or elements in it. */
export function element(name, attributes = {}, ...content) {
  return filled(document.createElement(name), attributes, content);
}

/** The same of a drawing. */
export function shape(name, attributes = {}, ...content) {
  return filled(document.createElementNS(SVG, name), attributes, content);
}

function filled(made, attributes, content) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...content.flat().filter((one) => one !== null && one !== undefined));
  return made;
}

/** A button that does something. */
export function button(text, onclick, attributes = {}) {
  return element("button", { type: "button", onclick, ...attributes }, text);
}

let fields = 0;

/** A labelled field: [what stands on the page, the field]. */
export function field(label, name, attributes = {}, ...content) {
  const own = element(name, { id: `field-${++fields}`, ...attributes }, ...content);
  return [element("div", { class: "field" }, element("label", { for: own.id }, label), own), own];
}

/** A choice of a file: [what stands on the page, the field]. */
export function fileField(label, accept, onfile) {
  const [place, own] = field(label, "input", { type: "file", accept });
  own.addEventListener("change", () => own.files.length && onfile(own.files[0]));
  return [place, own];
}

/** A number with as many digits as tell something. */
export function shown(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(2);
  return String(Number(value.toPrecision(size >= 1000 ? 7 : 5)));
}

/** A share as percent. */
export function percent(share) {
  return share > 0 && share < 0.001 ? "<0.1%" : `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;
}

/** Milliseconds. */
export function milliseconds(value) {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

/** Any value of an answer as a short text. */
export function brief(value, most = 4) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return shown(value);
  if (Array.isArray(value)) {
    const some = value
      .slice(0, most)
      .map((one) => brief(one, 2))
      .join(", ");
    return value.length > most ? `${some}, … (${value.length})` : some || "none";
  }
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

/** A function that does something once before the next frame is shown, however often it is called. */
export function atFrame(doing) {
  let waits = false;
  return () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      doing();
    });
  };
}
