"""MAT files as scipy writes them, and with bytes that were altered."""

import io
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from recurra.data.mat import read_mat
from recurra.errors import DataError
from recurra.inputs.notes.roll import arrays_of_mat


def written(*, compressed: bool) -> bytes:
    rolls = np.empty(2, object)
    rolls[:] = [np.eye(3, 88, dtype=np.uint8), np.eye(5, 88)]
    matrices = {
        "traindata": rolls, "whole": np.arange(6.0).reshape(2, 3), "mask": np.eye(2, 88) > 0,
        "about": {"roll": np.eye(4, 88), "name": "a text"}, "empty": np.zeros((0, 88)), "text": "words",
    }  # fmt: skip
    file = io.BytesIO()
    savemat(file, matrices, do_compression=compressed)
    return file.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
def test_it_reads_what_scipy_does(compressed: bool) -> None:
    content = written(compressed=compressed)
    found, expected = read_mat(content), loadmat(io.BytesIO(content))
    assert list(found) == [name for name in expected if not name.startswith("__")]
    for name in ("whole", "mask", "empty"):
        np.testing.assert_array_equal(found[name], expected[name])
    for own, one in zip(found["traindata"], expected["traindata"].ravel(), strict=True):
        np.testing.assert_array_equal(own, one)
    assert list(found["about"]) == ["roll", "name"]
    np.testing.assert_array_equal(found["about"]["roll"][0], np.eye(4, 88))
    assert found["about"]["name"] == [None]
    assert found["text"] is None


def test_the_other_order_of_bytes_is_read() -> None:
    def element(kind: int, content: bytes) -> bytes:
        return np.array([kind, len(content)], ">u4").tobytes() + content + bytes(-len(content) % 8)

    parts = [
        (6, np.array([6, 0], ">u4")), (5, np.array([2, 3], ">i4")), (1, np.frombuffer(b"a", "i1")),
        (3, np.arange(6, dtype=">i2")),
    ]  # fmt: skip
    matrix = element(14, b"".join(element(kind, own.tobytes()) for kind, own in parts))
    found = read_mat(bytes(124) + b"\x01\x00MI" + matrix)
    np.testing.assert_array_equal(found["a"], [[0, 2, 4], [1, 3, 5]])


@pytest.mark.parametrize("compressed", [False, True])
def test_every_altered_byte_is_read_or_told(tmp_path: Path, compressed: bool) -> None:
    whole, random = written(compressed=compressed), np.random.default_rng(7)
    path, read, told = tmp_path / "altered.mat", 0, 0
    for place in range(124, len(whole), 1 + 3 * (not compressed)):
        content = bytearray(whole)
        content[place] ^= int(random.integers(1, 256))
        path.write_bytes(content)
        try:
            read += len(arrays_of_mat(path)) > 0
        except DataError:
            told += 1
    assert told > 20
    assert read + told > 100
    for end in range(0, len(whole), 7):
        path.write_bytes(whole[:end])
        try:
            arrays_of_mat(path)
        except DataError:
            told += 1
    assert told > 60


def test_cells_that_lie_in_too_many_others_are_told(tmp_path: Path) -> None:
    def element(kind: int, content: bytes) -> bytes:
        return np.array([kind, len(content)], "<u4").tobytes() + content

    cell = element(6, bytes([1, 0, 0, 0] * 2)) + element(5, bytes([1, 0, 0, 0] * 2)) + element(1, b"")
    content = b""
    for _ in range(3000):
        content = element(14, cell + content)
    (tmp_path / "deep.mat").write_bytes(
        bytes(124)
        + b"\x00\x01IM"
        + element(14, cell.replace(element(1, b""), element(1, b"deeply__")) + content)
    )
    with pytest.raises(DataError, match="cannot be read"):
        arrays_of_mat(tmp_path / "deep.mat")
