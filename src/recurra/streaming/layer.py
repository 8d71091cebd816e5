"""What all layers of a stream program have in common: checked weights, and what they take and give."""

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import Field, fields
from typing import Any, ClassVar, TypeAlias, cast

import numpy as np

from recurra.errors import ConfigError, DataError, ShapeError

Array: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]
Operation: TypeAlias = dict[str, Any]
"""One operation of the engine: its kind, sizes and settings, and arrays under the names of its weights."""

Shapes: TypeAlias = Mapping[str, tuple[str, ...]]
"""The axes of each weight: "hidden", or "4 hidden" for four gates. Equal names have equal lengths."""

LARGEST_SIZE = 1 << 16
"""The most features or units of a layer: whole numbers summed over so many int8 products stay below 2^31."""
LARGEST_VOCABULARY = 1 << 24
SMALLEST_NUMBER, LARGEST_NUMBER = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)


class Layer(ABC):
    """One layer of a stream program, a frozen dataclass.

    The fields in `shapes` are weights: float32 arrays, named and stacked as torch does, of which the layer
    keeps copies that nobody can change. All other fields are settings.

    Attributes:
        kind: The layer's name in files.
        shapes: The shapes of its weights.
    """

    kind: ClassVar[str]
    shapes: ClassVar[Shapes] = {}

    @property
    @abstractmethod
    def input_size(self) -> int | None:
        """How many features a step takes; None for any number."""

    @property
    @abstractmethod
    def output_size(self) -> int | None:
        """How many features a step gives; None for as many as it takes."""

    @abstractmethod
    def state_sizes(self) -> dict[str, int]:
        """How many numbers each part of a session's state has, by name."""

    @abstractmethod
    def operations(self, input_size: int) -> list[Operation]:
        """What the engine does, for steps of `input_size` features."""

    def __repr__(self) -> str:
        shown = [f"{name}={getattr(self, name)!r}" for name in settings_of(self)]
        for name, array in tensors_of(self).items():
            shown.append(f"{name}: {' x '.join(map(str, array.shape))}")
        return f"{type(self).__name__}({', '.join(shown)})"


def weight_fields(layer: Layer | type[Layer]) -> Iterator[Field[Any]]:
    """The fields of a layer that are weights; those that may be None are None by default."""
    return (one for one in fields(cast("Any", layer)) if one.name in layer.shapes)


def setting_fields(layer: Layer | type[Layer]) -> Iterator[Field[Any]]:
    """The fields of a layer that are settings."""
    return (one for one in fields(cast("Any", layer)) if one.name not in layer.shapes)


def tensors_of(layer: Layer) -> dict[str, Array]:
    """The weights that a layer has, by name."""
    arrays = {one.name: getattr(layer, one.name) for one in weight_fields(layer)}
    return {name: array for name, array in arrays.items() if array is not None}


def settings_of(layer: Layer) -> dict[str, Any]:
    """The settings of a layer, by name."""
    return {one.name: getattr(layer, one.name) for one in setting_fields(layer)}


def freeze_weights(layer: Layer) -> dict[str, int]:
    """Check a layer's weights and put copies in their place that nobody can change.

    Returns:
        The length that every name of an axis stands for.

    Raises:
        ShapeError: A weight is no float32 array, its shape does not fit the others, or a size is out of
            range.
        DataError: A weight is NaN or infinite.
    """
    lengths: dict[str, int] = {}
    for one in weight_fields(layer):
        given = getattr(layer, one.name)
        if given is None and one.default is None:
            continue
        place = f"{type(layer).__name__}.{one.name}"
        array = _float32(place, given)
        _bind(place, array.shape, layer.shapes[one.name], lengths)
        object.__setattr__(layer, one.name, _frozen(_finite(place, array)))
    for name, length in lengths.items():
        largest = LARGEST_VOCABULARY if name == "vocabulary" else LARGEST_SIZE
        if not 1 <= length <= largest:
            raise ShapeError(
                f"{type(layer).__name__} with {name}={length}",
                f"1 to {largest}",
                "Use a layer of such a size.",
            )
    return lengths


