// A recurrent net as WebAssembly, made by recurra VERSION; README.md tells how to call it.
export const ABOUT = "ABOUT";

/** Compile the net: from the file beside this one, or from bytes, a Response, or an address. */
export async function load(source = new URL(`./${ABOUT.name}.wasm`, import.meta.url)) {
  const given = source instanceof Response || source instanceof ArrayBuffer || ArrayBuffer.isView(source);
  const answer = given ? source : await fetch(source);
  const bytes = answer instanceof Response ? await answer.arrayBuffer() : answer;
  return new Net((await WebAssembly.instantiate(bytes)).instance);
}

/** The net and the states of its sequences. */
export class Net {
  #net; #top; #input; #output;

  constructor(instance) {
    this.#net = instance.exports;
    this.#top = this.#net.__heap_base.value;
    this.#input = this.#room(4 * ABOUT.inputSize);
    this.#output = this.#room(4 * ABOUT.outputSize);
  }

  /** A new state, ready for its first step. States are kept as long as the net is: use them again by `reset`. */
  init() {
    const state = this.#room(this.#call("state_bytes"));
    this.#call("init", state);
    return state;
  }

  /** Begin a new sequence. */
  reset(state) {
    this.#call("reset", state);
  }

  /** One step: of as many numbers as there are inputs, or of an id. Gives the outputs as a Float32Array. */
  step(state, input) {
    if (ABOUT.vocabulary) {
      if (!Number.isInteger(input) || this.#call("step", state, input, this.#output) !== 0)
        throw new RangeError(`there is no id ${input}; they go from 0 to ${ABOUT.vocabulary - 1}`);
    } else {
      if (input.length !== ABOUT.inputSize)
        throw new RangeError(`a step of ${input.length} numbers; it takes ${ABOUT.inputSize}`);
      new Float32Array(this.#net.memory.buffer, this.#input, ABOUT.inputSize).set(input);
      this.#call("step", state, this.#input, this.#output);
    }
    return new Float32Array(this.#net.memory.buffer, this.#output, ABOUT.outputSize).slice();
  }

  /** A state as bytes, and a state from such bytes. */
  snapshot(state) {
    return new Uint8Array(this.#net.memory.buffer, state, this.#call("state_bytes")).slice();
  }

  restore(state, bytes) {
    new Uint8Array(this.#net.memory.buffer, state, this.#call("state_bytes")).set(bytes);
  }

  #call(name, ...given) {
    return this.#net[`${ABOUT.name}_${name}`](...given);
  }

  #room(bytes) {
    const place = (this.#top + 15) & ~15, { memory } = this.#net;
    this.#top = place + bytes;
    const lacking = this.#top - memory.buffer.byteLength;
    if (lacking > 0) memory.grow(Math.ceil(lacking / 65536));
    return place;
  }
}
