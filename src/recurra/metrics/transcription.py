"""How far texts are from what was said: rates of wrong words and characters, by jiwer."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from recurra.errors import MissingDependencyError
from recurra.metrics.metric import Metric

METRICS = (
    Metric("wer", "WER", "words to put in, leave out or change, for each word of the truth", unit="share"),
    Metric("cer", "CER", "the same of characters, spaces among them", unit="share"),
    Metric(
        "exact_match", "Exact match", "share of the texts that are right as a whole", "high", unit="share"
    ),
)
Normalization = Literal["spaces", "case", "words"]
_WORD_SIGNS = ("L", "M", "N", "S")  # letters, marks, numbers and symbols by Unicode's categories
_INSIDE = re.compile(r"(?<=\w)['\N{RIGHT SINGLE QUOTATION MARK}-](?=\w)")


class Chunk(NamedTuple):
    """Words that stand for each other.

    Attributes:
        kind: "equal", "substitute", "insert" (only the answer has them) or "delete" (only the truth has).
        truth, told: The words.
    """

    kind: str
    truth: tuple[str, ...]
    told: tuple[str, ...]


def normalized(text: str, how: Normalization) -> str:
    """A text as it is learnt and compared.

    Args:
        text: The text.
        how: "spaces": one space stands between words, none at the ends, and Unicode is composed (NFC).
            "case": letters are small, too. "words": punctuation is left out, too, but apostrophes and hyphens
            within words; what is joined by it falls apart ("3,5" is "3 5").
    """
    plain = unicodedata.normalize("NFC", text)
    if how != "spaces":
        plain = plain.lower()
    if how == "words":
        inside = {match.start() for match in _INSIDE.finditer(plain)}
        plain = "".join(
            one if at in inside or unicodedata.category(one)[0] in _WORD_SIGNS else " "
            for at, one in enumerate(plain)
        )
    return " ".join(plain.split())


def transcription_scores(told: Sequence[str], truth: Sequence[str]) -> dict[str, float]:
    """WER and CER over all texts together, and the share that is right as a whole.

    Where the truth holds no word at all, a rate is 0 if nothing is told, else 1.
    """
    right = sum(one == other for one, other in zip(told, truth, strict=True)) / max(len(truth), 1)
    if not any(one.strip() for one in truth):
        wrong = float(any(one.strip() for one in told))
        return {"wer": wrong, "cer": wrong, "exact_match": right}
    library = _jiwer()
    words = library.process_words(list(truth), list(told))
    characters = library.process_characters(list(truth), list(told))
    return {"wer": float(words.wer), "cer": float(characters.cer), "exact_match": right}


def word_chunks(told: str, truth: str) -> list[Chunk]:
    """The words of an answer beside those of the truth, with the fewest changes."""
    found = _jiwer().process_words([truth], [told])
    said, heard = found.references[0], found.hypotheses[0]
    return [
        Chunk(
            one.type,
            tuple(said[one.ref_start_idx : one.ref_end_idx]),
            tuple(heard[one.hyp_start_idx : one.hyp_end_idx]),
        )
        for one in found.alignments[0]
    ]


def _jiwer() -> Any:
    try:
        import jiwer  # noqa: PLC0415
    except ImportError as error:
        raise MissingDependencyError(
            "word error rates need jiwer", "jiwer to be installed", "Run: pip install 'recurra[audio]'"
        ) from error
    return jiwer
