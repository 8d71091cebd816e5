"""`recurra tune TASK DATA`: a search for the settings that do best on the validation part."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

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
    from recurra.experiment.search_file import Searched
    from recurra.experiment.tune import Tuned

Trials = Annotated[int | None, typer.Option(metavar="NUMBER", min=1, help="Trials of the whole study; 50.")]
Budget = Annotated[
    str | None, typer.Option("--budget", metavar="TIME", help="Time that this process may take: 1h, 30m.")
]
Search = Annotated[
    str | None,
    typer.Option(metavar="KEYS", help="Settings to search; by default all that have a range and no value."),
]
Storage = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Database of the study, such as postgresql://user@host/name, which other machines may join; by "
        "default study.db in --out.",
    ),
]
Study = Annotated[
    str | None, typer.Option(metavar="NAME", help="Its name in the database; by default task and data.")
]
Scale = Annotated[
    Literal["none", "ray"],
    typer.Option(
        metavar="none|ray", help="Where trials run: in this process, one by one, or at once on a Ray cluster."
    ),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the search in --out, or join it while it runs.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object: the folder and every trial.")]
FIXED: Mapping[str, tuple[Any, Any]] = {
    "trials": (Trials, None),
    "budget": (Budget, None),
    "search": (Search, None),
    "storage": (Storage, None),
    "study": (Study, None),
    "validation": (Validation, None),
    "test": (Test, None),
    "scale": (Scale, "none"),
    "out": (Folder, None),
    "resume": (Resume, False),
    "as_json": (AsJson, False),
    "quiet": (Quiet, False),
}
TRIALS = 50


def _run(
    entry: Entry,
    options: Mapping[str, str | None],
    *,
    data: str | None,
    pairs: Sequence[str] | None,
    trials: int | None,
    budget: str | None,
    search: str | None,
    storage: str | None,
    study: str | None,
    validation: str | None,
    test: str | None,
    scale: str,
    out: Path | None,
    resume: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    from recurra.cluster import ray_module
    from recurra.experiment.budget import parse_duration
    from recurra.experiment.search_file import Searched, begin, new_search, study_name
    from recurra.experiment.study import optuna, without_password

    began = begun_in(entry, "tune", out, _begun, "a search") if resume else {}
    found = asked(entry, options, data, pairs, validation=validation, test=test, began=began, file={})
    seconds = None if budget is None else parse_duration(budget, "--budget")
    optuna()  # before anything slow, a hint how to install it
    if scale == "ray":
        ray_module()
    folder = out or new_folder(f"tune-{entry.name}", found.data)
    fresh = {
        "task": entry.name,
        "data": found.data,
        "validation": found.validation,
        "test": found.test,
        "given": found.settings,
        "only": [one.strip() for one in search.split(",")] if search else None,
        "storage": storage or f"sqlite:///{(folder / 'study.db').absolute()}",
        "study": study or study_name(entry.name, found.data),
        "trials": trials or TRIALS,
    }
    searched = Searched(**(began or fresh))
    if not began:
        new_search(folder)
    given = {"--trials": str(trials or searched.trials), "--budget": budget, "--search": search}
    given |= {
        "--storage": None if storage is None else without_password(storage),
        "--study": study,
        "--validation": found.validation,
    }
    given |= {"--test": found.test, "--scale": None if scale == "none" else scale, "--out": str(folder)}
    command = shlex.join(words_of(entry, "tune", found.data, found.settings, given))
    wanted: dict[str, Any] = {"trials": trials or searched.trials, "seconds": seconds, "command": command}
    wanted["scale"] = scale
    folder.mkdir(parents=True, exist_ok=True)  # for the database
    wanted["opened"] = lambda: begin(folder, searched)
    tuned = _tune(entry, folder, searched, found.settings, quiet=quiet, **wanted)
    _tell(entry, folder, tuned, as_json=as_json)


def _tune(
    entry: Entry,
    folder: Path,
    searched: "Searched",
    settings: Mapping[str, Any],
    *,
    quiet: bool,
    **options: Any,
) -> "Tuned | None":
    """What it came to; None where Ctrl-C stopped it at once."""
    from recurra.experiment.tune import tune

    try:
        return tune(
            entry.load("task"),
            searched.data,
            settings,
            folder,
            storage=searched.storage,
            study=searched.study,
            only=searched.only,
            validation=searched.validation,
            test=searched.test,
            show_progress=False if quiet else None,
            tell=screen.note,
            **options,
        )
    except KeyboardInterrupt:
        return None


def _tell(entry: Entry, folder: Path, tuned: "Tuned | None", *, as_json: bool) -> None:
    """What a search came to, or how to go on with it."""
    from recurra.cli.tuning_text import print_tuning

    if tuned is None or tuned.interrupted:
        say_how_to_resume(["recurra", "tune", entry.name], "search", folder, as_json=as_json)
    elif as_json:
        screen.emit({"search": str(folder), "interrupted": False, **tuned.record.model_dump(mode="json")})
    else:
        print_tuning(tuned.record, folder)


def _begun(folder: Path) -> dict[str, Any]:
    from recurra.experiment.search_file import read_search

    return vars(read_search(folder))


def _about(entry: Entry) -> str:
    return f"Search for the settings of the task {entry.name} that do best on the validation part."


def _examples(entry: Entry) -> list[str]:
    words = entry.examples[0].removeprefix("recurra train ")
    return [
        f"recurra tune {words}",
        f"recurra tune {words} --trials 100 --budget 1h cell=gru",
        f"recurra tune {words} --search learning_rate,hidden_size,dropout",
        f"recurra tune {words} --scale ray",
        f"recurra tune {entry.name} --out runs/search --resume",
    ]


VERB = Verb("tune", _about, _examples, FIXED, _run)
tune = typer.Typer(cls=group_of(VERB), rich_markup_mode=None)


@tune.callback()
def choose() -> None:
    """Search for the settings that do best, by Optuna.

    Examples:
      recurra tune classify sample:docstrings --trials 30
      recurra tune forecast sample:co2 --horizon 26 --budget 1h cell=gru
      recurra train classify sample:docstrings --config runs/search/best.yaml
      recurra tune forecast --help                       its options and settings

    Values in place of ranges are given as key=value. The test part is not looked at.
    """
