"""A baseline that is learnt and is no net, kept with a run as JSON and numbers; loading runs no code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load as arrays_from_bytes
from safetensors.numpy import save as arrays_to_bytes

from recurra.files import checksum, damage_told, read_checked, read_document, write_bytes, write_document

FORMAT = 1
DESCRIPTION, ARRAYS = "learnt.json", "learnt.safetensors"


@dataclass(frozen=True)
class Learnt:
    """All that a baseline learnt from the training part, in the form that files have.

    Attributes:
        name: That of its `recurra.experiment.task.Rival`.
        description: As JSON has it.
        arrays: Its numbers, by their names.
        seconds: How long learning took; None where it was read from a file.
    """

    name: str
    description: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    seconds: float | None = None


def write_learnt(learnt: Learnt, folder: Path) -> list[str]:
    """Write a baseline into a folder that is made for it, the document last, as it vouches for the numbers.

    Returns:
        The names of the files.

    Raises:
        StorageError: The disk is full, or the place cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = arrays_to_bytes({name: np.ascontiguousarray(one) for name, one in learnt.arrays.items()})
    write_bytes(folder / ARRAYS, content)
    document = {
        "name": learnt.name,
        "description": dict(learnt.description),
        "files": {ARRAYS: checksum(content)},
    }
    write_document(folder / DESCRIPTION, document, version=FORMAT)
    return [ARRAYS, DESCRIPTION]


def read_learnt(folder: Path) -> dict[str, Learnt]:
    """The baselines in the folders of a folder, by their names; none where it is not there.

    Raises:
        DamagedError: A file is missing, truncated or altered.
        NewerFormatError: A newer version of recurra wrote it.
    """
    found = {}
    for path in sorted(folder.glob(f"*/{DESCRIPTION}")):
        document = read_document(path, version=FORMAT)
        with damage_told(path):
            content = read_checked(path.with_name(ARRAYS), document["files"][ARRAYS])
            one = Learnt(document["name"], document["description"], arrays_from_bytes(content))
            found[one.name] = one
    return found
