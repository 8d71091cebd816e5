// A pad with what is said of the drawing on it.

import { Bars, sharesOf } from "./bars.js";
import { button, element, milliseconds } from "./dom.js";
import { Fault, FaultPlace } from "./fault.js";
import { Pad } from "./pad.js";
import { tableOf } from "./table.js";

/** Shows answers of a session, if there is one, and those that are asked for. Calls `onclear`. */
export class Drawing {
  #asked = 0;

  constructor(model, session, beside = null) {
    this.pad = new Pad();
    this.onclear = () => undefined;
    this.faults = new FaultPlace();
    this.bars = new Bars("What it is");
    this.answer = element("section", { class: "card", hidden: true, "aria-live": "polite" });
    const clear = button("Clear", () => {
      this.#forget();
      this.onclear();
    });
    const hint = element(
      "p",
      { class: "lead" },
      session === null ? "It is read whenever the pen is lifted." : "It is read while it is drawn.",
    );
    const input = element(
      "div",
      { class: "card" },
      this.pad.element,
      hint,
      element("div", { class: "actions" }, clear),
      beside,
    );
    session?.addEventListener("answer", ({ detail }) => this.#show(detail.answers));
    session?.addEventListener("begin", () => this.#forget());
    session?.addEventListener("fault", ({ detail }) => this.faults.show(detail.fault));
    this.element = element(
      "div",
      { class: "stack" },
      element(
        "div",
        { class: "halves" },
        input,
        element("div", { class: "stack" }, this.bars.element, this.answer),
      ),
      this.faults.element,
    );
  }

  #forget() {
    this.pad.clear();
    this.bars.clear();
    this.faults.clear();
    this.answer.hidden = true;
    this.#asked += 1;
  }

  /** Ask for an answer (rows), and show it if nothing newer is asked. */
  ask(asking) {
    const number = ++this.#asked;
    const begun = performance.now();
    return this.faults.watch(async () => {
      const rows = await asking();
      if (number === this.#asked) this.#show(rows, performance.now() - begun);
    });
  }

  #show(rows, took = null) {
    const wrong = rows.find((row) => row.error !== undefined);
    if (wrong !== undefined) return this.faults.show(Fault.ofLine(wrong));
    const shares = rows.length === 1 ? sharesOf(rows[0]) : null;
    this.bars.show(shares ?? {});
    const told = rows.map((row) =>
      Object.fromEntries(Object.entries(row).filter(([key]) => shares === null || !key.startsWith("p_"))),
    );
    this.answer.hidden = false;
    this.answer.replaceChildren(
      element("h2", {}, "Answer"),
      ...(took === null ? [] : [element("p", { class: "lead" }, `in ${milliseconds(took)}`)]),
      tableOf(told),
    );
  }
}
