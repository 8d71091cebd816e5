const PAGE = JSON.parse(document.getElementById("about").textContent);
const { handling, outputs, units } = PAGE, { cutting, told, reading } = handling;
const net = await load(Uint8Array.from(atob(PAGE.wasm), (letter) => letter.charCodeAt(0)));
const state = net.init();
const at = (id) => document.getElementById(id);
const ROLES = ["model", "reference", "third", "fourth"], MOST_BARS = 12, MOST_FIELDS = 24, MOST_LINKED = 4000;
const takesIds = ABOUT.vocabulary > 0;
const names = told === "next" ? cutting?.symbols ?? [] : outputs;

// What was stepped through: `key` tells two steps apart, `value` is the first number that was given.
let steps = [], spent = 0, counted = 0, linking = 0;

function begin() {
  net.reset(state);
  steps = [];
  if (handling.first !== null) steps.first = net.step(state, handling.first);
}

/** Take a whole sequence: what is new is stepped through, and all of it only where the past was changed. */
function take(sequence) {
  const same = steps.length <= sequence.length && steps.every((one, place) => one.key === sequence[place].key);
  if (!same) begin();
  const start = performance.now(), before = steps.length;
  for (const one of sequence.slice(before)) {
    const input = prepared(one);
    steps.push({ ...one, output: net.step(state, input) });
  }
  if (steps.length - before > counted) {
    counted = steps.length - before;
    spent = performance.now() - start;
  }
}

function prepared(one) {
  if (one.id !== undefined) return one.id;
  const last = steps.at(-1);
  if (reading === "change") return [last ? one.value - last.value : 0, ...one.values.slice(1)];
  if (reading !== "surprise") return one.values;
  one.inner = inner(one.value);
  return [one.inner, last ? one.inner - last.inner : 0];
}

const unit = () => units[at("unit").value];
const within = (number) => Math.min(Math.max(number, -50), 50);
const inner = (value) => within(Math.asinh((value - unit().centre) / unit().scale) / unit().spread);
const outer = (number) => unit().centre + unit().scale * Math.sinh(within(within(number) * unit().spread));

function sequenceOfText(text) {
  const small = (symbol) => [...symbol].map((letter) => [...letter.toLowerCase()][0]).join("");
  return (text.match(new RegExp(cutting.pattern, "giu")) ?? []).map((symbol) => {
    const id = ids.get(cutting.lowercase ? small(symbol) : symbol) ?? cutting.unknown;
    return { key: id, id, text: symbol };
  });
}

function sequenceOfRows(text) {
  const lines = text.split("\n").map((line, place) => [line.trim(), place + 1]).filter(([line]) => line);
  const wanted = handling.inputs.length || 1;
  return lines.map(([line, place]) => {
    const values = line.split(/[\s,;]+/).map(Number);
    if (values.length !== wanted || !values.every(Number.isFinite))
      throw new RangeError(`Line ${place}: ${wanted === 1 ? "a number" : `${wanted} numbers`} expected, not "${line}".`);
    if (takesIds) return { key: values[0], id: values[0], text: String(values[0]) };
    return { key: values.join(), values, value: values[0] };
  });
}

const ids = new Map((cutting?.symbols ?? []).map((symbol, id) => [symbol, id]).filter(([symbol]) => symbol));
const read = cutting ? sequenceOfText : sequenceOfRows;

function shares(output) {
  if (told === "probabilities" || told === "shares") return [...output];
  const open = (place) => told !== "next" || !cutting || place === handling.first || names[place];
  const most = Math.max(...output.filter((_, place) => open(place)));
  const raised = [...output].map((one, place) => (open(place) ? Math.exp(one - most) : 0));
  const total = raised.reduce((sum, one) => sum + one, 0);
  return raised.map((one) => one / total);
}

const shown = (symbol) => (symbol === undefined ? "" : symbol.trim() ? symbol : { " ": "␣", "\n": "⏎", "": "(end)" }[symbol] ?? JSON.stringify(symbol));
const percent = (share) => `${(100 * share).toFixed(share > 0.0995 ? 0 : 1)} %`;
const brief = (number, digits = 4) => number.toLocaleString("en", { maximumSignificantDigits: digits });
const even = (number) => number.toLocaleString("en", { minimumSignificantDigits: 4, maximumSignificantDigits: 4 });
const isShares = told !== "path" && told !== "surprise" && told !== "numbers";

