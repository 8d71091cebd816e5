"""How much a net may cost, the same for all that are compared: time to train, or numbers to choose."""

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from recurra.data.naming import counted
from recurra.errors import ConfigError
from recurra.experiment.fit import fit, fresh_net
from recurra.experiment.run_folder import HISTORY
from recurra.experiment.task import Prepared, Task
from recurra.report.number import duration
from recurra.training.contract import Batch, BatchSource, ContinuingSource

EXAMPLE = "10m, 90s, 1h30m, parameters=50000, or both with a comma between"
LARGEST = 16_384
"""Hidden units that settings take."""
ROOM = 1.05
"""What an epoch may take beyond what the first steps took, so that the last one ends in time."""
GRACE = 1.1
"""Of the time, at most so much is used where the machine became slower."""
_PILOTS = (2, 8, 64)  # batches; the first ones load and warm what later ones have ready
_ENOUGH = 0.5  # seconds of a measurement
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SIZES = {"": 1, "k": 1_000, "m": 1_000_000}


class Budget(NamedTuple):
    """What every net is given; None where it is not bounded.

    Attributes:
        seconds: Time to train, validation not counted.
        parameters: Numbers that training chooses.
    """

    seconds: float | None = None
    parameters: int | None = None

    @property
    def typed(self) -> str:
        """As `parse_budget` takes it; "" for no bounds."""
        parts = [] if self.seconds is None else [f"{self.seconds:g}s"]
        parts += [] if self.parameters is None else [f"parameters={self.parameters}"]
        return ",".join(parts)

    @property
    def text(self) -> str:
        """In words."""
        parts = [] if self.seconds is None else [f"{duration(self.seconds)} of training"]
        parts += [] if self.parameters is None else [f"about {self.parameters:,} parameters"]
        return " and ".join(parts) or "the same epochs"


def parse_duration(text: str, option: str) -> float:
    """Seconds of "90s", "10m", "1h30m".

    Raises:
        ConfigError: It is written otherwise, or is no time at all.
    """
    found = re.findall(r"(\d+(?:\.\d+)?)([smhd])", text.strip().lower().replace("min", "m"))
    seconds = sum(float(number) * _UNITS[unit] for number, unit in found)
    if "".join(f"{number}{unit}" for number, unit in found) != text.strip().lower().replace("min", "m"):
        seconds = 0.0
    if seconds <= 0:
        raise ConfigError(f"{option} is {text!r}", "a time such as 90s, 10m or 1h30m", f"Change {option}.")
    return seconds


def parse_budget(text: str | None) -> Budget:
    """A budget as it is typed: "10m", "parameters=50k", "10m,parameters=50k".

    Raises:
        ConfigError: It is written otherwise.
    """
    seconds, parameters = None, None
    for part in filter(None, (one.strip() for one in (text or "").split(","))):
        key, sign, value = part.partition("=")
        if not sign:
            seconds = parse_duration(part, "--budget")
            continue
        number = re.fullmatch(r"(\d+(?:\.\d+)?)([km]?)", value.strip().lower())
        if key.strip() != "parameters" or number is None or float(number[1]) <= 0:
            raise ConfigError(f"--budget is {part!r}", EXAMPLE, "Change --budget.")
        parameters = round(float(number[1]) * _SIZES[number[2]])
    return Budget(seconds, parameters)


def parameters_of(task: Task, prepared: Prepared) -> int:
    """How many numbers training would choose."""
    return sum(one.numel() for one in fresh_net(task, prepared).parameters())


