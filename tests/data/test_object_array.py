"""Arrays of objects, read without running what is in them."""

import io
import os
import pickle
import pickletools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.data.object_array import read_object_array
from recurra.errors import DataError


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def of_objects(*values: Any) -> np.ndarray:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def with_pickle(pickled: bytes, count: int = 1) -> bytes:
    """An .npy file whose header announces objects, before any pickle."""
    content = npy(of_objects(*range(count)))
    return content[: content.index(b"\n") + 1] + pickled


class Malicious:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


class TestWhatIsRead:
    @pytest.mark.parametrize("kind", ["i1", "<i2", ">i4", "i8", "u1", "f2", "<f4", ">f8", "?"])
    def test_arrays_of_numbers_come_back(self, kind: str) -> None:
        arrays = [np.arange(2 * rows).reshape(rows, 2).astype(kind) for rows in (3, 5, 0)]
        found = read_object_array(npy(of_objects(*arrays)))
        for one, other in zip(found, arrays, strict=True):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype

    @pytest.mark.parametrize("protocol", range(2, 5))
    @pytest.mark.parametrize("order", ["C", "F"])
    def test_every_protocol_is_read(self, protocol: int, order: Any) -> None:
        arrays = of_objects(np.arange(6.0).reshape((2, 3), order=order), np.ones((4, 3)))
        found = read_object_array(with_pickle(pickle.dumps(arrays, protocol=protocol), 2))
        np.testing.assert_array_equal(found[0], arrays[0])
        np.testing.assert_array_equal(found[1], arrays[1])

    def test_what_python_2_wrote_is_read(self) -> None:
        state = np.arange(6, dtype="<i2").tobytes()
        outer = (
            b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87R"
            b"(K\x01K\x01\x85cnumpy\ndtype\nq\x04U\x02O8K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xff"
            b"J\xff\xff\xff\xffK?tb\x89]h\x01h\x02K\x00\x85U\x01b\x87R(K\x01K\x02K\x03\x86h\x04U\x02i2K\x00K\x01"
            b"\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x0c" + state + b"tbatb."
        )
        (found,) = read_object_array(with_pickle(outer))
        np.testing.assert_array_equal(found, [[0, 1, 2], [3, 4, 5]])

    def test_other_arrays_are_read_as_they_are(self) -> None:
        np.testing.assert_array_equal(read_object_array(npy(np.arange(5))), np.arange(5))


class TestWhatIsRefused:
    def test_code_is_not_run(self, tmp_path: Path) -> None:
        place = tmp_path / "made"
        for protocol in range(5):
            pickled = pickle.dumps(of_objects(Malicious(place)), protocol=protocol)
            with pytest.raises(DataError, match="arrays of numbers"):
                read_object_array(with_pickle(pickled))
        assert not place.exists()

    @pytest.mark.parametrize(
        "value",
        [3, "a", None, [1], {"a": 1}, {1}, 1j, of_objects(np.ones(2)), np.array(["a"]), np.array([1j])],
    )
    def test_other_objects_are_refused(self, value: Any) -> None:
        with pytest.raises(DataError, match="an array of objects with"):
            read_object_array(npy(of_objects(value)))

    @pytest.mark.parametrize(
        "name", ["builtins eval", "os system", "numpy load", "numpy.core.multiarray scalar"]
    )
    def test_other_names_are_refused(self, name: str) -> None:
        with pytest.raises(DataError, match="an array of objects with the name"):
            read_object_array(
                with_pickle(b"\x80\x02c" + name.replace(" ", "\n").encode() + b"\nU\x011\x85R.")
            )

    @given(st.data())
    def test_damage_is_told(self, data: st.DataObject) -> None:
        content = bytearray(npy(of_objects(np.arange(4.0), np.ones((2, 2)))))
        at = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content = content[:at]
        else:
            content[at] = data.draw(st.integers(0, 255))
        try:
            found = read_object_array(bytes(content))
        except DataError:
            return
        assert all(isinstance(one, np.ndarray) for one in found) or isinstance(found, np.ndarray)

    def test_sizes_that_do_not_fit_are_told(self) -> None:
        with pytest.raises(DataError, match="1 arrays where 2 are announced"):
            read_object_array(with_pickle(pickle.dumps(of_objects(np.ones(1)), protocol=4), 2))
        pickled = pickletools.optimize(pickle.dumps(of_objects(np.arange(4, dtype="i1")), protocol=4))
        assert b"K\x04\x85" in pickled
        with pytest.raises(DataError, match="cannot be read"):
            read_object_array(with_pickle(pickled.replace(b"K\x04\x85", b"K\x05\x85")))

    @pytest.mark.parametrize(
        ("use", "words"),
        [
            (b"cnumpy\ndtype\nh\x00\x85R.", "a text that is none"),  # dtype(nested)
            (b"h\x00h\x00\x93.", "a name that is no text"),
            (b"\x8c\x05numpyh\x00\x93.", "a name that is no text"),
        ],
    )
    def test_tuples_that_hold_themselves_twice_are_not_written_out(self, use: bytes, words: str) -> None:
        """A tuple of twice the one before, 30 times over, of which a text would have 2 ** 30 parts."""
        doubled = b"\x80\x04K\x01q\x00" + b"h\x00h\x00\x86q\x00" * 30
        with pytest.raises(DataError, match=words):
            read_object_array(with_pickle(doubled + use))

    def test_little_of_a_name_is_quoted(self) -> None:
        with pytest.raises(DataError, match="the name aaa") as caught:
            read_object_array(with_pickle(b"\x80\x02c" + b"a" * 100_000 + b"\nb\n."))
        assert len(str(caught.value)) < 1_000

    def test_a_text_is_not_made_into_bytes_again_and_again(self) -> None:
        text = b"\x80\x04X\x00\x01\x00\x00" + b"a" * 256 + b"q\x00\x8c\x06latin1q\x01c_codecs\nencode\nq\x02"
        with pytest.raises(DataError, match="texts that come again and again"):
            read_object_array(with_pickle(text + b"h\x02h\x00h\x01\x86R" * 100 + b"."))

    def test_a_shape_of_more_digits_than_python_writes_is_told(self) -> None:
        head = b"{'descr': '|O', 'fortran_order': False, 'shape': (" + (b"9" * 4000 + b",") * 2 + b"), }\n"
        content = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head
        pickled = pickle.dumps(of_objects(np.ones(1)), protocol=4)
        with pytest.raises(DataError, match="cannot be read"):
            read_object_array(content + pickled)
