import importlib
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image as Pillow

from recurra.config import validated
from recurra.data.image import ImageFile, Pixels
from recurra.errors import DataError, MissingDependencyError
from recurra.inputs.examples import Examples, Keep, Kept, keep_nothing
from recurra.inputs.images.config import ImagesConfig
from recurra.inputs.images.input import IMAGES
from recurra.inputs.motion.input import MOTION

RANDOM = np.random.default_rng(0)
COLOURS = RANDOM.integers(0, 256, (6, 9, 3), np.uint8)


def kept_label(frame: pl.DataFrame) -> Kept:
    del frame
    return Kept("label")


def images(source: Any, keep: Keep = kept_label, **settings: Any) -> Examples:
    return IMAGES.read(source, validated(ImagesConfig, settings), keep)


def one(path: Path, channels: int = 3) -> np.ndarray:
    (image,) = images(path, keep_nothing).contents
    return image.scaled(image.height, image.width, channels)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for word in ("cat", "dog"):
        (tmp_path / word).mkdir()
        for number in range(2):
            Pillow.fromarray(COLOURS).save(tmp_path / word / f"{number}.png")
    return tmp_path


def test_a_folder_for_each_label_and_a_text_beside_each(folder: Path) -> None:
    (folder / "dog" / "0.txt").write_text("a dog")
    (folder / "dog" / "notes.md").write_text("no image")
    assert IMAGES.suits(folder, kept_label)
    examples = images(folder)
    assert examples.columns["label"].to_list() == ["cat", "cat", "dog", "dog"]
    assert examples.columns["text"].to_list() == [None, None, "a dog", None]
    assert examples.places[2] == str(Path("dog") / "0.png")
    assert [IMAGES.show(content) for content in examples.contents[:1]] == ["0.png (9 x 6)"]
    assert examples.settings["view"] == "rows"
    assert examples.settings["color"] is True
    (empty := folder / "empty").mkdir()
    with pytest.raises(DataError, match="holds no images"):
        images(empty)


def test_a_table_names_paths_from_where_it_lies(folder: Path) -> None:
    rows = pl.DataFrame({"picture": ["cat/0.png", "dog/1.png"], "label": ["cat", "dog"]})
    rows.write_csv(folder / "all.csv")
    assert IMAGES.suits(folder / "all.csv", kept_label)
    examples = images(folder / "all.csv")
    assert examples.reads == ("picture",)
    assert examples.columns.columns == ["picture", "label"]
    assert [content.path for content in examples.contents] == [folder / "cat/0.png", folder / "dog/1.png"]
    rows.vstack(pl.DataFrame({"picture": ["cat/9.png"], "label": ["cat"]})).write_csv(folder / "all.csv")
    with pytest.raises(DataError, match=r"all.csv, line 4: .*9.png is not there"):
        images(folder / "all.csv")
    rows.with_columns(picture=pl.lit(None, pl.String)).write_csv(folder / "all.csv")
    with pytest.raises(DataError, match=r"all.csv, line 2: picture is empty"):
        images(folder / "all.csv", path="picture")
    with pytest.raises(DataError, match="has no column with paths of images"):
        images(rows.select("label"))
    with pytest.raises(DataError, match="no such column as 'other'"):
        images(rows, path="other")


