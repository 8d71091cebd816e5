"""What a step of a recurrence does to small differences between states.

J_t = ∂s_t/∂s_{t-1}. Its singular values say how much a step can stretch a difference, its spectral radius how
the same step repeated would; along a trajectory the product J_t ... J_{t-k+1} decides, whose growth per step
in the best, the second best ... direction is given by the Lyapunov exponents. Tied to the matrices alone
(|φ'| <= 1) they bound the step of a simple net; gates and saturation make the difference, which is why the
matrices' own spectrum stands beside them.

The exponents are found by the QR method, from the last step back (the transposed product has the same
singular values): directions are carried through the Jacobians and made orthonormal at every step, and the
logarithms of what that took are averaged, without the first half of the steps in which directions turn into
place.

Source: Benettin, Galgani, Giorgilli & Strelcyn, "Lyapunov characteristic exponents" (1980); Engelken, Wolf &
Abbott, "Lyapunov spectra of chaotic recurrent neural networks" (2023); Pascanu, Mikolov & Bengio (2013).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from recurra.diagnosis.limits import Limits, evenly
from recurra.diagnosis.measurement import Measurement
from recurra.diagnosis.passage import Passage
from recurra.ops.walk import State

_WORK = 1e9  # about the cube of the state's size times the number of decompositions: some seconds

_SOME = 1e-3


class Spectrum(NamedTuple):
    """What is known of a square matrix.

    Attributes:
        radius: The largest absolute value of an eigenvalue.
        norm: The largest singular value.
    """

    radius: float
    norm: float


@dataclass(frozen=True, eq=False)
class StepJacobian(Measurement):
    """The Jacobians along a trajectory of one direction of one layer.

    Attributes:
        steps: The steps whose Jacobian was written out, in the order of the direction; one entry a row.
        singular_values: (points, directions) the largest ones, from the largest on.
        radii: (points,) the spectral radius.
        growth: (lags,) the logarithm of the largest singular value of the product over k + 1 steps, its mean
            over rows, those left out where it is 0; within the directions that are followed, so it is exact
            where they are all there are, and else a bound from below that is close after some steps.
        exponents: (directions,) the leading Lyapunov exponents, per step, from the largest on: the mean over
            rows, those left out in which a direction died (units of ReLU do); minus infinity where all did,
            NaN of fewer than two steps.
        matrices: For each gate the spectrum of its recurrent matrix.
    """

    steps: tuple[int, ...]
    singular_values: Float64[np.ndarray, "points directions"]
    radii: Float64[np.ndarray, " points"]
    growth: Float64[np.ndarray, " lags"]
    exponents: Float64[np.ndarray, " directions"]
    matrices: dict[str, Spectrum]


def step_jacobian(passage: Passage, limits: Limits = Limits()) -> StepJacobian:  # noqa: B008
    """Measure the Jacobians along the longest rows."""
    size = sum(field.shape[-1] for field in passage.states)
    number = max(1, min(limits.points, int(_WORK / size**3)))
    longest = torch.argsort(passage.lengths, descending=True, stable=True).tolist()
    own = passage.of_rows(longest[: max(1, min(limits.rows, 4))])
    last = int(own.lengths.min()) - 1
    matrices = {name: spectrum(weight) for name, weight in own.recurrent_weights().items()}
    directions = min(size, limits.directions)
    if last < 0:
        empty = np.zeros((0, directions))
        return StepJacobian((), empty, np.zeros(0), np.zeros(0), np.full(directions, np.nan), matrices)
    seen = own.of_rows(list(range(min(len(own.lengths), max(1, number // 2)))))
    steps = evenly(max(0, last - limits.steps + 1), last, max(1, number // len(seen.lengths)))
    written = torch.cat([jacobian_of_step(seen, step) for step in steps])
    values = torch.linalg.svdvals(written)[:, :directions]
    radii = torch.linalg.eigvals(written).abs().amax(dim=-1)
    growth, exponents = _along(own, last, directions, limits)
    places = tuple(step for step in steps for _ in range(len(seen.lengths)))
    return StepJacobian(places, _array(values), _array(radii), growth, exponents, matrices)


def jacobian_of_step(passage: Passage, step: int) -> Float[Tensor, "rows size size"]:
    """∂s_t/∂s_{t-1} of every row; the fields of the state stand one after another."""
    sizes = [field.shape[-1] for field in passage.states]
    rows, size = len(passage.lengths), sum(sizes)
    own = passage.states[0]
    identity = torch.eye(size, dtype=own.dtype, device=own.device).unsqueeze(1).expand(size, rows, size)
    return torch.cat(list(passage.pulled(step, _fields(passage, identity))), dim=-1).transpose(0, 1)


def spectrum(matrix: Float[Tensor, "size size"]) -> Spectrum:
    """Spectral radius and norm of a square matrix."""
    values = torch.linalg.eigvals(matrix.detach()).abs()
    return Spectrum(float(values.max()), float(torch.linalg.matrix_norm(matrix.detach(), 2)))


def _along(
    passage: Passage, last: int, directions: int, limits: Limits
) -> tuple[Float64[np.ndarray, " lags"], Float64[np.ndarray, " directions"]]:
    """Growth and exponents, from a step back; a step before which a row is reset is passed over."""
    first = max(0, last - limits.steps + 1)
    start = _first_frame(jacobian_of_step(passage, last).double(), directions)
    frame, product = start, torch.eye(directions, dtype=start.dtype, device=start.device)
    product, scale = product.expand(len(start), -1, -1), start.new_zeros(len(start))
    stretched: list[Tensor] = []
    growth: list[Tensor] = []
    for step in range(last, first - 1, -1):
        own = frame.movedim(-1, 0).to(passage.states[0].dtype)
        moved = torch.cat(list(passage.pulled(step, _fields(passage, own))), dim=-1).double()
        turned, taken = torch.linalg.qr(moved.movedim(0, -1))
        if passage.resets is not None:
            whole = ~passage.resets[:, step].view(-1, 1, 1)
            turned = torch.where(whole, turned, frame)
            taken = torch.where(whole, taken, torch.eye(directions, dtype=taken.dtype, device=taken.device))
        frame, product = turned, taken @ product
        size = product.abs().amax(dim=(1, 2))
        size = torch.where(size > 0, size, 1)
        product, scale = product / size.view(-1, 1, 1), scale + size.log()
        stretched.append(taken.diagonal(dim1=1, dim2=2).abs().log())
        if len(growth) < limits.lags:
            growth.append(_mean_of_living(torch.linalg.svdvals(product)[:, 0].log() + scale))
    if len(stretched) < 2:
        return _array(torch.stack(growth)), np.full(directions, np.nan)
    of_rows = torch.stack(stretched[len(stretched) // 2 :]).mean(dim=0)
    exponents = _mean_of_living(of_rows).sort(descending=True).values
    return _array(torch.stack(growth)), _array(exponents)


def _mean_of_living(logarithms: Float[Tensor, "rows *rest"]) -> Float[Tensor, "*rest"]:
    """The mean over rows, those of minus infinity left out, if not all are."""
    alive = logarithms.isfinite()
    mean = logarithms.masked_fill(~alive, 0).sum(dim=0) / alive.sum(dim=0)
    return torch.where(alive.any(dim=0), mean, -torch.inf)


def _first_frame(jacobian: Float[Tensor, "rows size size"], directions: int) -> Tensor:
    """Orthonormal directions (rows, size, directions) to begin with: those that the last step stretches most.

    They are mixed, and with a little of all others, so that none dies with a single unit.
    """
    leading = torch.linalg.svd(jacobian)[0][..., :directions]
    drawn = torch.randn(jacobian.shape[-1], directions, generator=torch.Generator().manual_seed(0))
    noise = drawn.to(jacobian)
    frame: Tensor = torch.linalg.qr(leading @ noise[:directions] + _SOME * noise)[0]
    return frame


def _fields(passage: Passage, vectors: Float[Tensor, "vectors rows size"]) -> State:
    """Vectors over the whole state as those over its fields."""
    make = cast("Any", type(passage.states))
    sizes = [field.shape[-1] for field in passage.states]
    return cast("State", make(*torch.split(vectors, sizes, dim=-1)))


def _array(values: Tensor) -> Float64[np.ndarray, "..."]:
    return values.detach().double().cpu().numpy()
