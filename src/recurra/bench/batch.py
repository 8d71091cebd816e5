"""A batch to train on, the same for all, and how torch's modules run it."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from recurra.bench.choice import VARIANT_CELLS
from recurra.bench.parity import Results
from recurra.bench.race import Case, Entrant
from recurra.layers.drop_in import GRU, LSTM, RNN

GATES = {"elman": 1, "gru": 3, "lstm": 4, **dict.fromkeys(VARIANT_CELLS, 4)}
FIELDS = {cell: ("hidden", "cell") if "lstm" in cell else ("hidden",) for cell in GATES}
OWN_LAYERS: Mapping[str, type[nn.Module]] = {"elman": RNN, "gru": GRU, "lstm": LSTM}
TORCH_LAYERS: Mapping[str, type[nn.Module]] = {"elman": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
SEED = 0

Forward = Callable[[], tuple[Tensor, Tensor | Sequence[Tensor]]]
"""Outputs and the final state or its fields, each (batch, hidden) whatever axes of size 1 precede."""


class Batch(NamedTuple):
    """A batch, and the gradients that come back from what follows the layer.

    Attributes:
        input: (time, batch, features), or the batch first; its gradient is wanted.
        lengths: (batch,), or None where all rows are whole.
        output_gradient: That of the outputs, with the axes of the input.
        state_gradients: Those of the final state's fields, (batch, hidden), by name.
        is_batch_first: Whether the first axis is the batch.
    """

    input: Tensor
    lengths: Tensor | None
    output_gradient: Tensor
    state_gradients: Mapping[str, Tensor]
    is_batch_first: bool = False

    @property
    def steps(self) -> int:
        """The steps of all rows, padding included."""
        return self.input.shape[0] * self.input.shape[1]

    @property
    def valid_steps(self) -> int:
        """The steps of all rows that are not padding."""
        return self.steps if self.lengths is None else int(self.lengths.sum())

    def batch_first(self) -> "Batch":
        """The same with the batch as the first axis."""
        return self._replace(
            input=self.input.detach().transpose(0, 1).contiguous().requires_grad_(),
            output_gradient=self.output_gradient.transpose(0, 1).contiguous(),
            is_batch_first=True,
        )


def draw_batch(case: Case, *, varying_lengths: bool = False) -> Batch:
    """Draw a batch, always the same one, with time as the first axis.

    Args:
        case: The cell whose state's fields have gradients, and the size.
        varying_lengths: Whether lengths are uniform between a quarter of the steps and all of them.
    """
    rows, steps, hidden = case.batch, case.time, case.hidden
    generator = torch.Generator().manual_seed(SEED)
    values, output_gradient = torch.randn(2, steps, rows, hidden, generator=generator)
    lengths = torch.randint(max(1, steps // 4), steps + 1, (rows,), generator=generator)
    state_gradients = {name: torch.randn(rows, hidden, generator=generator) for name in FIELDS[case.cell]}
    return Batch(
        values.clone().requires_grad_(),
        lengths if varying_lengths else None,
        output_gradient,
        state_gradients,
    )


def weight_count(cell: str, hidden: int) -> int:
    """The numbers in both weight matrices."""
    return GATES[cell] * hidden * 2 * hidden


def flops(cell: str, steps: int, hidden: int) -> float:
    """Floating-point operations of the matrix products over the steps of all rows, forward and backward."""
    return 3.0 * 2 * steps * weight_count(cell, hidden)


def own_layer(cell: str, hidden: int) -> nn.Module:
    """Our layer of a cell."""
    return OWN_LAYERS[cell](hidden, hidden)


def torch_layer(cell: str, ours: nn.Module) -> nn.Module:
    """Torch's layer with the weights of ours."""
    layer = TORCH_LAYERS[cell](ours.input_size, ours.hidden_size)
    layer.load_state_dict(ours.state_dict())
    return layer


def layer_entrant(name: str, layer: nn.Module, batch: Batch) -> Entrant:
    """A layer that takes a batch as it is, ours with its lengths."""
    options = {} if batch.lengths is None else {"lengths": batch.lengths}
    return training_entrant(
        name, lambda: layer(batch.input, **options), dict(layer.named_parameters()), batch
    )


def training_entrant(name: str, forward: Forward, parameters: Mapping[str, Tensor], batch: Batch) -> Entrant:
    """What trains as an entrant: its time is that of both passes.

    Args:
        name: The entrant's name.
        forward: The forward pass over the batch.
        parameters: What it uses, by names that all entrants share.
        batch: The batch.
    """
    leaves = {"input": batch.input, **parameters}

    def run() -> tuple[Tensor, Sequence[Tensor], Sequence[Tensor]]:
        outputs, state = forward()
        fields = (state,) if isinstance(state, Tensor) else state
        incoming = [
            gradient.view(field.shape)
            for gradient, field in zip(batch.state_gradients.values(), fields, strict=True)
        ]
        gradients = torch.autograd.grad(
            [outputs, *fields], list(leaves.values()), [batch.output_gradient, *incoming]
        )
        return outputs, fields, gradients

    def results() -> Results:
        torch.manual_seed(SEED)  # where masks are drawn
        outputs, fields, gradients = run()
        found = {"outputs": outputs}
        found |= {f"final {name}": value for name, value in zip(batch.state_gradients, fields, strict=True)}
        found |= {f"gradient of {leaf}": value for leaf, value in zip(leaves, gradients, strict=True)}
        if batch.is_batch_first:
            for sequence in ("outputs", "gradient of input"):
                found[sequence] = found[sequence].transpose(0, 1)
        return {name: value.detach().squeeze(0).numpy() for name, value in found.items()}

    return Entrant(name, run, results)