@pytest.mark.parametrize("name", ["image.png", "image.jpg", "image.tif", "image.webp", "image.bmp"])
def test_every_format_is_read(tmp_path: Path, name: str) -> None:
    smooth = np.linspace(0, 255, 24 * 30).reshape(24, 30).astype(np.uint8)
    lossy = {"quality": 95} if name.endswith(("jpg", "webp")) else {}
    Pillow.fromarray(np.stack([smooth, 255 - smooth, smooth // 2], axis=-1)).save(tmp_path / name, **lossy)
    found = one(tmp_path / name)
    assert found.shape == (24, 30, 3)
    np.testing.assert_allclose(found[..., 0], smooth / 255, atol=0.05)


def test_the_content_says_what_a_file_is_and_not_its_name(tmp_path: Path) -> None:
    Pillow.fromarray(COLOURS).save(tmp_path / "right.png")
    (tmp_path / "right.png").rename(tmp_path / "wrong.jpg")
    np.testing.assert_allclose(one(tmp_path / "wrong.jpg"), COLOURS / 255, atol=1e-6)


def test_images_stand_upright(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # its top is at the right
    Pillow.fromarray(COLOURS).save(tmp_path / "turned.png", exif=exif)
    found = one(tmp_path / "turned.png")
    np.testing.assert_allclose(found, np.rot90(COLOURS, -1) / 255, atol=1e-6)
    (content,) = images(tmp_path / "turned.png").contents
    assert (content.height, content.width) == (9, 6)


def test_transparency_is_white_and_other_modes_are_what_they_look_like(tmp_path: Path) -> None:
    alpha = np.concatenate([COLOURS, np.zeros((6, 9, 1), np.uint8)], axis=2)
    alpha[:3, :, 3] = 255
    Pillow.fromarray(alpha).save(tmp_path / "alpha.png")
    found = one(tmp_path / "alpha.png")
    np.testing.assert_allclose(found[:3], COLOURS[:3] / 255, atol=1e-6)
    assert (found[3:] == 1).all()
    palette = Pillow.fromarray(np.full((4, 4, 3), (255, 0, 0), np.uint8)).quantize(4)
    palette.save(tmp_path / "palette.png")
    np.testing.assert_allclose(one(tmp_path / "palette.png"), np.full((4, 4, 3), (1, 0, 0)), atol=1e-6)
    palette.save(tmp_path / "clear.gif", transparency=0)
    assert (one(tmp_path / "clear.gif") == 1).all()
    Pillow.new("CMYK", (5, 5), (0, 255, 255, 0)).save(tmp_path / "ink.jpg")
    assert np.abs(one(tmp_path / "ink.jpg") - (1, 0, 0)).max() < 0.05
    Pillow.fromarray(np.eye(5, dtype=bool)).save(tmp_path / "bits.png")
    np.testing.assert_array_equal(one(tmp_path / "bits.png", 1)[..., 0], np.eye(5))


def test_sixteen_bits_are_read_whole(tmp_path: Path) -> None:
    deep = RANDOM.integers(0, 65_536, (5, 7), np.uint16)
    for name in ("deep.png", "deep.tif"):
        Pillow.fromarray(deep).save(tmp_path / name)
        found = one(tmp_path / name, 1)
        np.testing.assert_allclose(found[..., 0], deep / 65_535, atol=1e-6)
    (content,) = images(tmp_path / "deep.png").contents
    assert content.channels == 1
    assert content.scaled(10, 14, 3).shape == (10, 14, 3)
    Pillow.fromarray(np.full((3, 3), 0.25, np.float32)).save(tmp_path / "share.tif")
    assert (one(tmp_path / "share.tif", 1) == 0.25).all()
    Pillow.fromarray(np.full((3, 3), 7.5, np.float32)).save(tmp_path / "odd.tif")
    with pytest.raises(DataError, match="numbers that are not from 0 to 1"):
        one(tmp_path / "odd.tif")


def test_of_moving_images_the_first_counts_and_it_is_said(tmp_path: Path) -> None:
    frames = [Pillow.new("L", (4, 4), level) for level in (0, 128, 255)]
    frames[0].save(tmp_path / "moves.gif", save_all=True, append_images=frames[1:])
    examples = images(tmp_path / "moves.gif")
    assert examples.repairs == ("took the first image of 1 file that holds several",)
    assert (one(tmp_path / "moves.gif") == 0).all()


def _png(width: int, height: int) -> bytes:
    """A file whose header promises so many pixels."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return head + struct.pack(">I", 4) + b"IDAT" + bytes(8)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.png", b"", r"empty.png cannot be read as an image \(it is empty\)"),
        ("text.png", b"no image at all", r"text.png cannot be read as an image \(cannot identify"),
        ("bomb.png", _png(20_000, 20_000), r"bomb.png is too large .*400000000 pixels.*at most 89,478,485"),
        ("large.png", _png(10_000, 10_000), r"large.png is too large"),
    ],
)
def test_what_is_no_image_is_told(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        images(tmp_path / name)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "gif"])
def test_a_file_that_breaks_off_is_told_when_it_is_read(tmp_path: Path, suffix: str) -> None:
    whole = tmp_path / f"whole.{suffix}"
    Pillow.fromarray(RANDOM.integers(0, 256, (40, 40, 3), np.uint8)).save(whole)
    content = whole.read_bytes()
    for length in range(1, len(content), max(1, len(content) // 25)):
        (tmp_path / f"half.{suffix}").write_bytes(content[:length])
        try:
            one(tmp_path / f"half.{suffix}")
        except DataError as error:
            assert f"half.{suffix} cannot be read as an image" in str(error)  # noqa: PT017


def test_a_file_that_is_gone_since_is_told(tmp_path: Path) -> None:
    Pillow.fromarray(COLOURS).save(tmp_path / "gone.png")
    (content,) = images(tmp_path / "gone.png").contents
    (tmp_path / "gone.png").unlink()
    with pytest.raises(DataError, match=r"gone.png cannot be read as an image"):
        content.scaled(3, 3, 1)


def test_large_photographs_come_to_size_while_they_are_decoded(tmp_path: Path) -> None:
    smooth = np.linspace(0, 255, 640 * 480).reshape(480, 640).astype(np.uint8)
    Pillow.fromarray(smooth).save(tmp_path / "photo.jpg")
    (content,) = images(tmp_path / "photo.jpg").contents
    assert isinstance(content, ImageFile)
    found = content.scaled(30, 40, 1)[..., 0]
    np.testing.assert_allclose(found, smooth.reshape(30, 16, 40, 16).mean(axis=(1, 3)) / 255, atol=0.02)


def test_arrays_in_columns_of_any_layout() -> None:
    pixels = RANDOM.integers(0, 256, (3, 4, 5), np.uint8)
    pixels[0, 0, 0] = 255
    layouts = [
        pl.Series("image", pixels.tolist()),
        pl.Series("image", pixels.tolist(), dtype=pl.List(pl.List(pl.UInt8))),
        pl.Series("image", pixels, dtype=pl.Array(pl.UInt8, (4, 5))),
    ]
    for column in layouts:
        frame = pl.DataFrame([column, pl.Series("label", ["a", "b", "c"])])
        assert IMAGES.suits(frame, kept_label)
        examples = images(frame)
        assert examples.settings["white"] == 255
        assert examples.settings["color"] is False
        for content, own in zip(examples.contents, pixels, strict=True):
            np.testing.assert_allclose(content.scaled(4, 5, 1)[..., 0], own / 255, atol=1e-6)
    ragged = pl.DataFrame({"image": [[[0.5]], [[0.0, 1.0], [1.0, 0.0]]], "label": ["a", "b"]})
    assert [(one.height, one.width) for one in images(ragged).contents] == [(1, 1), (2, 2)]
    colours = pl.DataFrame({"image": [COLOURS.tolist()], "label": ["a"]})
    assert IMAGES.suits(colours, kept_label)
    assert images(colours).contents[0].channels == 3
    assert MOTION.suits(pl.DataFrame({"frames": [(COLOURS / 7.0).tolist()], "label": ["a"]}), kept_label)
    assert not IMAGES.suits(pl.DataFrame({"frames": [(COLOURS / 7.0).tolist()], "label": ["a"]}), kept_label)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[[1, 2], [3]]], "row 1: image holds no image"),
        ([[[1, 2], [3, 4]], None], "row 2: image holds no image"),
        ([[[1, 2], [3, None]]], "row 1: pixels from nan"),
        ([[[1, -2], [3, 4]]], "row 1: pixels from -2 to 4"),
        ([[[1, 70_000]]], "pixels up to 70000"),
        ([[]], "row 1: image holds no image"),
    ],
)
def test_numbers_that_are_no_image_are_told(values: list[Any], message: str) -> None:
    column = pl.Series("image", values, dtype=pl.List(pl.List(pl.Float64)))
    with pytest.raises(DataError, match=message):
        images(pl.DataFrame([column]), keep_nothing, image="image")


def test_white_is_that_of_training() -> None:
    frame = pl.DataFrame({"image": [[[0, 16], [3, 4]]], "label": ["a"]})
    assert images(frame, white=16).contents[0].scaled(2, 2, 1).max() == 1
    assert images(frame).settings["white"] == 255
    assert images(frame.with_columns(image=pl.Series([[[0.0, 0.3]]]))).settings["white"] == 1
    with pytest.raises(DataError, match="a pixel of 16; expected at most 1, which is white"):
        images(frame, white=1)


def test_arrays_of_an_npz_file(tmp_path: Path) -> None:
    pixels = RANDOM.integers(0, 256, (5, 4, 6), np.uint8)
    np.savez(tmp_path / "all.npz", x=pixels, label=np.array(list("abcab")), other=np.zeros((2, 2)))
    assert IMAGES.suits(tmp_path / "all.npz", kept_label)
    examples = images(tmp_path / "all.npz")
    assert examples.columns.columns == ["label"]
    assert examples.settings["image"] == "x"
    again = images(tmp_path / "all.npz", **examples.settings)
    assert len(again) == 5
    assert [isinstance(one, Pixels) for one in examples.contents] == [True] * 5
    assert examples.places[1] == "all.npz, row 2"
    with pytest.raises(DataError, match="has no array of images 'y'"):
        images(tmp_path / "all.npz", image="y")
    frames = np.zeros((5, 4, 6, 3), np.float32)
    np.savez(tmp_path / "moves.npz", frames=frames, label=np.array(list("abcab")))
    assert not IMAGES.suits(tmp_path / "moves.npz", kept_label)
    np.savez(tmp_path / "objects.npz", x=np.array([{}, 1], dtype=object))
    assert not IMAGES.suits(tmp_path / "objects.npz", kept_label)  # objects are those of ink, if anybody's
    with pytest.raises(DataError, match="cannot be read"):
        images(tmp_path / "objects.npz")
    np.savez(tmp_path / "features.npz", features=frames[..., 0], label=np.array(list("abcab")))
    assert not IMAGES.suits(tmp_path / "features.npz", kept_label)


def test_the_usual_size_is_taken_and_the_view_goes_by_the_shape() -> None:
    def found(*shape: int, **settings: Any) -> dict[str, Any]:
        frame = pl.DataFrame({"image": [np.zeros(shape, int).tolist()] * 2, "label": ["a", "b"]})
        return dict(images(frame, **settings).settings)

    def sizes(settings: dict[str, Any]) -> tuple[Any, ...]:
        return settings["view"], settings["height"], settings["width"]

    assert sizes(found(30, 20)) == ("rows", "auto", 20)
    assert sizes(found(30, 90)) == ("columns", 30, "auto")
    assert sizes(found(100, 300)) == ("columns", 64, "auto")
    assert sizes(found(30, 200, view="grid", patch=16)) == ("grid", 32, 128)
    assert sizes(found(30, 20, view="vector", width=9)) == ("vector", 30, 9)


def test_without_the_library_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Pillow.fromarray(COLOURS).save(tmp_path / "one.png")
    whole = importlib.import_module

    def without(name: str) -> Any:
        if name == "PIL.Image":
            raise ImportError(name)
        return whole(name)

    monkeypatch.setattr("recurra.data.image.importlib.import_module", without)
    with pytest.raises(MissingDependencyError, match=r"pip install 'recurra\[vision\]'"):
        images(tmp_path / "one.png")
