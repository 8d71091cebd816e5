// Whole data at once: pasted, or a file; the answer is a table.

import { request, routeOf } from "./access.js";
import { Bars, sharesOf } from "./bars.js";
import { Chart } from "./chart.js";
import { drawingOfRows } from "./course.js";
import { button, element, field, fileField, milliseconds } from "./dom.js";
import { FaultPlace } from "./fault.js";
import { fieldOf } from "./rows.js";
import { tableOf } from "./table.js";

const TYPES = {
  json: "application/json",
  jsonl: "application/x-ndjson",
  ndjson: "application/x-ndjson",
  csv: "text/csv",
  tsv: "text/tab-separated-values",
  parquet: "application/vnd.apache.parquet",
  arrow: "application/vnd.apache.arrow.file",
  txt: "text/plain",
  wav: "audio/wav",
  flac: "audio/flac",
  ogg: "audio/ogg",
  mp3: "audio/mpeg",
  mid: "audio/midi",
  midi: "audio/midi",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  tif: "image/tiff",
  tiff: "image/tiff",
  webp: "image/webp",
  mp4: "video/mp4",
  webm: "video/webm",
  mkv: "video/x-matroska",
};
const MOST_FIELDS = 24;

/** What a model says of whole data: a list of rows. Throws a Fault. */
export async function predicted(model, body, type, options = {}) {
  const headers = { "Content-Type": type, Accept: "application/json" };
  const response = await request(routeOf(model, "predict", options), { method: "POST", headers, body });
  return Object.values(await response.json())[0];
}

/** The type of a pasted text. */
export function typeOf(text) {
  const begins = text.trimStart()[0];
  if (begins === "[") return TYPES.json;
  if (begins === "{") return text.trim().includes("\n{") ? TYPES.jsonl : TYPES.json;
  return text.split("\n")[0].includes("\t") ? TYPES.tsv : TYPES.csv;
}

export const wholeWay = {
  name: "whole",
  title: "Whole data",
  fits: (model) => model.predicts,
  lives: () => false,
  open: (model) => new Whole(model).element,
};

class Whole {
  constructor(model) {
    this.model = model;
    this.faults = new FaultPlace();
    this.bars = new Bars("Probabilities");
    this.chart = new Chart("The answer, by row");
    this.answer = element("section", { class: "card", hidden: true, "aria-live": "polite" });
    const [optionsPlace, options] = field("Options of the answer", "input", {
      name: "options",
      placeholder: "level=80 …",
      autocomplete: "off",
    });
    this.options = options;
    const isText = ["text", "corpus"].includes(model.input);
    const [pastePlace, area] = field(isText ? "Texts, one a line" : "Rows: CSV, or JSON", "textarea", {
      rows: 6,
      spellcheck: "false",
      name: "data",
      placeholder: this.#example(isText),
    });
    const [filePlace] = fileField(
      "or a file",
      Object.keys(TYPES)
        .map((one) => `.${one}`)
        .join(","),
      (file) => this.#askFile(file),
    );
    const ask = () =>
      this.#ask(area.value, isText && !/^\s*[[{]/.test(area.value) ? TYPES.txt : typeOf(area.value));
    const paste = element(
      "div",
      { class: "card" },
      pastePlace,
      element("div", { class: "fields" }, optionsPlace, filePlace),
      element("div", { class: "actions" }, button("Predict", ask, { class: "primary" })),
    );
    this.element = element(
      "div",
      { class: "stack" },
      this.#form(),
      paste,
      this.faults.element,
      this.bars.element,
      this.chart.element,
      this.answer,
    );
  }

  #example(isText) {
    const names = (this.model.reads.columns ?? []).map((one) => one.name);
    return isText ? "" : `${names.join(",") || "a line of names"}\n…`;
  }

  /** Fields of a row, where a row by itself is something to tell of. */
  #form() {
    const columns = this.model.input === "table" ? (this.model.reads.columns ?? []) : [];
    if (!columns.length || columns.length > MOST_FIELDS) return null;
    const fields = columns.map((one) => [one, ...fieldOf(one)]);
    const send = (event) => {
      event.preventDefault();
      const value = (one, own) =>
        own.value === ""
          ? null
          : one.kind === "number" && Number.isFinite(Number(own.value))
            ? Number(own.value)
            : own.value;
      this.#ask(
        JSON.stringify([Object.fromEntries(fields.map(([one, , own]) => [one.name, value(one, own)]))]),
        TYPES.json,
      );
    };
    const submit = element("button", { type: "submit", class: "primary" }, "Predict");
    return element(
      "form",
      { class: "card fields", onsubmit: send, autocomplete: "off" },
      fields.map(([, place]) => place),
      submit,
    );
  }

  #askFile(file) {
    const ending = file.name.split(".").at(-1).toLowerCase();
    return this.#ask(file, TYPES[ending] ?? (file.type || "application/octet-stream"));
  }

  async #ask(body, type) {
    const begun = performance.now();
    this.answer.setAttribute("aria-busy", "true");
    const went = await this.faults.watch(async () => {
      const options = Object.fromEntries(
        this.options.value
          .split(/\s+/)
          .filter(Boolean)
          .map((one) => [one.split("=")[0], one.split("=").slice(1).join("=")]),
      );
      this.#show(await predicted(this.model, body, type, options), performance.now() - begun);
    });
    this.answer.removeAttribute("aria-busy");
    if (!went) this.answer.hidden = this.bars.element.hidden = this.chart.element.hidden = true;
  }

  #show(rows, took) {
    this.bars.show(rows.length === 1 ? (sharesOf(rows[0]) ?? {}) : {});
    this.chart.show(drawingOfRows(this.model, rows));
    this.answer.hidden = false;
    const count = rows.length === 1 ? "1 row" : `${rows.length} rows`;
    this.answer.replaceChildren(
      element("h2", {}, "Answer"),
      element("p", { class: "lead" }, `${count} in ${milliseconds(took)}`),
      tableOf(rows),
    );
  }
}
