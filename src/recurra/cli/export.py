"""`recurra export RUN --to TARGET`: a trained net in a form that needs no recurra."""

import re
from pathlib import Path
from typing import Annotated

import typer

from recurra.cli import screen
from recurra.cli.task_options import Run
from recurra.tasks.registry import entry_of_run

FOLDER = "export"


def export(
    run: Run,
    *,
    to: Annotated[
        str,
        typer.Option(
            metavar="TARGET",
            help="Form: c (header, source), onnx (sequences; a step), torch (model.pt2), wasm (and a page).",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FOLDER", help=f"A new folder; by default RUN/{FOLDER}/TARGET."
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What C's files and functions are called; by default as RUN is."),
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Weights in 8 bits, and what that changes (c, onnx, wasm).")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an export that is there.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object: the folder, its files, notes.")
    ] = False,
) -> None:
    """Write a trained net for other runtimes, with a card.

    Examples:
      recurra export runs/sensor --to c -o firmware/net  no heap, no libraries
      recurra export runs/reviews --to onnx
      recurra export runs/reviews --to onnx --int8 -o reviews-int8
      recurra export runs/reviews --to wasm -o page          try it in a browser
      recurra export runs/reviews --to torch --overwrite --json
    """
    from recurra.export.target.registry import check_name

    check_name(to)
    entry = entry_of_run(run)
    called = re.sub(r"[^A-Za-z0-9_]+", "_", run.resolve().name).strip("_")[:31] if name is None else name
    if name is None and not re.match("[A-Za-z]", called):
        called = f"net_{called}"[:31]
    from recurra.experiment.export import export_run
    from recurra.export.target.registry import target

    out = run / FOLDER / to if output is None else output
    done = export_run(entry.load("task"), run, target(to), out, name=called, int8=int8, overwrite=overwrite)
    for sentence in done.notes:
        screen.note(f"note: {sentence}")
    if as_json:
        screen.emit({
            "export": str(done.folder), "target": to, "files": list(done.files), "notes": list(done.notes)
        })  # fmt: skip
        return
    for file in done.files:
        screen.say(str(done.folder / file))
