"""Small real series that ship with the package; `samples/README.md` says where each comes from."""

from pathlib import Path

from recurra.data.naming import listed, suggestion
from recurra.data.partitions import is_url, there
from recurra.errors import DataError

EXAMPLE_SAMPLES = (
    "breast_cancer",
    "dates",
    "digit_images",
    "digit_lines",
    "digit_strings",
    "digits",
    "docstrings",
    "gestures",
    "handwriting",
    "iris",
    "latch",
    "letters",
    "numbers",
    "python",
    "shapes",
    "topics",
    "tunes",
    "wine",
)  # see recurra.inputs.samples
_FOLDER = Path(__file__).parent / "samples"


def sample_names() -> list[str]:
    """The names that "sample:NAME" knows."""
    return sorted(path.stem for path in _FOLDER.glob("*.csv"))


def check_source(source: str | None) -> None:
    """Make sure that a source is there, if one is named, before anything slow begins.

    Raises:
        DataError: It names no file, folder or sample that there is.
    """
    if source is None:
        return
    if not source.strip():
        raise DataError("DATA is empty", "a file, a folder or sample:NAME", "Name it.")
    name = source.removeprefix("sample:")
    if name != source:
        known = [*sample_names(), *EXAMPLE_SAMPLES]
        if name not in known:
            raise DataError(
                f"no sample is named {name!r}",
                f"one of {listed(known)}",
                suggestion(name, known, "Choose one of these."),
            )
    elif is_url(source):
        if not there(source):
            raise DataError(f"{source} does not exist", "a folder of Parquet files", "Check the URL.")
    elif source != "-" and not Path(source).expanduser().exists():
        raise DataError(f"{source} does not exist", "a file or folder with data", "Check the path.")


def is_text(source: str) -> bool:
    """Whether what is given where data could be is rather a text itself: nothing that is there has its name.

    A word that ends as names of files do is none, so that a wrong path is told as one.
    """
    if source == "-" or source.startswith("sample:") or is_url(source) or not source.strip():
        return False
    try:
        named = Path(source).expanduser()
        return not named.exists() and (" " in source or not named.suffix[1:].isalnum())
    except OSError:  # too long for a name
        return True


def spoken_digits() -> tuple[Path, Path]:
    """The recording of all spoken digits, and the table of what is said in which seconds of it."""
    return _FOLDER / "spoken" / "digits.flac", _FOLDER / "spoken" / "digits.csv"


def sample_path(name: str) -> Path:
    """The file of a bundled series: columns unique_id, ds, y.

    Raises:
        DataError: There is no such sample.
    """
    names = sample_names()
    if name in EXAMPLE_SAMPLES:
        raise DataError(
            f"sample {name!r}, which holds examples to classify or tag",
            f"a series over time: one of {listed(names)}",
            "Choose one of these, or a task that reads examples.",
        )
    if name not in names:
        raise DataError(
            f"no sample is named {name!r}",
            f"one of {listed(names)}",
            suggestion(name, names, "Choose one of these."),
        )
    return _FOLDER / f"{name}.csv"
