"""Sequences of different lengths in one tensor, and the names of the tensors that describe them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from jaxtyping import Bool
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pad_sequence

from recurra.errors import ShapeError

# What public functions take. They check it themselves and raise ShapeError, so these aliases only tell the
# reader.
Input = Annotated[Tensor, "batch time features, floating point"]
Lengths = Annotated[Tensor, "batch, int64, 0..time: the number of valid steps of every row"]
Resets = Annotated[Tensor, "batch time, bool: True where a row's state is set to zero before the step"]
RecurrentMask = Annotated[
    Tensor, "batch hidden: multiplies the hidden state on its way into the recurrent product"
]


@dataclass(frozen=True, eq=False)
class Sequences:
    """Right-padded sequences and their lengths.

    Args:
        values: (batch, time, ...). What lies past a row's length has no meaning and is never read.
        lengths: (batch,), int64, on the same device, between 0 and time.

    Raises:
        ShapeError: A shape, type or device is wrong, or a length is out of range.

    >>> import torch
    >>> from recurra import Sequences
    >>> sequences = Sequences.from_list([torch.ones(2, 1), torch.ones(3, 1)])
    >>> sequences.values.shape, sequences.lengths.tolist()
    (torch.Size([2, 3, 1]), [2, 3])
    """

    values: Tensor
    lengths: Tensor

    def __post_init__(self) -> None:
        if self.values.dim() < 2:
            raise ShapeError(
                f"values of shape {tuple(self.values.shape)}",
                "(batch, time, ...)",
                "Add the missing axis, or use Sequences.from_list.",
            )
        check_lengths(self.lengths, self.values)

    @classmethod
    def from_list(cls, sequences: Sequence[Any]) -> "Sequences":
        """Pad a list of (time_i, ...) tensors or NumPy arrays with zeros.

        Raises:
            ShapeError: The list is empty, or its members differ in more than their length.
        """
        tensors = [torch.as_tensor(sequence) for sequence in sequences]
        if not tensors:
            raise ShapeError("an empty list", "at least one sequence", "Leave the batch out instead.")
        first = tensors[0]
        for position, tensor in enumerate(tensors):
            like_first = tensor.shape[1:] == first.shape[1:] and tensor.dtype == first.dtype
            if tensor.dim() == 0 or not like_first or tensor.device != first.device:
                raise ShapeError(
                    f"sequence {position} is {_described(tensor)}",
                    f"like the first, {_described(first)}, but for its length",
                    "Give every sequence as (time, ...) with the same trailing axes, type and device.",
                )
        lengths = torch.tensor([len(tensor) for tensor in tensors], device=first.device)
        return cls(pad_sequence(tensors, batch_first=True), lengths)

    def to_list(self) -> list[Tensor]:
        """The sequences without their padding, each (time_i, ...)."""
        return [row[:length] for row, length in zip(self.values, self.lengths.tolist(), strict=True)]

    def to(self, device: torch.device | str) -> "Sequences":
        """The same sequences on another device."""
        return Sequences(self.values.to(device), self.lengths.to(device))

    def __len__(self) -> int:
        return len(self.values)

    def mask(self) -> Bool[Tensor, "batch time"]:
        """True where a value counts, False where it is padding."""
        return valid_steps(self.lengths, self.values.shape[1])

    def chunks(self, steps: int) -> Iterator["Sequences"]:
        """Consecutive pieces of at most `steps` steps; a row that has ended has length 0 in later chunks.

        Raises:
            ShapeError: `steps` is not positive.
        """
        if steps < 1:
            raise ShapeError(f"chunks of {steps} steps", "at least 1", "Choose a positive number of steps.")
        for start in range(0, self.values.shape[1], steps):
            values = self.values[:, start : start + steps]
            yield Sequences(values, (self.lengths - start).clamp(0, values.shape[1]))

    def extended(self, steps: int) -> "Sequences":
        """The same rows, each with so many steps of zeros behind its last one."""
        if not steps:
            return self
        mask = self.mask()
        values = self.values.masked_fill(~mask.view(*mask.shape, *[1] * (self.values.dim() - 2)), 0)
        more = values.new_zeros(len(values), steps, *values.shape[2:])
        return Sequences(torch.cat([values, more], dim=1), self.lengths + steps)

    def shard(self, rank: int, world_size: int) -> "Sequences":
        """The rows `rank`, `rank + world_size`, ...; there may be none."""
        return self.rows(slice(rank, None, world_size))

    def rows(self, index: Tensor | slice | list[int]) -> "Sequences":
        """Some of the rows, by their numbers, a mask or a slice."""
        return Sequences(self.values[index], self.lengths[index])


def valid_steps(lengths: Tensor, time: int) -> Bool[Tensor, "batch time"]:
    """True at the first `lengths[row]` of `time` steps."""
    return torch.arange(time, device=lengths.device) < lengths.unsqueeze(-1)


def check_tensor(name: str, value: object) -> None:
    """Check that a value is a tensor.

    Raises:
        ShapeError: It is something else, such as a PackedSequence or a NumPy array.
    """
    if isinstance(value, PackedSequence):
        raise ShapeError(
            f"{name} is a PackedSequence",
            "a padded tensor",
            "Pass the padded tensor and lengths=; no sequence needs to be packed.",
        )
    if not isinstance(value, Tensor):
        raise ShapeError(
            f"{name} is a {type(value).__name__}", "a tensor", "Convert it: torch.as_tensor(...)."
        )


def placed_lengths(lengths: Tensor, values: Tensor) -> Tensor:
    """Lengths where values of shape (batch, time, ...) are; nobody waits for a GPU.

    Args:
        lengths: (batch,), int64, where the values are, or on a CPU, from where they are copied.
        values: What they belong to.

    Raises:
        ShapeError: They do not belong to the values, or are on a third device.
    """
    check_lengths(lengths, values, or_on_a_cpu=True)
    return lengths.to(values.device, non_blocking=True)


def check_lengths(lengths: Tensor, values: Tensor, *, or_on_a_cpu: bool = False) -> None:
    """Check that `lengths` belongs to values of shape (batch, time, ...).

    Args:
        lengths: (batch,), int64.
        values: What they belong to.
        or_on_a_cpu: Whether they may be there when the values are not.

    Raises:
        ShapeError: It is no int64 tensor of shape (batch,) on such a device, or leaves 0..time.
    """
    batch, time = values.shape[:2]
    if not isinstance(lengths, Tensor):
        raise ShapeError(
            f"lengths is a {type(lengths).__name__}", "an int64 tensor", "Wrap it: torch.tensor(lengths)."
        )
    if lengths.shape != (batch,):
        raise ShapeError(
            f"lengths of shape {tuple(lengths.shape)}",
            f"({batch},), one per row",
            "Give every row one length.",
        )
    if lengths.dtype != torch.int64:
        raise ShapeError(f"lengths of type {lengths.dtype}", "torch.int64", "Convert them: lengths.long().")
    if lengths.device != values.device and not (or_on_a_cpu and lengths.device.type == "cpu"):
        raise ShapeError(
            f"lengths on {lengths.device}",
            f"{values.device}, where the values are",
            "Move them: lengths.to(values.device).",
        )
    if not batch or values_are_hidden() or lengths.device.type == "meta":
        return
    if lengths.device.type != "cpu":  # to look at numbers on a GPU is to wait for it
        torch._assert_async(((lengths >= 0) & (lengths <= time)).all())
        return
    least, most = (int(one) for one in lengths.aminmax())
    if least < 0 or most > time:
        raise out_of_range(f"lengths between {least} and {most}", values)


def out_of_range(got: str, values: Tensor) -> ShapeError:
    """The error of lengths that do not fit values of shape (batch, time, ...)."""
    return ShapeError(
        got,
        f"between 0 and {values.shape[1]}, the number of time steps",
        "Count the valid steps of every row.",
    )


def values_are_hidden() -> bool:
    """Whether no tensor's numbers can be read: torch traces or transforms the program (compile, vmap)."""
    return torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active()


def is_differentiated_by_functorch() -> bool:
    """Whether torch.func takes derivatives of what runs now; vmap alone does not count."""
    if torch.compiler.is_compiling() or not torch._C._are_functorch_transforms_active():
        return False
    stack = torch._C._functorch.get_interpreter_stack()
    return any(level.key() != torch._C._functorch.TransformType.Vmap for level in stack or ())


def _described(tensor: Tensor) -> str:
    return f"{tuple(tensor.shape)} {tensor.dtype} on {tensor.device}"
