"""One call of the engine: torch's tensors as the addresses that it takes."""

from typing import Any

import torch
from torch import Tensor

from recurra import native
from recurra.errors import ShapeError
from recurra.ops.native.arguments import BOTH, REVERSE, Arguments, Saved, Sizes, is_time_major


class Call:
    """The steps of a batch laid out, and the engine's view of its tensors.

    The addresses are valid as long as the tensors live: whoever adds one keeps it.
    """

    def __init__(self, cell: str, given: Arguments) -> None:
        self.cell, self.given, self.sizes = cell, given, Sizes.of(cell, given)
        lengths = 0 if given.lengths is None else _address(_kept(self, given.lengths.contiguous()))
        self.layout = _layout(self.sizes, lengths, is_time_major(given.input))
        self.positions = self.layout.positions
        self.resets = 0 if given.resets is None else _address(_kept(self, given.resets.contiguous()))
        self.fields: list[dict[str, Any]] = [
            {
                "reverse": self._is_reverse(number),
                "hidden": self.sizes.hidden,
                "outputs_size": self.sizes.outputs,
                "epsilon": given.epsilon,
                "relu": cell == "elman_relu",
            }
            for number in range(self.sizes.directions)
        ]
        self._add_what_is_given()

    def _is_reverse(self, direction: int) -> bool:
        return self.given.direction == REVERSE or (self.given.direction == BOTH and direction == 1)

    def _add_what_is_given(self) -> None:
        given, sizes = self.given, self.sizes
        per_direction = {
            "weight_hh": given.weight_hh,
            "peepholes": given.peepholes,
            "projection": given.projection,
            "gain_hh": given.gain_hh,
            "gain_cell": given.gain_cell,
            "bias_cell": given.bias_cell,
            "hidden_first": given.hidden,
            "cell_first": given.cell,
            "mask": given.mask,
        }
        if self.cell == "gru" and given.bias_hh is not None:
            per_direction["bias_candidate"] = given.bias_hh[:, 2 * sizes.hidden :]
        for name, tensor in per_direction.items():
            if tensor is not None:
                self.add(name, tensor.contiguous())
        zoneouts = {
            "zoneout_hidden": (given.kept_hidden, given.rate_hidden),
            "zoneout_cell": (given.kept_cell, given.rate_cell),
        }
        for name, (kept, rate) in zoneouts.items():
            masks = None if kept is None else _kept(self, kept.contiguous())
            for number, fields in enumerate(self.fields):
                address = 0 if masks is None else _address(masks, number * masks.stride(0))
                fields[name] = (address, rate)

    def add(self, name: str, tensor: Tensor) -> None:
        """A tensor whose first axis is the directions."""
        _kept(self, tensor)
        for number, fields in enumerate(self.fields):
            fields[name] = _address(tensor, number * tensor.stride(0))

    def add_rows(self, name: str, rows: Tensor) -> None:
        """A tensor whose last axis holds the directions side by side; the rows before it are steps."""
        _kept(self, rows)
        pitch = rows.shape[-1]
        for number, fields in enumerate(self.fields):
            fields[name] = (_address(rows, number * (pitch // self.sizes.directions)), pitch)

    def add_saved(self, saved: Saved) -> None:
        """What the forward pass keeps."""
        for name in ("gates", "cells", "extra"):
            tensor = getattr(saved, name)
            if tensor.numel():
                self.add_rows(name, tensor)

    def input_rows(self) -> Tensor:
        """The valid steps of the input, (positions, features), where the engine expects them."""
        given = self.given.input
        rows = given.transpose(0, 1) if is_time_major(given) else given.contiguous()
        flat = rows.reshape(-1, self.sizes.features)
        return flat if self.given.lengths is None else flat.index_select(0, self.index())

    def padded(self, rows: Tensor) -> Tensor:
        """(positions, size) as (batch, time, size), zeros past a row's length."""
        sizes = self.sizes
        if self.given.lengths is not None:
            filled = rows.new_zeros(sizes.batch * sizes.steps, rows.shape[-1])
            rows = filled.index_copy_(0, self.index(), rows)
        if is_time_major(self.given.input):
            return rows.view(sizes.steps, sizes.batch, -1).transpose(0, 1)
        return rows.view(sizes.batch, sizes.steps, -1)

    def index(self) -> Tensor:
        """The place of every position among the padded steps."""
        index = torch.empty(self.positions, dtype=torch.int64)
        self.layout.index(_address(index))
        return index

    def run(self, *, backward: bool) -> None:
        """Walk over time."""
        engine = native.engine()
        walk = engine.run_float32 if self.given.input.dtype == torch.float32 else engine.run_float64
        walk(
            engine.CELLS.index(self.cell.removesuffix("_relu")),
            backward,
            self.layout,
            self.resets,
            torch.get_num_threads(),
            self.fields,
        )

    def entering(self) -> Tensor:
        """The hidden states that entered the recurrent products, (positions, directions*outputs)."""
        engine = native.engine()
        gather = engine.gather_float32 if self.given.input.dtype == torch.float32 else engine.gather_float64
        width = self.sizes.directions * self.sizes.outputs
        rows = self.given.input.new_empty(self.positions, width)
        targets = [
            (_address(rows, number * self.sizes.outputs), width) for number in range(self.sizes.directions)
        ]
        gather(self.layout, self.resets, torch.get_num_threads(), self.fields, targets)
        return rows

    def empty(self, width: int) -> Tensor:
        """Room for (positions, directions*width)."""
        return self.given.input.new_empty(self.positions, self.sizes.directions * width)


def as_input_lies(tensor: Tensor, input: Tensor) -> Tensor:
    """A (batch, time, size) tensor in the order in memory that the input has."""
    if is_time_major(input):
        return tensor.transpose(0, 1).contiguous().transpose(0, 1)
    return tensor.contiguous()


def _layout(sizes: Sizes, lengths: int, time_major: bool) -> Any:
    try:
        return native.engine().Layout(sizes.batch, sizes.steps, lengths, time_major)
    except ValueError as error:  # in a compiled program nobody sees the lengths before
        raise ShapeError(
            str(error),
            f"between 0 and {sizes.steps}, the number of time steps",
            "Count the valid steps of every row.",
        ) from None


def _address(tensor: Tensor, offset: int = 0) -> int:
    return tensor.data_ptr() + offset * tensor.element_size()


def _kept(call: Call, tensor: Tensor) -> Tensor:
    """The tensor, which lives as long as the call from now on."""
    call.__dict__.setdefault("tensors", []).append(tensor)
    return tensor
