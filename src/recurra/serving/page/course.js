// How the values of a session went, as a drawing: what came, what was expected, what is forecast.

const KEPT = 300; // rows
const ROLES = ["model", "reference", "third", "fourth"];

/** The course of one series of a session: the one that came last. */
export class Course {
  #model;
  #rows = [];
  #last = null;

  constructor(model) {
    this.#model = model;
  }

  clear() {
    this.#rows = [];
    this.#last = null;
  }

  add({ number, row, answers }) {
    const answer = answers.find((one) => one.error === undefined);
    if (answer === undefined || !row) return;
    this.#rows.push({ number, value: numberOf(row[this.#column(row)]), answer });
    if (this.#rows.length > KEPT) this.#rows.shift();
    this.#last = answer;
  }

  #column(row) {
    const target = this.#model.reads.target;
    return target in row ? target : this.#model.columns.find((name) => name in row);
  }

  /** What `Chart.show` takes. */
  drawing() {
    if (this.#last === null) return {};
    if ("forecast" in this.#last) return this.#forecast();
    if ("score" in this.#last) return this.#watched();
    return this.#others();
  }

  #given(name = this.#model.reads.target ?? "given") {
    return { name, role: "ink", points: this.#rows.map(({ number, value }) => [number, value]) };
  }

  #forecast() {
    const now = this.#rows.at(-1);
    const ahead = (values) => values.map((value, at) => [now.number + at + 1, value]);
    const before = this.#rows
      .slice(0, -1)
      .map(({ number, answer }) => [number + 1, numberOf(answer.forecast[0])]);
    const bands = bandsOf(this.#last, (level) => {
      const highs = this.#last[`forecast-hi-${level}`];
      return ahead(this.#last[`forecast-lo-${level}`]).map(([at, low], place) => [at, low, highs[place]]);
    });
    const lines = [
      this.#given(),
      { name: "forecast", role: "model", points: [[now.number, now.value], ...ahead(this.#last.forecast)] },
      { name: "was forecast one step before", role: "muted", points: before },
    ];
    return { lines, bands };
  }

  #watched() {
    const points = (key) => this.#rows.map(({ number, answer }) => [number, numberOf(answer[key])]);
    const alarms = this.#rows.filter(
      ({ answer, value }) => (answer.alarm || answer.flag) && Number.isFinite(value),
    );
    return {
      lines: [this.#given(), { name: "expected", role: "model", points: points("expected") }],
      marks: alarms.map(({ number, value, answer }) => [
        number,
        value,
        `row ${number}: score ${answer.score}`,
      ]),
      markName: "flagged",
    };
  }

  /** The score of each row, if rows are scored. */
  scores() {
    if (this.#last === null || !("score" in this.#last)) return {};
    const points = this.#rows.map(({ number, answer }) => [number, numberOf(answer.score)]);
    return { lines: [{ name: "score", role: "reference", points }] };
  }

  #others() {
    const names = Object.keys(this.#last).filter(
      (key) => typeof this.#last[key] === "number" && key !== "sequence_id",
    );
    const some = names
      .sort((a, b) => this.#last[b] - this.#last[a])
      .slice(0, ROLES.length)
      .sort();
    const lines = some.map((key, at) => ({
      name: key.replace(/^p_/, ""),
      role: ROLES[at],
      points: this.#rows.map(({ number, answer }) => [number, numberOf(answer[key])]),
    }));
    return { lines };
  }
}

/** The drawing of rows of an answer about whole data that tell of one series over time; otherwise nothing. */
export function drawingOfRows(model, rows) {
  const name = rows[0] && Object.keys(rows[0]).find((key) => key === "forecast" || key === "score");
  const series = new Set(rows.map((row) => row.unique_id));
  if (name === undefined || series.size > 1) return {};
  const points = (key) => rows.map((row, at) => [at + 1, numberOf(row[key])]);
  if (name === "score") {
    const target = model.reads.target;
    const flagged = points(target).filter((_, at) => rows[at].flag);
    return {
      lines: [
        { name: target, role: "ink", points: points(target) },
        { name: "expected", role: "model", points: points("expected") },
      ],
      marks: flagged.map(([at, value]) => [at, value, `row ${at}: score ${rows[at - 1].score}`]),
      markName: "flagged",
    };
  }
  const bands = bandsOf(rows[0], (level) =>
    rows.map((row, at) => [at + 1, row[`forecast-lo-${level}`], row[`forecast-hi-${level}`]]),
  );
  return { lines: [{ name: "forecast", role: "model", points: points("forecast") }], bands };
}

/** A band for each interval of a forecast, of which the first one is named in the legend for all. */
function bandsOf(answer, pointsOf) {
  const levels = Object.keys(answer).flatMap((key) => key.match(/^forecast-lo-(.*)$/)?.[1] ?? []);
  const name = `${levels.join(", ")}% interval${levels.length > 1 ? "s" : ""}`;
  return levels.map((level, at) => ({ name: at ? "" : name, role: "model", points: pointsOf(level) }));
}

function numberOf(value) {
  return value === null || value === undefined || value === "" ? NaN : Number(value);
}
