// Texts that a model makes: they come piece by piece as server-sent events, and can be stopped.

import { request, routeOf } from "./access.js";
import { button, element, field } from "./dom.js";
import { Fault, FaultPlace } from "./fault.js";

const OPTIONS = [
  ["Length", "length", { min: 1, step: 1, value: 200 }],
  ["Temperature", "temperature", { min: 0, step: "any", value: 0.8 }],
  ["Seed", "seed", { min: 0, step: 1, value: 0 }],
];

export const writingWay = {
  name: "writing",
  title: "Generate",
  fits: (model) => model.generates && model.input !== "notes",
  lives: () => false,

  open(model) {
    const [place, prompt] = field("Prompt", "textarea", {
      rows: 3,
      name: "prompt",
      spellcheck: "false",
      placeholder: "May be empty.",
    });
    const output = element("pre", { class: "made", "aria-live": "polite", tabindex: "0" });
    const making = new Making(model, () => prompt.value);
    making.onbegin = () => output.replaceChildren(element("b", {}, prompt.value));
    making.ontext = (text) => output.append(text);
    const input = element("div", { class: "card" }, place, making.controls);
    return element("div", { class: "stack" }, input, making.faults.element, output);
  },
};

/** What is asked for, the buttons, and the stream of what is made. Calls `onbegin`, `ontext`, `onend`. */
export class Making {
  #stopper = null;

  constructor(model, promptOf) {
    this.model = model;
    this.promptOf = promptOf;
    this.onbegin = this.ontext = this.onend = () => undefined;
    this.faults = new FaultPlace();
    this.fields = OPTIONS.map(([label, name, attributes]) => [
      name,
      ...field(label, "input", { type: "number", name, ...attributes }),
    ]);
    this.begin = button("Generate", () => this.#make(), { class: "primary" });
    this.stop = button("Stop", () => this.#stopper?.abort(), { disabled: true });
    this.controls = element(
      "div",
      { class: "fields" },
      this.fields.map(([, place]) => place),
      element("div", { class: "actions" }, this.begin, this.stop),
    );
  }

  async #make() {
    this.#stopper = new AbortController();
    this.#busy(true);
    this.onbegin();
    await this.faults.watch(() => this.#stream(this.#stopper.signal));
    this.#busy(false);
    this.onend();
  }

  #busy(is) {
    this.begin.disabled = is;
    this.stop.disabled = !is;
  }

  async #stream(signal) {
    const given = this.fields
      .filter(([, , own]) => own.value !== "")
      .map(([name, , own]) => [name, Number(own.value)]);
    const body = JSON.stringify({ ...Object.fromEntries(given), prompt: this.promptOf() });
    const headers = { Accept: "text/event-stream", "Content-Type": "application/json" };
    const response = await request(routeOf(this.model, "generate"), {
      method: "POST",
      headers,
      body,
      signal,
    });
    let waiting = "";
    for await (const piece of textsOf(response.body)) {
      const events = (waiting + piece).split("\n\n");
      waiting = events.pop();
      events.forEach((event) => this.#take(event));
    }
  }

  #take(event) {
    const lines = event.split("\n");
    const value = (name) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    const content = JSON.parse(value("data") ?? "{}");
    if (value("event") === "error") throw new Fault(content.error, content.expected, content.remedy);
    if (content.text) this.ontext(content.text);
  }
}

async function* textsOf(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
