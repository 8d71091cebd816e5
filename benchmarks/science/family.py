"""Short trainings with a planted fault, each with a twin without it: what the doctor's verdicts are held to.

What is planted counts only where the outcome shows it, told by no figure of the doctor: the net fails on
cases that training did not see, and its twin, which differs in nothing but what was planted, does not.
"""

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from learner import Reader, every_step, mean_loss
from problem import Case, Cases, by_heart, echoing, recalling, two_parts
from torch import Tensor, nn

from recurra.diagnosis import Finding, changes_of, findings, measure, training_health
from recurra.errors import NonFiniteError
from recurra.recurrence import Recurrence
from recurra.report.history import read_course
from recurra.training.config import TrainingConfig
from recurra.training.contract import Loss
from recurra.training.loop import fit

FAILED, LEARNT = 0.75, 0.9
"""Accuracy of two classes: a net that is below the first failed, one from the second on learnt."""
_CHANCE = 0.6
"""Nats; knowing nothing of two classes gives 0.69."""
_FROZEN = 0.4
"""Share of units none of whose weights training changed."""

_USUAL = {"learning_rate": 5e-3}

Make = Callable[[int, torch.Generator], Case]


def last_class(model: nn.Module, case: Case, state: Any = None) -> Loss:
    """The cross-entropy of the class that is told after the last step, in nats."""
    del state
    logits = model(case.inputs)[:, -1]
    return Loss(F.cross_entropy(logits, case.targets, reduction="sum"), float(len(case)))


def last_signs(model: nn.Module, case: Case, state: Any = None) -> Loss:
    """The cross-entropy of all signs that are told after the last step, in nats."""
    del state
    logits = model(case.inputs)[:, -1]
    total = F.binary_cross_entropy_with_logits(logits, case.targets.float(), reduction="sum")
    return Loss(total, float(len(case)))


def _of_class(outputs: Tensor, case: Case) -> Tensor:
    return outputs[:, -1].argmax(-1) == case.targets


def _of_steps(outputs: Tensor, case: Case) -> Tensor:
    return (outputs.argmax(-1) == case.targets)[case.targets >= 0]


def _of_far_sign(outputs: Tensor, case: Case) -> Tensor:
    return (outputs[:, -1, 0] > 0) == (case.targets[:, 0] > 0)


class Question(NamedTuple):
    """What is asked of a net: its loss, what of its outputs is right, and their sizes."""

    objective: Callable[..., Loss]
    right: Callable[[Tensor, Case], Tensor]
    inputs: int
    outputs: int


CLASS, STEPS, SIGNS = (
    Question(last_class, _of_class, 1, 2),
    Question(every_step, _of_steps, 2, 2),
    Question(last_signs, _of_far_sign, 4, 4),
)


@dataclass(frozen=True)
class Member:
    """A training.

    Attributes:
        planted: The fault; empty of a twin.
        question: What is asked.
        make: Rows to train on.
        unseen: Rows to judge on.
        recurrence: Options of the net.
        training: Settings of the training.
        seed: Where its randomness starts.
        plant: What is done to the fresh net.
        learnt: Accuracy from which on it counts as learnt.
    """

    planted: str
    question: Question
    make: Make
    unseen: Make
    recurrence: Mapping[str, Any]
    training: Mapping[str, Any]
    seed: int
    plant: Callable[[nn.Module], None] | None = None
    learnt: float = LEARNT

    @property
    def name(self) -> str:
        """In a word or two."""
        return f"{self.recurrence['cell']} {self.recurrence['hidden_size']}"


@dataclass(frozen=True)
class Outcome:
    """What came of a training, and what the doctor says.

    Attributes:
        accuracy: On cases that it did not see; 0.5 is chance.
        loss: Of these, in nats; 0.69 is chance.
        broke: Whether the loss became no number.
        frozen: Share of units of a ReLU whose weights are bit for bit as they began.
        findings: The doctor's.
    """

    accuracy: float
    loss: float
    broke: bool
    frozen: float
    findings: tuple[Finding, ...] = field(repr=False)

    @property
    def told(self) -> tuple[str, ...]:
        """The faults that the doctor told."""
        return tuple(one.kind for one in self.findings if not one.healthy)


