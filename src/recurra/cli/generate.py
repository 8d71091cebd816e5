"""`recurra generate RUN`: what a net makes of nothing, or of a beginning."""

import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer

from recurra import files
from recurra.cli import screen
from recurra.cli.task_options import Run
from recurra.errors import ConfigError, DataError

Option = typer.Option


Pairs = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY=VALUE", help="Other options, such as repetition_penalty=1.2."),
]
Prompt = Annotated[
    str, Option(metavar="TEXT", help="What comes before; - reads it from stdin. Of notes also a file.")
]
Key = Annotated[
    str | None,
    Option(metavar="KEY", help="Only notes of a scale: kept (the prompt's), or such as 'F# minor'."),
]
Harmonise = Annotated[str | None, Option(metavar="FILE", help="A voice to which others are made, of notes.")]
Length = Annotated[str | None, Option(metavar="N", help="At most so many symbols; by default 500.")]
Temperature = Annotated[
    str | None, Option(metavar="T", help="Lower is likelier, 0 always the likeliest; by default 0.8.")
]
TopK = Annotated[str | None, Option(metavar="K", help="Only the K likeliest.")]
TopP = Annotated[str | None, Option(metavar="P", help="Only the likeliest of this probability together.")]
Bias = Annotated[
    str | None, Option(metavar="B", help="Of what draws: larger is neater and more alike; by default 0.5.")
]
Stop = Annotated[str | None, Option(metavar="TEXT", help="End before this text.")]
Seed = Annotated[str | None, Option(metavar="N", help="Where randomness starts; by default 0.")]
Samples = Annotated[int, Option(metavar="N", min=1, help="How many, each with the next seed.")]
AsStream = Annotated[bool, Option("--stream", help="Write each piece as soon as it is there.")]
Output = Annotated[
    Path | None, Option("-o", "--output", metavar="FILE", help="Write a file; left out: stdout.")
]
AsJson = Annotated[bool, Option("--json", help="Print one JSON object with what was made.")]


def generate(
    run: Run,
    pairs: Pairs = None,
    *,
    prompt: Prompt = "",
    length: Length = None,
    temperature: Temperature = None,
    top_k: TopK = None,
    top_p: TopP = None,
    bias: Bias = None,
    stop: Stop = None,
    seed: Seed = None,
    key: Key = None,
    harmonise: Harmonise = None,
    samples: Samples = 1,
    as_stream: AsStream = False,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Make something of nothing, or go on with a beginning.

    Examples:
      recurra generate runs/book
      recurra generate runs/book --prompt 'Once' --temperature 0.6 --stream
      recurra generate runs/book --length 2000 --top-p 0.9 --seed 7 -o chapter.txt
      recurra generate runs/book --samples 3 --json
      recurra generate runs/tunes --prompt theme.mid --key kept -o tune.mid
      recurra generate runs/tunes --harmonise melody.mid -o full.wav
      recurra generate runs/hand --prompt 'ink on paper' --bias 1 -o ink.svg
    """
    given = {"length": length, "temperature": temperature, "top_k": top_k, "top_p": top_p, "bias": bias}
    given |= {"stop": stop, "seed": seed, "key": key, "harmonise": harmonise}
    if as_stream and (as_json or output is not None):
        raise ConfigError("--stream with --json or --output", "one of them", "Leave --stream out.")
    generator, options = _ready(run, pairs or [], given, _typed() if prompt == "-" else prompt)
    if output is not None:
        generator.check_suffix(output.suffix.lower())
    start = generator.beginning(options.prompt)
    made = []
    for number in range(samples):
        pieces = generator.generate(options.model_copy(update={"seed": options.seed + number}))
        if as_json or output is not None:
            made.append("".join(pieces))
        else:
            before = "\n" * bool(number) + start if generator.repeats else ""
            _print(before, pieces, at_once=as_stream)
    if as_json:
        rows = [{"seed": options.seed + number, **generator.row(one)} for number, one in enumerate(made)]
        told = options.model_dump(exclude={"prompt", "seed"})
        screen.emit({"prompt": start, "options": told, "made": rows})
    if output is not None:
        _write_files(generator.files(start, made, output.suffix.lower(), options), output, options.seed)


def _typed() -> str:
    """What comes on stdin.

    Raises:
        DataError: It is no text.
    """
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise DataError(
            f"a prompt on stdin that is no text ({error.reason})",
            "UTF-8",
            "Name a file of it: --prompt FILE.",
        ) from error


def _write_files(contents: Sequence[bytes], output: Path, seed: int) -> None:
    """Write files of what was made; of several each with its seed in its name."""
    for number, content in enumerate(contents):
        path = output if len(contents) == 1 else output.with_stem(f"{output.stem}-{seed + number}")
        files.write_bytes(path, content)
        screen.note(f"{len(content):,} bytes written to {path}")


def _print(start: str, pieces: Iterator[str], *, at_once: bool) -> None:
    """Write what is made while it is made, so that it ends when nobody reads it any more."""
    first = next(pieces, "")  # before anything is written, so that a wrong prompt is told alone
    for piece in chain([start, first], pieces, ["\n"]):
        _write(piece)
        if at_once:
            sys.stdout.flush()


def _ready(run: Path, pairs: list[str], given: dict[str, str | None], prompt: str) -> tuple[Any, Any]:
    """What makes, and its options.

    Raises:
        ConfigError: The run is of a task that makes nothing, or an option is wrong.
        DamagedError: A file of the run is missing, truncated or altered.
    """
    from recurra.cli.setting import parse_settings
    from recurra.config import validated
    from recurra.tasks.predictor import program_of
    from recurra.tasks.registry import entries, entry_of_run

    entry = entry_of_run(run)
    if not entry.generator and not entry.maker:
        able = [name for name, one in entries().items() if one.generator or one.maker]
        raise ConfigError(
            f"{run} is a run of task {entry.name}, which tells of data",
            f"one of task {', '.join(able)}, which makes something",
            "Use predict.",
        )
    kind = entry.load("generator" if entry.generator else "maker")
    flags = {key: text for key, text in given.items() if text is not None}
    twice = next((key for key in flags if any(pair.startswith(f"{key}=") for pair in pairs)), None)
    if twice is not None:
        raise ConfigError(f"{twice} twice, as an option and as a setting", "it once", "Leave one out.")
    if entry.generator:
        generator = kind.of_program(program_of(run))
    else:
        from recurra.experiment.artifact import load_fitted

        generator = kind(load_fitted(entry.load("task"), run, device="cpu"))
    given_pairs = parse_settings([generator.options], pairs, {})
    return generator, validated(generator.options, {**given_pairs, **flags, "prompt": prompt})


def _write(text: str) -> None:
    if sys.stdout.isatty():  # what a corpus holds of control characters must not reach the terminal
        text = "".join(one if one.isprintable() or one in "\n\t" else repr(one)[1:-1] for one in text)
    sys.stdout.write(text)