def hidden_size_for(task: Task, data: Any, wanted: int, model: str) -> int:
    """The hidden size whose net has the number of parameters that is nearest to what is wanted.

    Args:
        task: The task.
        data: What its `read` gave; the other settings are those of its config.
        wanted: Parameters.
        model: What the net is called, for the error.

    Raises:
        ConfigError: Even one hidden unit has more.
    """

    def parameters(size: int) -> int:
        config = data.config.model_copy(update={"hidden_size": size})
        return parameters_of(task, task.prepare(dataclasses.replace(data, config=config)))

    low, high = 1, max(2, int(data.config.hidden_size))
    known = {1: parameters(1)}
    if known[1] > wanted:
        raise ConfigError(
            f"a budget of {counted(wanted, 'parameter')} for {model}",
            f"{known[1]:,} or more, which it has with hidden_size=1",
            "Raise the budget, or lower what does not depend on hidden_size, such as an embedding.",
        )
    while (known.setdefault(high, parameters(high))) < wanted and high < LARGEST:
        low, high = high, min(2 * high, LARGEST)
    while high - low > 1:
        # Parameters grow about as the square of the width, so their roots lie on a line nearly.
        share = (wanted**0.5 - known[low] ** 0.5) / max(known[high] ** 0.5 - known[low] ** 0.5, 1e-9)
        guess = min(max(round(low + share * (high - low)), low + 1), high - 1)
        known[guess] = parameters(guess)
        low, high = (low, guess) if known[guess] >= wanted else (guess, high)
    return min((low, high), key=lambda size: abs(known[size] - wanted))


class _First:
    """The first batches of a source, as if there were no more."""

    def __init__(self, source: BatchSource, count: int) -> None:
        self._source, self._count = source, min(count, len(source))

    def __len__(self) -> int:
        return self._count

    def batch(self, epoch: int, index: int) -> Batch:
        return self._source.batch(epoch, index)

    def continues(self, epoch: int, index: int) -> bool:
        return isinstance(self._source, ContinuingSource) and self._source.continues(epoch, index)


def epochs_within(task: Task, prepared: Prepared, seconds: float, model: str) -> int:
    """How many epochs of a net fit into a time, by how long its first steps take on this machine.

    Schedules run their whole course over as many epochs, as in any other training.

    Raises:
        ConfigError: Not even one does.
        NonFiniteError: Training diverged in these steps.
    """
    epoch = ROOM * _epoch_seconds(task, prepared)
    if epoch > seconds:
        raise ConfigError(
            f"a budget of {duration(seconds)} for {model}",
            f"{duration(epoch)} or more, which one epoch takes on this machine",
            "Raise the budget, or take fewer data or a smaller net.",
        )
    return int(seconds / epoch)


def _epoch_seconds(task: Task, prepared: Prepared) -> float:
    alone = {
        "max_epochs": 1,
        "patience": None,
        "monitor": "train_loss",
        "monitor_mode": "min",
        "tensorboard": None,
    }
    config = prepared.config.model_copy(update=alone)
    batches, taken = len(prepared.source), 0.0
    for number, count in enumerate(_PILOTS):
        pilot = dataclasses.replace(
            prepared, config=config, source=_First(prepared.source, count), validate=None, validation=None
        )
        history = fit(task, pilot).history
        if history.interrupted:
            raise KeyboardInterrupt
        taken = float(history.epochs[0]["seconds"]) / min(count, batches)
        if number and (taken * count > _ENOUGH or count >= batches):
            break
    return taken * batches


class Deadline:
    """Ends a run after an epoch where another one would take it too far beyond its time.

    Args:
        seconds: The time.
        folder: The folder of the run, where the epochs of one that goes on are read.
    """

    def __init__(self, seconds: float, folder: Path) -> None:
        self._seconds = seconds
        self._taken: dict[int, float] = {}
        path = folder / HISTORY
        for line in path.read_bytes().splitlines() if path.exists() else ():
            try:
                record = json.loads(line)
            except ValueError:  # the last line of a process that was killed
                continue
            if record.get("kind") == "epoch":
                self.on_epoch(record)

    def on_epoch(self, record: Mapping[str, Any]) -> bool:
        """Whether to end."""
        epoch = int(record["epoch"])
        self._taken[epoch] = float(record["seconds"])
        taken = [one for number, one in self._taken.items() if number <= epoch]
        return sum(taken) + sum(taken) / len(taken) > GRACE * self._seconds

    def on_step(self, record: Mapping[str, Any]) -> None:
        """Let it go on."""
