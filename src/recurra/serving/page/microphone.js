// Runs beside the page's scripts: samples of a microphone as 16-bit numbers, in pieces.

const PIECE = 2048;

class Microphone extends AudioWorkletProcessor {
  #piece = new Int16Array(PIECE);
  #filled = 0;

  process([[samples]]) {
    for (const sample of samples ?? []) {
      this.#piece[this.#filled++] = Math.max(-32768, Math.min(32767, Math.round(32768 * sample)));
      if (this.#filled === PIECE) {
        this.port.postMessage(this.#piece.slice());
        this.#filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("microphone", Microphone);
