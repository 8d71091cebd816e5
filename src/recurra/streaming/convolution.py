"""Convolutions over an image as its lines come, by the engine: the same bits line by line or all at once.

A convolution is an affine map at each place of what is around it, so it runs as a program of an affine layer,
whose sums have one order whatever comes at once.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from recurra.errors import ConfigError, DamagedError, UsageError
from recurra.streaming.activation import Activation
from recurra.streaming.affine import Affine
from recurra.streaming.layer import Array
from recurra.streaming.layer_norm import LayerNorm
from recurra.streaming.program import Program

_SIDE = 3  # lines and columns that a convolution sees
_COUNTS = struct.Struct("<II")
_FIELDS = ("weight", "bias", "gain", "shift", "form")


@dataclass(frozen=True)
class Block:
    """A 3 x 3 convolution, ReLU, the largest of neighbours, and a normalisation over channels at each place.

    Attributes:
        weight: (channels, 9 * inputs), a line of three places after another, of each place all inputs.
        bias: (channels,).
        gain, shift: (channels,) of the normalisation.
        along, across: How many lines and columns the largest is taken of.
        epsilon: Of the normalisation.
    """

    weight: Array
    bias: Array
    gain: Array
    shift: Array
    along: int
    across: int
    epsilon: float

    def arrays(self) -> dict[str, Array]:
        """All of it as float32 arrays, by name."""
        form = np.array([self.along, self.across, self.epsilon], np.float32)
        return {
            "weight": self.weight, "bias": self.bias, "gain": self.gain, "shift": self.shift, "form": form,
        }  # fmt: skip


class Carried(NamedTuple):
    """What a block keeps of the lines that came.

    Attributes:
        held: The last lines, which the next convolution sees too.
        pending: Lines that are convolved, and too few to take the largest of.
    """

    held: Array
    pending: Array


class Convolutions:
    """Blocks one after another over an image of a known width.

    Zeros stand around the image, and around what every block gives, at its own end too.

    Args:
        blocks: They.
        width: Columns of the image.

    Attributes:
        output_shape: Columns and channels of a line that comes out.

    Raises:
        ConfigError: A block does not fit the one before.
        MissingDependencyError: The package was built without the engine.
    """

    def __init__(self, blocks: Sequence[Block], width: int) -> None:
        self._blocks = []
        channels = None
        for block in blocks:
            own = block.weight.shape[1] // _SIDE**2
            if channels not in (None, own) or block.along < 1 or block.across < 1:
                raise ConfigError(
                    f"a convolution of {own} channels after one of {channels}", "the same", "Export it again."
                )
            self._blocks.append(_Running(block, own, width))
            width, channels = -(-width // block.across), block.weight.shape[0]
        self.output_shape = width, channels or 0

    def push(self, lines: Array, before: bytes) -> tuple[Array, bytes]:
        """The lines that are complete with some more, and what to keep.

        Args:
            lines: (lines, columns, channels).
            before: What was kept after the lines before; empty: the image begins.

        Raises:
            ArtifactError: What was kept is damaged.
        """
        kept = self._unpacked(before)
        for number, block in enumerate(self._blocks):
            lines, kept[number] = block.push(lines, kept[number])
        return lines, b"".join(map(_packed, kept))

    def end(self, before: bytes) -> Array:
        """The lines that are left where the image ends. Errors as of `push`."""
        kept = self._unpacked(before)
        lines = np.zeros((0, self._blocks[0].width, self._blocks[0].inputs), np.float32)
        for block, own in zip(self._blocks, kept, strict=True):
            lines = block.end(lines, own)
        return lines

    def whole(self, image: Array) -> Array:
        """All lines of an image (lines, columns, channels)."""
        first, kept = self.push(image, b"")
        return np.concatenate([first, self.end(kept)])

    def _unpacked(self, kept: bytes) -> list[Carried]:
        if not kept:
            return [block.begin() for block in self._blocks]
        found, place = [], 0
        try:
            for block in self._blocks:
                carried, place = block.unpacked(kept, place)
                found.append(carried)
        except (struct.error, ValueError) as error:
            raise _damaged() from error
        if place != len(kept):
            raise _damaged()
        return found


class _Running:
    """A block, and how wide the lines are that it reads."""

    def __init__(self, block: Block, inputs: int, width: int) -> None:
        self.block, self.inputs, self.width = block, inputs, width
        self._map = Program([Affine(block.weight, block.bias), Activation("relu")]).session()
        self._normal = Program([LayerNorm(block.gain, block.shift, epsilon=block.epsilon)]).session()
        self._channels = block.weight.shape[0]

    def begin(self) -> Carried:
        """Nothing but the zeros before the first line."""
        held = np.zeros((1, self.width, self.inputs), np.float32)
        return Carried(held, np.zeros((0, self.width, self._channels), np.float32))

    def push(self, lines: Array, before: Carried) -> tuple[Array, Carried]:
        """Lines that are complete, and what to keep."""
        seen = np.concatenate([before.held, lines])
        pending = np.concatenate([before.pending, self._convolved(seen)])
        ready = len(pending) // self.block.along * self.block.along
        kept = Carried(seen[-2:], pending[ready:])
        return self._pooled(pending[:ready]), kept

    def end(self, lines: Array, before: Carried) -> Array:
        """The last lines: of what still comes, and of the zeros after it."""
        after = np.zeros((1, self.width, self.inputs), np.float32)
        found, kept = self.push(np.concatenate([lines, after]), before)
        return np.concatenate([found, self._pooled(kept.pending)])

    def _convolved(self, seen: Array) -> Array:
        count = len(seen) - _SIDE + 1
        if count < 1:
            return np.zeros((0, self.width, self._channels), np.float32)
        framed = np.pad(seen, ((0, 0), (1, 1), (0, 0)))
        around = np.lib.stride_tricks.sliding_window_view(framed, (_SIDE, _SIDE), axis=(0, 1))
        places = np.ascontiguousarray(around.transpose(0, 1, 3, 4, 2)).reshape(count * self.width, -1)
        return self._map.run(places).reshape(count, self.width, self._channels)

    def _pooled(self, lines: Array) -> Array:
        """The largest of neighbours, fewer at the ends, normalised; nothing is below 0 here."""
        along, across = self.block.along, self.block.across
        height, width = -(-len(lines) // along), -(-self.width // across)
        padded = np.zeros((height * along, width * across, self._channels), np.float32)
        padded[: len(lines), : self.width] = lines
        largest = padded.reshape(height, along, width, across, self._channels).max(axis=(1, 3))
        return self._normal.run(largest.reshape(-1, self._channels)).reshape(largest.shape)

    def unpacked(self, kept: bytes, place: int) -> tuple[Carried, int]:
        """What was kept, and where it ends.

        Raises:
            ValueError: It is damaged.
            struct.error: It is too short.
        """
        held, pending = _COUNTS.unpack_from(kept, place)
        if not 1 <= held < _SIDE or pending >= self.block.along:
            raise ValueError("counts that cannot be")
        place += _COUNTS.size
        arrays = []
        for count, channels in ((held, self.inputs), (pending, self._channels)):
            size = count * self.width * channels
            flat = np.frombuffer(kept, "<f4", size, place).astype(np.float32)
            arrays.append(flat.reshape(count, self.width, channels))
            place += 4 * size
        return Carried(*arrays), place


def _packed(kept: Carried) -> bytes:
    parts = [np.ascontiguousarray(one, "<f4").tobytes() for one in kept]
    return b"".join([_COUNTS.pack(len(kept.held), len(kept.pending)), *parts])


def arrays_of(blocks: Sequence[Block]) -> dict[str, Array]:
    """Blocks as arrays by name, from which `blocks_of` makes them again."""
    return {
        f"{number}.{name}": array for number, own in enumerate(blocks) for name, array in own.arrays().items()
    }


def blocks_of(arrays: Mapping[str, Array]) -> list[Block]:
    """Blocks from their arrays.

    Raises:
        DamagedError: One is missing, or they do not go together.
    """
    try:
        count = max(int(name.partition(".")[0]) for name in arrays) + 1
        return [_block(arrays, number) for number in range(count)]
    except (KeyError, ValueError, UsageError) as error:
        raise DamagedError(
            f"convolutions that lack a part ({error})", "all of their weights", "Export the model again."
        ) from error


def _block(arrays: Mapping[str, Array], number: int) -> Block:
    weight, bias, gain, shift, form = (arrays[f"{number}.{name}"] for name in _FIELDS)
    along, across, epsilon = form.tolist()
    return Block(weight, bias, gain, shift, int(along), int(across), epsilon)


def _damaged() -> DamagedError:
    return DamagedError(
        "what was kept of an image, damaged", "as the stream left it", "Begin anew, without the file."
    )
