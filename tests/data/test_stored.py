import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from recurra.data.archive import read_heads
from recurra.data.stored import is_stored, open_arrays
from recurra.errors import DataError

VALUES = np.random.default_rng(0).normal(size=(5, 3, 4)).astype(np.float16)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    ways = {
        name: tmp_path / name
        for name in ("plain.npz", "packed.npz", "one.npy", "turned.npy", "t.safetensors")
    }
    np.savez(ways["plain.npz"], names=np.array(list("abcde")), x=VALUES)
    np.savez_compressed(ways["packed.npz"], names=np.array(list("abcde")), x=VALUES)
    np.save(ways["one.npy"], VALUES)
    np.save(ways["turned.npy"], np.asfortranarray(VALUES))
    save_file({"x": torch.tensor(VALUES)}, ways["t.safetensors"], {"names": '["a", "b", "c", "d", "e"]'})
    return ways


def test_every_form_gives_the_same_rows(files: dict[str, Path]) -> None:
    for path in files.values():
        assert is_stored(path)
        arrays = open_arrays(path)
        one = arrays["x" if "x" in arrays else ""]
        assert one.shape == (5, 3, 4)
        assert one.is_numeric
        assert one.read(3).dtype == np.float32
        np.testing.assert_array_equal(one.read(3), VALUES[3].astype(np.float32))
        np.testing.assert_array_equal(one.read(None), VALUES.astype(np.float32))
        if "names" in arrays:
            assert not arrays["names"].is_numeric
            assert arrays["names"].read(None).tolist() == list("abcde")


def test_numbers_of_16_bits_of_the_other_kind_are_read(tmp_path: Path) -> None:
    given = torch.tensor([[1.5, -2.25]], dtype=torch.bfloat16)
    save_file({"x": given, "whole": torch.tensor([7])}, tmp_path / "one.safetensors")
    arrays = open_arrays(tmp_path / "one.safetensors")
    assert arrays["x"].read(0).tolist() == [1.5, -2.25]
    assert arrays["whole"].read(None).dtype == np.int64


def test_a_file_that_changes_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "one.npy"
    np.save(path, np.zeros(3))
    assert open_arrays(path)[""].read(None).tolist() == [0, 0, 0]
    np.save(path, np.ones((4, 2)))
    assert open_arrays(path)[""].shape == (4, 2)


def test_more_is_not_read_than_a_row(tmp_path: Path) -> None:
    path = tmp_path / "large.npz"
    np.savez(path, x=np.broadcast_to(np.float32(1), (4_000, 10_000)))  # 160 MB
    one = open_arrays(path)["x"]
    before = _resident()
    assert one.read(3_999).sum() == 10_000
    assert _resident() - before < 20 * 2**20


def _resident() -> int:
    """Bytes of memory that this process holds."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * 4096


@pytest.mark.parametrize("name", ["plain.npz", "packed.npz", "one.npy", "t.safetensors"])
def test_damage_is_told_wherever_it_is(files: dict[str, Path], name: str) -> None:
    path, read = files[name], 0
    whole = path.read_bytes()
    for cut in (0, 1, 8, 60, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(DataError, match=r"cannot be read|is empty"):
            open_arrays(path)
    for place in range(min(len(whole), 200)):
        path.write_bytes(whole[:place] + b"\xff" + whole[place + 1 :])
        try:
            for one in open_arrays(path).values():
                one.read(None)
            read += 1
        except DataError as error:
            assert str(path) in str(error)  # noqa: PT017
    assert read < 200
    with pytest.raises(DataError, match="is not there"):
        open_arrays(path.with_name("other.npz"))


def test_objects_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "some.npz", x=np.array([{}], object))
    with pytest.raises(DataError, match=r"x\.npy holds objects.*could run code"):
        open_arrays(tmp_path / "some.npz")


def test_heads_are_read_without_what_follows(tmp_path: Path) -> None:
    path = tmp_path / "large.npz"
    np.savez_compressed(path, x=np.zeros((3000, 5000), np.float32), name=np.array(["a"]))
    found = read_heads(path)
    assert {name: (one.shape, one.dtype.kind) for name, one in found.items()} == {
        "x": ((3000, 5000), "f"),
        "name": ((1,), "U"),
    }
    np.save(tmp_path / "one.npy", np.zeros((2, 3)))
    assert read_heads(tmp_path / "one.npy")[""].shape == (2, 3)
    with zipfile.ZipFile(path) as archive:
        content = bytearray(archive.read("x.npy"))
    content[0] = 0
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", bytes(content))
    with pytest.raises(DataError, match="cannot be read"):
        read_heads(path)


def test_many_arrays_need_no_file_for_each(tmp_path: Path) -> None:
    arrays = {f"image_{number}": np.full(3, number, np.float32) for number in range(300)}
    np.savez(tmp_path / "plain.npz", **arrays)
    np.savez_compressed(tmp_path / "packed.npz", **arrays)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for name in ("plain.npz", "packed.npz"):
        found = open_arrays(tmp_path / name)
        assert [found[f"image_{number}"].read(None)[0] for number in (0, 299)] == [0, 299]
    assert len(list(Path("/proc/self/fd").iterdir())) < before + 10


def test_what_is_compressed_is_unpacked_when_it_is_read_and_no_more_than_announced(tmp_path: Path) -> None:
    path = tmp_path / "packed.npz"
    np.savez_compressed(path, large=np.zeros(3_000_000, np.float32), small=np.ones((2, 3)))
    before = len(list(Path("/proc/self/fd").iterdir()))
    arrays = open_arrays(path)
    assert arrays["small"].read(1).tolist() == [1, 1, 1]
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1  # the large one lies nowhere yet
    assert arrays["large"].read(2_999_999) == 0
    assert len(arrays["large"].read(None)) == 3_000_000


def test_numbers_of_64_bits_and_bytes_stay_what_they_are(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", ids=np.array([20000001.0, 20000002.0]), label=np.array([b"a", b"bc"]))
    arrays = open_arrays(tmp_path / "one.npz")
    assert arrays["ids"].read(None).tolist() == [20000001, 20000002]
    assert arrays["label"].read(None).tolist() == ["a", "bc"]
