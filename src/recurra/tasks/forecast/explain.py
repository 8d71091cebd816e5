"""What a forecast can be asked for: which earlier values, and which columns at which steps, made it.

Where nothing is known, the history is flat at its mean, covariates are what they are on average, categories
are unknown, and the base is the history's mean: what a classical method makes of the history counts as the
base's. What never changes stays as it is.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from recurra.diagnosis import Column, Question, answering
from recurra.experiment.task import Fitted
from recurra.experiment.wanted import Wanted
from recurra.inputs.series.origin import Origins
from recurra.inputs.series.window import WindowBatch, cut_windows
from recurra.tasks.forecast.answer import answer
from recurra.tasks.forecast.feature import embedding_size
from recurra.tasks.forecast.part import ForecastPart
from recurra.training.device import choose_device


class Held(NamedTuple):
    """A field of a window that is explained.

    Attributes:
        name: Of the field, and where it holds categories of the net's module that embeds them.
        span: The steps of the window that it has.
        columns: What its features are.
    """

    name: str
    span: slice
    columns: tuple[Column, ...]

    @property
    def is_embedded(self) -> bool:
        """Whether it holds categories."""
        return self.name.endswith("_codes")

    @property
    def size(self) -> int:
        """Features."""
        return sum(column.size for column in self.columns)


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
        schema, window = self.part.panel.schema, self.window
        before, ahead, both = slice(0, window.context), slice(window.context, None), slice(0, None)
        cycles = window.calendar.shape[-1] if self.fitted.config.calendar else 0
        found = [
            Held("target", before, (Column(schema.columns.target),)),
            Held("base", ahead, (Column("base forecast"),) if window.base.shape[1] else ()),
            Held("effect", ahead, (Column("effect of what is known"),) if window.effect.shape[1] else ()),
        ]
        for role, span in (("past", before), ("future", both)):
            found.append(Held(role, span, tuple(map(Column, schema.numeric(role)))))
            sizes = map(embedding_size, schema.category_counts(role))
            own = tuple(map(Column, schema.categorical(role), sizes))
            found.append(Held(f"{role}_codes", span, own))
        found.append(Held("calendar", both, (Column("calendar", cycles),) if cycles else ()))
        return [one for one in found if one.columns]

    @property
    def network(self) -> Any:
        """The net."""
        return self.fitted.model

    def laid(self, window: WindowBatch) -> Float[Tensor, "1 steps features"]:
        """The fields side by side, zeros where a step has none."""
        parts = []
        for one in self.held:
            own = getattr(window, one.name)
            if one.is_embedded:
                own = getattr(self.network, one.name)(own).detach()
            own = own[:, : window.context] if one.name == "target" else own
            own = own.unsqueeze(-1) if own.dim() == 2 else own
            full = own.new_zeros(len(window), window.target.shape[1], own.shape[-1])
            full[:, one.span] = own
            parts.append(full)
        return torch.cat(parts, dim=-1)

    def result(self, values: Float[Tensor, "n steps features"]) -> Float[Tensor, " n"]:
        """The forecast for variants of the window."""
        repeated, fields = self.window.repeated(len(values)), {}
        with ExitStack() as stack:
            sizes = [one.size for one in self.held]
            for one, own in zip(self.held, torch.split(values, sizes, dim=-1), strict=True):
                if one.is_embedded:
                    stack.enter_context(answering(getattr(self.network, one.name), own[:, one.span]))
                else:
                    flat = getattr(repeated, one.name).dim() == 2
                    fields[one.name] = own[:, one.span, 0] if flat else own[:, one.span]
            ahead = repeated.target[:, repeated.context :]
            fields["target"] = torch.cat([fields["target"], ahead], dim=1)
            parameters = self.network(replace(repeated, **fields)).parameters
        points: Tensor = self.network.head.followed(parameters) + float(self._level)
        return points.mean(dim=1) if self.step is None else points[:, self.step]

    @property
    def blank(self) -> WindowBatch:
        """The window where nothing is known."""
        window = self.window
        observed = window.observed[:, : window.context]
        known = window.target[:, : window.context][observed]
        mean = known.mean() if len(known) else torch.zeros(())
        zeros = {
            one.name: torch.zeros_like(getattr(window, one.name))
            for one in self.held
            if one.name not in ("target", "base")
        }
        target = torch.where(window.observed, mean, 0.0)
        return replace(window, target=target, base=torch.zeros_like(window.base) + mean, **zeros)

    @property
    def _level(self) -> Any:
        return self.part.panel.levels[self.part.origins.series][0]

    def question(self, row: str) -> Question:
        """The question about it."""
        window = self.window
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
            target,
            self.result,
            self.laid(window),
            self.laid(self.blank),
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
            if one.name != "calendar" and not one.is_embedded:
                own = getattr(raw, one.name)[:, :context] if one.name == "target" else getattr(raw, one.name)
                known = given.get(one.name, torch.ones_like(own, dtype=torch.bool))
                shown = torch.where(known, own.double(), torch.nan)[0].numpy()
                values[one.span] = shown.reshape(len(shown), -1)
                values += float(self._level) if one.name in ("target", "base") else 0.0
            columns.append(values)
        return np.concatenate(columns, axis=1)
