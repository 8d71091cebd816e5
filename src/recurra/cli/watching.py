"""The loop of `recurra stream` over a video: frames in, lines of JSON out, until one of both ends.

Nothing here imports torch.
"""

import io
import sys
from pathlib import Path
from typing import Any, cast

from recurra.cli.interruption import PIPE_CLOSED, Signals, Stopped, nobody_reads
from recurra.cli.listening import STANDARD_INPUT, check_no_rows
from recurra.cli.stream_options import Options
from recurra.data.video import frames_as_they_come
from recurra.errors import ConfigError, DataError
from recurra.experiment.live import LiveSequences
from recurra.experiment.row import JSONWriter
from recurra.inputs.live import SeesVideo
from recurra.streaming import Live
from recurra.tasks.predictor import load_predictor

_CAMERAS, _CAMERA_FORM = "/dev/video", "v4l2"
_FLAG = "--video"
_PATIENCE = 10.0  # seconds in which an address has to send something
_PIPED = (
    "Pipe what can be read from its beginning: ffmpeg -i FILE -f matroska - | recurra stream RUN --video -"
)


def watch(options: Options, signals: Signals) -> int:
    """Write what a run says after each frame of a video, in a line as soon as it is known.

    Returns:
        The exit code: 0 at the end of the video, 141 where nobody reads on.

    Raises:
        ConfigError: The run sees no videos, or an option does not go with them.
        DataError: The video cannot be read.
        Stopped: A signal came.
    """
    check_no_rows(options, _FLAG, "frames")
    if options.pairs or options.sound_rate is not None:
        got = options.pairs[0] if options.pairs else f"--rate {options.sound_rate}"
        raise ConfigError(f"{got} with {_FLAG}", "sound, which it is about", "Leave it out.")
    live = load_predictor(options.folder, options.weights)
    seen: object = live.input if isinstance(live, LiveSequences) else None
    if not isinstance(seen, SeesVideo):
        raise ConfigError(f"{_FLAG} for a run that sees no videos", "one of videos", f"Leave {_FLAG} out.")
    try:
        _tell(live, seen, str(options.video), signals)
    except BrokenPipeError:
        nobody_reads()
        return PIPE_CLOSED
    return 0


def _tell(live: Live, seen: SeesVideo, place: str, signals: Signals) -> None:
    pipe = _Pipe(signals) if place == STANDARD_INPUT else None
    form = _CAMERA_FORM if place.startswith(_CAMERAS) else None
    source: Any = pipe or _checked(place)
    name = "what comes from stdin" if pipe else place
    writer = JSONWriter(bare=False)
    try:
        patience = _PATIENCE if "://" in place else None
        frames = frames_as_they_come(
            source, name, seen.rate, seen.frame_size, grey=seen.grey, form=form, patience=patience
        )
        for number, frame in enumerate(frames):
            signals.check()
            told = live.predict({"frame": frame})
            with signals.waiting():
                sys.stdout.write(writer.text({"seconds": number / seen.rate}, told.values))
                sys.stdout.flush()
            if pipe is not None and pipe.stopped is not None:
                raise pipe.stopped
    except DataError as error:
        signals.check()  # which FFmpeg does not hear of while it waits
        if pipe is None:
            raise
        if pipe.stopped is not None:
            raise pipe.stopped from None
        raise DataError(error.got, error.expected, _PIPED) from error
    if pipe is not None and pipe.stopped is not None:
        raise pipe.stopped


def _checked(place: str) -> str:
    """A path that is there, or an address.

    Raises:
        DataError: There is nothing at it.
    """
    if "://" in place:
        return place
    path = Path(place).expanduser()
    if path.is_dir() or not path.exists():
        state = "is a folder" if path.is_dir() else "is not there"
        raise DataError(f"{place} {state}", "a video, or - for stdin", "Check the path.")
    return str(path)


class _Pipe:
    """Standard input, whose bytes are handed on as soon as there are some; a signal ends it.

    Attributes:
        stopped: The signal, which FFmpeg would swallow where it comes.

    Raises:
        DataError: There is no standard input.
    """

    def __init__(self, signals: Signals) -> None:
        if sys.stdin is None:
            raise DataError(
                "a standard input that is closed", "a video", "Pipe it in: ... | recurra stream RUN --video -"
            )
        self._file, self._signals = cast("io.BufferedIOBase", sys.stdin.buffer), signals
        self.stopped: Stopped | None = None

    def read(self, count: int) -> bytes:
        """At most so many bytes, none at the end or after a signal."""
        try:
            with self._signals.waiting():
                self._signals.check()
                return self._file.read1(count)
        except Stopped as stop:
            self.stopped = stop
            return b""
