// Notes as signs, and signs as notes: {key (as MIDI counts), start, length (in steps)}.

const NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
const FLATS = { Db: "C#", Eb: "D#", Gb: "F#", Ab: "G#", Bb: "A#", Cb: "B", Fb: "E" };
const USUAL_DEGREE = 6; // of loudness, of eight

export function nameOf(key) {
  return NAMES[key % 12] + (Math.floor(key / 12) - 1);
}

function keyOf(name) {
  const [, letter, octave] = /^([A-G](?:#|b)?)(-?\d)$/.exec(name) ?? [];
  return letter ? NAMES.indexOf(FLATS[letter] ?? letter) + 12 * (Number(octave) + 1) : null;
}

/** The notes that signs write down, as far as they make some. */
export function notesOf(text, tune) {
  const signs = text.split(/\s+/).filter(Boolean);
  return tune.form === "events" ? notesOfEvents(signs) : notesOfChords(signs, tune.ties);
}

function notesOfEvents(signs) {
  const notes = [];
  let step = 0;
  for (const sign of signs) {
    if (sign[0] === "+") step += Number(sign.slice(1)) || 0;
    else if (sign[0] === "*" && notes.length) notes.at(-1).length = Number(sign.slice(1)) || 1;
    else if (keyOf(sign) !== null) notes.push({ key: keyOf(sign), start: step, length: 1 });
  }
  return notes;
}

function notesOfChords(signs, ties) {
  const notes = [];
  let [step, before, now] = [0, new Map(), new Map()];
  for (const sign of signs) {
    const key = keyOf(sign.replace(/^~/, ""));
    if (sign === "|") [step, before, now] = [step + 1, now, new Map()];
    else if (key !== null) {
      const isHeld = before.has(key) && (sign[0] === "~" || !ties);
      const note = isHeld ? before.get(key) : { key, start: step, length: 0 };
      note.length += 1;
      if (!isHeld) notes.push(note);
      now.set(key, note);
    }
  }
  return notes;
}

/** Signs of notes. */
export function signsOf(notes, tune) {
  const sorted = [...notes].sort((a, b) => a.start - b.start || b.key - a.key);
  return tune.form === "events" ? eventsOf(sorted, tune.loudness) : chordsOf(sorted, tune.ties);
}

function eventsOf(notes, loudness) {
  let last = 0;
  const signs = notes.flatMap(({ key, start, length }) => {
    const shift = start > last ? [`+${start - last}`] : [];
    last = start;
    return [...shift, nameOf(key), `*${length}`, ...(loudness ? [`v${USUAL_DEGREE}`] : [])];
  });
  return signs.join(" ");
}

function chordsOf(notes, ties) {
  const end = endOf(notes);
  const steps = Array.from({ length: end }, (_, step) => {
    const own = notes
      .filter((one) => one.start <= step && step < one.start + one.length)
      .sort((a, b) => b.key - a.key);
    return [...own.map((one) => (ties && one.start < step ? "~" : "") + nameOf(one.key)), "|"].join(" ");
  });
  return steps.join(" ");
}

/** The step at which the last note ends. */
export function endOf(notes) {
  return Math.max(0, ...notes.map((one) => one.start + one.length));
}
