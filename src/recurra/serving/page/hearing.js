// A way in for sound: a microphone or a recording, and what is heard in it, with times.

import { socketOf } from "./access.js";
import { button, element, fileField } from "./dom.js";
import { Fault, FaultPlace } from "./fault.js";
import { tableOf } from "./table.js";

const PIECE = 8192; // samples of a message
const MOST_WAITING = 1 << 20; // bytes that wait to be sent

export const hearingWay = {
  name: "hearing",
  title: "Listen",
  fits: (model) => model.hears && !model.hears_not,
  lives: () => false,

  open(model) {
    this.way = new Hearing(model);
    return this.way.element;
  },

  close() {
    this.way?.stop();
  },
};

class Hearing {
  #events = [];
  #socket = null;
  #microphone = null;
  #sent = 0; // samples
  #rate = 1;

  constructor(model) {
    this.model = model;
    this.faults = new FaultPlace();
    this.begin = button("Use the microphone", () => this.faults.watch(() => this.#listen()), {
      class: "primary",
    });
    this.end = button("Stop", () => this.#finish(), { disabled: true });
    const [filePlace] = fileField("or a recording", "audio/*", (file) =>
      this.faults.watch(() => this.#play(file)),
    );
    this.level = element("meter", { min: 0, max: 1, low: 0.02, "aria-label": "Loudness" });
    this.heard = element("p", { class: "lead", role: "status" }, "Nothing yet.");
    this.answer = element("section", { class: "card", hidden: true, "aria-live": "polite" });
    const input = element(
      "div",
      { class: "card" },
      element("div", { class: "actions" }, this.begin, this.end, this.level),
      filePlace,
      this.heard,
    );
    this.element = element("div", { class: "stack" }, input, this.faults.element, this.answer);
  }

  /** Leave everything. */
  stop() {
    this.#quiet();
    if (this.#socket !== null) this.#socket.onclose = null;
    this.#socket?.close();
    this.#socket = null;
  }

  /** No more sound comes; what is left to be said follows. */
  #finish() {
    this.#quiet();
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send('{"$do": "end"}');
  }

  #quiet() {
    this.#microphone?.stream.getTracks().forEach((track) => track.stop());
    this.#microphone?.context.close();
    this.#microphone = null;
    this.begin.disabled = false;
    this.end.disabled = true;
    this.level.value = 0;
  }

  /** A connection for sound of so many samples a second. */
  #open(rate) {
    [this.#events, this.#sent, this.#rate] = [[], 0, rate];
    this.#show();
    const socket = (this.#socket = socketOf(this.model, { rate: Math.round(rate) }));
    socket.binaryType = "arraybuffer";
    return new Promise((ready, failed) => {
      socket.onopen = () => ready(socket);
      socket.onclose = (event) => {
        failed(
          new Fault(
            "a server that does not listen",
            "a connection for sound",
            "Check that it runs, and that the model hears.",
          ),
        );
        if (event.code !== 1000)
          this.faults.show(new Fault("the connection was lost", "one that lasts", "Begin again."));
        this.#quiet();
      };
      socket.onmessage = (message) => this.#hear(message.data.split("\n").map((line) => JSON.parse(line)));
    });
  }

  async #listen() {
    if (!navigator.mediaDevices)
      throw new Fault(
        "a page that may use no microphone",
        "https, or the address 127.0.0.1",
        "Open the page so; or choose a recording.",
      );
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
    } catch (error) {
      throw new Fault(
        `no microphone (${error.message})`,
        "one that this page may use",
        "Allow it in the browser, or choose a recording.",
      );
    }
    const context = new AudioContext();
    this.stop();
    this.#microphone = { stream, context };
    await context.audioWorklet.addModule(new URL("microphone.js", import.meta.url));
    const socket = await this.#open(context.sampleRate);
    const worklet = new AudioWorkletNode(context, "microphone", { numberOfOutputs: 0 });
    worklet.port.onmessage = ({ data }) => this.#send(socket, data);
    context.createMediaStreamSource(stream).connect(worklet);
    this.begin.disabled = true;
    this.end.disabled = false;
    this.end.focus();
  }

  /** Send a recording, as fast as it is taken. */
  async #play(file) {
    const context = new AudioContext();
    let sound;
    try {
      sound = await context.decodeAudioData(await file.arrayBuffer());
    } catch {
      throw new Fault(
        `${file.name}, which the browser cannot read`,
        "a recording such as WAV",
        "Convert it.",
      );
    } finally {
      context.close();
    }
    this.stop();
    const socket = await this.#open(sound.sampleRate);
    this.end.disabled = false;
    const samples = sound.getChannelData(0);
    for (let at = 0; at < samples.length && socket === this.#socket && !this.end.disabled; at += PIECE) {
      while (socket.bufferedAmount > MOST_WAITING) await new Promise((again) => setTimeout(again, 20));
      this.#send(
        socket,
        Int16Array.from(samples.subarray(at, at + PIECE), (one) =>
          Math.max(-32768, Math.min(32767, Math.round(32768 * one))),
        ),
      );
    }
    this.#finish();
  }

  #send(socket, samples) {
    if (socket !== this.#socket || socket.readyState !== WebSocket.OPEN) return;
    socket.send(samples);
    this.#sent += samples.length;
    const power = samples.reduce((sum, one) => sum + one * one, 0) / samples.length;
    this.level.value = Math.min(1, Math.sqrt(power) / 8192);
    this.#tell();
  }

  #hear(lines) {
    for (const { $did, rate, samples, ...event } of lines) {
      if (event.error !== undefined) this.faults.show(Fault.ofLine(event));
      else if ($did === undefined && rate === undefined) this.#keep(event);
    }
    this.#show();
  }

  /** What was said in part is replaced by what is said next. */
  #keep(event) {
    if (this.#events[0]?.kind === "partial") this.#events.shift();
    this.#events.unshift(event);
  }

  #tell() {
    const seconds = (this.#sent / this.#rate).toFixed(1);
    this.heard.textContent = this.#sent
      ? `${seconds} s of sound at ${Math.round(this.#rate)} samples a second, ${this.#events.length} heard.`
      : "Nothing yet.";
  }

  #show() {
    this.#tell();
    this.answer.hidden = !this.#events.length;
    this.answer.replaceChildren(element("h2", {}, "Heard, newest first"), tableOf(this.#events));
  }
}
