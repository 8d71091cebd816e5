"""The loop of `recurra stream` over a run that speaks: lines in, sound out, until somebody ends it."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np

from recurra.cli import screen
from recurra.cli.interruption import PIPE_CLOSED, Signals, nobody_reads
from recurra.cli.lines import MOST_TOLD, NONE_USABLE, lines
from recurra.cli.setting import parse_settings
from recurra.cli.stream_options import Options
from recurra.config import validated
from recurra.data.pcm import to_bytes, wav_header
from recurra.errors import ConfigError, DataError, StorageError
from recurra.experiment.artifact import load_fitted
from recurra.files import damage_told
from recurra.tasks.registry import Entry

_OF_ROWS = (
    "weights", "state", "save_every", "level", "time_format", "adaptive", "adaptive_rate", "as_json",
    "audio", "sound_rate", "microphone",
)  # fmt: skip
_FORMATS = ("wav", "raw", "auto")


def speak(options: Options, entry: Entry, signals: Signals) -> int:
    """Say each line as soon as it is there, with a pause after it, as WAV or as raw samples of 16 bits.

    Returns:
        The exit code: 0 at the end of the lines, 2 where none could be said, 141 where nobody listens on.

    Raises:
        ConfigError: An option does not go with speech.
        DataError: A line cannot be said, and that is to stop the stream; the message names it.
        StorageError: The file cannot be written.
        Stopped: A signal came.
    """
    _check(options)
    kind = entry.load("answer")
    settings = validated(kind, parse_settings([kind], options.pairs, {}))
    with damage_told(options.folder):
        voice = entry.load("voice")(load_fitted(entry.load("task"), options.folder, device="cpu"), settings)
    with _opened(options) as file:
        try:
            said, faults = _say_all(voice, file, options, signals)
        except BrokenPipeError:
            nobody_reads()
            return PIPE_CLOSED
    return NONE_USABLE if faults and not said else 0


def _say_all(voice: Any, file: io.BufferedIOBase, options: Options, signals: Signals) -> tuple[int, int]:
    """How many lines were said, and how many could not be."""
    said, faults, samples = 0, 0, 0
    headed = options.format != "raw"
    silence = np.zeros(round(voice.pause * voice.rate), np.float32)
    if headed:
        _write(file, wav_header(voice.rate, None), signals)
    try:
        for number, line in enumerate(lines(signals), start=1):
            if not line.strip():
                continue
            try:
                found = voice.say(line.encode("utf-8", "replace").decode().strip())
            except DataError as error:
                if options.on_error == "stop":
                    raise DataError(f"line {number}: {error.got}", error.expected, error.remedy) from error
                faults += 1
                _tell(f"line {number}: {error.got}; expected {error.expected}", faults)
                continue
            for sentence in found.notes:
                screen.note(f"note: line {number}: {sentence}")
            both = np.concatenate([found.samples, silence])
            _write(file, to_bytes(both), signals)
            said, samples = said + 1, samples + len(both)
    finally:
        if headed and options.output is not None:
            file.seek(0)
            file.write(wav_header(voice.rate, samples))
    return said, faults


def _tell(sentence: str, faults: int) -> None:
    if faults <= MOST_TOLD:
        screen.note(sentence)
    elif faults == MOST_TOLD + 1:
        screen.note("more such lines are left out")


def _write(file: io.BufferedIOBase, content: bytes, signals: Signals) -> None:
    with signals.waiting():
        file.write(content)
        file.flush()


@contextmanager
def _opened(options: Options) -> Iterator[io.BufferedIOBase]:
    if options.output is None:
        yield cast("io.BufferedIOBase", sys.stdout.buffer)
        return
    try:
        file = Path(options.output).expanduser().open("wb")
    except OSError as error:
        raise StorageError(
            f"{options.output} cannot be written ({error.strerror})", "a file", "Choose another place."
        ) from error
    with file:
        yield file


def _check(options: Options) -> None:
    """Make sure that no option of rows is given, and that sound has somewhere to go.

    Raises:
        ConfigError: One is, or it would go to a terminal.
    """
    usual = Options(options.folder)
    for name in _OF_ROWS:
        if getattr(options, name) != getattr(usual, name):
            flag = "--" + {"as_json": "json", "sound_rate": "rate"}.get(name, name).replace("_", "-")
            raise ConfigError(f"{flag} for a run that speaks", "texts, a line each", f"Leave {flag} out.")
    if options.format not in _FORMATS:
        raise ConfigError(f"--format is {options.format!r}", f"one of {', '.join(_FORMATS)}", "Choose one.")
    if options.output is None and sys.stdout.isatty():
        raise ConfigError("sound for a terminal", "a file or a player", "Add -o said.wav, or a pipe: | aplay")
