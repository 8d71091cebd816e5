from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image as Pillow
from safetensors.torch import save_file

from recurra.config import validated
from recurra.errors import ArtifactError, ConfigError, DataError
from recurra.inputs.examples import Examples, Keep, Kept, keep_nothing
from recurra.inputs.features.config import FeaturesConfig
from recurra.inputs.features.encoding import FeatureEncoding
from recurra.inputs.features.input import FEATURES
from recurra.inputs.features.live import LiveFeatures
from recurra.inputs.features.names import Names
from recurra.inputs.images.input import IMAGES
from recurra.inputs.motion.input import MOTION
from recurra.report.medium import Picture
from recurra.report.piece import HeatMap

RANDOM = np.random.default_rng(0)
GRIDS = RANDOM.normal(size=(4, 2, 3, 5)).astype(np.float32)
NAMES = [f"pets/{word}.png" for word in ("cat", "dog", "cow", "emu")]


def kept_label(frame: pl.DataFrame) -> Kept:
    del frame
    return Kept("label")


def features(source: Any, keep: Keep = kept_label, **settings: Any) -> Examples:
    given = {name: str(value) if isinstance(value, Path) else value for name, value in settings.items()}
    return FEATURES.read(source, validated(FeaturesConfig, given), keep)


def table(**columns: Any) -> pl.DataFrame:
    return pl.DataFrame({"label": ["a", "b", "a", "b"], **columns})


def numbers(examples: Examples) -> np.ndarray:
    return np.stack([one.numbers() for one in examples.contents])


def learnt(examples: Examples, **settings: Any) -> FeatureEncoding:
    return FEATURES.learn(examples.contents, validated(FeaturesConfig, settings))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    np.savez(tmp_path / "feats.npz", features=GRIDS[::-1], names=np.array(NAMES[::-1]))
    return tmp_path / "feats.npz"


@pytest.mark.parametrize("shorten", [str, lambda one: Path(one).name, lambda one: Path(one).stem])
def test_rows_find_theirs_by_name_wherever_the_table_says_it(archive: Path, shorten: Any) -> None:
    frame = table(other=["x"] * 4, photo=list(map(shorten, NAMES)))
    found = features(frame, features=archive)
    np.testing.assert_array_equal(numbers(found), GRIDS.reshape(4, 6, 5))
    assert found.reads == ("photo",)
    assert found.settings == {"path": "photo", "features": str(archive)}
    assert FEATURES.show(found.contents[0]) == "pets/cat.png (2 x 3 x 5)"


