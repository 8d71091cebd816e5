// Tables: what people paste as rows, and rows as a table on the page.

import { brief, element } from "./dom.js";
import { Fault } from "./fault.js";

const MOST_CELLS = 14;
const SEPARATORS = ["\t", ";", ","];

/**
 * The rows of a text: a list of JSON, lines of JSON, or a table with a line of names (where it has none, its
 * columns are those named). Cells stay texts, which the server reads as `recurra stream` does; empty ones are null.
 */
export function rowsOf(text, columns) {
  const begins = text.trimStart()[0];
  if (begins === undefined) throw new Fault("nothing", "rows of a table", "Paste some.");
  if (begins === "[" || begins === "{") return rowsOfJson(text.trim(), columns);
  const lines = text.split(/\r?\n/).filter((line) => line.trim());
  const separator = SEPARATORS.find((one) => lines[0].includes(one)) ?? ",";
  const cells = lines.map((line) => cellsOf(line, separator));
  const named = !cells[0].some((one) => one === "" || !Number.isNaN(Number(one)));
  const names = named ? cells.shift() : columns;
  const wrong = cells.findIndex((row) => row.length !== names.length);
  if (wrong >= 0) {
    const remedy = "Correct the line, or begin with a line of the columns' names.";
    throw new Fault(
      `${cells[wrong].length} values in row ${wrong + 1}`,
      `${names.length}: ${names.join(", ")}`,
      remedy,
    );
  }
  return cells.map((row) =>
    Object.fromEntries(names.map((name, at) => [name, row[at] === "" ? null : row[at]])),
  );
}

function rowsOfJson(text, columns) {
  let rows;
  try {
    rows = [JSON.parse(text)].flat();
    if (rows.length && !Array.isArray(JSON.parse(text)) && Array.isArray(rows[0].rows)) rows = rows[0].rows;
  } catch {
    rows = text
      .split(/\r?\n/)
      .filter((line) => line.trim())
      .map(parsedLine);
  }
  return rows.map((row, at) => {
    if (Array.isArray(row))
      return Object.fromEntries(columns.map((name, place) => [name, row[place] ?? null]));
    if (row === null || typeof row !== "object")
      throw new Fault(
        `row ${at + 1} is ${JSON.stringify(row)}`,
        "an object, or a list of values",
        "Correct it.",
      );
    return row;
  });
}

function parsedLine(line, at) {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new Fault(`line ${at + 1} is no JSON (${error.message})`, "an object in each line", "Correct it.");
  }
}

function cellsOf(line, separator) {
  const quoted = /"((?:[^"]|"")*)"|([^"]*)/y;
  const cells = [];
  for (let at = 0; at <= line.length;) {
    quoted.lastIndex = at;
    const own = line[at] === '"' ? quoted.exec(line) : null;
    const end = line.indexOf(separator, own === null ? at : quoted.lastIndex);
    const stop = end < 0 ? line.length : end;
    cells.push((own === null ? line.slice(at, stop) : own[1].replaceAll('""', '"')).trim());
    at = stop + 1;
  }
  return cells;
}

/** Rows (objects) as a table, with the columns of all of them. */
export function tableOf(rows, most = 200) {
  const some = rows.slice(0, most);
  const names = [...new Set(some.flatMap((row) => Object.keys(row)))].slice(0, MOST_CELLS);
  const head = element(
    "tr",
    {},
    names.map((name) => headOf(name, some[0][name])),
  );
  const body = some.map((row) =>
    element(
      "tr",
      {},
      names.map((name) => cellOf(row[name])),
    ),
  );
  const table = element("table", {}, element("thead", {}, head), element("tbody", {}, body));
  const more =
    rows.length > most ? element("p", { class: "lead" }, `The first ${most} of ${rows.length} rows.`) : null;
  return element(
    "div",
    {},
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Rows" }, table),
    more,
  );
}

/** The head of a column of such values. */
export function headOf(name, value) {
  return element("th", { scope: "col", class: typeof value === "number" ? "number" : "words" }, name);
}

/** A cell; numbers stand at the right. */
export function cellOf(value) {
  const isNumber = typeof value === "number";
  const text = brief(value);
  return element(
    "td",
    { class: isNumber ? "number" : "words", title: isNumber || Array.isArray(value) ? String(value) : false },
    text.length > 120 ? `${text.slice(0, 119)}…` : text,
  );
}
