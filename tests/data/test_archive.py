import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from recurra.data.archive import beside, read_arrays
from recurra.errors import DataError


def test_arrays_come_by_their_names(tmp_path: Path) -> None:
    np.savez(tmp_path / "some.npz", x=np.arange(3), name=np.array(["a", "b", "c"]))
    np.save(tmp_path / "one.npy", np.eye(2))
    found = read_arrays(tmp_path / "some.npz")
    assert {name: one.tolist() for name, one in found.items()} == {"x": [0, 1, 2], "name": ["a", "b", "c"]}
    assert read_arrays(tmp_path / "one.npy")[""].tolist() == np.eye(2).tolist()


def test_what_stands_beside_has_a_value_for_each_row() -> None:
    arrays = {"x": np.zeros((2, 3)), "label": np.array(["a", "b"]), "other": np.arange(5), "list": [1, 2]}
    assert beside(arrays, ("x",), 2).to_dict(as_series=False) == {"label": ["a", "b"]}
    assert beside(arrays, ("x", "label"), 2).to_dict(as_series=False) == {"row": [0, 1]}


def test_whatever_byte_of_a_head_is_altered_no_other_error_comes_out(tmp_path: Path) -> None:
    whole = io.BytesIO()
    np.save(whole, np.arange(4.0))
    read = 0
    for place in range(128):
        for byte in (0, 39, 40, 92, 255):
            content = bytearray(whole.getvalue())
            content[place] = byte
            path = tmp_path / "altered.npz"
            with zipfile.ZipFile(path, "w") as file:
                file.writestr("x.npy", bytes(content))
            try:
                read_arrays(path)
                read += 1
            except DataError as error:
                assert str(path) in str(error)  # noqa: PT017
    assert read < 500


def test_arrays_of_objects_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "some.npz", x=np.array([{}], object))
    with pytest.raises(DataError, match="could run code"):
        read_arrays(tmp_path / "some.npz")
