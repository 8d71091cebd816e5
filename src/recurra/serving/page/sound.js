// Notes as sound.

const LOUDNESS = 0.18;
const ATTACK = 0.008; // seconds
const RELEASE = 0.12;
const LEAD = 0.05; // before the first note

/** Plays notes; `onstep` is called with the step that sounds, and null at the end. */
export class Player {
  #context = null;
  #timer = 0;

  play(notes, secondsOfStep, onstep = () => undefined) {
    this.stop();
    const context = (this.#context = new AudioContext());
    const begin = context.currentTime + LEAD;
    notes.forEach((note) => strike(context, note, begin, secondsOfStep));
    const end = Math.max(0, ...notes.map((one) => one.start + one.length));
    this.#timer = setInterval(() => {
      const step = (context.currentTime - begin) / secondsOfStep;
      if (step > end + RELEASE / secondsOfStep) this.stop();
      else return onstep(step);
      return onstep(null);
    }, 40);
  }

  get plays() {
    return this.#context !== null;
  }

  stop() {
    clearInterval(this.#timer);
    this.#context?.close();
    this.#context = null;
  }
}

function strike(context, { key, start, length }, begin, seconds) {
  const tone = new OscillatorNode(context, { type: "triangle", frequency: 440 * 2 ** ((key - 69) / 12) });
  const loudness = new GainNode(context, { gain: 0 });
  const [from, to] = [begin + start * seconds, begin + (start + length) * seconds];
  loudness.gain.setValueAtTime(0, from);
  loudness.gain.linearRampToValueAtTime(LOUDNESS, from + ATTACK);
  loudness.gain.setTargetAtTime(LOUDNESS / 3, from + ATTACK, 0.6);
  loudness.gain.setTargetAtTime(0, to, RELEASE / 4);
  tone.connect(loudness).connect(context.destination);
  tone.start(from);
  tone.stop(to + RELEASE);
}
