"""One call of the engine: torch's tensors as the addresses that it takes, and the memory that it borrows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils import deterministic

from recurra import native
from recurra.errors import ShapeError
from recurra.ops.native.arguments import (
    BOTH,
    ELMAN,
    FORWARD,
    REVERSE,
    Arguments,
    Saved,
    Sizes,
    empty_padded,
    is_time_major,
)

DIRECTIONS = {FORWARD: (False,), REVERSE: (True,), BOTH: (False, True)}
"""Whether each direction is the reverse one."""

LEAST = 1 << 16
"""Numbers; what is smaller comes from the allocator, which has such memory at hand."""

MOST = 1 << 26
"""Bytes (64 MiB) that are kept; what is larger goes back to the system."""

ALIGNED = 16
"""Numbers; each piece begins at a multiple of them, and so at a cache line."""

_kept: list[Tensor] = []  # at most one


class Workspace:
    """Pieces of one block of memory, which a call needs only while it runs.

    Fresh memory costs a page fault every 4 KiB when it is first touched, which can take longer than the
    arithmetic. So what large calls need is kept, once in the process, for the next call.
    """

    def __init__(self, block: Tensor) -> None:
        self._block = block
        self.used = 0

    def room(self, count: int, size: int) -> Tensor:
        """Room for (count, size); its numbers are anything."""
        numbers, begin = count * size, self.used
        if numbers < LEAST:
            return self._block.new_empty(count, size)
        self.used += (numbers + ALIGNED - 1) // ALIGNED * ALIGNED
        if self.used > len(self._block):
            return self._block.new_empty(count, size)
        piece = self._block.as_strided((count, size), (size, 1), begin)
        if _fills_fresh_memory():
            piece.fill_(torch.nan)  # as torch does with fresh memory, so that nobody reads what is left there
        return piece


@contextmanager
def borrowed(dtype: torch.dtype) -> Iterator[Workspace]:
    """A workspace, whose pieces are valid until the end of the `with` block."""
    try:
        block = _kept.pop()  # nobody else has it now, whatever thread they run in
    except IndexError:
        block = torch.empty(0, dtype=dtype)
    if block.dtype != dtype:
        block = torch.empty(0, dtype=dtype)
    workspace = Workspace(block)
    yield workspace
    if len(block) < workspace.used <= MOST // dtype.itemsize:
        with torch.inference_mode(mode=False):  # a tensor made in it could not be written outside
            block = torch.empty(workspace.used, dtype=dtype)
    if not _kept:
        _kept.append(block)


def _fills_fresh_memory() -> bool:
    """Whether torch fills memory that nobody has written yet."""
    return torch.are_deterministic_algorithms_enabled() and bool(
        deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    )


class Call:
    """The steps of a batch laid out, and the engine's view of its tensors.

    The addresses are valid as long as the tensors live: whoever adds one keeps it.
    """

    def __init__(self, cell: str, given: Arguments, workspace: Workspace) -> None:
        self.cell, self.given, self.sizes = cell, given, Sizes.of(cell, given)
        self._workspace = workspace
        self._kept: list[Tensor] = []
        self.layout = _layout(self.sizes, self._address(given.lengths), is_time_major(given.input))
        self.positions = self.layout.positions
        self.resets = self._address(given.resets)
        self.fields: list[dict[str, Any]] = [
            {
                "reverse": is_reverse,
                "hidden": self.sizes.hidden,
                "outputs_size": self.sizes.outputs,
                "epsilon": given.epsilon,
                "nonlinearity": ELMAN.index(cell) if cell in ELMAN else 0,
            }
            for is_reverse in DIRECTIONS[given.direction]
        ]
        self._add_what_is_given()

    def _add_what_is_given(self) -> None:
        given = self.given
        self.add("weight_hh", given.weight_hh)
        self.add("hidden_first", given.hidden)
        for name, tensor in (
            ("peepholes", given.weight_peephole),
            ("projection", given.weight_hr),
            ("gain_hh", given.gain_hh),
            ("gain_cell", given.gain_cell),
            ("bias_cell", given.bias_cell),
            ("cell_first", given.cell),
            ("mask", given.mask),
        ):
            if tensor is not None:
                self.add(name, tensor)
        if self.cell == "gru" and given.bias_hh is not None:
            self.add("bias_candidate", given.bias_hh, offset=2 * self.sizes.hidden)
        self._add_zoneout("zoneout_hidden", given.kept_hidden, given.rate_hidden)
        self._add_zoneout("zoneout_cell", given.kept_cell, given.rate_cell)

    def _add_zoneout(self, name: str, kept: Tensor | None, rate: float) -> None:
        if kept is None:
            for fields in self.fields:
                fields[name] = (0, rate)
            return
        self.add(name, kept)
        for fields in self.fields:
            fields[name] = (fields[name], rate)

    def add(self, name: str, tensor: Tensor, offset: int = 0) -> None:
        """A tensor that has the directions one after another; the engine's part begins at an offset there."""
        address, size = self._address(tensor), tensor.element_size()
        step = tensor.numel() // len(self.fields) * size
        for number, fields in enumerate(self.fields):
            fields[name] = address + number * step + offset * size

    def add_rows(self, name: str, parts: Sequence[Tensor]) -> None:
        """For each direction a tensor (positions, size) of its own."""
        self._kept.extend(parts)
        for fields, part in zip(self.fields, parts, strict=True):
            fields[name] = (part.data_ptr(), part.shape[-1])

    def add_side_by_side(self, name: str, padded: Tensor) -> None:
        """A padded tensor (batch, time, directions*size)."""
        self._kept.append(padded)
        pitch = padded.shape[-1]
        step = pitch // len(self.fields) * padded.element_size()
        for number, fields in enumerate(self.fields):
            fields[name] = (padded.data_ptr() + number * step, pitch)

    def _address(self, tensor: Tensor | None) -> int:
        """Where a tensor's numbers lie, one after another, as long as the call lives; 0 for None."""
        if tensor is None:
            return 0
        tensor = tensor.contiguous()
        self._kept.append(tensor)
        return tensor.data_ptr()

    def add_saved(self, saved: Saved) -> None:
        """What the forward pass keeps."""
        for name in ("gates", "cells", "extra"):
            tensor = getattr(saved, name)
            if tensor is not None:
                self.add_rows(name, self.valid(tensor))

    def valid(self, saved: Tensor) -> list[Tensor]:
        """What is saved of the valid steps of each direction, (positions, size)."""
        parts = [saved.squeeze(0)] if len(saved) == 1 else list(saved.unbind(0))
        if saved.shape[1] == self.positions:
            return parts
        return [part.narrow(0, 0, self.positions) for part in parts]

    def input_rows(self) -> Tensor:
        """The valid steps of the input, (positions, features), where the engine expects them."""
        given = self.given.input
        if self._lies_as_positions():
            return given.transpose(0, 1).reshape(-1, self.sizes.features)
        rows = self.room(self.positions, self.sizes.features)
        self._pack_input(rows)
        return rows

    def _lies_as_positions(self) -> bool:
        """Whether the rows of padded tensors are the positions."""
        return self.given.lengths is None and is_time_major(self.given.input)

    def _pack_input(self, rows: Tensor) -> None:
        """The valid steps of the input into the first columns of rows."""
        given, size = as_input_lies(self.given.input, self.given.input), rows.element_size()
        width, pitch = self.sizes.features * size, rows.stride(0) * size
        self.layout.pack(given.data_ptr(), rows.data_ptr(), width, pitch, torch.get_num_threads())

    def padded(self, rows: Tensor) -> Tensor:
        """(positions, size) as (batch, time, size), zeros past a row's length."""
        sizes = self.sizes
        if self._lies_as_positions():
            return rows.view(sizes.steps, sizes.batch, -1).transpose(0, 1)
        result = empty_padded(self.given, sizes, rows.shape[1])
        width = rows.shape[1] * rows.element_size()
        self.layout.unpack(rows.data_ptr(), result.data_ptr(), width, width, torch.get_num_threads())
        return result

    def clear_padding(self, padded: Tensor) -> None:
        """Zeros past every row's length."""
        if self.given.lengths is not None:
            width = padded.shape[-1] * padded.element_size()
            self.layout.unpack(0, padded.data_ptr(), width, width, torch.get_num_threads())

    def run(self, *, backward: bool) -> None:
        """Walk over time."""
        engine = native.engine()
        walk = engine.run_float32 if self.given.input.dtype == torch.float32 else engine.run_float64
        walk(
            engine.CELLS.index("elman" if self.cell in ELMAN else self.cell),
            backward,
            self.layout,
            self.resets,
            torch.get_num_threads(),
            self.fields,
        )

    def entering(self, *, with_input: bool = False) -> list[Tensor]:
        """What entered the recurrent products of each direction, (positions, outputs).

        Args:
            with_input: Whether the input's rows lie to the left of the hidden states.
        """
        engine = native.engine()
        gather = engine.gather_float32 if self.given.input.dtype == torch.float32 else engine.gather_float64
        begin = self.sizes.features if with_input else 0
        parts = self.rows(begin + self.sizes.outputs)
        if with_input:
            for part in parts:
                self._pack_input(part)
        offset = begin * self.given.input.element_size()
        targets = [(part.data_ptr() + offset, part.shape[1]) for part in parts]
        gather(self.layout, self.resets, torch.get_num_threads(), self.fields, targets)
        return parts

    def rows(self, size: int) -> list[Tensor]:
        """Room for (positions, size) of each direction, for as long as the call runs."""
        return [self.room(self.positions, size) for _ in self.fields]

    def room(self, count: int, size: int) -> Tensor:
        """Room for (count, size) for as long as the call runs."""
        return self._workspace.room(count, size)


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
