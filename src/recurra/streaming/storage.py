"""Stream programs in files: `config.json` says the layers, `model.safetensors` holds their weights.

Both are written whole or not at all. The config states its own checksum and that of the weights. A weight is
named after its layer's number and its field: "1.weight_ih", within a residual connection "2.0.weight". An
array beside the layers is "beside.NAME".
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import safetensors
import safetensors.numpy

from recurra.errors import DamagedError, NewerFormatError, UsageError
from recurra.files import checksum, read_checked, read_document, whole_folder, write_bytes, write_document
from recurra.streaming.layer import Array, Layer, setting_fields, weight_fields
from recurra.streaming.network import Network
from recurra.streaming.registry import LAYERS
from recurra.streaming.residual import Residual

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
FORMAT = 1
KIND = "stream program"
MOST_AXES = 2
BESIDE = "beside."

Result = TypeVar("Result")


def save(
    folder: Path,
    network: Network,
    metadata: Mapping[str, Any],
    arrays: Mapping[str, Array],
    *,
    overwrite: bool,
) -> None:
    """Write a program; see `Program.save`."""
    beside = {f"{BESIDE}{name}": array for name, array in arrays.items()}
    content = safetensors.numpy.save({**network.tensors(), **beside})
    document = {
        "kind": KIND,
        "layers": network.description(),
        "metadata": dict(metadata),
        "weights": checksum(content),
    }
    with whole_folder(folder, overwrite=overwrite) as temporary:
        write_bytes(temporary / WEIGHTS, content)
        write_document(temporary / CONFIG, document, version=FORMAT)


def load(folder: Path) -> tuple[list[Layer], dict[str, Any], dict[str, Array]]:
    """Read a program's layers, metadata and arrays; see `Program.load`."""
    return as_damage(folder, lambda: _load(folder))


def as_damage(folder: Path, action: Callable[[], Result]) -> Result:
    """Tell what is wrong with the contents of files as damage to them.

    Raises:
        DamagedError: The action met one of our usage errors, or files nested too deeply.
        NewerFormatError: It met that.
    """
    remedy = "Restore it from a copy, or export the model again."
    try:
        return action()
    except (DamagedError, NewerFormatError):
        raise
    except UsageError as error:
        raise DamagedError(f"{folder}: {error.got}", error.expected, remedy) from error
    except RecursionError as error:
        raise DamagedError(f"{folder} is nested too deeply", "a stream program", remedy) from error


def _load(folder: Path) -> tuple[list[Layer], dict[str, Any], dict[str, Array]]:
    document = read_document(folder / CONFIG, version=FORMAT)
    if set(document) != {"kind", "layers", "metadata", "weights"} or document["kind"] != KIND:
        raise _damage(f"{folder / CONFIG} is no stream program", "one that Program.save wrote")
    if not isinstance(document["metadata"], dict) or not isinstance(document["weights"], str):
        raise _damage(f"{folder / CONFIG} has metadata or a checksum of the wrong type", "what was written")
    tensors = _tensors(folder / WEIGHTS, read_checked(folder / WEIGHTS, document["weights"]))
    layers = layers_of(document["layers"], tensors)
    beside = {name.removeprefix(BESIDE): tensors.pop(name) for name in [*tensors] if name.startswith(BESIDE)}
    if tensors:
        raise _damage(f"{folder / WEIGHTS} has {min(tensors)!r}", "weights of the layers alone")
    return layers, document["metadata"], beside


def _tensors(path: Path, content: bytes) -> dict[str, Array]:
    """The weights of a file, by name. Nothing in it is believed but what the arrays themselves bear out."""
    try:
        stored: Any = safetensors.deserialize(content)  # type: ignore[no-untyped-call]
    except safetensors.SafetensorError as error:
        raise _damage(f"{path} is no safetensors file ({error})", "a whole file") from error
    tensors = {}
    for name, view in stored:
        shape, data = tuple(view["shape"]), bytes(view["data"])
        is_small = data and len(shape) <= MOST_AXES  # an axis of 0 would let the others be of any length
        if view["dtype"] != "F32" or not is_small or math.prod(shape) * 4 != len(data):
            raise _damage(f"{path}: {name!r} is {view['dtype']} of shape {shape}", "float32 of its own size")
        tensors[name] = np.frombuffer(data, "<f4").reshape(shape).astype(np.float32, copy=False)
    return tensors


def layers_of(descriptions: object, tensors: dict[str, Array], prefix: str = "") -> list[Layer]:
    """The layers that `Network.description` told of; their weights are taken out of those that there are.

    Args:
        descriptions: What it gave.
        tensors: Weights by their names.
        prefix: What stands before these names.

    Raises:
        DamagedError: Something is missing, or too much.
        UsageError: A layer cannot be as it is described.
    """
    if not isinstance(descriptions, list):
        raise _damage(f"layers that are a {type(descriptions).__name__}", "a list")
    return [_layer(one, tensors, f"{prefix}{number}") for number, one in enumerate(descriptions)]


def _layer(description: object, tensors: dict[str, Array], place: str) -> Layer:
    """Make a layer and take its weights out of those that there are."""
    if not isinstance(description, dict) or not isinstance(description.get("kind"), str):
        raise _damage(f"layer {place} without a kind", f"one of {', '.join(LAYERS)}")
    settings = {name: value for name, value in description.items() if name != "kind"}
    layer_class = LAYERS.get(description["kind"])
    if layer_class is None:
        raise _damage(f"layer {place} of kind {description['kind']!r}", f"one of {', '.join(LAYERS)}")
    known = {one.name for one in setting_fields(layer_class)}
    if set(settings) != known:
        raise _damage(
            f"layer {place} ({layer_class.kind}) with {', '.join(sorted(settings)) or 'no settings'}",
            ", ".join(sorted(known)) or "no settings",
        )
    if layer_class is Residual:
        settings["layers"] = tuple(layers_of(settings["layers"], tensors, f"{place}."))
    weights = {}
    for one in weight_fields(layer_class):
        array = tensors.pop(f"{place}.{one.name}", None)
        if array is None and one.default is not None:
            raise _damage(f"layer {place} ({layer_class.kind}) without {one.name}", "all of its weights")
        weights[one.name] = array
    return layer_class(**settings, **weights)


def _damage(got: str, expected: str) -> DamagedError:
    return DamagedError(got, expected, "Restore it from a copy, or export the model again.")