function make(tag, attributes = {}, ...children) {
  const isDrawn = ["svg", "path", "line", "text", "circle"].includes(tag);
  const made = isDrawn ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function drawing(title, note, ...children) {
  const caption = make("figcaption", {}, make("b", {}, title), make("span", {}, note));
  return make("figure", { class: "drawing half" }, caption, ...children);
}

function bars(output) {
  const numbers = isShares ? shares(output) : [...output], most = Math.max(...numbers.map(Math.abs), 1e-9);
  const order = numbers.map((_, place) => place).sort((one, other) => (isShares ? numbers[other] - numbers[one] : one - other));
  const rows = order.slice(0, MOST_BARS).map((place) => {
    const name = names[place] ?? `output ${place + 1}`;
    const label = make("th", { scope: "row", title: name }, told === "next" && cutting && name ? choice(name) : shown(name));
    const length = 100 * Math.abs(numbers[place]) / (isShares ? 1 : most);
    const lane = make("td", { class: "lane" }, make("i", { style: `--start: 0%; --length: ${length}%` }));
    const text = isShares ? percent(numbers[place]) : brief(numbers[place]);
    return make("tr", {}, label, lane, make("td", { title: String(output[place]) }, text));
  });
  const title = told === "next" ? "What comes next" : "After the last step";
  const left = numbers.length > MOST_BARS ? `the highest ${MOST_BARS} of ${numbers.length.toLocaleString("en")}` : "";
  return drawing(title, left, make("table", { class: "bars" }, make("tbody", {}, ...rows)));
}

function choice(symbol) {
  const button = make("button", { type: "button", title: "Add it to the text" }, shown(symbol));
  button.addEventListener("click", () => add(symbol));
  return button;
}

function add(symbol) {
  const text = at("given").value, is_line = symbol === "\n" || text.endsWith("\n");
  at("given").value = text + (text && !is_line ? cutting.separator : "") + symbol;
  update();
}

/** Write on by chance, less even than the net says. */
function writeOn(count = 40, temperature = 0.7) {
  for (let written = 0; written < count; ++written) {
    const sharpened = shares((steps.at(-1) ?? { output: steps.first }).output).map((one) => one ** (1 / temperature));
    let rest = Math.random() * sharpened.reduce((sum, one) => sum + one, 0);
    const chosen = sharpened.findIndex((one) => (rest -= one) < 0);
    if (!names[chosen]) break;
    add(names[chosen]);
  }
}

function tokens() {
  const last = steps.slice(-400);
  const marks = last.map((one) => {
    const told = shares(one.output), best = told.indexOf(Math.max(...told)), role = ROLES[best % ROLES.length];
    const known = one.id !== cutting?.unknown ? "" : "; not in the vocabulary";
    return make("mark", { class: role, style: `--strength: ${5 + 25 * told[best]}%`, title: `${names[best]} ${percent(told[best])}${known}` }, shown(one.text), make("small", {}, names[best]));
  });
  const lag = PAGE.lookAhead ? `each tag is of ${PAGE.lookAhead} before` : told === "scores" ? "the tag of each" : "what it would be, if it ended there";
  const box = make("div", { class: "tokens" }, ...marks.flatMap((one) => [one, " "]));
  const drawn = drawing("Step by step", lag, box);
  drawn.className = "drawing whole";
  return drawn;
}

/** The text, each symbol as surprising as the net found it. */
function expectedText() {
  const from = Math.max(steps.length - 400, 0);
  const marks = steps.slice(from).map((one, place) => {
    const before = from + place ? steps[from + place - 1].output : steps.first;
    const share = before ? shares(before)[one.id] : 1, bits = Math.min(-Math.log2(Math.max(share, 1e-9)), 12);
    const title = one.id === cutting.unknown ? "not in the vocabulary" : percent(share);
    return make("mark", { class: "reference", style: `--strength: ${5 * bits}%`, title }, cutting.separator ? shown(one.text) : one.text);
  });
  const box = make("div", { class: cutting.separator ? "tokens" : "tokens close" });
  box.append(...marks.flatMap((one) => (cutting.separator ? [one, " "] : [one])));
  return drawing("The text so far", "the darker, the less expected", box);
}

const last_of = (points) => Math.max(...points.map(([x]) => x));

/** Lines over steps, and a band; each series is {name, role, points: [[x, y]], band: [[x, low, high]]}. */
function chart(title, note, series, width = 520) {
  const height = 240, left = 52, bottom = 24, top = 8;
  const points = series.flatMap((one) => one.points), ends = series.flatMap((one) => one.band ?? []);
  const edge = (list, share) => list.sort((one, other) => one - other)[Math.round(share * (list.length - 1))];
  if (ends.length) points.push([last_of(points), edge(ends.map(([, low]) => low), 0.05)], [last_of(points), edge(ends.map(([, , high]) => high), 0.95)]);
  const [first, last] = [Math.min(...points.map(([x]) => x)), Math.max(...points.map(([x]) => x))];
  let [low, high] = isShares ? [0, 1] : [Math.min(...points.map(([, y]) => y)), Math.max(...points.map(([, y]) => y))];
  if (low === high) [low, high] = [low - 1, high + 1];
  const x = (value) => left + ((width - left - 8) * (value - first)) / Math.max(last - first, 1);
  const y = (value) => top + ((height - top - bottom) * (high - value)) / (high - low);
  const way = (list) => `M${list.map(([one, other]) => `${x(one).toFixed(1)},${y(other).toFixed(1)}`).join("L")}`;
  const parts = [0, 0.5, 1].flatMap((share) => {
    const value = low + share * (high - low);
    const text = make("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, isShares ? percent(value).replace(".0", "") : brief(value));
    return [make("line", { x1: left, x2: width, y1: y(value), y2: y(value), class: "rule" }), text];
  });
  parts.push(make("text", { x: left, y: height - 4 }, `step ${first}`), make("text", { x: width, y: height - 4, "text-anchor": "end" }, `${last}`));
  for (const one of series) {
    if (one.band?.length) parts.push(make("path", { class: "band", d: `${way(one.band.map(([a, b]) => [a, b]))}L${way(one.band.map(([a, , c]) => [a, c]).reverse()).slice(1)}Z` }));
    if (one.points.length > 1) parts.push(make("path", { class: "curve", d: way(one.points), style: `stroke: var(--${one.role})` }));
    else if (one.points.length) parts.push(make("circle", { cx: x(one.points[0][0]), cy: y(one.points[0][1]), r: 3, style: `fill: var(--${one.role})` }));
  }
  const legend = series.map((one) => make("li", {}, make("i", { class: `stroke ${one.role}`, style: "border-top-style: solid" }), one.name));
  const drawn = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title }, ...parts);
  return drawing(title, note, make("ul", { class: "legend" }, ...legend), drawn);
}

