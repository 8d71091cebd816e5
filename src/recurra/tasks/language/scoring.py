"""How surprised a net is by a text, symbol by symbol."""

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from recurra.experiment.symbols import SymbolPart
from recurra.inputs.symbol import END
from recurra.models.next_symbol import NextSymbol
from recurra.training.carried_state import detached
from recurra.training.device import choose_device
from recurra.training.dynamic import DynamicLearner

_STEPS = 512  # of a call
_DYNAMIC_STEPS = 16  # after which a net learns from what it has read
_ONE_ROW = (
    400_000  # symbols that are read as one row; more are read in rows at once, each from a state of zero
)


class Told(NamedTuple):
    """What a model says of a part.

    Attributes:
        surprise: (symbols,) the negative log probability of each, in nats.
        source: What the model is, for reports, if it is no net.
    """

    surprise: Float32[np.ndarray, " symbols"]
    source: Any = None


def surprise(
    model: NextSymbol,
    part: SymbolPart,
    device: str,
    rows: int | None = None,
    *,
    dynamic_rate: float = 0.0,
    dynamic_decay: float = 0.0,
) -> Float32[np.ndarray, " symbols"]:
    """The negative log probability of every symbol after all that stand before it in its document, in nats.

    Args:
        model: The net.
        part: The symbols.
        device: As of the settings.
        rows: In how many rows at once they are read; None: in one, but where there are very many.
        dynamic_rate: Rate at which a copy of the net learns from what it has just read, as
            `recurra.training.dynamic` says; 0 for none.
        dynamic_decay: How much the copy is pulled back to the net.
    """
    place = choose_device(device)
    model = model.to(place).eval()
    if dynamic_rate:
        net = copy.deepcopy(model)
        return _dynamic(net, part, DynamicLearner(net, dynamic_rate, dynamic_decay))
    found = np.zeros(len(part), np.float32)
    rows = rows or 1 + len(part) // _ONE_ROW
    state = None
    for begin, end, inputs, targets, resets in _windows(part, rows, _STEPS):
        losses, state = model.losses(inputs.to(place), targets.to(place), state, resets.to(place))
        for row, own in enumerate(losses.cpu().numpy()):
            at = row * _length(part, rows)
            found[at + begin : min(at + end, len(part))] = own[: max(0, min(end, len(part) - at) - begin)]
    return found


def _dynamic(model: NextSymbol, part: SymbolPart, learner: DynamicLearner) -> Float32[np.ndarray, " symbols"]:
    """A net that learns from every window after it has told it."""
    found = np.zeros(len(part), np.float32)
    device, state = model.embedding.weight.device, None
    for begin, end, inputs, targets, resets in _windows(part, 1, _DYNAMIC_STEPS):
        ids, told, anew = inputs.to(device), targets.to(device), resets.to(device)
        # cuDNN has no gradients outside training, where there would be dropout.
        with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            features, after = model.features(ids, state, resets=anew)
            (model.loss(features, told) / told.numel()).backward()  # type: ignore[no-untyped-call]
        found[begin:end] = model.losses_of(features.detach(), told).cpu().numpy()[0]
        learner.step()
        state = detached(after)
    return found


def _length(part: SymbolPart, rows: int) -> int:
    return -(-len(part) // rows)


def _windows(part: SymbolPart, rows: int, steps: int) -> Iterator[tuple[int, int, Tensor, Tensor, Tensor]]:
    """Windows of all rows: their bounds, what is read, what follows, and where a document begins."""
    length = _length(part, rows)
    starts = part.starts
    for begin in range(0, length, steps):
        end = min(begin + steps, length)
        inputs, targets = np.full((rows, end - begin), END), np.full((rows, end - begin), -100)
        for row in range(rows):
            low, high = row * length + begin, min(row * length + end, len(part))
            if low < high:
                own = part.tokens.read(max(low - 1, 0), high)
                targets[row, : high - low] = own[low > 0 :]
                inputs[row, low == 0 : high - low] = own[: high - low - (low == 0)]
                inside = starts[np.searchsorted(starts, low) : np.searchsorted(starts, high)] - low
                inputs[row, inside] = END
        ids = torch.from_numpy(inputs)
        yield begin, end, ids, torch.from_numpy(targets), ids == END