def kept_array(place: str, given: object) -> Array:
    """A copy, which nobody can change, of numbers that are kept beside the layers.

    Args:
        place: What to call it in errors.
        given: float32 of one axis or two.

    Raises:
        ShapeError: It is something else, or empty.
        DataError: It holds NaN or infinity.
    """
    array = _float32(place, given)
    if array.ndim not in (1, 2) or not array.size:
        raise ShapeError(f"{place} of shape {array.shape}", "one axis or two", "Give it flat.")
    return _frozen(_finite(place, array))


def _finite(place: str, array: Array) -> Array:
    if not np.isfinite(array).all():
        raise DataError(f"{place} has NaN or infinity in it", "finite weights", "Train the model again.")
    return array


def _float32(place: str, given: object) -> Array:
    if isinstance(given, np.ndarray) and given.dtype == np.float32:
        return given
    got = f"an array of {given.dtype}" if isinstance(given, np.ndarray) else f"a {type(given).__name__}"
    raise ShapeError(
        f"{place} is {got}",
        "a NumPy array of float32",
        "Convert it: np.asarray(weights, np.float32), or tensor.detach().float().cpu().numpy() of torch's.",
    )


def _bind(place: str, shape: tuple[int, ...], names: tuple[str, ...], lengths: dict[str, int]) -> None:
    """Learn what names of axes stand for, or compare with what they stood for before."""
    error = ShapeError(
        f"{place} of shape {shape}",
        f"({', '.join(name.replace(' ', '*') for name in names)})"
        + "".join(f", {name}={length}" for name, length in lengths.items()),
        "Give the weights as torch stacks them.",
    )
    if len(shape) != len(names):
        raise error
    for length, written in zip(shape, names, strict=True):
        multiple, _, name = written.rpartition(" ")
        whole, rest = divmod(length, int(multiple or 1))
        if rest or lengths.setdefault(name, whole) != whole:
            raise error


def _frozen(array: Array) -> Array:
    owner: Any = array
    while isinstance(owner, np.ndarray) and not owner.flags.writeable:
        owner = owner.base
    if (owner is None or isinstance(owner, bytes)) and array.flags.c_contiguous and array.flags.aligned:
        return array  # nobody can change it as it is
    copy = np.array(array, np.float32, order="C")
    copy.flags.writeable = False
    return copy


def check_rate(name: str, rate: object) -> None:
    """Make sure that a zoneout rate is a probability.

    Raises:
        ConfigError: It is none.
    """
    if not _is_number(rate) or not 0 <= cast("float", rate) <= 1:
        raise ConfigError(f"{name}={rate!r}", "between 0 and 1", "Give a probability.")


def check_positive(name: str, number: object) -> None:
    """Make sure that a setting is a positive number that the engine, which keeps float32, can tell from 0.

    Raises:
        ConfigError: It is none.
    """
    if not _is_number(number) or not SMALLEST_NUMBER <= cast("float", number) <= LARGEST_NUMBER:
        expected = f"a positive number of 32 bits, {SMALLEST_NUMBER:.2g} to {LARGEST_NUMBER:.2g}"
        raise ConfigError(f"{name}={number!r}", expected, f"Change {name}.")


def check_flag(name: str, flag: object) -> None:
    """Make sure that a setting is true or false.

    Raises:
        ConfigError: It is neither.
    """
    if not isinstance(flag, bool):
        raise ConfigError(f"{name}={flag!r}", "true or false", f"Change {name}.")


def check_choice(name: str, choice: object, choices: Iterable[str]) -> None:
    """Make sure that a setting is one of some names.

    Raises:
        ConfigError: It is none of them.
    """
    names = tuple(choices)
    if not isinstance(choice, str) or choice not in names:
        raise ConfigError(f"{name}={choice!r}", f"one of {', '.join(names)}", "Choose one of these names.")


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def added(*biases: Array | None) -> Array | None:
    """The sum of the biases that there are; infinite where float32 cannot hold it, as in the engine."""
    total: Array | None = None
    for bias in biases:
        if bias is not None:
            with np.errstate(over="ignore"):
                total = bias if total is None else total + bias
    return total


def present(arrays: Mapping[str, Array | None]) -> dict[str, Array]:
    """Those that there are."""
    return {name: array for name, array in arrays.items() if array is not None}
