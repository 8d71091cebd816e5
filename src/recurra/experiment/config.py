"""The settings that every task has, and those of every task over examples."""

from collections.abc import Mapping
from copy import copy
from functools import cache
from typing import Any, ClassVar, Literal

from pydantic import Field

from recurra.config import Config
from recurra.recurrence import Recurrence
from recurra.training.config import TrainingConfig


class NetConfig(TrainingConfig, Recurrence):
    """How to train, with which net, and which others beside it: what the verbs read of a task's settings.

    Attributes:
        network: Kind of network.
        baselines: Networks that are trained beside it on the same data; none for no other.
        refit: Whether, once it is scored, the net is trained again on all data, for as many epochs as
            validation chose.
    """

    heading: ClassVar[str] = "Which nets, and what is kept:"

    network: str = "recurrent"
    baselines: tuple[str, ...] = ()
    refit: bool = False


class TaskConfig(NetConfig):
    """How a task's net is made and judged, beside how it is trained.

    Attributes:
        input: Kind of input; auto looks at the data.
        network: Kind of network; auto is the recurrent one wherever there is time to recur over.
        baselines: Networks that are trained beside it on the same data; none for no other.
        validation_size: Share of the data that chooses the best epoch, where no validation data are given.
        test_size: Share of the data kept for the final score, where no test data are given.
        split_seed: Where the randomness starts that draws these parts; None takes seed.

    `needs` says what the task needs of an input: "examples"; "sequences", if they must go over time; "steps"
    where it tells something of each. `input_defaults` are its own defaults for settings of an input that has
    them.
    """

    heading: ClassVar[str] = "Data:"
    needs: ClassVar[str] = "examples"
    input_defaults: ClassVar[Mapping[str, Any]] = {}

    input: str = "auto"
    network: Literal["auto", "recurrent", "feed_forward", "convolutional"] = "auto"
    baselines: tuple[Literal["feed_forward", "convolutional"], ...] = ("feed_forward", "convolutional")
    validation_size: float = Field(default=0.1, ge=0, lt=1)
    test_size: float = Field(default=0.1, ge=0, lt=1)
    split_seed: int | None = Field(default=None, ge=0, lt=2**63)


def idle(config: Config) -> set[str]:
    """The settings of a recurrence where the net, and all that it is compared with, has none."""
    if getattr(config, "network", "recurrent") not in ("feed_forward", "convolutional"):
        return set()
    return {*Recurrence.model_fields, "pooling", "members"} - {"hidden_size", "num_layers", "dropout"}


@cache
def combined(task: type[Config], input: type[Config]) -> type[Config]:
    """One class of the settings of a task and of its input, so that they are parsed once and passed whole.

    The input's own defaults for settings of the task (`Config.task_defaults`) go before the task's, and those
    of the task for settings of the input (`TaskConfig.input_defaults`) before the input's.
    """

    def reduced(self: Config) -> tuple[Any, ...]:  # another process makes the class anew
        return _again, (task, input, self.model_dump())

    own: dict[str, Any] = {"__doc__": task.__doc__, "__module__": task.__module__, "__reduce__": reduced}
    defaults = ((input.task_defaults, task), (getattr(task, "input_defaults", {}), input))
    for name, default, fields in (
        (name, default, kind.model_fields) for given, kind in defaults for name, default in given.items()
    ):
        if name in fields:
            own[name] = copy(fields[name])
            own[name].default = default
            own.setdefault("__annotations__", {})[name] = own[name].annotation
    return type(task.__name__, (task, input), own)


def _again(task: type[Config], input: type[Config], settings: dict[str, Any]) -> Config:
    return combined(task, input).model_validate(settings)
