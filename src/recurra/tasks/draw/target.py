"""What was learnt of moves: how often which comes, and the symbols of the texts that they write."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float32, Int64

from recurra.data.naming import listed
from recurra.errors import DataError
from recurra.experiment.examples import Data, text_column
from recurra.inputs.alphabet import learn_alphabet, revive_alphabet
from recurra.inputs.examples import Examples
from recurra.inputs.input import Encoding, Moving
from recurra.inputs.symbol import END, UNKNOWN, Alphabet

NO_TEXT = "none"
STATES = 3
_GOES_ON = 0  # a state
COLUMN_NAMES = ("text", "transcript", "transcription", "sentence", "word")
_MOST_CHARACTERS = 5_000
_LEAST = 1e-4  # of a variance


class MovesEncoding(Encoding):
    """Contents as moves, whatever kind of content they are.

    Args:
        encoding: How the input encodes them.
    """

    def __init__(self, encoding: Encoding) -> None:
        if not isinstance(encoding, Moving):
            raise TypeError(f"{type(encoding).__name__} gives no moves")
        self.own, self._moving = encoding, encoding

    @property
    def unit(self) -> float:
        """See `Moving`."""
        return self._moving.unit

    def encode(self, content: Any) -> Float32[np.ndarray, "time 3"]:
        """See `Moving.moves`; of points that are all the same, which can become one, two are kept."""
        found = np.asarray(self._moving.moves(content), np.float32)
        return found if len(found) > 1 else np.array([[0, 0, _GOES_ON], found[0]], np.float32)

    def vary(self, content: Any, random: np.random.Generator) -> Any:
        """As the input varies them."""
        return self.own.vary(content, random)

    def to_dict(self) -> dict[str, Any]:
        """That of the input's own."""
        return self.own.to_dict()


class Gaussian:
    """Every move by itself: a Gaussian of full covariance, and how often the pen does what.

    Args:
        mean: (2,) of moves.
        covariance: (2, 2).
        shares: (states,) of what the pen does.
    """

    def __init__(self, mean: Any, covariance: Any, shares: Any) -> None:
        self.mean, self.covariance = np.array(mean, np.float64), np.array(covariance, np.float64)
        self.shares = np.array(shares, np.float64)

    @classmethod
    def learn(cls, moves: Sequence[Float32[np.ndarray, "_ 3"]]) -> "Gaussian":
        """Of the moves after the first of each."""
        every = np.concatenate([one[1:] for one in moves]).astype(np.float64)
        covariance = np.cov(every[:, :2].T, bias=True) + _LEAST * np.eye(2)
        counts = np.bincount(every[:, 2].astype(np.int64), minlength=STATES) + 1 / STATES
        return cls(every[:, :2].mean(axis=0), covariance, counts / counts.sum())

    def surprise(self, moves: Float32[np.ndarray, "time 3"]) -> Float32[np.ndarray, "steps 2"]:
        """The negative log density of each move but the first, and of what the pen does there, in nats."""
        own = moves[1:].astype(np.float64)
        apart = own[:, :2] - self.mean
        distance = (apart @ np.linalg.inv(self.covariance) * apart).sum(axis=1)
        log_size = np.linalg.slogdet(2 * np.pi * self.covariance)[1]
        pen = -np.log(self.shares[own[:, 2].astype(np.int64)])
        return np.stack([0.5 * (distance + log_size), pen], axis=1).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {name: getattr(self, name).tolist() for name in ("mean", "covariance", "shares")}


class Target:
    """The text of each ink, if the net writes texts, and what moves are like.

    Args:
        label: Column of the texts; "none": there are none.
        alphabet: Their characters.
        gaussian: What is known without a net.
        pace: Symbols that are written in a step, on average.

    Attributes:
        column: What is told.
    """

    column = "the next point"

    def __init__(self, label: str, alphabet: Alphabet | None, gaussian: Gaussian, pace: float) -> None:
        self.label, self.alphabet, self.gaussian, self.pace = label, alphabet, gaussian, pace

    @classmethod
    def learn(cls, data: Data, train: Examples) -> "Target":
        """Learn the alphabet of all that is given to train on, and moves from the training part.

        Raises:
            DataError: The column of texts that is named is not there, or a text is missing.
        """
        config, found = data.config, data.train.kept.told
        label = NO_TEXT
        if config.label != NO_TEXT and (found is not None or config.label != "auto"):
            label = text_column(data.train, found, "Name the column with label=, or label=none for no text.")
        alphabet = None
        if label != NO_TEXT:
            texts = iter(texts_of(data.train, label))
            alphabet = learn_alphabet(texts, "character", max_size=_MOST_CHARACTERS)
        encoding = MovesEncoding(data.input.learn(train.contents, config))
        moves = [encoding.encode(one) for one in train.contents]
        own = cls(label, alphabet, Gaussian.learn(moves), 1.0)
        symbols = sum(map(len, own.encode(train)))
        return cls(label, alphabet, own.gaussian, symbols / sum(map(len, moves)))

    @property
    def symbols(self) -> int:
        """How many symbols texts are made of; 0: there are no texts."""
        return 0 if self.alphabet is None else len(self.alphabet)

    def encode(self, examples: Examples) -> list[Int64[np.ndarray, " symbols"]]:
        """The symbols of each text and its end; those that training did not meet are left out.

        Raises:
            DataError: There is no such column, or a text is missing.
        """
        if self.alphabet is None:
            return [np.full(1, END, np.int64)] * len(examples)
        return [self.numbers(one) for one in texts_of(examples, self.label)]

    def numbers(self, text: str) -> Int64[np.ndarray, " symbols"]:
        """The symbols of a text and its end."""
        if self.alphabet is None:
            return np.full(1, END, np.int64)
        ids = self.alphabet.ids(text).astype(np.int64)
        return np.append(ids[ids != UNKNOWN], END)

    def unknown(self, text: str) -> list[str]:
        """The characters of a text that training did not meet."""
        if self.alphabet is None:
            return []
        return [one for one in dict.fromkeys(text) if UNKNOWN in self.alphabet.ids(one)]

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        alphabet = None if self.alphabet is None else self.alphabet.to_dict()
        own = {"label": self.label, "alphabet": alphabet, "gaussian": self.gaussian.to_dict()}
        return {**own, "pace": self.pace}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "Target":
        """The same again from what `to_dict` gave."""
        alphabet = description["alphabet"]
        revived = None if alphabet is None else revive_alphabet(alphabet)
        gaussian = Gaussian(**description["gaussian"])
        return cls(str(description["label"]), revived, gaussian, float(description["pace"]))


def find_text(frame: pl.DataFrame) -> str | None:
    """The column of texts: the first with a known name."""
    texts = {one.name.lower(): one.name for one in frame if one.dtype == pl.String}
    return next((texts[name] for name in COLUMN_NAMES if name in texts), None)


def texts_of(examples: Examples, column: str) -> list[str]:
    """The texts, with single spaces.

    Raises:
        DataError: There is no such column, or one is missing.
    """
    if column not in examples.columns.columns:
        raise DataError(
            f"{examples.table.source} has no column {column!r}; its columns are "
            f"{listed(examples.columns.columns, 30)}",
            "the texts that the ink says, as in training",
            "Add it.",
        )
    texts = examples.columns[column].cast(pl.String).to_list()
    missing = next((at for at, one in enumerate(texts) if one is None or not one.strip()), None)
    if missing is not None:
        raise DataError(
            f"{examples.places[missing]} has no {column}", "the text that the ink says", "Add it."
        )
    return [" ".join(one.split()) for one in texts]
