"""Small data sets that are there without a download: "sample:iris" and the like.

Some come with scikit-learn, some are made here, spoken digits lie beside the series, the others are read from
the sources of Python's standard library, so that they depend on the version of Python.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import polars as pl

from recurra.data.naming import listed, suggestion
from recurra.data.sample import spoken_digits
from recurra.errors import DataError
from recurra.inputs.generated_image import digit_lines, digit_pictures
from recurra.inputs.generated_ink import letter_rows, word_rows
from recurra.inputs.generated_motion import gesture_rows
from recurra.inputs.generated_sequence import latch_rows
from recurra.inputs.generated_shapes import shape_pictures
from recurra.inputs.generated_text import date_pairs, number_pairs
from recurra.inputs.generated_tunes import chorale_rows
from recurra.inputs.library_source import docstring_rows, role_rows

_PAIRS = 5000
_SIGNALS = 2000
_GESTURES = 350
_TUNES = 80
_LETTERS, _WORDS = 1040, 1000
_LINES = 2000
_PICTURES = 2000
ROLES = (
    "attribute", "class", "function", "import", "keyword", "literal", "operator", "parameter", "variable",
)  # fmt: skip


def example_names() -> list[str]:
    """The names of samples that hold examples, in order."""
    return sorted(_MAKERS)


@lru_cache(maxsize=8)
def load_sample(name: str) -> pl.DataFrame:
    """The rows of a sample.

    Raises:
        DataError: There is no such sample.
    """
    if name not in _MAKERS:
        raise DataError(
            f"no sample is named {name!r}",
            f"one of {listed(example_names())}",
            suggestion(name, example_names(), "Choose one of these."),
        )
    return _MAKERS[name]()


def _iris() -> pl.DataFrame:
    from sklearn.datasets import load_iris  # noqa: PLC0415  # a second to import, for those who ask for it

    return _table(load_iris())


def _wine() -> pl.DataFrame:
    from sklearn.datasets import load_wine  # noqa: PLC0415

    return _table(load_wine())


def _breast_cancer() -> pl.DataFrame:
    from sklearn.datasets import load_breast_cancer  # noqa: PLC0415

    return _table(load_breast_cancer())


def _table(bunch: Any) -> pl.DataFrame:
    names = [name.removesuffix(" (cm)").replace(" ", "_").replace("/", "_") for name in bunch.feature_names]
    label = pl.Series("label", [str(bunch.target_names[number]) for number in bunch.target])
    return pl.DataFrame({name: bunch.data[:, at] for at, name in enumerate(names)}).with_columns(label)


def _digit_images() -> pl.DataFrame:
    """Digits of 8 x 8 pixels."""
    images, labels = digit_pictures()
    return pl.DataFrame({"image": images.tolist(), "label": labels})


def _digit_lines() -> pl.DataFrame:
    """Three to six of them beside each other, as one image, and what is written there."""
    return pl.DataFrame(digit_lines(_LINES), schema=["image", "text"], orient="row")


def _digits() -> pl.DataFrame:
    """Single digits, spoken in 40 voices."""
    said = _spoken()
    return said.filter(~pl.col("text").str.contains(" ")).rename({"text": "label"})


def _digit_strings() -> pl.DataFrame:
    """Three to seven digits in one breath, in the same voices."""
    return _spoken().filter(pl.col("text").str.contains(" "))


def _spoken() -> pl.DataFrame:
    recording, table = spoken_digits()
    return pl.read_csv(table).select(pl.lit(str(recording)).alias("path"), pl.all())


def _docstrings() -> pl.DataFrame:
    texts, labels = zip(*docstring_rows(), strict=True)
    return pl.DataFrame({"text": list(texts), "label": list(labels)})


def _python() -> pl.DataFrame:
    tokens, tags = zip(*role_rows(), strict=True)
    return pl.DataFrame({"tokens": list(tokens), "tags": list(tags)})


def _topics() -> pl.DataFrame:
    """The language reference as Python's own help shows it, a document for each topic; no paragraph twice."""
    from pydoc_data.topics import topics  # noqa: PLC0415

    seen: set[str] = set()
    rows = []
    for topic, text in topics.items():
        own = [one for one in dict.fromkeys(text.split("\n\n")) if one not in seen]
        seen.update(own)
        rows.append({"topic": topic, "text": "\n\n".join(own)})
    return pl.DataFrame([row for row in rows if row["text"].strip()])


def _dates() -> pl.DataFrame:
    return pl.DataFrame(date_pairs(_PAIRS), schema=["source", "target"], orient="row")


def _numbers() -> pl.DataFrame:
    return pl.DataFrame(number_pairs(_PAIRS), schema=["source", "target"], orient="row")


def _latch() -> pl.DataFrame:
    return pl.DataFrame(latch_rows(_SIGNALS), schema=["signal", "label"], orient="row")


def _gestures() -> pl.DataFrame:
    """A made body of fifteen joints that does one of seven things."""
    return gesture_rows(_GESTURES)


def _tunes() -> pl.DataFrame:
    """Chorales in all keys, made by rules."""
    return chorale_rows(_TUNES)


def _letters() -> pl.DataFrame:
    """Letters of pen strokes, in hands that were made up."""
    return letter_rows(_LETTERS)


def _handwriting() -> pl.DataFrame:
    """One or two words of them, and what they say."""
    return word_rows(_WORDS)


def _shapes() -> pl.DataFrame:
    """Made-up pictures of shapes in colours, and what they show."""
    pictures, sentences, _ = shape_pictures(_PICTURES)
    return pl.DataFrame(
        {"image": pl.Series(pictures, dtype=pl.Array(pl.UInt8, pictures.shape[1:])), "caption": sentences}
    )


_MAKERS: Mapping[str, Callable[[], pl.DataFrame]] = MappingProxyType({
    "iris": _iris,
    "wine": _wine,
    "breast_cancer": _breast_cancer,
    "digit_images": _digit_images,
    "digit_lines": _digit_lines,
    "digit_strings": _digit_strings,
    "digits": _digits,
    "docstrings": _docstrings,
    "gestures": _gestures,
    "handwriting": _handwriting,
    "python": _python,
    "shapes": _shapes,
    "topics": _topics,
    "tunes": _tunes,
    "dates": _dates,
    "latch": _latch,
    "letters": _letters,
    "numbers": _numbers,
})  # fmt: skip
