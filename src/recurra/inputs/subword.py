"""Pieces of words, by byte-pair encoding (Sennrich, Haddow & Birch 2016) with Hugging Face's tokenizers."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from recurra.errors import DamagedError, DataError, MissingDependencyError

_SPECIAL = ("<pad>", "<unk>", "<end>")  # numbers 0 and 1, as in a Vocabulary; 2 only where an end is told
_BYTES = 256


class Subwords:
    """A trained byte-pair encoding: any text can be written with it.

    Args:
        description: The tokenizer as tokenizers' JSON.

    Raises:
        MissingDependencyError: tokenizers is not installed.
        DamagedError: tokenizers cannot read the description.
    """

    def __init__(self, description: str) -> None:
        library = _tokenizers()
        try:
            self._tokenizer = library.Tokenizer.from_str(description)
        except Exception as error:  # what tokenizers raises has no type of its own
            raise DamagedError(
                f"a byte-pair encoding that cannot be read ({error})",
                "the JSON of tokenizers",
                "Restore the file.",
            ) from error
        self._description = description

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        *,
        max_size: int,
        min_count: int = 1,
        reserved: int = 2,
        prefix: bool = True,
    ) -> "Subwords":
        """Merge the most frequent neighbours until there are `max_size` pieces, bytes among them.

        Args:
            texts: What to learn from.
            max_size: At most so many pieces.
            min_count: How often neighbours come at least.
            reserved: How many numbers stand for no piece: padding, unknown, and, of 3, an end.
            prefix: Whether the first word of a text is read as if a space stood before it.
        """
        library = _tokenizers()
        tokenizer = library.Tokenizer(library.models.BPE(unk_token=_SPECIAL[1]))
        tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=prefix)
        trainer = library.trainers.BpeTrainer(
            vocab_size=max(max_size, _BYTES) + reserved,
            min_frequency=max(min_count, 2),
            special_tokens=list(_SPECIAL[:reserved]),
            initial_alphabet=library.pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer.to_str())

    def ids(self, text: Any) -> list[int]:
        """The numbers of the pieces of a text.

        Raises:
            DataError: It is no text.
        """
        if not isinstance(text, str):
            raise DataError("a list of tokens", "a text, since tokens is subword", "Join the tokens.")
        found: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return found

    def __len__(self) -> int:
        """How many numbers there are, padding and unknown among them."""
        return int(self._tokenizer.get_vocab_size())

    def bytes_of_pieces(self) -> list[bytes]:
        """The bytes that each number stands for; none for those that stand for no piece."""
        pieces = {number: piece for piece, number in self._tokenizer.get_vocab().items()}
        letters = {letter: byte for byte, letter in enumerate(_byte_letters())}
        return [
            b"" if pieces[number] in _SPECIAL else bytes(letters[letter] for letter in pieces[number])
            for number in range(len(self))
        ]

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs, as JSON has it."""
        return {"tokenizer": json.loads(self._description)}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> "Subwords":
        """The encoding that `to_dict` described."""
        return cls(json.dumps(description["tokenizer"]))


def _byte_letters() -> list[str]:
    """The letter that a byte-level encoding writes for each byte: itself where it can be seen."""
    seen = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    hidden = iter(range(_BYTES, 2 * _BYTES))
    return [chr(byte) if byte in seen else chr(next(hidden)) for byte in range(_BYTES)]


def _tokenizers() -> Any:
    try:
        import tokenizers  # noqa: PLC0415
        import tokenizers.models  # noqa: PLC0415
        import tokenizers.pre_tokenizers  # noqa: PLC0415
        import tokenizers.trainers  # noqa: PLC0415
    except ImportError as error:
        raise MissingDependencyError(
            "tokens=subword needs tokenizers",
            "tokenizers to be installed",
            "Run: pip install 'recurra[text]'",
        ) from error
    return tokenizers
