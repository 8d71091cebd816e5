// A live session: rows go in one after another, answers come back, and a lost connection is taken up again.

import { request, routeOf, socketOf } from "./access.js";
import { Fault } from "./fault.js";
import { Latency } from "./latency.js";

const AT_ONCE = 32; // rows of a message; the next is sent when the answer is there
const TAKEN_OVER = 4001;
const IDLE = 4002;
const WAITS = [200, 500, 1000, 2000, 5000]; // milliseconds before connecting again

/**
 * Events: "state" (what the connection does, and why), "answer" (number of the row, the row, list of what is
 * said of its parts), "begin" (everything was forgotten), "fault" (an error that is of no row).
 */
export class LiveSession extends EventTarget {
  #model;
  #socket = null;
  #generation = 0; // of rows: they are counted anew when the session begins anew
  #next = 0; // how many rows the server has taken, as far as is known
  #told = 0; // up to which row answers are known
  #flight = null; // what was sent and is not answered: {generation, count, begun} or {reset, begun}
  #forgets = false;
  #tries = 0;
  #timer = 0;
  #opened = false;

  constructor(model) {
    super();
    this.#model = model;
    this.rows = [];
    this.token = "";
    this.state = "off";
    this.why = "";
    this.latency = new Latency();
  }

  get taken() {
    return this.#told;
  }

  /** Send a row; it waits where there is no connection. */
  send(row) {
    this.rows.push(row);
    this.#pump();
  }

  /** Forget all rows: the next is the first one. */
  beginAnew() {
    this.#generation += 1;
    this.#forgets = this.token !== "" && (this.#next > 0 || this.#flight !== null || this.#forgets);
    this.rows = [];
    this.#next = this.#told = 0;
    this.#tell("begin");
    this.#pump();
  }

  /** Begin with another session, and let this one end. */
  replace() {
    this.#drop(true);
    this.token = "";
    this.latency.clear();
    this.#forgets = false;
    this.beginAnew();
    this.open();
  }

  /** Connect, with the session that there was if there was one. */
  open() {
    this.#drop(false);
    this.#opened = false;
    this.#say(this.token ? "lost" : "opening", this.token ? "taking it up again" : "");
    const query = this.token ? { session: this.token, after: this.#told } : {};
    const socket = (this.#socket = socketOf(this.#model, query));
    socket.onmessage = (message) => this.#hear(socket, message.data);
    socket.onclose = (event) => socket === this.#socket && this.#closed(event);
  }

  /** Leave it; a session that was used stays on the server for a while. */
  close() {
    this.#drop(this.rows.length === 0);
    this.#say("off", "");
  }

  #drop(ends) {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = this.#flight = null;
    if (socket === null) return;
    socket.onmessage = socket.onclose = null;
    const leave = () => {
      if (ends) socket.send('{"$do": "end"}');
      socket.close();
    };
    if (socket.readyState === WebSocket.OPEN) leave();
    else socket.onopen = leave;
  }

  #tell(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #say(state, why) {
    this.state = state;
    this.why = why;
    this.#tell("state");
  }

  async #closed(event) {
    this.#socket = this.#flight = null;
    if (event.code === TAKEN_OVER) return this.#say("over", "another connection took it over");
    if (event.code === IDLE) return this.#say("idle", "it rests; the next row wakes it");
    const wait = WAITS[Math.min(this.#tries++, WAITS.length - 1)];
    this.#say("lost", `connecting again in ${wait / 1000} s`);
    try {
      await request(routeOf(this.#model, "").slice(0, -1), { signal: AbortSignal.timeout(5000) });
      if (!this.#opened && this.#tries > 2) return this.#refused();
    } catch (error) {
      if ([401, 403, 404].includes(error.status)) return this.#fail(error);
    }
    if (this.state === "lost") this.#timer = setTimeout(() => this.open(), wait);
  }

  #refused() {
    const what = this.token ? "a session that the server does not take up again" : "one more live session";
    this.#fail(
      new Fault(
        what,
        this.token ? "one that it still knows" : "fewer than the server allows",
        "Begin anew, maybe a little later.",
      ),
    );
  }

  #fail(error) {
    this.#say("refused", error.got);
    this.#tell("fault", { fault: error });
  }

  #pump() {
    if (this.state === "idle" || this.state === "off") return void (this.rows.length && this.open());
    if (this.state !== "on" || this.#flight !== null) return;
    if (this.#forgets) {
      this.#flight = { reset: true, begun: performance.now() };
      return this.#socket.send('{"$do": "reset"}');
    }
    const rows = this.rows.slice(this.#next, this.#next + AT_ONCE);
    if (!rows.length) return;
    const lines = rows.map((row, at) => JSON.stringify({ ...row, $row: this.#next + at + 1 }));
    this.#flight = { generation: this.#generation, count: rows.length, begun: performance.now() };
    this.#socket.send(lines.join("\n"));
  }

  #hear(socket, text) {
    const lines = text.split("\n").map((line) => JSON.parse(line));
    if (!this.#opened) {
      this.#greeted(lines.shift());
      if (!this.#forgets) lines.forEach((line) => this.#answered(line));
    } else if (this.#flight !== null) {
      this.#landed(socket, lines);
    }
    this.#pump();
    this.#tell("state");
  }

  #greeted(greeting) {
    this.#opened = true;
    this.#tries = 0;
    this.token = greeting.$session;
    this.#next = Math.min(greeting.$rows, this.rows.length);
    if (greeting.$rows > this.rows.length) this.#forgets = true;
    for (let row = (greeting.$lost ?? [1])[0]; row <= (greeting.$lost ?? [0, 0])[1]; row += 1) {
      const why = {
        error: "an answer that the server no longer knows",
        expected: "",
        remedy: "Send the row again if it matters.",
      };
      this.#answered({ $row: row, ...why });
    }
    this.#say("on", "");
  }

  #landed(socket, lines) {
    const flight = this.#flight;
    this.#flight = null;
    if (flight.reset) {
      this.#forgets = false;
      return;
    }
    this.latency.add(performance.now() - flight.begun);
    if (flight.generation !== this.#generation) return;
    const busy = lines.find((line) => line.retry_after !== undefined);
    if (busy !== undefined) {
      this.#flight = flight; // nothing was taken; the same rows again, a little later
      this.#timer = setTimeout(() => ((this.#flight = null), this.#pump()), 1000 * busy.retry_after);
      return;
    }
    if (lines.some((line) => /^row \d+ again$/.test(line.error ?? ""))) return void socket.close();
    this.#next += flight.count;
    lines.forEach((line) => this.#answered(line));
  }

  #answered(line) {
    const parts = Array.isArray(line) ? line : [line];
    const number = parts[0].$row;
    if (number === undefined) return this.#tell("fault", { fault: Fault.ofLine(parts[0]) });
    if (number <= this.#told) return; // it was known before the connection was lost
    this.#told = number;
    const answers = parts.map(({ $row, ...answer }) => answer);
    this.#tell("answer", { number, row: this.rows[number - 1], answers });
  }
}
