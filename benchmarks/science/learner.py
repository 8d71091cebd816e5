"""A recurrent net over made problems, trained by the ladder, and what it learns in how many steps."""

import json
import math
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from figure import draw_side_by_side
from measure import parser, report
from problem import Case, Cases
from torch import Tensor, nn

from recurra.diagnosis import findings, measure, overall, training_health
from recurra.layers.stack import make_stack
from recurra.recurrence import Recurrence
from recurra.training.config import TrainingConfig
from recurra.training.contract import Loss
from recurra.training.history import History
from recurra.training.loop import fit

CELLS: Mapping[str, Mapping[str, Any]] = {
    "elman": {"cell": "elman"},
    "elman_relu": {"cell": "elman_relu"},
    "elman_orthogonal": {"cell": "elman", "orthogonal": True},
    "linear": {"cell": "elman_linear"},
    "linear_orthogonal": {"cell": "elman_linear", "orthogonal": True},
    "lstm": {"cell": "lstm"},
    "lstm_chrono": {"cell": "lstm"},
    "gru": {"cell": "gru"},
    "gru_chrono": {"cell": "gru"},
}


class Reader(nn.Module):
    """A stack, and a linear layer over its outputs."""

    def __init__(self, input_size: int, output_size: int, recurrence: Recurrence) -> None:
        super().__init__()
        self.stack = make_stack(input_size, recurrence)
        self.output = nn.Linear(self.stack.output_size, output_size)

    def forward(self, inputs: Tensor) -> Tensor:
        """(batch, time, features) -> (batch, time, outputs)."""
        outputs, _ = self.stack(inputs)
        return cast("Tensor", self.output(outputs))


def last_error(model: nn.Module, case: Case, state: Any = None) -> Loss:
    """The squared error of the number that is told after the last step."""
    del state
    found = model(case.inputs)[:, -1, 0]
    return Loss((found - case.targets).square().sum(), float(len(case)))


def every_step(model: nn.Module, case: Case, state: Any = None) -> Loss:
    """The cross-entropy of every step, in nats."""
    del state
    logits = model(case.inputs)
    total = F.cross_entropy(logits.flatten(0, 1), case.targets.flatten(), reduction="sum")
    return Loss(total, float(case.targets.numel()))


@torch.no_grad()
def mean_loss(objective: Callable[..., Loss], source: Cases, model: nn.Module) -> dict[str, float]:
    """The mean loss over cases that training does not see."""
    found = [objective(model, source.batch(0, index)) for index in range(len(source))]
    return {"valid_loss": float(sum(one.total for one in found)) / sum(float(one.count) for one in found)}


class Problem(NamedTuple):
    """What is to be learnt.

    Attributes:
        make: Rows of it.
        objective: Its loss.
        input_size: Features of a step.
        output_size: Numbers that are told.
        chance: The loss of knowing nothing.
        solved: The loss from which on it is learnt: training ends at half of it.
    """

    make: Callable[[int, torch.Generator], Case]
    objective: Callable[..., Loss]
    input_size: int
    output_size: int
    chance: float
    solved: float


class Learnt(NamedTuple):
    """What came of a training.

    Attributes:
        losses: Of unseen cases, after each epoch; NaN where there is no number.
        verdict: What the doctor said when a quarter of the epochs was over.
        seconds: Of the processor, that training took.
    """

    losses: list[float]
    verdict: str
    seconds: float


class Examiner:
    """Has the doctor look at a net when some epochs are over, and ends its training once it has learnt.

    Args:
        name: What is trained, for its lines.
        look: From the history so far to the verdict.
        epochs: After how many the doctor looks.
        enough: The loss that ends the training.
    """

    def __init__(self, name: str, look: Callable[[History], str], epochs: int, enough: float) -> None:
        self._name, self._look, self._epochs, self._enough = name, look, epochs, enough
        self._history = History()
        self.verdict = ""

    def on_step(self, record: Mapping[str, Any]) -> None:
        """Keep it."""
        self._history.add({**record, "kind": "step"})

    def on_epoch(self, record: Mapping[str, Any]) -> bool:
        """Say how far training has come, and examine."""
        self._history.add({**record, "kind": "epoch"})
        done, loss = len(self._history.epochs), float(record["valid_loss"])
        sys.stderr.write(f"{self._name}, epoch {done}: {loss:.6f}, {record['seconds']:.1f} s\n")
        over = loss < self._enough
        if done == self._epochs or (over and not self.verdict):
            self.verdict = self._look(self._history)
            sys.stderr.write(f"{self._name}: {self.verdict}\n")
        return over


