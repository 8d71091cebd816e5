// What went wrong: what came, what was expected, what to do.

import { element } from "./dom.js";

/** An error as the server tells it. */
export class Fault extends Error {
  constructor(got, expected = "", remedy = "", status = 0) {
    super(got);
    Object.assign(this, { got, expected, remedy, status });
  }

  /** The one in an answer of HTTP. */
  static async ofResponse(response) {
    const text = await response.text();
    try {
      const told = JSON.parse(text);
      return new Fault(told.error ?? told.title, told.expected, told.remedy, response.status);
    } catch {
      return new Fault(
        `an answer ${response.status} ${response.statusText}`,
        "a working server",
        "Try again.",
        response.status,
      );
    }
  }

  /** The one in a line of a live session. */
  static ofLine(line) {
    return new Fault(line.error, line.expected, line.remedy);
  }

  /** Any error. */
  static of(error) {
    if (error instanceof Fault) return error;
    if (error instanceof TypeError)
      return new Fault("the server does not answer", "a server that runs", "Start it again, or wait.");
    return new Fault(error.message ?? String(error));
  }
}

/** An error on the page. */
export function faultBox(fault) {
  const parts = [
    ["Came", fault.got],
    ["Expected", fault.expected],
    ["To do", fault.remedy],
  ];
  const pairs = parts.filter(([, text]) => text);
  return element(
    "div",
    { class: "fault", role: "alert" },
    element(
      "dl",
      {},
      pairs.map(([name, text]) => element("div", {}, element("dt", {}, name), element("dd", {}, text))),
    ),
  );
}

/** A place of a panel where the last error stands. */
export class FaultPlace {
  constructor() {
    this.element = element("div", { class: "faults" });
  }

  show(error) {
    this.element.replaceChildren(faultBox(Fault.of(error)));
  }

  clear() {
    this.element.replaceChildren();
  }

  /** Do something, and show what goes wrong; gives whether nothing did. */
  async watch(doing) {
    this.clear();
    try {
      await doing();
      return true;
    } catch (error) {
      if (error.name !== "AbortError") this.show(error);
      return false;
    }
  }
}
