"""A training run: what the rungs of the ladder hand to each other."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from recurra.errors import ConfigError
from recurra.training.averaging import Averaging
from recurra.training.callback import Callback
from recurra.training.config import TrainingConfig
from recurra.training.contract import (
    Batch,
    BatchSource,
    ContinuingSource,
    Objective,
    PacedObjective,
    Validate,
)
from recurra.training.device import choose_device
from recurra.training.distributed import Group
from recurra.training.early_stopping import EarlyStopping
from recurra.training.gradient import Gathered, Measurement, update_ratio
from recurra.training.history import History, HistoryFile, Tally
from recurra.training.interruption import Interruption
from recurra.training.monitor import onset
from recurra.training.optimizer import make_optimizer
from recurra.training.precision import Precision
from recurra.training.progress import Bar
from recurra.training.schedule import Schedule


def unsaid(sentence: str) -> None:
    """Tell nobody."""
    del sentence


@dataclass
class Position:
    """Where a run stands.

    Attributes:
        epoch: The epoch that is being trained, counted from 0.
        batch: The batch of this epoch.
        chunk: Chunks of this batch that are done.
        step: Optimiser steps so far.
    """

    epoch: int = 0
    batch: int = 0
    chunk: int = 0
    step: int = 0

    @property
    def name(self) -> str:
        """A name for a checkpoint at this position; later ones sort behind earlier ones."""
        return f"epoch-{self.epoch:05d}-step-{self.step:09d}"


class Run:
    """Everything that training goes on; `recurra.training.snapshot` says what of it a checkpoint keeps.

    Attributes:
        position: The next chunk to train on.
        parts: The chunks of the batch that is being trained on; each goes to the device by itself.
        carried: The state that the last chunk hands to the next one, of this batch or the next.
        gathered: Losses since the last optimiser step.
        step_began: How many epochs were done before them.
        best: The best epoch's weights, None before there are any.
        window: Sums since the last history line of kind "step".
        tally: Sums since the beginning of the epoch.
        update_ratio: Of the last optimiser step before a history line of kind "step"; None at all others, and
            where that step was skipped.
        learning_rate: Of the last optimiser step.
        stopped: Why the run is over, None while it goes on.
    """

    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        source: BatchSource,
        config: TrainingConfig,
        *,
        validate: Validate | None = None,
        folder: Path | None = None,
        group: Group | None = None,
        interruption: Interruption | None = None,
        callbacks: Sequence[Callback] = (),
        say: Callable[[str], None] = unsaid,
    ) -> None:
        self.group = group or Group()
        self.device = choose_device(config.device, self.group.local_rank)
        self.model = model.to(self.device)
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.objective = objective
        self.source = source
        self.config = config
        self.validate = validate
        self.folder = folder
        self.interruption = interruption or Interruption()
        self.bar = Bar.hidden()
        self.say = say
        self.callbacks = callbacks if self.group.rank == 0 else ()

        self.optimizer = make_optimizer(model, config)
        self.schedule = Schedule(config)
        self.precision = Precision(config.precision, self.device)
        self.averaging = Averaging(model, config)
        self.early_stopping = EarlyStopping(config)
        self.history = History()
        writes = folder if self.group.rank == 0 else None
        self.history_file = HistoryFile(writes / "history.jsonl" if writes else None, self.history)

        self.position = Position()
        self.parts: list[Batch] = []
        self.carried: Any = None
        self.gathered = Gathered(self.device)
        self.step_began = 0.0
        self.best: dict[str, Tensor] | None = None
        self.window = Tally()
        self.tally = Tally()
        self.update_ratio: Tensor | None = None
        self.learning_rate = config.learning_rate
        self.stopped: str | None = None
        self._clock = time.perf_counter()
        self._last_metric = ""

    def open_batch(self, index: int) -> list[Batch]:
        """Cut a batch of this epoch into its chunks: this process's rows, not yet on its device."""
        batch = self.source.batch(self.position.epoch, index)
        steps = self.config.tbptt_steps
        pieces = [batch] if steps is None else list(batch.chunks(steps))
        self.parts = [self.group.share(piece) for piece in pieces]
        self.position.batch = index
        return self.parts

    @property
    def hands_on(self) -> bool:
        """Whether the chunk that the run has come to the end of gives its state to the next one."""
        at = self.position
        if at.chunk < len(self.parts):
            return True
        source, following = self.source, at.batch + 1
        return (
            isinstance(source, ContinuingSource)
            and following < len(source)
            and source.continues(at.epoch, following)
        )

    def close_batch(self) -> None:
        """Let go of a batch."""
        self.position.batch += 1
        self.position.chunk = 0
        self.parts = []
        self.bar.advance(note=f"loss {self.tally.loss:.4g}{self._last_metric}")

    def open_epoch(self) -> None:
        """Make the model ready for training."""
        self.model.train()
        self._clock = time.perf_counter()
        self.bar.advance(0, description=f"epoch {self.position.epoch + 1} of {self.config.max_epochs}")
        metric = self.history.epochs[-1].get(self.config.monitor) if self.history.epochs else None
        self._last_metric = "" if metric is None else f", {self.config.monitor} {metric:.4g}"

    def epoch_record(self, metrics: Mapping[str, float]) -> dict[str, Any]:
        """The line of history that sums up this epoch.

        Raises:
            ConfigError: A metric has the name of something else in it.
        """
        record = self.tally.epoch_record(self.position.epoch, self.position.step, self.learning_rate)
        for name in metrics:
            if name in record:
                raise ConfigError(
                    f"validation gives a metric named {name}",
                    "a name of its own",
                    "Call it valid_" + name + ".",
                )
        return {**record, **metrics}

    def close_epoch(self, record: dict[str, Any]) -> None:
        """Write an epoch's record and begin the next one's."""
        self.history_file.add(record)
        self.tally = Tally()
        self.position.epoch += 1
        self.position.batch = 0

    @property
    def epochs_done(self) -> float:
        """How many epochs are done, the fraction of this one included."""
        at = self.position
        of_batch = at.chunk / len(self.parts) if self.parts else 0.0
        return at.epoch + (at.batch + of_batch) / len(self.source)

    @property
    def progress(self) -> float:
        """Share of the run that was done in the middle of the chunks that the optimiser step takes in."""
        return (self.step_began + self.epochs_done) / 2 / self.config.max_epochs

    def paced_objective(self) -> Objective:
        """The objective as it is at the chunk that the run stands before."""
        if not isinstance(self.objective, PacedObjective):
            return self.objective
        return self.objective.paced(self.epochs_done / self.config.max_epochs)

    @property
    def place(self) -> str:
        """Where the run stands, in words."""
        at = self.position
        return f"epoch {at.epoch}, step {at.step} (batch {at.batch} of {len(self.source)}, counted from 0)"

    def tally_step(self, measured: Measurement, *, clipped: bool) -> None:
        """Add up what an optimiser step measured."""
        now = time.perf_counter()
        seconds, self._clock = now - self._clock, now
        for tally in (self.window, self.tally):
            tally.add(measured.total, measured.count, measured.norm, clipped=clipped, seconds=seconds)
        if self.callbacks:
            at, loss = self.position, measured.total / measured.count
            named = {"loss": loss, "learning_rate": self.learning_rate, "gradient_norm": measured.norm}
            for one in self.callbacks:
                one.on_step({"epoch": at.epoch, "step": at.step, **named})

    def tell_epoch(self, record: Mapping[str, Any]) -> bool:
        """Tell those who listen of an epoch; whether one of them wants the run to end."""
        told = [one.on_epoch(record) for one in self.callbacks]
        return any(told)

    @contextmanager
    def update_measured(self) -> Iterator[None]:
        """Measure how far the weights move in the block, if a line of history is due after this step."""
        if (self.position.step + 1) % self.config.log_every:
            yield
            return
        before = [parameter.detach().clone() for parameter in self.parameters]
        yield
        self.update_ratio = update_ratio(before, self.parameters)

    def close_step(self) -> None:
        """Begin to gather anew, and after the first step and every few write a line of history."""
        self.gathered = Gathered(self.device)
        self.step_began = self.epochs_done
        self.position.step += 1
        if self.position.step == 1 or self.position.step % self.config.log_every == 0:
            self._write_window()
            for warning in onset(self.history.steps, self.history.warnings, self.config.gradient_clip):
                self.warn(warning)

    def _write_window(self) -> None:
        """A line of history for the steps since the last one."""
        at = self.position
        record = self.window.step_record(at.epoch, at.step, self.learning_rate)
        self.history_file.add({**record, "update_ratio": self.update_ratio})
        self.window, self.update_ratio = Tally(), None

    def warn_of_divergence(self) -> None:
        """Leave what came last, and a word, in the history of a run that breaks here."""
        if self.window.steps:
            self._write_window()
        at = {"epoch": self.position.epoch, "step": self.position.step}
        message = "the loss or its gradient is no finite number: training broke"
        self.history_file.add({"kind": "warning", **at, "what": "diverging", "message": message})

    def warn(self, warning: dict[str, Any]) -> None:
        """Write a warning into the history and, in the first process, say it."""
        self.history_file.add(warning)
        if self.group.rank == 0:
            self.say(f"warning: {warning['message']} (epoch {warning['epoch'] + 1}, step {warning['step']})")
