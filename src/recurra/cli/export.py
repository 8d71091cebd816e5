"""`recurra export RUN --to TARGET`: a trained net in a form that needs no recurra, or on the Hub."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from recurra.cli import screen
from recurra.cli.task_options import Run
from recurra.errors import ConfigError
from recurra.tasks.registry import entry_of_run

FOLDER, HUB = "export", "hub"

To = Annotated[
    str,
    typer.Option(
        metavar="TARGET",
        help="Form: c (header, source), onnx (sequences; a step), torch (model.pt2), wasm (and a page), "
        "hub (the run itself, to --repo).",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FOLDER", help=f"A new folder; by default RUN/{FOLDER}/TARGET."),
]
Name = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="What files and functions are called; by default as RUN is."),
]
Int8 = Annotated[bool, typer.Option("--int8", help="Weights in 8 bits, and what that changes (not torch).")]
Repo = Annotated[
    str | None, typer.Option(metavar="NAME", help="On the Hugging Face Hub, OWNER/NAME or NAME (hub).")
]
Public = Annotated[
    bool, typer.Option("--public", help="If it is made: for everyone to see; by default private (hub).")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an export that is there.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object: the folder, its files, notes.")]


def export(
    run: Run,
    *,
    to: To,
    output: Output = None,
    name: Name = None,
    int8: Int8 = False,
    repo: Repo = None,
    public: Public = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Write a trained net for other runtimes, with a card.

    Examples:
      recurra export runs/sensor --to c -o firmware/net  no heap, no libraries
      recurra export runs/reviews --to onnx
      recurra export runs/reviews --to onnx --int8 -o reviews-int8
      recurra export runs/reviews --to wasm -o page      try it in a browser
      recurra export runs/reviews --to hub --repo me/reviews
      recurra export runs/reviews --to torch --overwrite --json
    """
    if to == HUB:
        unused = {"-o": output, "--name": name, "--int8": int8, "--overwrite": overwrite}
        _upload(run, repo, unused, public=public, as_json=as_json)
        return
    if repo is not None or public:
        raise ConfigError(f"--repo and --public with --to {to}", f"--to {HUB}", "Leave them out.")
    from recurra.export.target.registry import check_name

    check_name(to, HUB)
    entry = entry_of_run(run)
    from recurra.experiment.export import export_run
    from recurra.export.target.registry import target

    out, called = output or run / FOLDER / to, _name_of(run) if name is None else name
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


def _name_of(run: Path) -> str:
    """What a net is called after its folder, as C may call it."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", run.resolve().name).strip("_")
    return (plain if re.match("[A-Za-z]", plain) else f"net_{plain}")[:31]


def _upload(
    run: Path, repo: str | None, unused: Mapping[str, object], *, public: bool, as_json: bool
) -> None:
    """Put the run on the Hub.

    Raises:
        ConfigError: There is no name for it, or an option that has no sense there.
    """
    given = [name for name, one in unused.items() if one]
    if repo is None or given:
        got = f"{', '.join(given)} with --to {HUB}" if given else f"--to {HUB} without --repo"
        raise ConfigError(got, "--repo NAME, and perhaps --public", "Say which, as in --repo me/reviews.")
    entry = entry_of_run(run)
    from recurra.experiment.hub import upload

    done = upload(entry.load("task"), run, repo, public=public)
    if as_json:
        screen.emit({"export": done.address, "target": HUB, "files": list(done.files), "notes": []})
        return
    screen.say(done.address)