/** The last steps that a chart shows, with their places. */
function recent(count = 200) {
  const from = Math.max(steps.length - count, 0);
  return steps.slice(from).map((one, place) => [from + place + 1, one]);
}

function overTime() {
  const shownSteps = recent(), last = steps.at(-1).output;
  const order = [...last.keys()].sort((one, other) => Math.abs(last[other]) - Math.abs(last[one])).slice(0, ROLES.length);
  const series = order.map((place, number) => ({
    name: names[place] ?? `output ${place + 1}`,
    role: ROLES[number],
    points: shownSteps.map(([x, one]) => [x, (isShares ? shares(one.output) : one.output)[place]]),
  }));
  return chart("Step by step", order.length < last.length ? `the highest ${ROLES.length} now` : "", series);
}

function path() {
  const base = reading === "change" ? steps.at(-1).value : 0, horizon = outputs.length / 3;
  const told = [...steps.at(-1).output].map((one) => one + base), end = steps.length;
  const ahead = told.slice(0, horizon).map((one, place) => [end + place + 1, one]);
  const band = ahead.map(([x], place) => [x, told[horizon + place], told[2 * horizon + place]]);
  const before = recent().map(([x, one]) => [x, one.value]);
  const drawn = chart("Before, and what comes", `${horizon} steps ahead, four of five within the band`, [
    { name: handling.inputs[0], role: "muted", points: before },
    { name: "forecast", role: "model", points: [before.at(-1), ...ahead], band },
  ]);
  const rows = ahead.map(([x, one], place) => {
    const exact = String(steps.at(-1).output[place]);
    return make("tr", {}, make("th", { scope: "row" }, `step ${x}`), make("td", { title: exact }, even(one)), make("td", {}, `${even(band[place][1])} to ${even(band[place][2])}`));
  });
  at("answer").textContent = brief(ahead[0][1]);
  at("answer-note").textContent = `${handling.inputs[0]} in step ${end + 1}`;
  return [drawn, drawing("What comes", "and where four of five lie", make("table", { class: "bars" }, make("tbody", {}, ...rows)))];
}

/** What is expected after a step, and between what 99 of 100 would lie. */
function expected(one) {
  const doubt = Math.log1p(Math.exp(one.output[1])) + 0.01, next = one.inner + one.output[0];
  return [outer(next), outer(next - doubt * Math.log(100)), outer(next + doubt * Math.log(100)), doubt];
}

