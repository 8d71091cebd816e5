"""What `RNN`, `LSTM` and `GRU` share: torch.nn's weights, and the walk over layers and directions."""

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from recurra.cells.parameter import check_projection, check_sizes, empty_parameter
from recurra.errors import ShapeError, UsageHint
from recurra.layers.dropout import check_probability
from recurra.ops import backends
from recurra.ops.arguments import check_resets, is_under_autocast
from recurra.ops.op import Op, run_layer
from recurra.ops.walk import State, Walk, mapped
from recurra.types import Lengths, Resets, check_tensor


class TorchRecurrence(nn.Module, ABC):
    """A module with torch.nn's weights whose recurrence is one of ours.

    Attributes:
        input_size: Number of features of the input.
        output_size: Number of features of the output, all directions together.
        mode: What torch.nn calls the recurrence: "LSTM", "GRU", "RNN_TANH" or "RNN_RELU".
    """

    mode: str
    gates: int  # blocks that the weights are stacked of
    weights_kind: Any  # the NamedTuples of the op
    state_kind: Any
    keeps_type = False  # whether autocast on a CPU leaves torch.nn's results in the type of the input

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        *,
        bias: bool,
        batch_first: bool,
        dropout: float,
        bidirectional: bool,
        proj_size: int,
        recompute: bool,
        backend: str,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        check_probability("dropout", dropout)
        backends.check_name(backend)
        check_projection(proj_size, hidden_size)
        if dropout and num_layers == 1:
            warnings.warn("dropout acts between layers, and there is only one", UserWarning, stacklevel=3)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, dropout
        self.bidirectional, self.proj_size = bidirectional, proj_size
        self.recompute, self.backend = recompute, backend
        self.output_size = (proj_size or hidden_size) * self._directions
        place = {"device": device, "dtype": dtype}
        self._names = [  # of the weights: by layer, direction, and the name that the op gives them
            [self._register(layer, direction, place) for direction in range(self._directions)]
            for layer in range(num_layers)
        ]
        self.reset_parameters()

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _register(self, layer: int, direction: int, place: dict[str, Any]) -> dict[str, str]:
        rows, outputs = self.gates * self.hidden_size, self.proj_size or self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (rows, self.input_size if layer == 0 else self.output_size),
            "weight_hh": (rows, outputs),
        }
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        names = {name: f"{name}_l{layer}{'_reverse' if direction else ''}" for name in shapes}
        for name, shape in shapes.items():
            self.register_parameter(names[name], empty_parameter(*shape, **place))
        return names

    def reset_parameters(self) -> None:
        """Fill the weights as torch.nn does: uniform within 1 / sqrt(hidden_size)."""
        bound = 1 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            nn.init.uniform_(weight, -bound, bound)

    def flatten_parameters(self) -> None:
        """Do nothing; torch.nn's modules have it, and programs call it."""

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: Any = None,
        *,
        lengths: Lengths | Sequence[int] | None = None,
        resets: Resets | None = None,
    ) -> tuple[Tensor | PackedSequence, Any]:
        """Run over a batch of sequences, or over one.

        Args:
            input: (time, batch, input_size), with `batch_first` (batch, time, input_size), or (time,
                input_size). A packed batch is taken too, with a `UsageHint` once a process; `lengths` needs
                no packing and no sorting.
            hx: The state before the first step as torch.nn takes it: (num_layers * directions, batch, size),
                without the batch axis for one sequence; for the LSTM a tuple of hidden and cell state. None
                for zeros.
            lengths: (batch,), int64, on any device, or a list: the number of valid steps of every row; None
                when all are.
            resets: True where a row's state is set to zero before the step, with the axes of the input:
                (time, batch), (batch, time), or (time,).

        Returns:
            Outputs (as the input, with output_size features; zero past a row's length; packed as the input)
            and the last state (as hx).

        Raises:
            ShapeError: A tensor has the wrong shape, type or device, or a length is out of range.
        """
        if isinstance(input, PackedSequence):
            return self._run_packed(input, hx, lengths, resets)
        check_tensor("input", input)
        if isinstance(lengths, Tensor) and lengths.device.type != "cpu":
            lengths = lengths.to(input.device)
        elif isinstance(lengths, (list, tuple)):
            try:
                lengths = torch.as_tensor(lengths, device="cpu")  # from where they follow the input
            except (TypeError, ValueError) as error:
                raise ShapeError(
                    f"lengths of {lengths!r}", "a whole number for each row", "Count its valid steps."
                ) from error
        return self._run_padded(input, hx, cast("Tensor | None", lengths), resets)

    def _run_padded(
        self, input: Tensor, hx: Any, lengths: Tensor | None, resets: Tensor | None
    ) -> tuple[Tensor, Any]:
        rows, row_resets = self._rows_first(input, lengths, resets)
        one = input.dim() == 2
        weights = [[self._weights(own) for own in names] for names in self._names]
        parameter = weights[0][0].weight_hh
        kind = self._result_type(input, parameter)
        op, walk = self._op(), Walk(lengths, row_resets, recompute=self.recompute)
        state = self._state(hx, rows.shape[0], parameter, one=one)
        finals = []
        for layer, own in enumerate(weights):
            rows, final = run_layer(op, rows, own, self._of_layer(layer, state), walk, self.backend)
            finals.append(final)
            if layer < self.num_layers - 1 and self.dropout:
                rows = F.dropout(rows, self.dropout, self.training)
        last = finals[0] if len(finals) == 1 else mapped(lambda *fields: torch.cat(fields), *finals)
        if kind is not None:
            rows, last = rows.to(kind), mapped(lambda field: field.to(kind), last)
        if one:
            return rows.squeeze(0), self._packed(mapped(lambda field: field.squeeze(1), last))
        return (rows if self.batch_first else rows.transpose(0, 1)), self._packed(last)

    def _run_packed(
        self, packed: PackedSequence, hx: Any, lengths: Any, resets: Any
    ) -> tuple[PackedSequence, Any]:
        """Run over the rows of a packed batch, which come and go in its order."""
        if not torch.compiler.is_compiling():
            _hint_at_lengths()
        if lengths is not None or resets is not None:
            raise ShapeError(
                "a packed batch with lengths or resets",
                "neither: a packed batch has its own lengths",
                "Give the padded batch with lengths and resets.",
            )
        padded, counts = pad_packed_sequence(packed, batch_first=self.batch_first)
        outputs, last = self._run_padded(padded, hx, counts, None)
        batch = 0 if self.batch_first else 1
        if packed.sorted_indices is not None:
            outputs = outputs.index_select(batch, packed.sorted_indices)
            counts = counts[packed.sorted_indices.cpu()]
        again = pack_padded_sequence(outputs, counts, batch_first=self.batch_first)
        order = (packed.sorted_indices, packed.unsorted_indices)
        return PackedSequence(again.data, packed.batch_sizes, *order), last

    def _result_type(self, input: Tensor, weight: Tensor) -> torch.dtype | None:
        """The type that autocast gives torch.nn's results; None where it does nothing to them.

        That is autocast's own, but for a GRU on a CPU, of which it knows nothing.
        """
        device = weight.device
        if weight.dtype == torch.float64 or not is_under_autocast(device):
            return None
        return (
            input.dtype if self.keeps_type and device.type == "cpu" else torch.get_autocast_dtype(device.type)
        )

    @abstractmethod
    def _op(self) -> Op:
        """What a layer computes."""

    def _weights(self, names: dict[str, str]) -> Any:
        """Those of one direction, as the op takes them."""
        own = self._parameters  # which takes a fifth of the time of getattr
        found = {name: own[at] if at in own else getattr(self, at) for name, at in names.items()}
        return self.weights_kind(**found)

    def _of_layer(self, layer: int, state: State) -> State:
        """The part of a state that belongs to a layer, (directions, batch, size)."""
        if self.num_layers == 1:
            return state
        first, number = layer * self._directions, self._directions
        return mapped(lambda field: field.narrow(0, first, number), state)

    @property
    def _all_weights(self) -> list[list[str]]:
        """The names of the weights of every layer and direction, which programs that initialise them read."""
        return [list(names.values()) for layer in self._names for names in layer]

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Tensor]:
        return [getattr(self, name) for name in self._flat_weights_names]

    @property
    def all_weights(self) -> list[list[Tensor]]:
        """The weights of every layer and direction, as torch.nn lists them."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def _rows_first(
        self, input: Tensor, lengths: Tensor | None, resets: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Input and resets as (batch, time, ...)."""
        if input.dim() not in (2, 3) or input.shape[-1] != self.input_size:
            axes = "batch, time" if self.batch_first else "time, batch"
            raise ShapeError(
                f"input of shape {tuple(input.shape)}",
                f"({axes}, {self.input_size}) or (time, {self.input_size})",
                "Put the features last, and choose batch_first by which axis comes first.",
            )
        if resets is not None:
            check_resets(resets, input)
        if input.dim() == 2:
            if lengths is not None:
                raise ShapeError("lengths of one sequence", "None", "Cut the sequence to its length.")
            return input.unsqueeze(0), None if resets is None else resets.unsqueeze(0)
        if self.batch_first:
            return input, resets
        return input.transpose(0, 1), None if resets is None else resets.transpose(0, 1)

    def _state(self, hx: Any, batch: int, weight: Tensor, *, one: bool) -> Any:
        """A state as the op takes it, of fields (num_layers * directions, batch, size)."""
        directions = self.num_layers * self._directions
        sizes = [self.proj_size or self.hidden_size, self.hidden_size][: len(self.state_kind._fields)]
        if hx is None:
            return self.state_kind(*[weight.new_zeros(directions, batch, size) for size in sizes])
        state = self._unpacked(hx)
        for field, size in zip(state, sizes, strict=True):
            expected = (directions, size) if one else (directions, batch, size)
            if field.shape != expected:
                raise ShapeError(
                    f"an initial state of shape {tuple(field.shape)}",
                    f"{expected}, (num_layers * directions, batch, size)",
                    "Leave hx out to start from zeros.",
                )
        return mapped(lambda field: field.unsqueeze(1), state) if one else state

    def _unpacked(self, hx: Any) -> Any:
        """The state that torch.nn takes as a tensor, or as a tuple of two."""
        names = self.state_kind._fields
        if len(names) == 1:
            is_state, expected, remedy = isinstance(hx, Tensor), "a tensor", "the hidden state"
        else:
            is_tuple = isinstance(hx, (tuple, list)) and len(hx) == len(names)
            is_state = is_tuple and all(isinstance(field, Tensor) for field in hx)
            expected, remedy = "a tuple of two tensors", f"({', '.join(names)})"
        if not is_state:
            raise ShapeError(
                f"an initial state of type {type(hx).__name__}", expected, f"Give {remedy}, or leave hx out."
            )
        return self.state_kind(hx) if len(names) == 1 else self.state_kind(*hx)

    def _packed(self, state: State) -> Any:
        """A state as torch.nn returns it."""
        return state[0] if len(state) == 1 else tuple(state)

    def extra_repr(self) -> str:
        """The sizes and what differs from the default, for `print`."""
        defaults = {
            "proj_size": 0,
            "num_layers": 1,
            "nonlinearity": "tanh",
            "bias": True,
            "batch_first": False,
            "dropout": 0.0,
            "bidirectional": False,
            "recompute": False,
            "backend": "auto",
        }
        chosen = {name: getattr(self, name, default) for name, default in defaults.items()}
        shown = [f"{name}={value!r}" for name, value in chosen.items() if value != defaults[name]]
        return ", ".join([str(self.input_size), str(self.hidden_size), *shown])


@cache
def _hint_at_lengths() -> None:
    """Say once how sequences of different lengths need no packing."""
    warnings.warn(
        "a packed batch is unpacked here and packed again; layer(padded, lengths=lengths) gives the same "
        "without either, in any order of lengths",
        UsageHint,
        stacklevel=6,  # of the line that calls the layer, past torch's own frames
    )
