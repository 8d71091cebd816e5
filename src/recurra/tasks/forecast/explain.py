"""What a forecast can be asked for: which earlier values, and which columns at which steps, made it.

Where nothing is known, the history is flat at its mean, covariates are what they are on average, and the
base is that mean, too: what a classical method makes of the history counts as the base's. Categories and what
never changes stay as they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from recurra.diagnosis import Column, Question
from recurra.experiment.task import Fitted
from recurra.experiment.wanted import Wanted
from recurra.inputs.series.origin import Origins
from recurra.inputs.series.window import WindowBatch, cut_windows
from recurra.tasks.forecast.answer import answer
from recurra.tasks.forecast.part import ForecastPart
from recurra.tasks.forecast.streaming_network import Network
from recurra.training.device import choose_device


class Held(NamedTuple):
    """A field of a window that is explained.

    Attributes:
        name: Of the field.
        span: The steps of the window that it has.
        columns: What its features are.
    """

    name: str
    span: slice
    columns: tuple[Column, ...]


def explain(fitted: Fitted, part: ForecastPart, wanted: Wanted) -> Iterator[Question]:
    """What made the forecast of a step ahead, or the mean of all of them, of each series.

    Raises:
        ConfigError: There is no such series or step, or an outcome is named.
    """
    wanted.refuse("outcome", "a forecast is one number a step")
    step = wanted.place_among(part.resolved.horizon)
    names = [part.panel.ids[series] for series in part.origins.series]
    for place in wanted.chosen(names):
        origins = Origins(*(values[[place]] for values in part.origins))
        yield Asked(fitted, replace(part, origins=origins), step).question(names[place])


@dataclass(frozen=True, eq=False)
class Asked:
    """One window, and the step ahead that is explained.

    Attributes:
        fitted: The net.
        part: The moment to forecast from.
        step: The step ahead, from 0 on; None: the mean of all.
    """

    fitted: Fitted
    part: ForecastPart
    step: int | None

    @cached_property
    def window(self) -> WindowBatch:
        """What the net reads."""
        device = choose_device(self.fitted.config.device)
        self.fitted.model.to(device).eval()
        batch = next(iter(self.part.windows()))
        places = self.fitted.schema.places(self.part.panel)
        return replace(batch, series=torch.from_numpy(places[batch.series.numpy()])).to(device)

    @cached_property
    def held(self) -> list[Held]:
        """The fields that are explained."""
        panel, context = self.part.panel, self.window.context
        before, ahead, both = slice(0, context), slice(context, None), slice(0, None)
        numbers = {role: tuple(map(Column, panel.schema.numeric(role))) for role in ("past", "future")}
        cycles = self.window.calendar.shape[-1] if self.fitted.config.calendar else 0
        found = [
            Held("target", before, (Column(panel.columns.target),)),
            Held("base", ahead, (Column("base forecast"),) if self.window.base.shape[1] else ()),
            Held(
                "effect", ahead, (Column("effect of what is known"),) if self.window.effect.shape[1] else ()
            ),
            Held("past", before, numbers["past"]),
            Held("future", both, numbers["future"]),
            Held("calendar", both, (Column("calendar", cycles),) if cycles else ()),
        ]
        return [one for one in found if one.columns]

    def laid(self, window: WindowBatch) -> Float[Tensor, "1 steps features"]:
        """The fields side by side, zeros where a step has none."""
        parts = []
        for one in self.held:
            own = getattr(window, one.name)
            own = own[:, : window.context] if one.name == "target" else own
            own = own.unsqueeze(-1) if own.dim() == 2 else own
            full = own.new_zeros(len(window), window.target.shape[1], own.shape[-1])
            full[:, one.span] = own
            parts.append(full)
        return torch.cat(parts, dim=-1)

    def result(self, values: Float[Tensor, "n steps features"]) -> Float[Tensor, " n"]:
        """The forecast for variants of the window."""
        window, count = self.window, len(values)
        repeated = window.repeated(count)
        fields: dict[str, Tensor] = {}
        sizes = [sum(column.size for column in one.columns) for one in self.held]
        for one, own in zip(self.held, torch.split(values, sizes, dim=-1), strict=True):
            flat = getattr(window, one.name).dim() == 2
            fields[one.name] = own[:, one.span, 0] if flat else own[:, one.span]
        fields["target"] = torch.cat([fields["target"], repeated.target[:, window.context :]], dim=1)
        network = cast("Network", self.fitted.model)
        parameters = network(replace(repeated, **fields)).parameters
        points = network.head.followed(parameters) + float(self._level)
        return points.mean(dim=1) if self.step is None else points[:, self.step]

    @property
    def _level(self) -> Any:
        return self.part.panel.levels[self.part.origins.series][0]

    def question(self, row: str) -> Question:
        """The question about it."""
        window = self.window
        read, absent = self.laid(window), torch.zeros_like(self.laid(window))
        observed = window.observed[0, : window.context]
        mean = window.target[0, : window.context][observed].mean() if observed.any() else 0.0
        absent[:, : window.context, 0] = torch.where(observed, mean, 0.0)
        if window.base.shape[1]:
            absent[:, window.context :, 1] = mean
        times = self._times()
        point = answer(self.fitted, self.part).point[0]
        ahead = times[window.context :]
        told = f"{point.mean():.4g} on average from {ahead[0]} to {ahead[-1]}"
        target = self.part.panel.columns.target
        return Question(
            row,
            told if self.step is None else f"{point[self.step]:.4g} at {ahead[self.step]}",
            f"mean forecast of {target}"
            if self.step is None
            else f"forecast of {target}, step {self.step + 1}",
            self.result,
            read,
            absent,
            "a flat history at its mean",
            times,
            tuple(column for one in self.held for column in one.columns),
            self._values(),
        )

    def _times(self) -> tuple[str, ...]:
        """The times of all steps, as the table has them."""
        panel, (series, position) = self.part.panel, self.part.origins
        steps = int(position[0]) + np.arange(-self.window.context, self.window.horizon)
        frame = panel.index_frame(series.repeat(len(steps)), steps, written=True)
        return tuple(str(one).removesuffix(" 00:00:00") for one in frame[panel.columns.time])

    def _values(self) -> Float[np.ndarray, "steps columns"]:
        """What stands in the table, NaN where nothing does."""
        context, horizon = self.window.context, self.window.horizon
        raw = cut_windows(self.part.panel, self.part.origins, context, horizon)
        raw = replace(raw, base=self.window.base.cpu(), effect=self.window.effect.cpu())
        given = {
            "target": raw.observed[:, :context],
            "past": raw.past_observed,
            "future": raw.future_observed,
        }
        columns = []
        for one in self.held:
            values = np.full((context + horizon, len(one.columns)), np.nan)
            if one.name != "calendar":
                own = getattr(raw, one.name)[:, :context] if one.name == "target" else getattr(raw, one.name)
                known = given.get(one.name, torch.ones_like(own, dtype=torch.bool))
                shown = torch.where(known, own.double(), torch.nan)[0].numpy()
                values[one.span] = shown.reshape(len(shown), -1)
                values += float(self._level) if one.name in ("target", "base") else 0.0
            columns.append(values)
        return np.concatenate(columns, axis=1)
