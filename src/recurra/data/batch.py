"""A batch of forecast windows, as tensors."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from recurra.errors import ConfigError


@dataclass(frozen=True)
class WindowBatch:
    """Windows of `context` steps before an origin and `horizon` steps from it on.

    Values are 0 where `..._observed` is False: before the series' beginning, in gaps, and after its end.
    Targets are raw; covariates are scaled when a scaling was given. Roles without columns have width 0.

    Attributes:
        target, observed: Context and horizon; the horizon is what training aims at.
        calendar: Calendar features of context and horizon.
        past, past_observed, past_codes: Covariates of the context.
        future, future_observed, future_codes: Known-future covariates of context and horizon.
        static, static_observed, static_codes: Covariates of the series.
        series: Which series of the panel each window is of.
        origin: The position in it of the first step of the horizon.
    """

    target: Float32[Tensor, "batch window"]
    observed: Bool[Tensor, "batch window"]
    calendar: Float32[Tensor, "batch window cycles"]
    past: Float32[Tensor, "batch context past"]
    past_observed: Bool[Tensor, "batch context past"]
    past_codes: Int64[Tensor, "batch context past_categories"]
    future: Float32[Tensor, "batch window future"]
    future_observed: Bool[Tensor, "batch window future"]
    future_codes: Int64[Tensor, "batch window future_categories"]
    static: Float32[Tensor, "batch static"]
    static_observed: Bool[Tensor, "batch static"]
    static_codes: Int64[Tensor, "batch static_categories"]
    series: Int64[Tensor, " batch"]
    origin: Int64[Tensor, " batch"]

    def __len__(self) -> int:
        return len(self.origin)

    @property
    def context(self) -> int:
        """Steps before the origin."""
        return self.past.shape[1]

    @property
    def horizon(self) -> int:
        """Steps from the origin on."""
        return self.target.shape[1] - self.context

    def to(self, device: torch.device | str) -> "WindowBatch":
        """The same windows on a device."""
        return type(self)(
            *(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self))
        )

    def shard(self, rank: int, world_size: int) -> "WindowBatch":
        """The windows that fall to one of several processes: every `world_size`-th from `rank` on."""
        return type(self)(*(getattr(self, field.name)[rank::world_size] for field in fields(self)))

    def chunks(self, steps: int) -> Iterator["WindowBatch"]:
        """Forecast windows are trained whole.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError(
            f"tbptt_steps is {steps} for forecast windows",
            "no truncation: a window is short and is trained whole",
            "Remove tbptt_steps, or shorten the context.",
        )