def train(member: Member) -> Outcome:
    """Train a member by the ladder, judge it, and ask the doctor as `recurra doctor` does."""
    torch.manual_seed(member.seed)
    recurrence = Recurrence(**{"dropout": 0.0, **member.recurrence})
    config = TrainingConfig(
        **{"batch_size": 32, "max_epochs": 6, **_USUAL, "log_every": 5, "device": "cpu"}
        | dict(member.training),
        seed=member.seed,
    )
    asked = member.question
    model = Reader(asked.inputs, asked.outputs, recurrence)
    if member.plant is not None:
        member.plant(model)
    began = {name: value.clone() for name, value in model.state_dict().items()}
    source = Cases(member.make, config.batch_size, 30, member.seed)
    unseen = Cases(member.unseen, 128, 2, member.seed + 1_000)
    broke = False
    with tempfile.TemporaryDirectory() as folder:
        try:
            judge = partial(mean_loss, asked.objective, unseen)
            fit(model, asked.objective, source, config, validate=judge, folder=Path(folder))
        except NonFiniteError:
            broke = True
        course = read_course(Path(folder))
    frozen = _frozen(model, began) if recurrence.cell == "elman_relu" else 0.0
    health = training_health(course.steps, course.epochs)
    if broke:
        health = replace(health, not_finite=health.not_finite + 1)
        accuracy, loss = 0.5, math.inf
        model.load_state_dict(began)
    else:
        with torch.no_grad():
            case = Cases(member.unseen, 512, 1, member.seed + 2_000).batch(0, 0)
            accuracy = float(asked.right(model(case.inputs), case).float().mean())
            found = asked.objective(model, case)
            loss = float(found.total) / float(found.count)
    measured = measure(model, unseen.batch(0, 0), asked.objective, further=[unseen.batch(0, 1)])
    settings = {**recurrence.model_dump(), **config.model_dump()}
    return Outcome(accuracy, loss, broke, frozen, findings(measured, health, settings))


def cured(member: Member, outcome: Outcome) -> Member:
    """The same with the first remedy of what was planted, and thrice the time."""
    change = changes_of(tuple(one for one in outcome.findings if one.kind == member.planted))
    known = set(Recurrence.model_fields)
    return replace(
        member,
        planted="",
        recurrence={**member.recurrence, **{key: value for key, value in change.items() if key in known}},
        training={**member.training, "max_epochs": 18}
        | {key: value for key, value in change.items() if key not in known},
    )


def confirmed(planted: Member, bad: Outcome, good: Outcome) -> bool:
    """Whether outcomes show what was planted: one failed, its twin learnt.

    Of a rate that is wrong the loss tells more: a net may be right by chance and know nothing, or mostly
    right and so sure of itself that its loss is worse than chance.
    """
    if planted.planted in ("diverging", "underfitting"):
        return bad.loss > _CHANCE and good.accuracy >= planted.learnt
    if planted.planted == "dead units":
        return bad.frozen >= _FROZEN > good.frozen and good.accuracy >= planted.learnt
    return bad.accuracy < FAILED and good.accuracy >= planted.learnt


def _frozen(model: nn.Module, began: Mapping[str, Tensor]) -> float:
    layer = cast("Any", model).stack.layers[0].cell
    same = [
        (getattr(layer, name) == began[f"stack.layers.0.cell.{name}"]).flatten(1).all(dim=1)
        for name in ("weight_ih", "weight_hh")
    ]
    return float((same[0] & same[1]).float().mean())


def family(seed: int) -> Iterator[tuple[Member, Member]]:
    """Pairs of a planted fault and its twin, in which a seed draws sizes, lengths, rates and weights."""
    random = Random(seed)
    for number, (kind, count) in enumerate(_KINDS.items()):
        for index in range(count):
            yield kind(random, 100_000 * seed + 1_000 * number + index)


