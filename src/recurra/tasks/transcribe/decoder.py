"""The search that options ask for; no torch, for streams."""

from collections.abc import Callable
from pathlib import Path

from recurra.decoding.transcription import Decoder, Reading, Scorer, Together, WordList
from recurra.errors import ConfigError, DataError
from recurra.experiment.fusion import LanguageScorer
from recurra.experiment.script import Script
from recurra.tasks.transcribe.config import Search


def decoder_of(options: Search, script: Script, reading: Reading) -> Callable[[], Decoder]:
    """Makes a decoder for each sequence.

    Raises:
        ConfigError: A list of words, or a language model, without a beam.
        DataError: The list cannot be read, or holds nothing.
    """
    scorers: list[Scorer] = []
    for name in ("words", "language_model"):
        if getattr(options, name) is not None and options.beam == 1:
            raise ConfigError(
                f"{name} with beam 1", "several beginnings to choose from", "Add --beam 16, or more."
            )
    if options.beam == 1:
        return reading.greedy
    if options.words is not None:
        scorers.append(WordList(_listed(Path(options.words).expanduser()), script.pieces()))
    if options.language_model is not None:
        run = Path(options.language_model).expanduser()
        scorers.append(LanguageScorer.of_run(run, script.pieces(), options.language_weight))
    scorer = Together(scorers, options.symbol_bonus) if scorers or options.symbol_bonus else None
    return lambda: reading.beam(options.beam, scorer)


def _listed(path: Path) -> list[str]:
    """The words of a file."""
    try:
        return path.read_text(encoding="utf-8-sig").split()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} cannot be read ({error})", "words in UTF-8, one a line", "Check it."
        ) from error
