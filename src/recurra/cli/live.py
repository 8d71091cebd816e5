"""The loop of `recurra stream`: a line in, a line out, until somebody or something ends it.

Nothing here imports torch or typer, so that the process is small and ready at once.
"""

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain

from recurra.cli import screen
from recurra.cli.interruption import PIPE_CLOSED, Signals, nobody_reads, under_signals
from recurra.cli.lines import MOST_TOLD, NONE_USABLE, lines
from recurra.cli.stream_options import Options
from recurra.cli.stream_state import Pace, check_place, load_state, save_state
from recurra.errors import ConfigError, DataError
from recurra.experiment.row import (
    CSVReader,
    CSVWriter,
    JSONReader,
    JSONWriter,
    Row,
    Writer,
    check_format,
    form_of,
)
from recurra.streaming import Live
from recurra.tasks.predictor import load_predictor, speaker_of

ON_ERROR = ("emit", "skip", "stop")


def run_stream(options: Options) -> int:
    """Read rows on stdin and write a prediction for each on stdout; or sound, or video.

    Returns:
        The exit code: 0 at the end of the rows, 2 after a mistake in what was given or where no row could be
        used, 130 after Ctrl-C, 143 after the termination signal, 141 where nobody reads on, 1 after any other
        failure of ours.
    """
    return under_signals(partial(_run, options))


def _run(options: Options, signals: Signals) -> int:
    speaker = speaker_of(options.folder)
    if speaker is not None:
        from recurra.cli.speaking import speak

        return speak(options, speaker, signals)
    if options.output is not None:
        raise ConfigError(
            f"--output {options.output} of a run that does not speak", "answers on stdout", "Use >."
        )
    if options.audio is not None or options.microphone:
        from recurra.cli.listening import listen

        return listen(options, signals)
    if options.video is not None:
        from recurra.cli.watching import watch

        return watch(options, signals)
    return _of_rows(options, signals)


def _of_rows(options: Options, signals: Signals) -> int:
    if options.pairs or options.sound_rate is not None:
        got = options.pairs[0] if options.pairs else f"--rate {options.sound_rate}"
        raise ConfigError(f"{got} without --audio", "sound, which it is about", "Add --audio -")
    check_format(options.format)
    if options.on_error not in ON_ERROR:
        raise ConfigError(
            f"--on-error is {options.on_error!r}", f"one of {', '.join(ON_ERROR)}", "Choose one of these."
        )
    options.check_time_format()
    levels = options.levels
    pace = Pace.parse(options.save_every, with_state=options.state is not None)
    if options.state is not None:
        check_place(options.state)
    predictor = load_predictor(options.folder, options.weights, levels, options.rate)
    if options.time_format is not None:
        predictor.read_times(options.time_format)
    for sentence in predictor.about:
        screen.note(f"note: {sentence}")
    before = 0 if options.state is None else load_state(options.state, predictor)
    stream = _Stream(predictor, signals, options, before, pace)
    try:
        stream.run()
    except BrokenPipeError:
        nobody_reads()
        return PIPE_CLOSED
    finally:
        stream.save()
        stream.tell_faults()
    return NONE_USABLE if stream.faults and not stream.rows else 0


class _Stream:
    """One pass over stdin.

    Attributes:
        rows: How many rows were taken.
        faults: The lines of those that could not be used.
    """

    def __init__(self, predictor: Live, signals: Signals, options: Options, before: int, pace: Pace) -> None:
        self._predictor, self._signals, self._options = predictor, signals, options
        self._before, self._pace = before, pace
        self.rows = 0
        self.faults: list[int] = []
        self._notes = 0

    def run(self) -> None:
        """Until there are no more lines.

        Raises:
            DataError: A row cannot be used, and that is to stop the stream; the message names its line.
            BrokenPipeError: Nobody reads the predictions.
        """
        given = lines(self._signals)
        opening = []
        for line in given:
            opening.append(line)
            if line.strip():
                form = form_of(self._options.format, line)
                reader = CSVReader(self._predictor.check_columns) if form == "csv" else JSONReader()
                as_csv = form == "csv" and not self._options.as_json
                writer = CSVWriter() if as_csv else JSONWriter(bare=self._predictor.bare)
                self._answer(reader.rows(chain(opening, given)), writer)
                return

    def _answer(self, rows: Iterator[Row], writer: Writer) -> None:
        for row in rows:
            text = "".join(self._answers(row, writer))
            self.rows += self.faults[-1:] != [row.number]
            with self._signals.waiting():
                sys.stdout.write(text)
                sys.stdout.flush()
            if self._pace.is_due(self.rows):
                self.save()

    def _answers(self, row: Row, writer: Writer) -> Iterator[str]:
        """What is said of a row: a line for each series that it holds."""
        try:
            if isinstance(row.content, DataError):
                raise row.content
            parts = self._predictor.split(row.content)
        except DataError as error:
            yield self._at_fault(row.number, error, writer)
            return
        for part in parts:
            try:
                kept, values, notes = self._predictor.predict(part)
                text = writer.text(kept, values)
            except DataError as error:
                yield self._at_fault(row.number, error, writer)
            else:
                self._tell(notes)
                yield text

    def _tell(self, notes: Sequence[str]) -> None:
        for sentence in notes:
            self._notes += 1
            if self._notes <= MOST_TOLD:
                screen.note(f"note: {sentence}")
            elif self._notes == MOST_TOLD + 1:
                screen.note("note: more such notes are left out")

    def _at_fault(self, number: int, error: DataError, writer: Writer) -> str:
        if self._options.on_error == "stop":
            raise DataError(f"line {number}: {error.got}", error.expected, error.remedy) from error
        if self.faults[-1:] != [number]:
            self.faults.append(number)
        if len(self.faults) <= MOST_TOLD and not writer.tells_faults:
            screen.note(f"line {number}: {error.got}; expected {error.expected}")
        return "" if self._options.on_error == "skip" else writer.fault(number, error)

    def save(self) -> None:
        """Leave the state where it is wanted."""
        if self._options.state is not None:
            save_state(self._options.state, self._predictor, self._before + self.rows)

    def tell_faults(self) -> None:
        """Say how many rows could not be used, if any."""
        if self.faults:
            shown = ", ".join(map(str, self.faults[:MOST_TOLD]))
            more = ", ..." if len(self.faults) > MOST_TOLD else ""
            lines = "line" if len(self.faults) == 1 else "lines"
            screen.note(f"{self.rows:,} rows taken, {len(self.faults):,} not usable: {lines} {shown}{more}")
