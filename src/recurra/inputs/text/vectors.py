"""Files of word embeddings, as GloVe and fastText write them: a word and its numbers in each line."""

import gzip
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from recurra.data.naming import listed
from recurra.errors import DataError
from recurra.inputs.text.vocabulary import PADDING, Vocabulary

_SEED = 0


def read_vectors(path: Path, vocabulary: Vocabulary) -> Float32[np.ndarray, "vocabulary features"]:
    """The embeddings of the tokens of a vocabulary; others of the file are not kept.

    A token that the file lacks gets random numbers as widely spread as those that were found.

    Args:
        path: .txt or .vec, also .gz; a first line with two whole numbers (fastText's) is skipped.
        vocabulary: The tokens.

    Raises:
        DataError: The file is missing or damaged (the message names the line), or has none of the tokens.
    """
    path = path.expanduser()
    if not path.is_file():
        raise DataError(f"{path} does not exist", "a file of embeddings", "Correct embeddings=.")
    try:
        found = _found(path, vocabulary)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error})", "a whole file", "Restore it.") from error
    if not found:
        raise DataError(
            f"{path} has none of the {len(vocabulary)} tokens, such as {listed(vocabulary.symbols, 5)}",
            "embeddings of the same language, with the same capital letters",
            "Choose another file, or change lowercase.",
        )
    known = np.stack(list(found.values()))
    random = np.random.default_rng(_SEED)
    vectors = random.normal(0, float(known.std()), (len(vocabulary), known.shape[1])).astype(np.float32)
    vectors[list(found)] = known
    vectors[PADDING] = 0
    return vectors


def _found(path: Path, vocabulary: Vocabulary) -> dict[int, Float32[np.ndarray, " features"]]:
    numbers = {symbol.encode(): number for number, symbol in enumerate(vocabulary.symbols, start=2)}
    found: dict[int, Float32[np.ndarray, " features"]] = {}
    size = 0
    with gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as file:
        for line, content in enumerate(file, start=1):
            fields = content.rstrip()
            if not fields or (line == 1 and len(fields.split()) == 2):
                continue
            size = size or fields.count(b" ")
            word, *values = fields.rsplit(b" ", size)
            if len(values) != size:
                raise _damaged(path, line, f"{len(values)} numbers", f"{size}, as in the lines before")
            number = numbers.get(word)
            if number is not None and number not in found:
                found[number] = _vector(path, line, values)
    return found


def _vector(path: Path, line: int, values: list[bytes]) -> Float32[np.ndarray, " features"]:
    try:
        vector = np.array([float(value) for value in values], np.float32)
    except ValueError as error:
        raise _damaged(path, line, str(error), "numbers after the word") from error
    if not np.isfinite(vector).all():
        raise _damaged(path, line, "a number that is not finite", "finite numbers")
    return vector


def _damaged(path: Path, line: int, got: str, expected: str) -> DataError:
    return DataError(f"{path}, line {line}: {got}", expected, "Restore the file, or remove the line.")
