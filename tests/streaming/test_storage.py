"""Files of programs: whatever is wrong with them is one of our errors, and what loads also runs."""

import copy
import hashlib
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.streaming.example import LAYERS, make_program

from recurra.errors import DamagedError, NewerFormatError, UsageError
from recurra.streaming import WEIGHTS, Activation, LayerNorm, Program, Scaling

Document = dict[str, Any]
Tensors = dict[str, np.ndarray]

PROGRAM = make_program(
    ["lstm_peepholes", "lstm_projection", "gru", "layer_norm_lstm", "residual", "leaky_relu", "affine"], 3, 5
)
HUGE = 10**400


def short(value: object) -> str:
    return str(value)[:30]


def canonical(document: Document) -> bytes:
    return json.dumps(document, sort_keys=True).encode()


def header_of(content: bytes) -> tuple[Document, bytes]:
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def with_header(header: object, data: bytes) -> bytes:
    written = json.dumps(header).encode()
    return struct.pack("<Q", len(written)) + written + data


class Files:
    """A program's folder that can be written again with other contents, sealed as if they were right."""

    def __init__(self, folder: Path, program: Program = PROGRAM) -> None:
        self.folder = folder
        program.save(folder, overwrite=True)
        self.config = (folder / "config.json").read_bytes()
        self.content = (folder / "model.safetensors").read_bytes()
        self.document: Document = json.loads(self.config)
        del self.document["checksum"]

    @property
    def tensors(self) -> Tensors:
        return safetensors.numpy.load(self.content)

    def write(self, config: bytes, content: bytes) -> None:
        (self.folder / "config.json").write_bytes(config)
        (self.folder / "model.safetensors").write_bytes(content)

    def seal(self, document: Document, content: bytes) -> None:
        stated = document | {"weights": hashlib.sha256(content).hexdigest()}
        checksum = hashlib.sha256(canonical(stated)).hexdigest()
        self.write(json.dumps(stated | {"checksum": checksum}).encode(), content)

    def change(self, change: Callable[[list[Document]], None]) -> None:
        document = copy.deepcopy(self.document)
        change(document["layers"])
        self.seal(document, self.content)

    def change_tensors(self, change: Callable[[Tensors], None]) -> None:
        tensors = self.tensors
        change(tensors)
        self.seal(self.document, safetensors.numpy.save(tensors))

    def is_refused(self) -> bool:
        """Whether loading says what is wrong; a program that loads has to run, on whatever weights."""
        try:
            program = Program.load(self.folder)
        except (DamagedError, NewerFormatError):
            return True
        assert len(program.digest) == 64
        steps = np.linspace(-2, 2, 3 * program.input_size, dtype=np.float32).reshape(3, -1)
        chunk = np.zeros(3, np.int64) if program.takes_ids else steps
        for weights in WEIGHTS:
            session = program.session(weights)
            session.step(chunk[0])
            assert session.run(chunk).shape == (3, program.output_size)
        pool = program.pool(3, threads=1)
        assert pool.step(pool.create(3), chunk).shape == (3, program.output_size)
        return False


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("storage") / "program")


