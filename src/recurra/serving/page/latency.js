// Times that answers took.

const KEPT = 1000;

/** The last and the median of some milliseconds. */
export class Latency {
  #kept = [];

  add(value) {
    this.#kept.push(value);
    if (this.#kept.length > KEPT) this.#kept.shift();
  }

  clear() {
    this.#kept = [];
  }

  get last() {
    return this.#kept.at(-1);
  }

  get median() {
    const sorted = [...this.#kept].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  get any() {
    return this.#kept.length > 0;
  }
}
