"""The search that options ask for; no torch, for streams."""

from collections.abc import Callable
from pathlib import Path

from recurra.data.encoding import decoded
from recurra.decoding.transcription import BestPath, Decoder, PrefixBeam, Scorer, Together, WordList
from recurra.errors import ConfigError
from recurra.experiment.fusion import LanguageScorer
from recurra.experiment.script import Script
from recurra.files import read_bytes
from recurra.tasks.transcribe.config import Search


def decoder_of(options: Search, script: Script) -> Callable[[], Decoder]:
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
        return BestPath
    if options.words is not None:
        path = Path(options.words).expanduser()
        listed = decoded(read_bytes(path), str(path)).split()
        scorers.append(WordList(listed, script.pieces()))
    if options.language_model is not None:
        run = Path(options.language_model).expanduser()
        scorers.append(LanguageScorer.of_run(run, script.pieces(), options.language_weight))
    scorer = Together(scorers, options.symbol_bonus) if scorers or options.symbol_bonus else None
    return lambda: PrefixBeam(options.beam, scorer)
