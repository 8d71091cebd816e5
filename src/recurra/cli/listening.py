"""The loop of `recurra stream` over sound: sound in, lines of JSON out, until one of both ends.

Nothing here imports torch.
"""

import io
import json
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from recurra.cli.interruption import PIPE_CLOSED, Signals, Stopped, nobody_reads
from recurra.cli.microphone import microphone
from recurra.cli.setting import parse_settings
from recurra.cli.stream_options import Options
from recurra.config import validated
from recurra.data.pcm import Read, SoundStream, open_stream, raw_stream
from recurra.data.sound import is_sound
from recurra.errors import ConfigError, DataError
from recurra.experiment.listening import Event, Listener, usual_rate
from recurra.files import damage_told
from recurra.tasks.predictor import program_of
from recurra.tasks.registry import entry

STANDARD_INPUT = "-"
_OF_ROWS = ("format", "state", "save_every", "on_error", "level", "time_format", "adaptive", "adaptive_rate")


def listen(options: Options, signals: Signals) -> int:
    """Write what a run says of sound, each event in a line as soon as it is known.

    Returns:
        The exit code: 0 at the end of the sound, 141 where nobody reads on.

    Raises:
        ConfigError: The run does not listen, or an option does not go with sound.
        DataError: The sound cannot be read, or there is none.
        Stopped: A signal came.
    """
    flag = "--microphone" if options.microphone else "--audio"
    _check(options, flag)
    program = program_of(options.folder)
    name = program.metadata.get("task")
    home = "" if name is None else entry(str(name)).listener
    if not home:
        what = "a program of no task" if name is None else f"a run of task {name}"
        raise ConfigError(f"{flag} for {what}", "a run of a task that listens", f"Leave {flag} out.")
    kind: type[Listener] = entry(str(name)).load("listener")
    settings = validated(kind.options, parse_settings([kind.options], options.pairs, {}))
    with _stream(options, usual_rate(program), signals) as stream:
        with damage_told(options.folder):
            listener = kind(program, settings, options.weights, stream.rate)
        try:
            _tell(listener, stream, signals)
        except BrokenPipeError:
            nobody_reads()
            return PIPE_CLOSED
    return 0


def _tell(listener: Listener, stream: SoundStream, signals: Signals) -> None:
    """Write what is said; a signal ends the sound, and what it was is told where somebody reads."""
    heard, stopped = False, None
    try:
        for samples in stream.pieces:
            heard = True
            for event in listener.push(samples):
                _write(event, signals)
    except Stopped as stop:
        if not heard or not select.select([], [sys.stdout], [], 0)[1]:
            raise
        stopped = stop
    if not heard:
        raise DataError("a stream of sound without a sample", "sound", "Check what comes before the pipe.")
    for event in listener.end():
        _write(event, signals)
    if stopped is not None:
        raise stopped


def _write(event: Event, signals: Signals) -> None:
    with signals.waiting():
        sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
        sys.stdout.flush()


@contextmanager
def _stream(options: Options, usual: int, signals: Signals) -> Iterator[SoundStream]:
    """The sound of a file, of stdin or of the microphone, as it comes."""
    if options.microphone:
        rate = options.sound_rate or usual
        with microphone(rate, signals) as read:
            yield raw_stream(read, rate)
        return
    place = str(options.audio)
    with _opened(place, signals) as read:
        yield open_stream(read, options.sound_rate, usual, raw=not is_sound(Path(place)))


@contextmanager
def _opened(place: str, signals: Signals) -> Iterator[Read]:
    """Reads what is there of a file or stdin, as soon as there is something; signals end the waiting."""

    def reader(file: io.BufferedIOBase) -> Read:
        def read(count: int) -> bytes:
            with signals.waiting():
                signals.check()
                return file.read1(count)

        return read

    if place == STANDARD_INPUT:
        if sys.stdin is None:
            raise DataError("a standard input that is closed", "sound", "Pipe it in: ... | recurra stream.")
        yield reader(cast("io.BufferedIOBase", sys.stdin.buffer))
        return
    try:
        file = Path(place).expanduser().open("rb")
    except OSError as error:
        raise DataError(
            f"{place} cannot be read ({error.strerror})", "a WAV file, or -", "Check it."
        ) from error
    with file:
        yield reader(file)


def _check(options: Options, flag: str) -> None:
    """Make sure that sound comes from one place, and that no option of rows is given.

    Raises:
        ConfigError: It is not so.
    """
    if options.microphone and options.audio is not None:
        raise ConfigError("--audio and --microphone", "one of them", "Leave the other out.")
    if options.video is not None:
        raise ConfigError(f"{flag} and --video", "one of them", "Leave the other out.")
    check_no_rows(options, flag, "sound")


def check_no_rows(options: Options, flag: str, what: str) -> None:
    """Make sure that no option of rows is given where something else comes.

    Raises:
        ConfigError: One is.
    """
    usual = Options(options.folder)
    for name in _OF_ROWS:
        if getattr(options, name) != getattr(usual, name):
            wrong = f"--{name.replace('_', '-')}"
            raise ConfigError(f"{wrong} with {flag}", f"rows, not {what}", f"Leave {wrong} out.")