def _pair(
    planted: str,
    question: Question,
    makes: tuple[Make, Make],
    net: Mapping[str, Any],
    training: Mapping[str, Any],
    seed: int,
    of_twin: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[Member, Member]:
    """A member, and its twin: with other rows, or other options, of the net or of training."""
    bad = Member(planted, question, makes[0], makes[0], net, training, seed)
    own = [
        {**options, **{key: value for key, value in of_twin.items() if key in options}}
        for options in (net, training)
    ]
    twin = replace(bad, planted="", make=makes[1], unseen=makes[1], recurrence=own[0], training=own[1])
    return bad, twin


def _small(random: Random) -> dict[str, Any]:
    """An Elman net whose weights start too small."""
    start = random.choice([{"initialization": "glorot"}, {}])
    return {"cell": "elman", "hidden_size": random.randrange(16, 41), **start,
            "recurrent_scale": round(random.uniform(0.3, 0.8), 2)}  # fmt: skip


def _any_net(random: Random) -> dict[str, Any]:
    return {"cell": random.choice(["elman", "lstm", "gru"]), "hidden_size": random.randrange(16, 41)}


def _lost_start(random: Random, seed: int) -> tuple[Member, Member]:
    rows = recalling(random.randrange(40, 71)), recalling(random.randrange(4, 9))
    return _pair("vanishing", CLASS, rows, _small(random), {}, seed)


def _lost_echo(random: Random, seed: int) -> tuple[Member, Member]:
    rows = echoing(random.randrange(16, 31)), echoing(random.randrange(1, 3))
    return _pair("vanishing", STEPS, rows, _small(random), {}, seed)


def _lost_part(random: Random, seed: int) -> tuple[Member, Member]:
    steps = random.randrange(36, 60)
    rows = two_parts(steps, random.randrange(24, steps - 4)), two_parts(steps, random.randrange(1, 4))
    return _pair("vanishing", SIGNS, rows, _small(random), {}, seed)


def _forgetful(random: Random, seed: int) -> tuple[Member, Member]:
    rows = recalling(random.randrange(40, 61)), recalling(random.randrange(4, 7))
    net = {"cell": "lstm", "hidden_size": random.randrange(16, 33)}
    net["forget_bias"] = -round(random.uniform(2, 4), 1)
    return _pair("forgetting", CLASS, rows, net, {}, seed)


def _unclipped(random: Random, seed: int) -> tuple[Member, Member]:
    rows = recalling(random.randrange(20, 41))
    net = {"cell": "elman_relu", "hidden_size": random.randrange(16, 41)}
    net["recurrent_scale"] = round(random.uniform(1.2, 1.5), 2)
    training = {"optimizer": "sgd", "learning_rate": round(random.uniform(0.01, 0.05), 3)}
    free = {**training, "gradient_clip": None}
    return _pair("exploding", CLASS, (rows, rows), net, free, seed, {"gradient_clip": 1.0})


def _stretched(random: Random, seed: int) -> tuple[Member, Member]:
    rows = recalling(random.randrange(10, 21))
    net = {"cell": "elman", "hidden_size": random.randrange(16, 41)}
    net["recurrent_scale"] = round(random.uniform(6, 12), 1)
    return _pair(
        "exploding", CLASS, (rows, rows), net, {"learning_rate": 1e-3}, seed, {"recurrent_scale": 1.0}
    )


def _at_the_ends(random: Random, seed: int) -> tuple[Member, Member]:
    rows = recalling(random.randrange(10, 31))
    net = {"cell": "elman", "hidden_size": random.randrange(16, 41)}
    bad, good = _pair("saturated", CLASS, (rows, rows), net, {"learning_rate": 2e-3}, seed)
    return replace(bad, plant=partial(_enlarge, factor=random.uniform(100, 300))), good


@torch.no_grad()
def _enlarge(model: nn.Module, factor: float) -> None:
    """As if inputs had not been brought to one scale."""
    cast("Any", model).stack.layers[0].cell.weight_ih.mul_(factor)


def _without_life(random: Random, seed: int) -> tuple[Member, Member]:
    rows = recalling(random.randrange(6, 13))
    net = {"cell": "elman_relu", "hidden_size": random.randrange(16, 41)}
    bad, good = _pair("dead units", CLASS, (rows, rows), net, {"learning_rate": 2e-3}, seed)
    return replace(bad, plant=partial(_kill, share=random.uniform(0.5, 0.9))), good


@torch.no_grad()
def _kill(model: nn.Module, share: float) -> None:
    bias = cast("Any", model).stack.layers[0].cell.bias_ih
    bias[: round(share * len(bias))] = -30


def _few_rows(random: Random, seed: int) -> tuple[Member, Member]:
    steps = random.randrange(6, 13)
    rows = by_heart(steps, random.randrange(16, 41)), by_heart(steps, 20_000)
    asked = CLASS._replace(inputs=3)
    bad, good = _pair("overfitting", asked, rows, {**_any_net(random), "hidden_size": 48},
                      {"max_epochs": 10}, seed)  # fmt: skip
    unseen = by_heart(steps, 19_997)
    return replace(bad, unseen=unseen, learnt=0.8), replace(good, unseen=unseen)


def _too_fast(random: Random, seed: int) -> tuple[Member, Member]:
    rows = recalling(random.randrange(6, 16))
    rate = {"learning_rate": round(random.uniform(5, 30), 1), "schedule": "constant"}
    return _pair("diverging", CLASS, (rows, rows), _any_net(random), rate, seed, _USUAL)


def _too_slow(random: Random, seed: int) -> tuple[Member, Member]:
    rows = recalling(random.randrange(6, 16))
    rate = {"learning_rate": 10 ** random.uniform(-7, -5.5)}
    return _pair("underfitting", CLASS, (rows, rows), _any_net(random), rate, seed, _USUAL)


_KINDS: Mapping[Callable[[Random, int], tuple[Member, Member]], int] = {
    _lost_start: 4, _lost_echo: 4, _lost_part: 4, _forgetful: 3, _unclipped: 5, _stretched: 2,
    _at_the_ends: 3, _without_life: 3, _few_rows: 3, _too_fast: 3, _too_slow: 3,
}  # fmt: skip
