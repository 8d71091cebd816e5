// A way in for texts: what is typed goes through the live session word by word, or letter by letter.

import { Bars, sharesOf } from "./bars.js";
import { atFrame, button, element, field } from "./dom.js";
import { Fault, FaultPlace } from "./fault.js";

const ROLES = ["model", "reference", "third", "fourth"];
const MOST_BITS = 12; // from here on a surprise is drawn alike
const WORD = /\s*(?:\d+(?:[.,:]\d+)+|[\p{L}\p{N}\p{M}_]+(?:['’][\p{L}\p{N}\p{M}_]+)*|[^\s])/gu;
const SPACED = /\s*\S+/g;

/** The pieces in which a text is sent; the last word counts only when something stands behind it. */
export function piecesOf(text, model, isWhole) {
  if (model.reads.unit === "character") return [...text];
  const pattern = cutsWords(model) ? WORD : SPACED;
  const found = [...text.matchAll(pattern)].map((one) => one[0]);
  const ends = isWhole || text.length > found.join("").length;
  return ends || !found.length ? found : found.slice(0, -1);
}

/** Whether signs of punctuation are words of their own. */
function cutsWords(model) {
  return model.input === "text" && model.reads.unit === "word";
}

export const wordsWay = {
  name: "words",
  title: "Live text",
  fits: (model) => model.streams && ["text", "corpus"].includes(model.input),
  lives: () => true,

  open: (model, session) => new Words(model, session).element,
};

class Words {
  #sent = ""; // of the text
  #pieces = [];
  #answers = [];
  #ended = false;
  #steps = []; // the piece that each step was of, of which the first ones have tags
  #tagged = 0;
  #draw = atFrame(() => this.#drawNow());

  constructor(model, session) {
    this.model = model;
    this.session = session;
    this.faults = new FaultPlace();
    this.tokens = element("p", { class: "tokens", "aria-live": "polite" });
    this.total = element("p", { class: "lead" });
    this.answers = element(
      "section",
      { class: "card", hidden: true },
      element("h2", {}, "Read so far"),
      this.tokens,
      this.total,
    );
    this.bars = new Bars("What it is, as far as it was read");
    this.next = new Bars("What may come next");
    const [place, area] = field("Text", "textarea", {
      rows: 4,
      spellcheck: "false",
      autocapitalize: "off",
      name: "text",
      placeholder: "Type here; each word is read when a space or Enter follows.",
    });
    if (model.reads.unit === "character") area.placeholder = "Type here; each letter is read as it comes.";
    this.area = area;
    area.addEventListener("input", () => this.#read(false));
    area.addEventListener(
      "keydown",
      (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && this.#read(true),
    );
    const actions = [button("Read to the end", () => this.#read(true)), button("Clear", () => this.#clear())];
    session.addEventListener("answer", ({ detail }) => this.#answered(detail));
    session.addEventListener("begin", () => this.#forget());
    session.addEventListener("fault", ({ detail }) => this.faults.show(detail.fault));
    const input = element("div", { class: "card" }, place, element("div", { class: "actions" }, actions));
    this.element = element(
      "div",
      { class: "stack" },
      input,
      this.faults.element,
      this.answers,
      this.bars.element,
      this.next.element,
    );
  }

  #clear() {
    this.area.value = "";
    this.session.beginAnew();
    this.area.focus();
  }

  #forget() {
    this.#sent = "";
    this.#pieces = [];
    this.#answers = [];
    this.#steps = [];
    this.#tagged = 0;
    this.#ended = false;
    this.faults.clear();
    [this.bars, this.next].forEach((one) => one.clear());
    this.#draw();
  }

  /** Send what is new in the text; where what was sent has changed, all of it anew. */
  #read(isWhole) {
    const text = this.area.value;
    if (!text.startsWith(this.#sent) || (this.#ended && text !== this.#sent)) this.session.beginAnew();
    const pieces = piecesOf(text.slice(this.#sent.length), this.model, isWhole);
    for (const piece of pieces) {
      this.#sent += piece;
      this.#pieces.push(piece);
      this.session.send({ text: cutsWords(this.model) ? piece.trim() : piece });
    }
    if (isWhole && !this.#ended && this.#steps.length + pieces.length > this.#tagged && this.#lags()) {
      this.#ended = true;
      this.session.send({ sequence_end: true });
    }
    this.#draw();
  }

  #lags() {
    return this.#answers.some((answer) => answer.look_ahead);
  }

  #answered({ number, answers }) {
    const answer = answers[0];
    if (answer.error !== undefined) this.faults.show(Fault.ofLine(answer));
    this.#answers[number - 1] = answer;
    (answer.tags ?? []).forEach((tag) => this.#tag(number - 1, tag));
    const shares = sharesOf(answer);
    if (shares !== null) this.bars.show(shares);
    if (answer.next)
      this.next.show(
        Object.fromEntries(answer.next.map((one, at) => [visible(one), answer.probability[at]])),
      );
    this.#draw();
  }

  /** A step of a piece was read, and the next one without a tag has one. */
  #tag(piece, tag) {
    if (piece < this.#pieces.length) this.#steps.push({ piece, tag: null });
    if (tag !== null && this.#tagged < this.#steps.length) this.#steps[this.#tagged++].tag = tag;
  }

  #drawNow() {
    this.answers.hidden = !this.#pieces.length;
    this.tokens.classList.toggle("close", this.model.reads.unit !== "word");
    this.tokens.replaceChildren(...this.#pieces.flatMap((piece, at) => this.#drawnPiece(piece, at)));
    const bits = this.#answers.map((one) => one?.bits).filter(Number.isFinite);
    const unit = { character: "letter", word: "word" }[this.model.reads.unit] ?? "piece";
    this.total.textContent = bits.length
      ? `${(bits.reduce((sum, one) => sum + one, 0) / bits.length).toFixed(2)} bits of surprise a ${unit}; the stronger the colour, the larger.`
      : "";
  }

  #drawnPiece(piece, at) {
    const word = piece.trimStart();
    const space = piece.slice(0, piece.length - word.length);
    const answer = this.#answers[at];
    const tags = this.#steps.filter((one) => one.piece === at && one.tag !== null).map((one) => one.tag);
    const mark = element("mark", { class: "waits" }, word || visible(piece));
    if (answer !== undefined) mark.className = answer.error === undefined ? "unmarked" : "wrong";
    if (tags.length) {
      mark.className = ROLES[Math.max(0, this.model.labels.indexOf(tags[0])) % ROLES.length];
      mark.append(element("small", {}, tags.join(" ")));
    } else if (answer?.bits !== undefined) {
      mark.className = "reference";
      mark.style.setProperty("--strength", `${Math.min(60, (60 * answer.bits) / MOST_BITS)}%`);
      mark.title = `${answer.bits} bits`;
    }
    return word ? [space, mark] : [mark, piece.includes("\n") ? "\n" : ""];
  }
}

/** A symbol as something that can be seen. */
function visible(symbol) {
  return symbol.replaceAll("\n", "↵").replaceAll("\t", "⇥").replaceAll(" ", "␣");
}
