"""Running text: what a task needs to know of it."""

from collections.abc import Iterator
from typing import Any

from recurra.inputs.alphabet import learn_alphabet, revive_alphabet
from recurra.inputs.corpus.config import CorpusConfig
from recurra.inputs.corpus.reader import halve, looks_like_text, read
from recurra.inputs.examples import Keep
from recurra.inputs.glance import glance, has_text
from recurra.inputs.rows import path_of
from recurra.inputs.symbol import Alphabet, SymbolInput


def suits(source: Any, keep: Keep) -> bool:
    """Whether it is a text, or a table with a column of texts."""
    if isinstance(source, list | tuple):
        return len(source) > 0 and isinstance(source[0], str)
    path = path_of(source)
    if path is not None and looks_like_text(path):
        return True
    frame = glance(source)
    return frame is not None and has_text(frame, keep)


def learn(contents: Iterator[str], config: CorpusConfig) -> Alphabet:
    """Learn the symbols of the training part; see `learn_alphabet`."""
    return learn_alphabet(
        contents,
        config.tokens,
        max_size=config.max_vocabulary,
        min_count=config.least_count,
        lowercase=config.lowercase,
    )


CORPUS = SymbolInput(
    name="corpus",
    suits=suits,
    read=read,
    learn=learn,
    revive=revive_alphabet,
    halve=halve,
)
