// A way in for notes: a keyboard writes the beginning, the model goes on, and the tune is drawn and played.

import { button, element, field } from "./dom.js";
import { endOf, notesOf, signsOf } from "./notation.js";
import { keyboard, Roll } from "./roll.js";
import { Player } from "./sound.js";
import { Making } from "./writing.js";

const [LOWEST, HIGHEST] = [48, 84]; // C3 to C6

export const tuneWay = {
  name: "tune",
  title: "Play",
  fits: (model) => model.generates && model.input === "notes",
  lives: () => false,

  open(model) {
    this.way = new Tune(model);
    return this.way.element;
  },

  close() {
    this.way?.player.stop();
  },
};

class Tune {
  #made = "";

  constructor(model) {
    this.about = { form: "chords", resolution: 4, tempo: 100, ...model.reads.tune };
    this.player = new Player();
    this.roll = new Roll();
    const [promptPlace, prompt] = field("Beginning", "textarea", {
      rows: 2,
      name: "prompt",
      spellcheck: "false",
      placeholder: "Play on the keyboard, or write signs; may be empty.",
    });
    const lengths = [1, 2, 4, 8].map((one) =>
      element("option", { value: one }, one === 1 ? "1 step" : `${one} steps`),
    );
    const [lengthPlace, length] = field("Length of a note", "select", {}, lengths);
    const [chordPlace, together] = field("With the last note", "input", { type: "checkbox" });
    [this.prompt, this.length, this.together] = [prompt, length, together];
    length.value = String(Math.min(8, this.about.resolution));
    prompt.addEventListener("input", () => this.#begin());
    this.output = element("details", {}, element("summary", {}, "Signs"), element("pre", { class: "made" }));
    this.output.hidden = true;
    this.playing = button("Play", () => this.#play(), { disabled: true });
    this.making = new Making(model, () => prompt.value.trim());
    this.making.onbegin = () => this.#begin();
    this.making.ontext = (text) => this.#add(text);
    const keys = keyboard(LOWEST, HIGHEST, (key) => this.#strike(key));
    const erase = button("Erase", () => ((prompt.value = ""), this.#begin()));
    const beside = element(
      "div",
      { class: "fields" },
      lengthPlace,
      chordPlace,
      element("div", { class: "actions" }, this.playing, erase),
    );
    const input = element(
      "div",
      { class: "card" },
      element("div", { class: "scroll keys-place" }, keys),
      beside,
      promptPlace,
      this.making.controls,
    );
    this.element = element(
      "div",
      { class: "stack" },
      input,
      this.making.faults.element,
      this.roll.element,
      this.output,
    );
  }

  get #seconds() {
    return 60 / this.about.tempo / this.about.resolution;
  }

  #notes() {
    return notesOf(`${this.prompt.value} ${this.#made}`, this.about);
  }

  #strike(key) {
    const notes = notesOf(this.prompt.value, this.about);
    const last = Math.max(0, ...notes.map((one) => one.start));
    const note = {
      key,
      start: this.together.checked ? last : endOf(notes),
      length: Number(this.length.value),
    };
    const others = notes.filter((one) => one.key !== key || one.start !== note.start);
    this.prompt.value = signsOf([...others, note], this.about);
    this.#begin();
    this.player.play([{ ...note, start: 0 }], this.#seconds);
  }

  /** Nothing is made yet. */
  #begin() {
    this.#made = "";
    this.#show();
  }

  #add(text) {
    this.#made += text;
    this.#show();
  }

  #show() {
    const notes = this.#notes();
    const given = endOf(notesOf(this.prompt.value, this.about));
    this.roll.show(notes, given);
    this.playing.disabled = !notes.length;
    this.output.hidden = !this.#made;
    this.output.lastChild.textContent = this.#made.trim();
  }

  #play() {
    if (this.player.plays) {
      this.player.stop();
      this.#played(null);
      return;
    }
    this.player.play(this.#notes(), this.#seconds, (step) => this.#played(step));
    this.#played(0);
  }

  #played(step) {
    this.roll.mark(step);
    this.playing.textContent = step === null ? "Play" : "Silence";
  }
}
