"""`recurra stream`: a prediction for every row, as rows come in."""

from pathlib import Path
from typing import Annotated

import typer

from recurra.cli.stream_options import Options

Option = typer.Option
Run = Annotated[
    Path,
    typer.Argument(metavar="RUN", help="A run folder, or an exported program's folder."),
]
Weights = Annotated[
    str, Option(metavar="TYPE", help="How weights are kept: float32, bfloat16 (half the memory), int8.")
]
Format = Annotated[
    str,
    Option(
        "--format",
        metavar="FORMAT",
        help="Of rows and predictions: jsonl (objects, lists or numbers), csv (with a header), or auto, "
        "which looks at the first row; of speech wav or raw (16 bits).",
    ),
]
State = Annotated[
    Path | None,
    Option(
        metavar="FILE", help="Go on from the state in FILE if it is there, and leave it there at the end."
    ),
]
SaveEvery = Annotated[
    str | None,
    Option(metavar="N", help="Leave the state after every N rows, or seconds (30s), too; needs --state."),
]
OnError = Annotated[
    str,
    Option(
        metavar="WHAT",
        help="With a row that cannot be used: emit (an error in its place, and go on), skip, or stop.",
    ),
]
Level = Annotated[
    str | None, Option(metavar="LEVELS", help="Intervals of forecasts too, in percent, such as 80,95.")
]
TimeFormat = Annotated[
    str | None,
    Option(
        "--time-format",
        metavar="FORMAT",
        help="How times are written, where not as in training: %d/%m/%Y %H:%M, or epoch_s (ms, us, ns).",
    ),
]
Adaptive = Annotated[
    bool,
    Option(
        "--adaptive",
        help="Let intervals follow what comes, for each series and step ahead: wider where they miss more "
        "than --level allows, narrower where less.",
    ),
]
AdaptiveRate = Annotated[
    str | None,
    Option(
        "--adaptive-rate",
        metavar="RATE",
        help="How fast they do; without it 0.05: a miss widens intervals of 80 by 4 %, a hit narrows them by "
        "1 %.",
    ),
]
AsJson = Annotated[
    bool, Option("--json", help="Write predictions as JSON Lines, whatever form the rows have.")
]

Audio = Annotated[
    str | None,
    Option(metavar="FILE", help="Listen to sound in place of rows: a WAV or raw samples; - for stdin."),
]
Microphone = Annotated[bool, Option("--microphone", help="Listen to the microphone in place of rows.")]
SoundRate = Annotated[
    int | None,
    Option(
        "--rate",
        metavar="HERTZ",
        min=1,
        help="Samples a second of raw sound (16 bits, little-endian, one channel), or of the microphone; "
        "without it those that the net was trained with.",
    ),
]
Video = Annotated[
    str | None,
    Option(
        metavar="FILE",
        help="Watch a video in place of rows: a file, a camera such as /dev/video0, an address (rtsp://...), "
        "or - for stdin.",
    ),
]
Output = Annotated[
    Path | None, Option("-o", "--output", metavar="FILE", help="Write what is spoken as WAV; else stdout.")
]
Pairs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE", help="How to listen, with --audio: endpoint=0.5, beam=8; how to speak: pause=1."
    ),
]


def stream(
    run: Run,
    pairs: Pairs = None,
    *,
    audio: Audio = None,
    microphone: Microphone = False,
    rate: SoundRate = None,
    weights: Weights = "float32",
    format: Format = "auto",
    state: State = None,
    save_every: SaveEvery = None,
    on_error: OnError = "emit",
    level: Level = None,
    time_format: TimeFormat = None,
    adaptive: Adaptive = False,
    adaptive_rate: AdaptiveRate = None,
    as_json: AsJson = False,
    output: Output = None,
    video: Video = None,
) -> None:
    """Tell of each row of a stream, of sound or frames, or say what comes.

    Examples:
      recurra stream runs/sales < newest.csv
      tail -f sensor.jsonl | recurra stream runs/sensor --state sensor.state
      recurra stream runs/sales --level 80,95 --adaptive < newest.csv
      recurra train forecast sales.csv --horizon 7 preset=streaming  for speed
      arecord -f S16_LE -r 16000 | recurra stream runs/said --audio - endpoint=0.5
      recurra stream runs/words --microphone
      ffmpeg -i rtsp://camera -f matroska - | recurra stream runs/acts --video -
      recurra stream runs/voice < lines.txt | aplay
    """
    from recurra.cli.live import run_stream

    given = (run, weights, format, state, save_every, on_error, as_json, level, time_format)
    sound = (audio, rate, tuple(pairs or ()), microphone, output, video)
    code = run_stream(Options(*given, adaptive, adaptive_rate, *sound))
    if code:
        raise typer.Exit(code)