def test_arrays_beside_the_layers_are_kept_and_cannot_be_changed(tmp_path: Path) -> None:
    table = np.arange(6, dtype=np.float32).reshape(2, 3)
    program = Program([Scaling(np.ones(3, np.float32), np.ones(3, np.float32))], {}, {"table": table})
    table[0, 0] = 7
    program.save(tmp_path / "program")
    again = Program.load(tmp_path / "program")
    assert list(again.arrays) == ["table"]
    assert again.arrays["table"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert again.digest == program.digest
    with pytest.raises(ValueError, match="read-only"):
        again.arrays["table"][0, 0] = 1


@pytest.mark.parametrize(
    "array", [np.ones(3), np.ones((1, 1, 1), np.float32), np.ones(0, np.float32), np.float32([np.nan]), [1.0]]
)
def test_arrays_that_cannot_be_kept_are_told(array: Any) -> None:
    with pytest.raises(UsageError, match="array 'table'"):
        Program(PROGRAM.layers, {}, {"table": array})


def test_sealing_alone_changes_nothing(files: Files) -> None:
    files.seal(files.document, files.content)
    assert Program.load(files.folder).digest == PROGRAM.digest
    assert not files.is_refused()


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_is_what_it_was(name: str, tmp_path: Path) -> None:
    program = make_program([name], 5, 5)
    program.save(tmp_path / "program")
    loaded = Program.load(tmp_path / "program")
    assert loaded.digest == program.digest
    steps = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
    assert loaded.session().run(steps).tobytes() == program.session().run(steps).tobytes()


@settings(max_examples=150, deadline=None)
@given(
    of_config=st.booleans(),
    place=st.integers(0, 10**6),
    change=st.integers(1, 255),
    kind=st.sampled_from(["flip", "cut", "add"]),
)
def test_damage_never_passes(files: Files, of_config: bool, place: int, change: int, kind: str) -> None:
    """Nothing is sealed again, so no damage at all may pass, but spaces between the words of the config."""
    whole = files.config if of_config else files.content
    damaged = bytearray(whole)
    place %= len(damaged)
    if kind == "flip":
        damaged[place] ^= change
    elif kind == "cut":
        del damaged[place:]
    else:
        damaged[place:place] = bytes([change])
    if of_config:
        files.write(bytes(damaged), files.content)
    else:
        files.write(files.config, bytes(damaged))
    if not files.is_refused():
        assert of_config
        assert json.loads(damaged) == json.loads(whole)


@settings(max_examples=200, deadline=None)
@given(
    place=st.integers(0, 10**6),
    change=st.integers(1, 255),
    kind=st.sampled_from(["flip", "cut", "add"]),
    in_header=st.booleans(),
)
def test_sealed_damage_to_the_weights(
    files: Files, place: int, change: int, kind: str, in_header: bool
) -> None:
    (length,) = struct.unpack("<Q", files.content[:8])
    damaged = bytearray(files.content)
    place %= 8 + length if in_header else len(damaged)
    if kind == "flip":
        damaged[place] ^= change
    elif kind == "cut":
        del damaged[place:]
    else:
        damaged[place:place] = bytes([change])
    files.seal(files.document, bytes(damaged))
    assert files.is_refused() or kind == "flip"  # of the bits of a weight


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([0, -1, HUGE, -HUGE, 1e300, -1e-5, 1e-300, 5e-324, 2, 1 << 63, "", "lstm", "\ud800"])
    | st.floats()
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_sealed_damage_to_the_config(files: Files, data: st.DataObject) -> None:
    """Any value anywhere is replaced, removed or added."""
    document = copy.deepcopy(files.document)
    places: list[tuple[Any, Any]] = []

    def collect(node: Any) -> None:
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                collect(node[key])

    collect(document)
    node, key = places[data.draw(st.integers(0, len(places) - 1))]
    match data.draw(st.sampled_from(["replace", "remove", "add"])):
        case "replace":
            node[key] = data.draw(VALUES)
        case "remove":
            del node[key]
        case "add" if isinstance(node, dict):
            node[data.draw(st.text(max_size=3))] = data.draw(VALUES)
        case _:
            node.insert(key, data.draw(VALUES))
    if document.get("format") is None:
        document["format"] = 1
    files.seal(document, files.content)
    files.is_refused()


@pytest.mark.parametrize(
    "number", [HUGE, -HUGE, 1e300, 1e39, 0, -1e-5, 1e-300, True, None, "1", [1], {}], ids=short
)
@pytest.mark.parametrize("setting", ["epsilon", "slope", "zoneout_hidden", "zoneout_cell"])
def test_settings_that_32_bits_cannot_hold(files: Files, setting: str, number: object) -> None:
    def change(layers: list[Document]) -> None:
        next(layer for layer in layers if setting in layer)[setting] = number

    files.change(change)
    allowed = setting.startswith("zoneout") and number in (0, 1e-300) and number is not False
    assert files.is_refused() is not allowed


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1e999", "9" * 5000])
def test_numbers_that_are_no_json(files: Files, number: str) -> None:
    text = files.config.replace(b"1e-05", number.encode())
    assert text != files.config
    try:
        document = json.loads(text)
    except ValueError:
        files.write(text, files.content)
    else:
        del document["checksum"]
        files.seal(document, files.content)
    assert files.is_refused()


@pytest.mark.parametrize(
    "kind", ["", "LSTM", "transformer", "__class__", "program", None, 5, [], {"kind": "lstm"}]
)
def test_unknown_kinds(files: Files, kind: object) -> None:
    files.change(lambda layers: layers[0].update(kind=kind))
    assert files.is_refused()


@pytest.mark.parametrize(
    "layers", [None, 5, "lstm", {}, [], [[]], [None], ["lstm"], [{}], [{"kind": "softmax", "log": False}]]
)
def test_layers_that_are_none(files: Files, layers: object) -> None:
    files.seal(files.document | {"layers": layers}, files.content)
    assert files.is_refused()


@pytest.mark.parametrize("levels", [1, 16, 17, 100, 900, 100_000])
@pytest.mark.parametrize("kind", ["residual", "list", "metadata"])
def test_nesting(tmp_path: Path, levels: int, kind: str) -> None:
    """However deep, also beyond what JSON or a checksum of it can walk through."""
    files = Files(tmp_path / "program", Program([Scaling(np.zeros(3, np.float32), np.ones(3, np.float32))]))
    tanh = '{"function": "tanh", "kind": "activation", "slope": 0.01}'
    opening, closing = {
        "residual": ('{"kind": "residual", "layers": [', "]}"),
        "list": ("[", "]"),
        "metadata": ('{"a": ', "}"),
    }[kind]
    nested = opening * levels + (tanh if kind == "residual" else "[]") + closing * levels
    scaling = json.dumps(files.document["layers"][0], sort_keys=True)
    body = (
        f'{{"format": 1, "kind": "stream program", "layers": [{scaling}'
        + (f'], "metadata": {nested}' if kind == "metadata" else f', {nested}], "metadata": {{}}')
        + f', "weights": "{files.document["weights"]}"'
    )
    stated = hashlib.sha256((body + "}").encode()).hexdigest()
    files.write(f'{body}, "checksum": "{stated}"}}'.encode(), files.content)
    refused = files.is_refused()
    if kind != "metadata":
        assert refused is (kind == "list" or levels > 16)
    elif levels != 900:  # near what Python may walk through
        assert refused is (levels > 900)


def test_a_residual_that_names_the_weights_of_another(files: Files) -> None:
    def nest(layers: list[Document]) -> None:
        layers[0] = {"kind": "residual", "layers": [layers[0]]}

    files.change(nest)
    assert files.is_refused()


@pytest.mark.parametrize("convert", [np.float64, np.float16, np.int64, np.int32, np.uint8, bool])
def test_other_types_of_weights(files: Files, convert: type) -> None:
    name = next(iter(files.tensors))
    files.change_tensors(lambda tensors: tensors.update({name: tensors[name].astype(convert)}))
    assert files.is_refused()


@pytest.mark.parametrize("name", ["BF16", "F64", "I64", "U8", "F8_E4M3", "C64", "F4", "f32", "", None])
def test_types_that_only_the_header_states(files: Files, name: object) -> None:
    header, data = header_of(files.content)
    for one in header.values():
        one["dtype"] = name
    files.seal(files.document, with_header(header, data))
    assert files.is_refused()


def test_halves_of_the_right_length(files: Files) -> None:
    """As bfloat16 weights would be stored: the shape is right, the bytes are half as many."""
    header, data = header_of(files.content)
    for one in header.values():
        one["dtype"] = "BF16"
        one["data_offsets"] = [number // 2 for number in one["data_offsets"]]
    files.seal(files.document, with_header(header, data[: len(data) // 2]))
    assert files.is_refused()


@pytest.mark.parametrize("number", range(len(PROGRAM._network.tensors())))
def test_one_weight_is_missing(files: Files, number: int) -> None:
    """But for biases and the like, without which a layer is another one."""
    name = sorted(files.tensors)[number]
    files.change_tensors(lambda tensors: tensors.pop(name))
    optional = name.rpartition(".")[2] in ("bias_ih", "bias_hh", "weight_peephole") or name in (
        "4.1.layers.1.bias",
        "4.1.1.bias",
        "4.2.bias",
        "6.bias",
    )
    assert files.is_refused() is not optional


@pytest.mark.parametrize(
    "name", ["", "9.weight", "0.weight", "0.zoneout_hidden", "-1.weight_ih", "\N{SNOWMAN}"]
)
def test_one_weight_more(files: Files, name: str) -> None:
    files.change_tensors(lambda tensors: tensors.update({name: np.zeros(3, np.float32)}))
    assert files.is_refused()


@pytest.mark.parametrize("number", range(len(PROGRAM._network.tensors())))
@pytest.mark.parametrize(
    "change",
    [
        lambda array: array.reshape(-1)[:-1],
        lambda array: array[None],
        lambda array: array.reshape((1,) * 60 + array.shape),
        lambda array: array[:0],
        lambda array: np.concatenate([array, array]),
        lambda array: array.reshape(-1)[0],
    ],
    ids=["shorter", "an axis more", "many axes", "empty", "twice", "a number"],
)
def test_wrong_shapes(files: Files, number: int, change: Callable[[np.ndarray], np.ndarray]) -> None:
    name = sorted(files.tensors)[number]
    files.change_tensors(lambda tensors: tensors.update({name: np.ascontiguousarray(change(tensors[name]))}))
    assert files.is_refused()


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize(
    "shape",
    [
        [1 << 63, 0],
        [(1 << 64) - 1, 0],
        [1 << 62, 0, 1 << 62],
        [1 << 62, 1 << 62],
        [1 << 64, 1],
        [HUGE],
        [-1],
        [1] * 100,
        [1.5],
        ["3"],
        None,
        [[3]],
    ],
    ids=short,
)
def test_shapes_that_only_the_header_states(files: Files, shape: object, place: str) -> None:
    header, data = header_of(files.content)
    end = len(data) if place == "last" else 0
    is_one = shape == [1] * 100
    if is_one:
        data, end = data + bytes(4), len(data)
    header["9.weight"] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + 4 * is_one]}
    files.seal(files.document, with_header(header, data))
    assert files.is_refused()


@pytest.mark.parametrize(
    "offsets",
    [
        [0, 1 << 63],
        [(1 << 64) - 4, 4],
        [4, 0],
        [-4, 0],
        [0],
        [0, HUGE],
        None,
        "0",
        [0, 4, 8],
        [1 << 64, 1 << 64],
    ],
    ids=short,
)
def test_offsets_outside_the_file(files: Files, offsets: object) -> None:
    header, data = header_of(files.content)
    next(iter(header.values()))["data_offsets"] = offsets
    files.seal(files.document, with_header(header, data))
    assert files.is_refused()


@pytest.mark.parametrize(
    "length", [0, 1, 2, 1 << 20, 1 << 31, 1 << 32, 1 << 63, (1 << 64) - 8, (1 << 64) - 1]
)
def test_lengths_of_a_header_that_is_not_there(files: Files, length: int) -> None:
    files.seal(files.document, struct.pack("<Q", length) + files.content[8:])
    assert files.is_refused()


@pytest.mark.parametrize("header", [[], None, 5, "x", {"0.weight_ih": 5}, {"__metadata__": {"a": "b"}}, {}])
def test_headers_that_say_nothing(files: Files, header: object) -> None:
    files.seal(files.document, with_header(header, b""))
    assert files.is_refused()


@pytest.mark.parametrize("content", [b"", b"\0", bytes(8), bytes(100), b"{}", b"[" * 100_000, b"\xff" * 50])
def test_files_of_something_else(files: Files, content: bytes) -> None:
    files.seal(files.document, content)
    assert files.is_refused()
    files.write(content, files.content)
    assert files.is_refused()


def test_weights_nested_too_deeply(files: Files) -> None:
    written = b'{"a":' * 50_000
    files.seal(files.document, struct.pack("<Q", len(written)) + written)
    assert files.is_refused()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("number", range(len(PROGRAM._network.tensors())))
def test_weights_that_are_no_numbers(files: Files, number: int, value: float) -> None:
    def change(tensors: Tensors) -> None:
        array = tensors[sorted(tensors)[number]] = tensors[sorted(tensors)[number]].copy()
        array.flat[-1] = value

    files.change_tensors(change)
    assert files.is_refused()


def test_the_largest_weights_run(files: Files) -> None:
    largest = np.finfo(np.float32).max
    for value in (largest, -largest, 1e-45, -0.0):
        files.change_tensors(
            lambda tensors, value=value: tensors.update(  # type: ignore[misc]
                {name: np.full_like(array, value) for name, array in tensors.items()}
            )
        )
        assert not files.is_refused()


@pytest.mark.parametrize("order", [[1, 0], [2, 1, 0], [0, 2, 1], [0, 0], [6, 0]])
def test_sizes_that_do_not_fit_the_next_layer(tmp_path: Path, order: list[int]) -> None:
    """Each layer is good and has all of its weights; only what the one before gives is not what it takes."""
    widths = [3, 5, 7, 9, 5, 3, 7, 4]
    random = np.random.default_rng(0)
    whole = [random.normal(size=(widths[k + 1], widths[k])).astype(np.float32) for k in range(7)]
    files = Files(tmp_path / "program", Program([Scaling(np.zeros(3, np.float32), np.ones(3, np.float32))]))
    tensors = {f"{place}.weight": whole[number] for place, number in enumerate(order)}
    document = files.document | {"layers": [{"kind": "affine"}] * len(order)}
    files.seal(document, safetensors.numpy.save(tensors))
    assert files.is_refused()


@pytest.mark.parametrize("value", [HUGE, 1e300, 1e39, -1e-5, 0, 1e-46, "1", None, True], ids=short)
def test_layers_check_their_numbers_themselves(value: Any) -> None:
    with pytest.raises(UsageError, match="expected a positive number of 32 bits"):
        Activation("leaky_relu", slope=value)
    with pytest.raises(UsageError, match="expected a positive number of 32 bits"):
        LayerNorm(np.ones(3, np.float32), epsilon=value)


@pytest.mark.parametrize("version", [2, HUGE, 1 << 63], ids=short)
def test_newer_formats_are_told(files: Files, version: int) -> None:
    files.seal(files.document | {"format": version}, files.content)
    with pytest.raises(NewerFormatError, match="Upgrade"):
        Program.load(files.folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_file_that_is_missing(files: Files, name: str) -> None:
    files.write(files.config, files.content)
    (files.folder / name).unlink()
    assert files.is_refused()
    (files.folder / name).mkdir()
    assert files.is_refused()
    (files.folder / name).rmdir()
