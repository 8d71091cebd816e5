// What a session said of its rows, newest first.

import { element } from "./dom.js";
import { faultBox, Fault } from "./fault.js";
import { cellOf, headOf } from "./table.js";

const KEPT = 200;
const MOST_GIVEN = 6;

/** A table of rows and answers. */
export class AnswerTable {
  #names = [];

  constructor() {
    this.head = element("tr");
    this.body = element("tbody");
    const table = element(
      "table",
      {},
      element("caption", {}, "Answers, newest first"),
      element("thead", {}, this.head),
      this.body,
    );
    this.element = element(
      "div",
      { class: "scroll card", tabindex: "0", role: "region", "aria-label": "Answers", hidden: true },
      table,
    );
  }

  clear() {
    this.#names = [];
    this.head.replaceChildren();
    this.body.replaceChildren();
    this.element.hidden = true;
  }

  add({ number, row, answers }) {
    for (const answer of answers) {
      if (answer.error !== undefined) this.#addFault(number, answer);
      else this.#addAnswer(number, row, answer);
    }
    this.element.hidden = false;
    while (this.body.children.length > KEPT) this.body.lastChild.remove();
  }

  #addAnswer(number, row, answer) {
    const given = Object.entries(row ?? {})
      .filter(([name]) => !(name in answer))
      .slice(0, MOST_GIVEN);
    const told = Object.entries(answer).filter(([name]) => name !== "notes");
    told.sort(([, one], [, other]) => isWords(one) - isWords(other));
    const cells = { row: number, ...Object.fromEntries(given), ...Object.fromEntries(told) };
    const added = Object.keys(cells).filter((name) => !this.#names.includes(name));
    this.#names.push(...added);
    this.head.append(...added.map((name) => headOf(name, cells[name])));
    this.body.prepend(
      element(
        "tr",
        { "data-row": number },
        this.#names.map((name) => cellOf(cells[name] ?? null)),
      ),
      ...(answer.notes ?? []).map((note) => wideRow(number, "note", note)),
    );
  }

  #addFault(number, answer) {
    this.body.prepend(wideRow(number, "wrong", faultBox(Fault.ofLine(answer))));
  }
}

/** Lists of words, such as times, stand behind what is told of them. */
function isWords(value) {
  return Array.isArray(value) && typeof value[0] === "string";
}

function wideRow(number, kind, content) {
  return element(
    "tr",
    { class: kind, "data-row": number },
    element("td", { class: "number" }, kind === "note" ? "" : String(number)),
    element("td", { colspan: 30 }, content),
  );
}
