"""`recurra bench`: races against other libraries on this machine."""

from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.cli import screen
from recurra.cli.machine import tell_disturbance
from recurra.errors import ConfigError

if TYPE_CHECKING:
    from recurra.bench.choice import Choice
    from recurra.bench.schedule import Table

QUICK_SECONDS, FULL_SECONDS = 40.0, 780.0  # the last race may take some more
QUICK_LIMIT = 45.0  # but not longer than that

Texts = list[str] | None

Suite = Annotated[
    str | None,
    typer.Argument(
        metavar="train|stream|pool|RUN", help="Races, left out: all three; or the folder of a run."
    ),
]
Data = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="DATA", help="What a run answers to: recordings, or a file of rows; KEY=VALUE as of stream."
    ),
]
Piece = Annotated[
    float | None, typer.Option(metavar="SECONDS", min=1e-3, help="Sound that comes at once, for a run; 0.05.")
]
Weights = Annotated[
    str | None, typer.Option(metavar="TYPE", help="How a run's weights are kept: float32, bfloat16, int8.")
]
Quick = Annotated[bool, typer.Option("--quick", help="End within 50 seconds: fewer sizes, fewer rounds.")]
Cells = Annotated[Texts, typer.Option(metavar="NAMES", help="Cells, such as gru,layer_norm_lstm,lstm_int8.")]
Peers = Annotated[Texts, typer.Option(metavar="NAMES", help="Rivals, such as torch.nn,onnxruntime,jax.")]
Threads = Annotated[Texts, typer.Option(metavar="NUMBERS", help="Threads; 1 and 2, of a streamed step 1.")]
Hidden = Annotated[
    Texts, typer.Option(metavar="NUMBERS", help="Hidden sizes; 64, 128 and 256, of a streamed step also 32.")
]
Batch = Annotated[Texts, typer.Option(metavar="NUMBERS", help="Batch sizes of training; 1, 16 and 64.")]
Time = Annotated[Texts, typer.Option(metavar="NUMBERS", help="Time steps of training; 128.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print a list of JSON objects, one for each race and peer.")
]


def bench(
    suite: Suite = None,
    data: Data = None,
    *,
    quick: Quick = False,
    cell: Cells = None,
    peer: Peers = None,
    threads: Threads = None,
    hidden: Hidden = None,
    batch: Batch = None,
    time: Time = None,
    piece: Piece = None,
    weights: Weights = None,
    as_json: AsJson = False,
) -> None:
    """Race recurra against other libraries, or time a trained run on a stream.

    Examples:
      recurra bench          everything: a quarter of an hour
      recurra bench --quick  what fits into 50 seconds
      recurra bench train --cell gru --threads 1
      recurra bench stream --peer onnxruntime --json
      recurra bench runs/said sample:digit_strings beam=8  how fast, how late
      recurra bench runs/sales rows.csv --weights int8     what a row costs

    Times are medians, and a ratio above 1 means that recurra is faster. Where outputs, final states or
    gradients differ there is no ratio, and the exit code is 1.
    """
    from recurra.bench.choice import SUITES, Choice

    choice = Choice(
        suites=[] if suite is None else [suite],
        cells=_names(cell),
        peers=_names(peer),
        threads=_numbers("--threads", threads),
        batches=_numbers("--batch", batch),
        times=_numbers("--time", time),
        hidden_sizes=_numbers("--hidden", hidden),
    )
    if suite is not None and suite not in SUITES and not Path(suite).is_dir():
        raise ConfigError(
            f"suite {suite!r}", f"one of {', '.join(SUITES)}, or the folder of a run", "Choose among these."
        )
    if suite is None or suite in SUITES:
        stray = {"--piece": piece, "--weights": weights, (data or [""])[0]: data}
        _leave_out([name for name, given in stray.items() if given], "races", "the folder of a run")
        _race(choice, quick=quick, as_json=as_json)
    else:
        named = {"--cell": cell, "--peer": peer, "--threads": threads, "--hidden": hidden, "--batch": batch}
        stray = {"--quick": quick, **named, "--time": time}
        _leave_out([name for name, given in stray.items() if given], "a run", "races")
        from recurra.cli.bench_run import bench_run

        bench_run(Path(suite), data or [], piece, weights or "float32", as_json=as_json)


def _leave_out(given: Sequence[str], what: str, other: str) -> None:
    if given:
        raise ConfigError(f"{given[0]} with {what}", f"it with {other}", f"Leave {given[0]} out.")


def _race(choice: "Choice", *, quick: bool, as_json: bool) -> None:
    """Run the races of a choice, and print how they stand."""
    began = monotonic()
    from recurra.bench.machine import Disturbance
    from recurra.bench.plan import INSTALL, make_plan
    from recurra.bench.schedule import deadline, run_tables
    from recurra.training.progress import Progress

    plan = make_plan(choice)
    if plan.absent:
        screen.note(f"left out, since not installed: {', '.join(plan.absent)}; {INSTALL}")
    if plan.engine_obstacle is not None:
        screen.note(f"left out: what only the compiled engine does, since {plan.engine_obstacle}")
    disturbance = Disturbance()
    try:
        with deadline(began + QUICK_LIMIT - monotonic() if quick else None):
            run_tables(plan.tables, began + (QUICK_SECONDS if quick else FULL_SECONDS), Progress())
    except KeyboardInterrupt:
        _show(plan.tables, as_json=as_json)
        raise
    _show(plan.tables, as_json=as_json)
    tell_disturbance(disturbance.share())
    if any(standing.refused for table in plan.tables for standing in table.standings):
        raise typer.Exit(1)


def _show(tables: Sequence["Table"], *, as_json: bool) -> None:
    """The results on stdout; what was left out and what was refused on stderr."""
    from recurra.cli.bench_table import print_tables

    standings = [standing for table in tables for standing in table.standings]
    if as_json:
        screen.emit([row for standing in standings for row in standing.rows()])
    else:
        print_tables(tables)
    for table in tables:
        if table.waiting:
            cases = [race.case for race in table.waiting]
            sizes = dict.fromkeys(f"{case.batch}x{case.time}x{case.hidden}" for case in cases)
            screen.note(
                f"{table.section.title}: no time for {len(cases)} of {len(table.races)} races; "
                f"batch x time x hidden {', '.join(sizes)}"
            )
    for standing in standings:
        for peer, differences in standing.refused.items():
            lines = [f"{standing.case}: no ratio to {peer}", *map(str, differences)]
            screen.report_error("\n".join(lines))


def _names(texts: Texts) -> list[str]:
    """Names given one by one or with commas between them, each once."""
    parts = [part.strip() for text in texts or () for part in text.split(",")]
    return list(dict.fromkeys(part for part in parts if part))


def _numbers(option: str, texts: Texts) -> list[int]:
    try:
        return [int(name) for name in _names(texts)]
    except ValueError as error:
        raise ConfigError(
            f"{option} is {','.join(texts or ())!r}", "whole numbers, such as 1,2", f"Change {option}."
        ) from error