def learn(name: str, problem: Problem, steps_back: int, settings: Mapping[str, Any]) -> Learnt:
    """Train a cell of 128 units on a problem, until it is solved or epochs are over.

    Args:
        name: Of `CELLS`.
        problem: The problem.
        steps_back: Over which chrono initialisation spreads memories.
        settings: Of training, and `batches` an epoch.
    """
    given = dict(settings)
    batches, seed = given.pop("batches"), given["seed"]
    start: dict[str, Any] = {"chrono_steps": max(3, steps_back)} if name.endswith("chrono") else {}
    torch.manual_seed(seed)
    recurrence = Recurrence(hidden_size=128, dropout=0.0, **CELLS[name], **start)
    model = Reader(problem.input_size, problem.output_size, recurrence)
    config = TrainingConfig(**given)
    source = Cases(problem.make, config.batch_size, batches, seed)
    unseen = Cases(problem.make, 200, 5, seed + 1_000)

    def look(history: History) -> str:
        measured = measure(model, unseen.batch(0, 0), problem.objective)
        health = training_health(history.steps, history.epochs)
        return overall(findings(measured, health, recurrence.model_dump() | config.model_dump()))

    examiner = Examiner(
        f"{name}, {steps_back} steps", look, max(1, config.max_epochs // 4), problem.solved / 2
    )
    validate = partial(mean_loss, problem.objective, unseen)
    began = time.process_time()
    history = fit(model, problem.objective, source, config, validate=validate, callbacks=[examiner])
    losses = [math.nan if epoch["valid_loss"] is None else epoch["valid_loss"] for epoch in history.epochs]
    return Learnt(losses, examiner.verdict, round(time.process_time() - began, 1))


def learnt_before(
    name: str,
    problem: Problem,
    steps_back: int,
    settings: Mapping[str, Any],
    folder: Path | None,
    *,
    any_settings: bool = False,
) -> Learnt:
    """What `learn` gives, which a folder keeps: it is read where it was learnt there with these settings."""
    if folder is None:
        return learn(name, problem, steps_back, settings)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}_{steps_back}.json"
    if path.exists():
        kept = json.loads(path.read_text())
        if any_settings or kept["settings"] == dict(settings):
            return Learnt(**kept["learnt"])
    found = learn(name, problem, steps_back, settings)
    path.write_text(json.dumps({"settings": dict(settings), "learnt": found._asdict()}))
    return found


def race(
    description: str,
    problem_of: Callable[[int], Problem],
    settings: Mapping[str, Any],
    *,
    steps: str,
    cells: str,
    what: str,
    unit: str,
) -> None:
    """Read the arguments of a benchmark, train each cell at each length, and tell the best losses.

    Args:
        description: Of the benchmark.
        problem_of: From a number of steps to the problem.
        settings: As of `learn`, but for the seed.
        steps: Numbers of steps where none are given, with commas between.
        cells: Names of cells where none are given.
        what: Steps are called.
        unit: What the loss is.
    """
    own = parser(description, data=False, resumable=True)
    own.add_argument("--steps", default=steps, help="how far back, with commas between")
    own.add_argument("--cells", default=cells, help=f"of {', '.join(CELLS)}")
    own.add_argument("--epochs", type=int, default=settings["max_epochs"], help="at most, of 100 batches")
    own.add_argument(
        "--kept", action="store_true", help="train nothing: tell what --folder holds, of whatever settings"
    )
    own.add_argument("--figure", help="file for the learning curves, SVG or PNG")
    options = own.parse_args()
    names = options.cells.split(",")
    if options.kept and options.folder is None:
        own.error("--kept needs --folder")
    if unknown := [name for name in names if name not in CELLS]:
        own.error(f"no cell {', '.join(unknown)}; there are {', '.join(CELLS)}")

    def run() -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        curves: dict[str, dict[str, list[float]]] = {}
        chances: dict[str, float] = {}
        for length in map(int, options.steps.split(",")):
            problem = problem_of(length)
            title = f"{length} {what}"
            curves[title], chances[title] = {}, problem.chance
            found[f"chance_{length}"] = round(problem.chance, 6)
            for name in names:
                if options.kept and not (options.folder / f"{name}_{length}.json").exists():
                    continue
                own_settings = {**settings, "max_epochs": options.epochs, "seed": options.seed}
                learnt = learnt_before(
                    name, problem, length, own_settings, options.folder, any_settings=options.kept
                )
                found[f"{name}_{length}"] = round(min(learnt.losses), 6)
                found[f"{name}_{length}_epochs"] = len(learnt.losses)
                found[f"{name}_{length}_doctor"] = learnt.verdict
                found[f"{name}_{length}_seconds"] = learnt.seconds
                curves[title][name.replace("_", ", ")] = learnt.losses
        if options.figure:
            drawn = {title: nets for title, nets in curves.items() if nets}
            draw_side_by_side(drawn, chances, unit, options.figure)
        return found

    report(run, options)
