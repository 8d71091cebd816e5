"""Images as they lie in files and arrays: their size from the header, and pixels when they are asked for."""

import importlib
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Shaped

from recurra.errors import DataError, MissingDependencyError

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".gif", ".bmp", ".pgm", ".ppm")
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "PPM")
_ORIENTATION, _SIDEWAYS = 0x0112, (5, 6, 7, 8)  # of EXIF: those whose height and width change places
_GREY = ("1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L", "I;16N")
_DAMAGE = (
    OSError, ValueError, SyntaxError, EOFError, ArithmeticError, MemoryError, LookupError, TypeError,
    struct.error,
)  # fmt: skip
"""What Pillow raises of files that are damaged."""
_DEEP = 65_535  # white of 16 bits, which Pillow also opens in 32
_WEIGHTS = np.array([299, 587, 114], np.float32) / 1000  # of red, green and blue in grey: ITU-R 601-2

Values = Float32[np.ndarray, "_height _width _channels"]  # of other sizes in and out


def library() -> Any:
    """Pillow's module of images.

    Raises:
        MissingDependencyError: It is not installed, or cannot be loaded.
    """
    try:
        return importlib.import_module("PIL.Image")
    except (ImportError, OSError) as error:
        raise MissingDependencyError(
            f"no pillow ({error})", "it, to read images", "Install it: pip install 'recurra[vision]'."
        ) from error


@runtime_checkable
class Image(Protocol):
    """An image whose pixels are there when they are asked for."""

    @property
    def height(self) -> int:
        """Rows of pixels."""

    @property
    def width(self) -> int:
        """Columns of pixels."""

    @property
    def channels(self) -> int:
        """1 of grey, 3 of colours."""

    def scaled(self, height: int, width: int, channels: int) -> Values:
        """Its pixels at a size, from 0 (black) to 1, in so many channels (1 or 3)."""


@dataclass(frozen=True)
class ImageFile:
    """An image in a file, upright.

    Attributes:
        path: The file.
        height, width: Of the upright image.
        channels: 1 of grey, 3 of colours.
        moving: Whether there are more images in it, of which the first is meant.
    """

    path: Path
    height: int
    width: int
    channels: int
    moving: bool = False

    def scaled(self, height: int, width: int, channels: int) -> Values:
        """See `Image.scaled`; what is transparent is white.

        Raises:
            DataError: The file is not there any more, or is damaged.
        """
        module = library()
        try:
            with warnings.catch_warnings(), _opened(self.path) as image:
                warnings.simplefilter("ignore")  # of metadata that are odd
                turned = image.getexif().get(_ORIENTATION) in _SIDEWAYS
                image.draft(None, (height, width) if turned else (width, height))
                whole = importlib.import_module("PIL.ImageOps").exif_transpose(image)
                return _numbers(whole, (width, height), channels, module)
        except _DAMAGE as error:
            raise _unreadable(self.path, error) from error


@dataclass(frozen=True)
class Pixels:
    """An image in memory.

    Attributes:
        values: (height, width, channels) numbers, of 1 or 3 channels.
        white: The number of white; 0 is black.
    """

    values: Shaped[np.ndarray, "height width channels"]
    white: float = 1.0

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return int(self.values.shape[0])

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return int(self.values.shape[1])

    @property
    def channels(self) -> int:
        """1 of grey, 3 of colours."""
        return int(self.values.shape[2])

    def scaled(self, height: int, width: int, channels: int) -> Values:
        """See `Image.scaled`."""
        values = self.values.astype(np.float32) * np.float32(1 / self.white)
        if channels < self.channels:
            values = (values @ _WEIGHTS)[..., None]
        if (height, width) != (self.height, self.width):
            values = resized(values, height, width)
        return np.repeat(values, channels, axis=2) if channels > values.shape[2] else values


def resized(values: Values, height: int, width: int) -> Values:
    """Numbers at another size, smoothed where that is smaller."""
    module = library()
    bands = [
        module.fromarray(np.ascontiguousarray(values[..., band])).resize(
            (width, height), module.Resampling.BILINEAR
        )
        for band in range(values.shape[2])
    ]
    return np.stack([np.asarray(band, np.float32) for band in bands], axis=-1)


def is_image(path: Path) -> bool:
    """Whether a file is called like an image."""
    return path.suffix.lower() in SUFFIXES


def open_image(path: Path) -> ImageFile:
    """Find an image; nothing but its header is read, which says what it is, whatever the file is called.

    Raises:
        DataError: There is no such file, it is no image, or it is so large that it may be an attack.
    """
    if not path.is_file():
        raise DataError(
            f"{path} is not there", "an image", "Check the path; it starts at the table's folder."
        )
    try:
        with warnings.catch_warnings(), _opened(path) as image:
            warnings.simplefilter("ignore")
            width, height = image.size
            if image.getexif().get(_ORIENTATION) in _SIDEWAYS:
                height, width = width, height
            grey = image.mode in _GREY
            moving = image.format != "MPO" and bool(getattr(image, "is_animated", False))
    except _DAMAGE as error:
        raise _unreadable(path, error) from error
    return ImageFile(path, height, width, 1 if grey else 3, moving)


def _opened(path: Path) -> Any:
    """A file whose header is read.

    Raises:
        DataError: It has so many pixels that Pillow takes it for a decompression bomb.
    """
    module = library()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", module.DecompressionBombWarning)
            return module.open(path, formats=_FORMATS)
    except (module.DecompressionBombError, module.DecompressionBombWarning) as error:
        most = int(module.MAX_IMAGE_PIXELS or 0)
        raise DataError(
            f"{path} is too large ({str(error).split(',')[0]})",
            f"at most {most:,} pixels, since a small file may unfold to fill all memory",
            "Scale it down, or leave it out.",
        ) from error


def _numbers(image: Any, size: tuple[int, int], channels: int, module: Any) -> Values:
    """The pixels of an opened image at a size (width, height), from 0 to 1."""
    deep = image.mode.startswith(("I", "F"))
    if deep:
        values = np.asarray(image, np.float32)[..., None]
        values = values if image.mode == "F" else values / np.float32(_DEEP)
        if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
            raise ValueError("numbers that are not from 0 to 1, nor of 16 bits")
        height, width = size[1], size[0]
        values = values if values.shape[:2] == (height, width) else resized(values, height, width)
        return np.repeat(values, channels, axis=2)
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        own = image.convert("RGBA")
        image = module.alpha_composite(module.new("RGBA", own.size, "white"), own)
    image = image.convert("L" if channels == 1 else "RGB")
    if image.size != size:
        image = image.resize(size, module.Resampling.BILINEAR)
    values = np.asarray(image, np.float32) * np.float32(1 / 255)
    return values[..., None] if channels == 1 else values


def _unreadable(path: Path, error: Exception) -> DataError:
    reason = "it is empty" if path.is_file() and not path.stat().st_size else str(error)
    reason = reason.replace(f"{str(path)!r}", "it").rstrip(".")
    return DataError(
        f"{path} cannot be read as an image ({reason})",
        "PNG, JPEG, TIFF, WebP or the like",
        "Convert it, or leave it out.",
    )
