"""A baseline in files: what was written is read, and what does not hold together is damage."""

import json
from pathlib import Path

import numpy as np
import pytest

from recurra.errors import DamagedError
from recurra.experiment.learnt import DESCRIPTION, Learnt, read_learnt, write_learnt
from recurra.files import write_document


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_learnt(Learnt("ridge", {"lags": [1, 2]}, {"weight": np.arange(3.0)}), tmp_path / "ridge")
    (found,) = read_learnt(tmp_path).values()
    assert (found.name, found.description) == ("ridge", {"lags": [1, 2]})
    assert np.array_equal(found.arrays["weight"], np.arange(3.0))


@pytest.mark.parametrize(
    "change", [{"name": ["ridge"]}, {"name": {}}, {"files": None}, {"files": []}], ids=str
)
def test_a_sealed_document_that_does_not_hold_together_is_damage(tmp_path: Path, change: dict) -> None:
    write_learnt(Learnt("ridge", {}), tmp_path / "ridge")
    path = tmp_path / "ridge" / DESCRIPTION
    document = {**json.loads(path.read_text()), **change}
    version = document.pop("format")
    del document["checksum"]
    write_document(path, document, version=version)
    with pytest.raises(DamagedError, match="does not hold together"):
        read_learnt(tmp_path)