function surprise() {
  const shownSteps = recent(), told = shownSteps.map(([x, one]) => [x + 1, ...expected(one)]);
  const [, next, low, high] = told.at(-1);
  const before = steps.at(-2), away = before && Math.abs(steps.at(-1).inner - before.inner - before.output[0]) / expected(before)[3];
  at("answer").textContent = before ? `1 in ${brief(Math.exp(Math.min(away, 30)), 2)}` : "–";
  at("answer-note").textContent = before ? "values lies as far from what is expected" : "a second value is needed";
  const drawn = chart("What came, and what was expected", "99 of 100 within the band", [
    { name: handling.inputs[0], role: "muted", points: shownSteps.map(([x, one]) => [x, one.value]) },
    { name: "expected", role: "model", points: told.map(([x, one]) => [x, one]), band: told.map(([x, , from, to]) => [x, from, to]) },
  ], 1080);
  drawn.className = "drawing whole";
  at("lead").textContent = `Next: ${brief(next)}, between ${brief(low)} and ${brief(high)} in 99 of 100.`;
  return [drawn];
}

function answer() {
  const last = steps.at(-1)?.output ?? steps.first;
  if (!last) return [];
  if (told === "path") return path();
  if (told === "surprise") return surprise();
  if (isShares) {
    const all = shares(last), best = all.indexOf(Math.max(...all));
    at("answer").textContent = shown(names[best]) || `output ${best + 1}`;
    at("answer-note").textContent = percent(all[best]);
  } else {
    at("answer").textContent = brief(last[0]);
    at("answer-note").textContent = names[0] ?? "";
  }
  if (told === "next") return [bars(last), ...(steps.length && cutting ? [expectedText()] : [])];
  if (!steps.length) return [bars(last)];
  return steps[0].id === undefined ? [bars(last), overTime()] : [tokens(), bars(last), ...(told === "scores" ? [] : [overTime()])];
}

function update() {
  try {
    take(read(at("given").value));
    at("fault").textContent = "";
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    at("fault").textContent = error.message;
    return;
  }
  at("answer").textContent = "–";
  at("answer-note").textContent = "\u00a0";
  at("lead").textContent = steps.length || steps.first ? "" : "Give it a first step.";
  at("drawings").replaceChildren(...answer());
  at("steps").textContent = steps.length.toLocaleString("en");
  at("time").textContent = spent ? `${brief((1000 * spent) / counted, 2)} µs` : "–";
  clearTimeout(linking);
  linking = setTimeout(() => location.replace(`#${encodeURIComponent(at("given").value.slice(0, MOST_LINKED))}`), 500);
}

function setUp() {
  const has_fields = !cutting && !takesIds && handling.inputs.length <= MOST_FIELDS;
  at("given-label").textContent = cutting
    ? told === "next" ? "A text, which the net goes on with" : "A text; it is read as it is typed"
    : takesIds ? "Ids, one a line" : `Steps so far, one a line${handling.inputs.length > 1 ? `: ${handling.inputs.slice(0, 6).join(", ")}${handling.inputs.length > 6 ? ", ..." : ""}` : ""}`;
  at("given").classList.toggle("words", Boolean(cutting));
  at("step").hidden = !has_fields;
  at("go-on").hidden = told !== "next" || !cutting;
  for (const [place, name] of (has_fields ? handling.inputs : []).entries()) {
    const usual = handling.usual[place];
    const field = make("input", { id: `field${place}`, type: "number", step: "any", required: "" });
    if (usual !== undefined) field.value = Number(usual.toPrecision(3));
    at("fields").append(make("div", {}, make("label", { for: `field${place}` }, name), field));
  }
  if (reading === "surprise") for (const name of Object.keys(units)) at("unit").append(make("option", {}, name));
  at("unit-row").hidden = at("unit").length < 2;
  at("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const row = [...at("fields").querySelectorAll("input")].map((one) => one.value).join(", ");
    at("given").value = [at("given").value.trimEnd(), row].filter(Boolean).join("\n");
    at("given").scrollTop = at("given").scrollHeight;
    update();
  });
  at("given").addEventListener("input", update);
  at("unit").addEventListener("change", () => (begin(), update()));
  at("go-on").addEventListener("click", () => writeOn());
  at("anew").addEventListener("click", () => ((at("given").value = ""), begin(), update()));
  at("given").value = decodeURIComponent(location.hash.slice(1));
  begin();
  update();
}

setUp();
