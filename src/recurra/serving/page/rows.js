// A way in for rows of columns: a form, or a pasted table that goes row by row through the live session.

import { AnswerTable } from "./answer.js";
import { Bars, sharesOf } from "./bars.js";
import { Chart } from "./chart.js";
import { atFrame, button, element, field, fileField } from "./dom.js";
import { FaultPlace } from "./fault.js";
import { Course } from "./course.js";
import { rowsOf } from "./table.js";

const MOST_FIELDS = 24;
const LISTS = ["frames", "samples", "image"]; // columns whose values are lists

export const rowsWay = {
  name: "rows",
  title: "Live rows",
  fits: (model) => model.streams,
  lives: () => true,

  open(model, session) {
    const table = new AnswerTable();
    const chart = new Chart("Values by row");
    const scores = new Chart("Score by row");
    const bars = new Bars("What it would be now");
    const faults = new FaultPlace();
    const course = new Course(model);
    const draw = atFrame(() => {
      chart.show(course.drawing());
      scores.show(course.scores());
    });
    session.addEventListener("answer", ({ detail }) => {
      table.add(detail);
      course.add(detail);
      const shares = sharesOf(detail.answers.at(-1));
      if (shares !== null) bars.show(shares);
      draw();
    });
    session.addEventListener("begin", () => {
      [table, bars, course, faults].forEach((one) => one.clear());
      draw();
    });
    session.addEventListener("fault", ({ detail }) => faults.show(detail.fault));
    const ways = [formOf(model, session, faults), pasteOf(model, session, faults)];
    return element(
      "div",
      { class: "stack" },
      ways,
      faults.element,
      bars.element,
      chart.element,
      scores.element,
      table.element,
    );
  },
};

/** What a model's rows may hold: its own columns, then a time. */
export function columnsOf(model) {
  const known = new Map((model.reads.columns ?? []).map((one) => [one.name, one]));
  const own = model.columns.map((name) => known.get(name) ?? { name, kind: "number" });
  const time = model.reads.time;
  if (!time || model.columns.includes(time)) return own;
  return [{ name: time, kind: "time", optional: true }, ...own];
}

function holdsList(column) {
  return LISTS.includes(column.name);
}

function formOf(model, session, faults) {
  const columns = columnsOf(model);
  if (!columns.length || columns.length > MOST_FIELDS || columns.some(holdsList)) return null;
  const fields = columns.map((one) => [one, ...fieldOf(one)]);
  const send = (event) => {
    event.preventDefault();
    faults.clear();
    const given = fields.filter(([one, , own]) => own.value !== "" || !one.optional);
    session.send(
      Object.fromEntries(given.map(([one, , own]) => [one.name, own.value === "" ? null : own.value])),
    );
    const first = fields.find(([one]) => one.kind === "number") ?? fields[0];
    first[2].focus();
    first[2].select?.();
  };
  const submit = element("button", { type: "submit", class: "primary" }, "Send");
  return element(
    "form",
    { class: "card fields", onsubmit: send, autocomplete: "off" },
    fields.map(([, place]) => place),
    submit,
  );
}

/** The field of a column: [what stands on the page, the field]. */
export function fieldOf(column) {
  const label = column.optional ? `${column.name} (may be empty)` : column.name;
  if (column.kind === "category" && column.values?.length) {
    return field(
      label,
      "select",
      { name: column.name },
      column.values.map((one) => element("option", {}, one)),
    );
  }
  return field(label, "input", {
    name: column.name,
    inputmode: column.kind === "number" ? "decimal" : "text",
  });
}

function pasteOf(model, session, faults) {
  const columns = columnsOf(model);
  const names = columns.map((one) => one.name);
  const isNested = columns.some(holdsList) || columns.length > MOST_FIELDS;
  const example = isNested ? `{"${names[0]}": …}` : `${names.join(",")}\n…`;
  const [place, area] = field(
    isNested ? "Rows: JSON in lines" : "Several rows: CSV, or JSON in lines",
    "textarea",
    {
      rows: 5,
      placeholder: example,
      spellcheck: "false",
      name: "rows",
    },
  );
  const send = () =>
    faults.watch(() => rowsOf(area.value, model.columns).forEach((row) => session.send(row)));
  const load = async (file) => {
    area.value = await file.text();
    send();
  };
  const [filePlace] = fileField("or a file", ".csv,.tsv,.txt,.json,.jsonl,.ndjson", load);
  return element(
    "div",
    { class: "card" },
    place,
    element("div", { class: "actions" }, button("Send rows", send), filePlace),
  );
}
