"""Texts: what a task needs to know of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recurra.errors import ConfigError
from recurra.inputs.examples import Keep
from recurra.inputs.glance import glance, has_text
from recurra.inputs.input import Input
from recurra.inputs.rows import file_kind, path_of
from recurra.inputs.text.codec import Content, cut
from recurra.inputs.text.config import TextConfig
from recurra.inputs.text.conll import is_conll
from recurra.inputs.text.encoder import TextEncoder
from recurra.inputs.text.encoding import TextEncoding
from recurra.inputs.text.reader import read
from recurra.inputs.text.summary import WordSummary

_SHOWN = 200


def suits(source: Any, keep: Keep) -> bool:
    """Whether it holds texts or lists of tokens."""
    if isinstance(source, list | tuple):
        return len(source) > 0 and isinstance(source[0], str | list | tuple)
    path = path_of(source)
    if path is not None:
        if path.is_dir():
            return _has_texts(path)
        if is_conll(path) or file_kind(path) == ".txt":
            return path.is_file()
    frame = glance(source)
    return frame is not None and has_text(frame, keep)


def learn(contents: Sequence[Content], config: TextConfig) -> TextEncoding:
    """Learn the vocabulary of the training part; see `TextEncoding.learn`."""
    return TextEncoding.learn(contents, config)


def encoder(encoding: TextEncoding, config: TextConfig) -> TextEncoder:
    """Embeddings and what stands beside them, with fresh weights or those of a file."""
    alphabet = encoding.codec.alphabet
    return TextEncoder(
        len(encoding.codec.vocabulary),
        encoding.embedding_size,
        characters="none" if alphabet is None else config.characters,
        alphabet=0 if alphabet is None else len(alphabet),
        character_size=config.character_size,
        embedding_dropout=config.embedding_dropout,
        locked_dropout=config.locked_dropout,
        vectors=encoding.vectors,
    )


def steps(content: Content, config: TextConfig) -> list[str]:
    """The tokens of a text.

    Raises:
        ConfigError: They are pieces of words, which nobody can tell anything of before they are learnt.
    """
    if config.tokens == "subword":
        raise ConfigError("tokens is 'subword' to tell each step", "word or character", "Leave tokens out.")
    return cut(content, config.unit, config.max_length)


def show(content: Content) -> str:
    """A text in one line, shortened."""
    text = content[: 4 * _SHOWN] if isinstance(content, str) else " ".join(content[:_SHOWN])
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _has_texts(folder: Path) -> bool:
    return any(True for _ in folder.glob("*/*.txt")) or any(True for _ in folder.glob("*.txt"))


TEXT = Input(
    name="text",
    suits=suits,
    read=read,
    learn=learn,
    revive=TextEncoding.from_dict,
    encoder=encoder,
    summary=WordSummary,
    summary_label="Bag of words",
    show=show,
    steps=steps,
)
