"""How far back an input of a stack of recurrent layers still changes its output.

Two ways that must agree where the change is small:

* perturbation: the input of one step is replaced by that of another step of another row, and the outputs of
  all steps are compared with those before, in units of their own spread;
* gradient: what the derivatives of an output predict for such a change, inputs taken as independent. The
  norm of the derivatives is told by one random sign for each output unit (Hutchinson's estimate).

Source: Khandelwal, He, Qi & Jurafsky, "Sharp nearby, fuzzy far away: how neural language models use context"
(2018), for perturbation; Hutchinson, "A stochastic estimator of the trace of the influence matrix" (1989).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn

from recurra.diagnosis.limits import Limits, evenly
from recurra.diagnosis.measurement import Measurement
from recurra.diagnosis.seen import listening
from recurra.diagnosis.site import Site
from recurra.diagnosis.stack import Layers
from recurra.types import valid_steps

THRESHOLD = 0.01
"""Of the spread of an output: what changes less does not count."""


@dataclass(frozen=True, eq=False)
class MemoryHorizon(Measurement):
    """What an input does to the outputs before and after it.

    Attributes:
        bottom: Name of the layer whose input is changed.
        top: Name of the layer whose outputs are looked at.
        back: (lags,) change of the output k steps after the input that was replaced, from k = 0 on, in units
            of the outputs' spread; NaN where none was seen.
        ahead: (lags,) the same of outputs before it, from one step before on: what a second direction sees.
        predicted: (lags,) what the gradient predicts in place of `back`.
        horizon: The last lag at which `back` is at least 1 %; -1 if at none.
        predicted_horizon: The same of `predicted`.
        horizon_ahead: How many steps before the input `ahead` is at least 1 %; 0 if at none.
        steps: How many steps the longest row has, which no lag exceeds.
    """

    bottom: str
    top: str
    back: Float64[np.ndarray, " lags"]
    ahead: Float64[np.ndarray, " lags_ahead"]
    predicted: Float64[np.ndarray, " lags"]
    horizon: int
    predicted_horizon: int
    horizon_ahead: int
    steps: int


def memory_horizon(
    model: nn.Module,
    run: Callable[[], Tensor],
    layers: Layers,
    limits: Limits = Limits(),  # noqa: B008
) -> MemoryHorizon:
    """Perturb and differentiate a stack.

    Args:
        model: In evaluation mode.
        run: Runs it over the same rows again, with the same result.
        layers: The stack.
        limits: How much is looked at.
    """
    lengths = layers.bottom.read.number_of_steps()
    longest = int(lengths.max()) if len(lengths) else 0
    lags = min(limits.lags, max(longest - 1, 0)) + 1
    probe = _Probe(model, run, layers)
    spread = probe.spread()
    positions = evenly(max(0, longest - limits.steps), longest - 1, limits.positions) if longest else []
    changes, sensitivities = _Curve(lags), _Curve(lags)
    for position in positions:
        changes.add(position, lengths, probe.change(position))
    for position, sensitivity in zip(positions, probe.sensitivities(positions), strict=True):
        sensitivities.add(position, lengths, sensitivity)
    back, ahead = changes.root(spread), changes.root(spread, backwards=True)
    predicted = sensitivities.root(spread, backwards=True, first=0)
    reached = [int(np.flatnonzero(one >= THRESHOLD).max(initial=-1)) for one in (back, predicted, ahead)]
    names = (layers.bottom.first.name, layers.top.first.name)
    return MemoryHorizon(*names, back, ahead, predicted, reached[0], reached[1], reached[2] + 1, longest)


class _Probe:
    """A stack under changes of its input."""

    def __init__(self, model: nn.Module, run: Callable[[], Tensor], layers: Layers) -> None:
        self._model, self._run, self._layers = model, run, layers
        self._site = Site(layers.bottom.first.module, layers.bottom.first.number)
        read = layers.bottom.read
        self._input, self._lengths = read.input.detach(), read.number_of_steps()
        self._valid = valid_steps(self._lengths, self._input.shape[1])
        with torch.no_grad():
            self._clean = self._outputs(self._input).detach()

    def spread(self) -> float:
        """Root of the mean variance of an output unit over all steps that count."""
        values = self._clean[self._valid].double()
        return float((values - values.mean(dim=0)).square().mean().sqrt()) if len(values) else float("nan")

    @torch.no_grad()
    def change(self, position: int) -> Float[Tensor, "rows steps"]:
        """Mean squared change of an output unit when the input of a step is replaced."""
        rows = torch.arange(len(self._input), device=self._input.device)
        others = rows.roll(-1)
        there = self._lengths[others].clamp(min=1)
        changed = self._input.clone()
        changed[:, position] = self._input[others, (position + there // 2) % there]
        return (self._outputs(changed) - self._clean).double().square().mean(dim=-1)

    def sensitivities(self, positions: list[int]) -> list[Float[Tensor, "rows steps"]]:
        """For each position of an output how much it would change with the input of every step."""
        read = self._input.clone().requires_grad_()
        outputs = self._outputs(read)
        # Two inputs differ by twice their variance.
        variance = 2 * self._input[self._valid].double().var(dim=0, unbiased=False)
        signs = torch.Generator().manual_seed(0)
        found = []
        for position in positions:
            own = outputs[:, position]
            sign = torch.randint(0, 2, own.shape, generator=signs).to(own) * 2 - 1
            (gradient,) = torch.autograd.grad((own * sign).sum(), read, retain_graph=True)
            found.append((gradient.double().square() * variance).sum(dim=-1) / own.shape[-1])
        return found

    def _outputs(self, input: Tensor) -> Tensor:
        """(rows, steps, outputs) of the layer on top for another input of the one at the bottom."""
        bottom, top = self._layers.bottom, self._layers.top
        with self._site.replaced(lambda _: bottom.read.laid(input)), listening(self._model) as calls:
            self._run()
        return top.read.laid(calls[top.calls[0]].result[0])


class _Curve:
    """Squares by distance from a position, both ways, as means over rows."""

    def __init__(self, lags: int) -> None:
        self._sums, self._counts = np.zeros(2 * lags - 1), np.zeros(2 * lags - 1)
        self._zero = lags - 1

    def add(self, position: int, lengths: Tensor, squares: Float[Tensor, "rows steps"]) -> None:
        """Take in those of all steps, of rows that have the position."""
        valid = valid_steps(lengths, squares.shape[1]) & (lengths > position).unsqueeze(-1)
        sums = squares.detach().masked_fill(~valid, 0).sum(dim=0).cpu().numpy()
        counts = valid.sum(dim=0).cpu().numpy()
        places = np.arange(len(sums)) - position + self._zero
        kept = (places >= 0) & (places < len(self._sums))
        self._sums[places[kept]] += sums[kept]
        self._counts[places[kept]] += counts[kept]

    def root(self, spread: float, *, backwards: bool = False, first: int | None = None) -> np.ndarray:
        """Roots of the means in units of a spread: from the position on, or back from lag `first`."""
        with np.errstate(divide="ignore", invalid="ignore"):
            curve = np.sqrt(self._sums / self._counts) / spread
        if not backwards:
            return curve[self._zero :]
        return curve[: self._zero + 1][::-1][1 if first is None else first :]
