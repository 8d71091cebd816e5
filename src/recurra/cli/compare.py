"""`recurra compare TASK DATA`: nets on the same data, from several seeds, within the same budget."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli import screen
from recurra.cli.verb import (
    Folder,
    Quiet,
    Test,
    Validation,
    Verb,
    asked,
    begun_in,
    group_of,
    new_folder,
    say_how_to_resume,
    words_of,
)
from recurra.tasks.registry import Entry

if TYPE_CHECKING:
    from recurra.experiment.compare import Compared
    from recurra.experiment.comparison import ComparisonRecord

Models = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="Cells, such as lstm,gru,elman; bi and a cell for both directions; feedforward, tcn. By default "
        "elman,lstm,gru,bilstm,feedforward,tcn; what a task does not allow is left out with a note.",
    ),
]
Seeds = Annotated[
    int | None, typer.Option(metavar="NUMBER", min=1, help="Seeds that each is trained from; 3.")
]
Budgets = Annotated[
    str | None,
    typer.Option(
        "--budget",
        metavar="BUDGET",
        help="What each run is given: time to train (90s, 10m, 1h30m), parameters=50000, or both with a "
        "comma between. Without it all train for max_epochs.",
    ),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the comparison in --out; --seeds may be raised.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object: the folder and every run.")]
FIXED: Mapping[str, tuple[Any, Any]] = {
    "models": (Models, None),
    "seeds": (Seeds, None),
    "budget": (Budgets, None),
    "validation": (Validation, None),
    "test": (Test, None),
    "out": (Folder, None),
    "resume": (Resume, False),
    "as_json": (AsJson, False),
    "quiet": (Quiet, False),
}
SEEDS = 3


def _run(
    entry: Entry,
    options: Mapping[str, str | None],
    *,
    data: str | None,
    pairs: Sequence[str] | None,
    models: str | None,
    seeds: int | None,
    budget: str | None,
    validation: str | None,
    test: str | None,
    out: Path | None,
    resume: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    from recurra.experiment.budget import Budget, parse_budget
    from recurra.experiment.contestant import USUAL

    began = begun_in(entry, "compare", out, _begun, "a comparison") if resume else {}
    found = asked(entry, options, data, pairs, validation=validation, test=test, began=began, file={})
    folder = out or new_folder(f"compare-{entry.name}", found.data)
    names = models.split(",") if models else list(began.get("models", USUAL))
    limits = Budget(*began["budget"]) if began and budget is None else parse_budget(budget)
    number = seeds or int(began.get("seeds", SEEDS))
    given = {
        "--models": ",".join(names),
        "--seeds": str(number),
        "--budget": limits.typed or None,
        "--validation": found.validation,
        "--test": found.test,
        "--out": str(folder),
    }
    compared = _compare(
        entry,
        found.data,
        found.settings,
        folder,
        models=names,
        seeds=number,
        budget=limits,
        validation=found.validation,
        test=found.test,
        resume=resume,
        show_progress=False if quiet else None,
        command=shlex.join(words_of(entry, "compare", found.data, found.settings, given)),
        tell=screen.note,
    )
    _tell(entry, folder, compared.record if compared is not None else None, as_json=as_json)


def _tell(entry: Entry, folder: Path, record: "ComparisonRecord | None", *, as_json: bool) -> None:
    """What a comparison came to, or how to go on with it."""
    from recurra.cli.comparison_text import print_comparison

    if record is None:
        say_how_to_resume(["recurra", "compare", entry.name], "comparison", folder, as_json=as_json)
    elif as_json:
        screen.emit({"comparison": str(folder), "interrupted": False, **record.model_dump(mode="json")})
    else:
        print_comparison(record, folder)


def _compare(
    entry: Entry, data: str, settings: Mapping[str, Any], folder: Path, **options: Any
) -> "Compared | None":
    """What it came to; None where Ctrl-C stopped it at once, and it can be resumed."""
    from recurra.experiment.compare import compare
    from recurra.experiment.comparison_plan import PLAN

    try:
        return compare(entry.load("task"), data, settings, folder, **options)
    except KeyboardInterrupt:
        if not (folder / PLAN).exists():
            raise
        return None


def _begun(folder: Path) -> dict[str, Any]:
    from recurra.experiment.comparison_plan import read_plan

    return vars(read_plan(folder))


def _about(entry: Entry) -> str:
    return f"Compare nets for the task {entry.name}: same data and budget, several seeds, every number."


def _examples(entry: Entry) -> list[str]:
    words = entry.examples[0].removeprefix("recurra train ")
    return [
        f"recurra compare {words}",
        f"recurra compare {words} --models lstm,gru --seeds 5 --budget 10m",
        f"recurra compare {words} --budget parameters=50000",
        f"recurra compare {entry.name} --out runs/nets --resume",
    ]


VERB = Verb("compare", _about, _examples, FIXED, _run)
compare = typer.Typer(cls=group_of(VERB), rich_markup_mode=None)


@compare.callback()
def choose() -> None:
    """Compare nets: same data, same budget, several seeds.

    Examples:
      recurra compare classify sample:docstrings
      recurra compare forecast sample:co2 --horizon 26 --budget 10m
      recurra compare tag sample:python --models lstm,tcn --budget parameters=50k
      recurra compare forecast --help                    its options and settings
    """