def test_paths_mean_items_folder_by_folder(tmp_path: Path) -> None:
    names = ["cat/1.jpg", "dog/1.jpg", "cow.jpg", "v1.2"]
    np.savez(tmp_path / "f.npz", features=GRIDS, names=np.array(names))
    found = Names(names, tmp_path / "f.npz")
    given = ("/x/cat/1.png", "dog/1", "farm/cow.npy", "cow", "v1.2", "pig/1.jpg", "v1.3", "horse")
    assert [found.row_of(one) for one in given] == [0, 1, 2, 2, 3, None, None, None]
    with pytest.raises(DataError, match=r"'1.jpg', which may be 'cat/1.jpg' or 'dog/1.jpg' of .*f.npz"):
        found.row_of("1.jpg")
    rows = table(photo=["cat/1.jpg", "dog/1.jpg", "1.jpg", "cow.jpg"])
    with pytest.raises(DataError, match=r"row 3: '1.jpg', which may be"):
        features(rows, features=tmp_path / "f.npz")
    pictures = tmp_path / "photos"
    for name in names[:2]:
        (pictures / name).parent.mkdir(parents=True)
        Pillow.fromarray(np.zeros((4, 4, 3), np.uint8)).save(pictures / name)
    folder = features(pictures, features=tmp_path / "f.npz")
    assert folder.columns["label"].to_list() == ["cat", "dog"]
    np.testing.assert_array_equal(numbers(folder), GRIDS[:2].reshape(2, 6, 5))
    assert folder.contents[0].picture == pictures / "cat" / "1.jpg"
    alone = features(pictures / "dog" / "1.jpg", keep_nothing, features=tmp_path / "f.npz", path="photo")
    np.testing.assert_array_equal(numbers(alone)[0], GRIDS[1].reshape(6, 5))
    (empty := tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no pictures"):
        features(empty, features=tmp_path / "f.npz")


def test_ids_are_numbers_or_texts_and_arrays_have_other_names(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "f.npz", clip=GRIDS[:, 0, 0].astype(np.float16), image_id=np.arange(4) + 7)
    found = features(table(photo=[8, 7, 10, 9]), features=tmp_path / "f.npz")
    wanted = GRIDS[[1, 0, 3, 2], 0, 0].astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(numbers(found)[:, 0], wanted)
    assert learnt(found).one_step
    as_text = features(table(photo=["8", "7", "10", "9"]), features=tmp_path / "f.npz")
    np.testing.assert_array_equal(numbers(as_text), numbers(found))
    named = features(table(photo=[8, 7, 10, 9]), features=tmp_path / "f.npz", array="clip", names="image_id")
    np.testing.assert_array_equal(numbers(named), numbers(found))


def test_an_array_for_each_name_in_npz_and_safetensors(tmp_path: Path) -> None:
    own = dict(zip(NAMES, GRIDS, strict=True))
    np.savez(tmp_path / "f.npz", **own)
    save_file({name: torch.tensor(one) for name, one in own.items()}, tmp_path / "f.safetensors")
    for name in ("f.npz", "f.safetensors"):
        found = features(table(photo=NAMES), features=tmp_path / name)
        np.testing.assert_array_equal(numbers(found), GRIDS.reshape(4, 6, 5))


def test_without_names_they_go_by_the_order_of_rows(tmp_path: Path) -> None:
    np.save(tmp_path / "f.npy", GRIDS)
    found = features(table(photo=NAMES), features=tmp_path / "f.npy")
    np.testing.assert_array_equal(numbers(found), GRIDS.reshape(4, 6, 5))
    assert any("order of the rows" in one for one in found.repairs)
    with pytest.raises(DataError, match=r"4 items without their names, for 3 rows.*`names`"):
        features(table(photo=NAMES).head(3), features=tmp_path / "f.npy")


def test_a_file_for_each_row_lies_where_the_table_does(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    np.save(tmp_path / "own" / "0.npy", GRIDS[0][None])  # a batch of one
    np.savez(tmp_path / "own" / "1.npz", features=GRIDS[1], boxes=np.zeros((3, 4)))
    save_file({"x": torch.tensor(GRIDS[2])}, tmp_path / "own" / "2.safetensors")
    np.save(tmp_path / "own" / "3.npy", np.moveaxis(np.tile(GRIDS[3], (1, 1, 1)), -1, 0))  # channels first
    paths = ["own/0.npy", "own/1.npz", "own/2.safetensors", "own/3.npy"]
    table(file=paths).write_csv(tmp_path / "t.csv")
    assert FEATURES.suits(tmp_path / "t.csv", kept_label)
    found = features(tmp_path / "t.csv")
    np.testing.assert_array_equal(numbers(found), GRIDS.reshape(4, 6, 5))
    folder = features(tmp_path / "own", keep_nothing)
    assert FEATURES.suits(tmp_path / "own", keep_nothing)
    assert folder.places == ["0.npy", "1.npz", "2.safetensors", "3.npy"]


def test_a_file_is_a_table_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "feats.npz"
    np.savez(path, embeddings=GRIDS[:, 0], label=np.array(list("abab")), names=np.array(NAMES))
    assert FEATURES.suits(path, kept_label)
    assert not IMAGES.suits(path, kept_label)
    assert not MOTION.suits(path, kept_label)
    found = features(path)
    assert found.columns["label"].to_list() == list("abab")
    assert found.columns["names"].to_list() == NAMES
    np.testing.assert_array_equal(numbers(found), GRIDS[:, 0])


def test_channels_are_where_they_are_said_to_be(tmp_path: Path) -> None:
    first = RANDOM.normal(size=(4, 9, 2, 3))  # as torch has them
    np.save(tmp_path / "f.npy", first)
    whole = features(table(), features=tmp_path / "f.npy")
    assert any("first axis" in one for one in whole.repairs)
    found = numbers(whole)
    np.testing.assert_allclose(found, np.moveaxis(first, 1, -1).reshape(4, 6, 9), rtol=1e-6)
    last = numbers(features(table(), features=tmp_path / "f.npy", channels="last"))
    np.testing.assert_allclose(last, first.reshape(4, 18, 3), rtol=1e-6)
    np.save(tmp_path / "g.npy", first[:, :, 0])
    cells = numbers(features(table(), features=tmp_path / "g.npy", channels="first"))
    np.testing.assert_allclose(cells, np.moveaxis(first[:, :, 0], 1, -1), rtol=1e-6)


def test_steps_may_be_of_different_numbers_and_are_cut(tmp_path: Path) -> None:
    for number, length in enumerate((3, 7)):
        np.save(tmp_path / f"a_{number}.npy", np.full((length, 5), number, np.float32))
    found = features(tmp_path, max_length=4)
    assert any("cut 1 example" in one for one in found.repairs)
    encoding = learnt(found, max_length=4)
    assert [encoding.length(one) for one in found.contents] == [3, 4]
    assert [len(encoding.encode(one)) for one in found.contents] == [3, 4]
    assert encoding.codec.grid is None


def test_scales_are_those_of_the_training_part_or_none(archive: Path) -> None:
    found = features(table(photo=NAMES), features=archive)
    encoding = learnt(found)
    steps = np.stack([encoding.encode(one) for one in found.contents])
    np.testing.assert_allclose(steps.mean(axis=(0, 1)), 0, atol=1e-6)
    np.testing.assert_allclose(steps.std(axis=(0, 1)), 1, atol=1e-5)
    again = FEATURES.revive(encoding.to_dict())
    np.testing.assert_array_equal(again.encode(found.contents[1]), steps[1])
    plain = learnt(found, standardize=False)
    np.testing.assert_array_equal(plain.encode(found.contents[0]), GRIDS[0].reshape(6, 5))
    rest = {key: value for key, value in encoding.to_dict().items() if key != "mean"}
    with pytest.raises(ArtifactError, match="an encoding of features"):
        FEATURES.revive(rest)


def test_a_stream_brings_the_same_steps(archive: Path) -> None:
    found = features(table(photo=NAMES), features=archive)
    encoding = learnt(found)
    live = LiveFeatures.from_dict(encoding.to_dict())
    whole = np.stack(live.steps({"features": GRIDS[2].tolist()}))
    np.testing.assert_array_equal(whole, encoding.encode(found.contents[2]))
    np.testing.assert_array_equal(live.steps({"features": GRIDS[2, 0, 1].tolist()})[0], whole[1])
    for given, message in (
        (None, "a row without features"),
        ([1.0, 2.0], "1 cells of 2 channels"),
        (["x"], "holds no features"),
        ([[1.0] * 4 + [float("nan")]], "hold NaN"),
        ([[[[1.0]]], [[[1.0]]]], "of shape"),
    ):
        with pytest.raises(DataError, match=message):
            live.steps({"features": given})


def test_a_grid_is_drawn_over_its_picture(archive: Path) -> None:
    for name in NAMES[:1]:
        (archive.parent / name).parent.mkdir(exist_ok=True)
        Pillow.fromarray(np.full((20, 30, 3), 200, np.uint8)).save(archive.parent / name)
    table(photo=NAMES).write_csv(archive.parent / "t.csv")
    found = features(archive.parent / "t.csv", features=archive)
    encoding = learnt(found)
    assert encoding.codec.grid == (2, 3)
    first, second = found.contents[:2]
    assert first.picture is not None
    assert second.picture is None
    weights = np.eye(6)[:2]
    for content in (first, second):
        (piece,) = FEATURES.gaze(content, encoding, "a cat", ["a", "cat"], weights)
        assert isinstance(piece, Picture)
    assert [type(one) for one in FEATURES.exhibit(first, encoding, "it")] == [Picture]
    assert FEATURES.exhibit(second, encoding, "it") == ()
    assert FEATURES.gaze(first, encoding, "", [], weights) == ()
    (piece,) = FEATURES.gaze(first, learnt(found, layout="steps"), "a cat", ["a", "cat"], weights)
    assert isinstance(piece, HeatMap)


def test_a_square_number_of_cells_is_a_grid_where_it_is_asked_for(tmp_path: Path) -> None:
    np.save(tmp_path / "f.npy", RANDOM.normal(size=(4, 9, 2)))
    found = features(table(), features=tmp_path / "f.npy")
    assert learnt(found).codec.grid is None
    assert learnt(found, layout="grid").codec.grid == (3, 3)
    np.save(tmp_path / "g.npy", RANDOM.normal(size=(4, 8, 2)))
    with pytest.raises(ConfigError, match="layout=grid with features of 8 cells"):
        learnt(features(table(), features=tmp_path / "g.npy"), layout="grid")


def test_mistakes_are_told(archive: Path, tmp_path: Path) -> None:
    frame = table(photo=NAMES)
    missing = frame.with_columns(photo=pl.Series([*NAMES[:3], "pets/bee.png"]))
    with pytest.raises(
        DataError, match=r"row 4: .*feats.npz has no features of 'pets/bee.png'.*'pets/emu.png'"
    ):
        features(missing, features=archive)
    with pytest.raises(DataError, match=r"no column with names of .*feats.npz.*label"):
        features(table(), features=archive)
    with pytest.raises(DataError, match="no such column as 'file'"):
        features(frame, features=archive, path="file")
    with pytest.raises(DataError, match=r"no array of features 'vgg'.*features \(4, 2, 3, 5\)"):
        features(frame, features=archive, array="vgg")
    with pytest.raises(DataError, match="no array 'ids' of 4 names"):
        features(frame, features=archive, names="ids")
    with pytest.raises(DataError, match="is not there"):
        features(frame, features=tmp_path / "other.npz")
    np.savez(tmp_path / "twice.npz", features=GRIDS, names=np.array(["a", "b", "a", "c"]))
    with pytest.raises(DataError, match="rows 1 and 3 are both called 'a'"):
        features(frame, features=tmp_path / "twice.npz")
    np.savez(tmp_path / "differ.npz", **{name: GRIDS[0, ..., : at + 1] for at, name in enumerate(NAMES)})
    with pytest.raises(DataError, match=r"row 2: .*2 channels; expected 1 channels, as in the first row"):
        features(frame, features=tmp_path / "differ.npz")
    np.save(tmp_path / "deep.npy", np.zeros((4, 2, 2, 2, 2)))
    with pytest.raises(DataError, match=r"features of shape \(2, 2, 2, 2\)"):
        features(frame, features=tmp_path / "deep.npy")
    wrong = GRIDS.copy()
    wrong[2, 0, 0, 0] = np.nan
    np.savez(tmp_path / "nan.npz", features=wrong, names=np.array(NAMES))
    found = features(frame, features=tmp_path / "nan.npz")
    with pytest.raises(DataError, match=r"features of pets/cow\.png hold NaN"):
        learnt(found)
    (empty := tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no features"):
        features(empty)
    np.savez(tmp_path / "text.npz", names=np.array(NAMES))
    with pytest.raises(DataError, match="no array of features"):
        features(frame, features=tmp_path / "text.npz")


def test_other_channels_than_those_of_training_are_told(archive: Path) -> None:
    encoding = learnt(features(table(photo=NAMES), features=archive))
    np.savez(archive.parent / "other.npz", features=GRIDS[..., :4], names=np.array(NAMES))
    other = features(table(photo=NAMES), features=archive.parent / "other.npz")
    with pytest.raises(DataError, match="6 cells of 4 channels; expected 5 channels, as in training"):
        encoding.encode(other.contents[0])
    archive.unlink()
    with pytest.raises(DataError, match="is not there"):
        encoding.encode(features_of(archive))


def features_of(archive: Path) -> Any:
    """A content whose file is gone."""
    np.savez(archive, features=GRIDS, names=np.array(NAMES))
    content = features(table(photo=NAMES), features=archive).contents[0]
    archive.unlink()
    return content
