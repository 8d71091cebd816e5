"""How often the doctor is right: planted faults and their twins without them, and runs of the tasks.

    python benchmarks/science/verdicts.py [--seeds 2,3] [--figure FILE] [--json]

What is planted, and that the outcome shows it, is told in `family.py` without any figure of the doctor. Seeds
0 and 1 served to set thresholds. Recall: the share of planted faults that are among the verdicts. Precision:
the share of verdicts that are what was planted, or follow from it (`FOLLOWS`); a twin and a task's run have
none.
"""

import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from family import LEARNT, Outcome, confirmed, cured, family, train
from matplotlib.figure import Figure
from measure import parser, report

from recurra.experiment.diagnose import diagnose
from recurra.experiment.run import train as train_task
from recurra.tasks.registry import entries

CLEAN = "nothing"
KINDS = (
    *("vanishing", "forgetting", "exploding", "saturated", "dead units", "overfitting", "diverging"),
    *("underfitting", "low rank"),
)
ANY = frozenset({"underfitting", "low rank"})
"""What a net that was kept from learning shows, whatever kept it."""
FOLLOWS: Mapping[str, frozenset[str]] = {
    CLEAN: frozenset(),
    "vanishing": ANY | {"forgetting"},
    "forgetting": ANY | {"vanishing"},
    "exploding": ANY | {"diverging", "dead units", "saturated", "vanishing", "forgetting"},
    "saturated": ANY | {"vanishing", "forgetting"},
    "dead units": frozenset(),
    "overfitting": frozenset(),
    "diverging": ANY | {"saturated", "vanishing", "forgetting"},
    "underfitting": frozenset({"low rank"}),
}
"""What comes of a fault: weights that were thrown far saturate what they feed, and hold gradients up."""
TASKS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("forecast", "sample:sunspots", {"max_epochs": 10, "horizon": 11}),
    ("tag", "sample:python", {"max_epochs": 1, "hidden_size": 24}),
    ("language", "sample:docstrings", {"max_epochs": 1, "hidden_size": 32}),
    ("translate", "sample:dates", {"max_epochs": 1, "hidden_size": 32}),
)
CURED = 3
"""Of each kind and family, the first so many are cured."""


def of_tasks(seed: int) -> list[tuple[str, ...]]:
    """What is told of runs of the tasks that nothing is wrong with, through run folders."""
    told = []
    for name, source, settings in TASKS:
        task = entries()[name].load("task")
        given = {"baselines": (), "device": "cpu", "seed": seed, **settings}
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder) / "run"
            train_task(task, source, given, run, show_progress=False)
            found = diagnose(task, run).findings
        told.append(tuple(one.kind for one in found if not one.healthy))
    return told


def of_family(seed: int) -> tuple[list[tuple[str, Outcome]], int, Counter[str]]:
    """What was planted, with what came of it; how many pairs showed nothing; and cures tried and done."""
    found: list[tuple[str, Outcome]] = []
    unconfirmed, cures = 0, Counter[str]()
    for planted, twin in family(seed):
        bad, good = train(planted), train(twin)
        if not confirmed(planted, bad, good):
            unconfirmed += 1
            continue
        found += [(planted.planted, bad), (CLEAN, good)]
        kind = planted.planted
        if kind in ("vanishing", "exploding") and kind in bad.told and cures[kind] < CURED:
            cures[kind] += 1
            cures["done"] += train(cured(planted, bad)).accuracy >= LEARNT
    return found, unconfirmed, cures


def table(told: list[tuple[str, tuple[str, ...]]]) -> str:
    """Runs by what was planted, and how many of them were told each fault."""
    lines = [f"{'planted':>14} {'runs':>5} " + " ".join(f"{kind[:10]:>10}" for kind in (*KINDS, CLEAN))]
    for planted in (*KINDS[:-1], CLEAN):
        own = [faults for name, faults in told if name == planted]
        counts = Counter(kind for faults in own for kind in faults or (CLEAN,))
        row = " ".join(f"{counts[kind] or '.':>10}" for kind in (*KINDS, CLEAN))
        lines.append(f"{planted:>14} {len(own):>5} {row}")
    return "\n".join(lines)


def draw(told: list[tuple[str, tuple[str, ...]]], path: str) -> None:
    """The table as a figure: the darker, the larger a share of the runs was told so."""
    rows, columns = (*KINDS[:-1], CLEAN), (*KINDS, CLEAN)
    figure = Figure(figsize=(8.5, 5), layout="constrained")
    axes = figure.add_subplot()
    shares = []
    for at, planted in enumerate(rows):
        own = [faults for name, faults in told if name == planted]
        counts = Counter(kind for faults in own for kind in faults or (CLEAN,))
        shares.append([counts[kind] / max(len(own), 1) for kind in columns])
        for place, kind in enumerate(columns):
            if counts[kind]:
                colour = "white" if shares[-1][place] > 0.5 else "black"
                axes.text(place, at, str(counts[kind]), ha="center", va="center", color=colour)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    number = Counter(name for name, _ in told)
    axes.set_yticks(range(len(rows)), [f"{one} ({number[one]} runs)" for one in rows])
    axes.set_xticks(range(len(columns)), columns, rotation=40, ha="right")
    axes.set(ylabel="planted", xlabel="told by the doctor")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.savefig(path)


def main() -> None:
    """Train all, and count."""
    own = parser(__doc__ or "", data=False)
    own.add_argument("--seeds", default="2,3", help="of families, with commas between")
    own.add_argument("--figure", help="file for the table as a figure, SVG or PNG")
    options = own.parse_args()

    def run() -> Mapping[str, Any]:
        told: list[tuple[str, tuple[str, ...]]] = []
        unconfirmed, cures = 0, Counter[str]()
        for seed in map(int, options.seeds.split(",")):
            found, lost, tried = of_family(seed)
            told += [(planted, one.told) for planted, one in found]
            told += [(CLEAN, faults) for faults in of_tasks(seed)]
            unconfirmed, cures = unconfirmed + lost, cures + tried
        print(table(told))
        if options.figure:
            draw(told, options.figure)
        ill = [(planted, faults) for planted, faults in told if planted != CLEAN]
        verdicts = [(planted, kind) for planted, faults in told for kind in faults]
        right = [kind == planted or kind in FOLLOWS[planted] for planted, kind in verdicts]
        alarms = sum(bool(faults) for planted, faults in told if planted == CLEAN)
        return {
            "runs": len(told),
            "planted": len(ill),
            "not_shown": unconfirmed,
            "recall": round(sum(planted in faults for planted, faults in ill) / len(ill), 3),
            "precision": round(sum(right) / len(verdicts), 3),
            "clean_runs": len(told) - len(ill),
            "false_alarms": alarms,
            "cures_tried": cures["vanishing"] + cures["exploding"],
            "cured": cures["done"],
        }

    report(run, options)


if __name__ == "__main__":
    main()
