"""Checkpoints on the disk: folders of safetensors and JSON that are there whole or not at all; no pickle.

```
checkpoints/epoch-00002-step-000000120/
    model.safetensors      the weights as they are being trained
    training.safetensors   optimiser, averages, best weights, random generators, carried state
    state.json             everything else, and the checksums of the other two
```
The newest two are kept.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from safetensors.torch import load, save
from torch import Tensor

from recurra.errors import DamagedError
from recurra.files import (
    checksum,
    damage_told,
    read_checked,
    read_document,
    storage_errors,
    whole_folder,
    write_document,
)

FORMAT = 1
KEPT = 2
TENSOR_FILES = ("model.safetensors", "training.safetensors")


class Snapshot(NamedTuple):
    """What a checkpoint holds."""

    model: dict[str, Tensor]
    training: dict[str, Tensor]
    document: dict[str, Any]


def save_checkpoint(folder: Path, name: str, snapshot: Snapshot) -> Path:
    """Write a checkpoint and remove all but the newest two.

    Args:
        folder: Holds the checkpoints of a run.
        name: Of the new one; begins with "epoch-" and sorts behind the older ones.
        snapshot: What it holds.

    Raises:
        StorageError: The disk is full, or the folder cannot be written.
    """
    place = folder / name
    if not place.exists():
        with whole_folder(place) as filling:
            checksums = {}
            for file, tensors in zip(TENSOR_FILES, (snapshot.model, snapshot.training), strict=True):
                content = tensors_to_bytes(tensors)
                checksums[file] = checksum(content)
                (filling / file).write_bytes(content)
            write_document(filling / "state.json", {**snapshot.document, "files": checksums}, version=FORMAT)
    for old in checkpoints(folder)[:-KEPT]:
        hidden = old.with_name(f".{old.name}")
        shutil.rmtree(hidden, ignore_errors=True)
        with storage_errors(folder):
            old.rename(hidden)  # a folder with a plain name is always whole
    for remains in folder.glob(".epoch-*"):
        shutil.rmtree(remains, ignore_errors=True)
    return place


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints in a folder, oldest first."""
    return sorted(folder.glob("epoch-*"))


def load_checkpoint(place: Path) -> Snapshot:
    """Read a checkpoint, every byte of it checked.

    Raises:
        DamagedError: A file is missing, truncated or altered.
        NewerFormatError: A newer version of recurra wrote it.
    """
    try:
        document = read_document(place / "state.json", version=FORMAT)
        files = document.pop("files", None)
        with damage_told(place / "state.json"):
            model, training = (
                tensors_from_bytes(read_checked(place / file, files[file])) for file in TENSOR_FILES
            )
    except DamagedError as error:
        raise DamagedError(
            error.got,
            error.expected,
            f"Delete {place} to go on from the checkpoint before it, or train again.",
        ) from error
    return Snapshot(model, training, document)


def tensors_to_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    """Tensors in safetensors' format; those that share memory, as tied weights do, become copies."""
    return save({key: value.detach().to("cpu", copy=True).contiguous() for key, value in tensors.items()})


def tensors_from_bytes(content: bytes) -> dict[str, Tensor]:
    """What `tensors_to_bytes` wrote."""
    return load(content)
