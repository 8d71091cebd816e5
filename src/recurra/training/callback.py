"""What is told of a run while it trains: a protocol of two calls, and those who listen for everybody."""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from recurra.errors import ConfigError, MissingDependencyError
from recurra.training.progress import Progress

_COUNTS = ("epoch", "step")


@runtime_checkable
class Callback(Protocol):
    """Listens to a run; with several devices in the process of the first, to which it is sent by pickle.

    Records are those of `recurra.training.history.History`, epochs and steps counted from 0.
    """

    def on_epoch(self, record: Mapping[str, Any]) -> bool | None:
        """An epoch is over: epoch, step, train_loss, the metrics, ...; True ends the run here."""

    def on_step(self, record: Mapping[str, Any]) -> None:
        """An optimiser step is done: epoch, step, loss, learning_rate, gradient_norm."""


def check_callbacks(callbacks: Sequence[Any]) -> None:
    """Make sure that all can be called.

    Raises:
        ConfigError: One has no `on_epoch` or no `on_step`.
    """
    for one in callbacks:
        if not isinstance(one, Callback):
            raise ConfigError(
                f"a callback of type {type(one).__name__}",
                "an object with on_epoch(record) and on_step(record)",
                "Give it both; one may do nothing.",
            )


class EpochLines:
    """A line for each epoch, where no bar can be drawn."""

    def __init__(self, progress: Progress, max_epochs: int) -> None:
        self._progress, self._max_epochs = progress, max_epochs

    def on_epoch(self, record: Mapping[str, Any]) -> None:
        """Say it."""
        named = {
            key: value for key, value in record.items() if key == "train_loss" or key.startswith("valid_")
        }
        shown = [f"{key} {value:.4g}" for key, value in list(named.items())[:2] if value is not None]
        about = ", ".join([*shown, f"{record['seconds']:.1f} s"])
        self._progress.say(f"epoch {record['epoch'] + 1} of {self._max_epochs}: {about}")

    def on_step(self, record: Mapping[str, Any]) -> None:
        """Say nothing."""


class TensorBoard:
    """Writes every number of a run as events that TensorBoard shows.

    Args:
        folder: Where to; `tensorboard --logdir FOLDER` reads it.

    Raises:
        MissingDependencyError: TensorBoard is not installed.
    """

    def __init__(self, folder: str) -> None:
        try:
            importlib.import_module("tensorboard")
        except ImportError as error:
            raise MissingDependencyError(
                f"tensorboard={folder} without TensorBoard",
                "the package to be installed",
                "Run: pip install 'recurra[tensorboard]'",
            ) from error
        self._folder = folder
        self._writer: Any = None  # opened by the process that writes

    def on_epoch(self, record: Mapping[str, Any]) -> None:
        """Write the numbers of an epoch."""
        self._write("epoch", record, int(record["epoch"]))
        self._writer.flush()

    def on_step(self, record: Mapping[str, Any]) -> None:
        """Write the numbers of a step."""
        self._write("step", record, int(record["step"]))

    def _write(self, group: str, record: Mapping[str, Any], at: int) -> None:
        if self._writer is None:
            self._writer = importlib.import_module("torch.utils.tensorboard").SummaryWriter(self._folder)
        for key, value in record.items():
            if key not in _COUNTS and isinstance(value, int | float):
                self._writer.add_scalar(f"{group}/{key}", value, at)
