"""`recurra train TASK DATA`: a command for each task there is, made from its settings."""

import shlex
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli import screen
from recurra.cli.verb import (
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
from recurra.errors import ConfigError
from recurra.tasks.registry import Entry, config_classes

if TYPE_CHECKING:
    from recurra.experiment.run import Summary
    from recurra.report.record import MetricsRecord

Out = Annotated[
    Path | None, typer.Option(metavar="RUN", help="The run folder; by default a new one under runs/.")
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the run folder if it exists, once the new run is whole.")
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on with the run in --out, as it began; max_epochs may be raised."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object: the run folder and the scores.")]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings as YAML; those that are typed win over them."),
]
FIXED: Mapping[str, tuple[Any, Any]] = {
    "validation": (Validation, None),
    "test": (Test, None),
    "config": (ConfigFile, None),
    "out": (Out, None),
    "overwrite": (Overwrite, False),
    "resume": (Resume, False),
    "as_json": (AsJson, False),
    "quiet": (Quiet, False),
}


def _run(
    entry: Entry,
    options: Mapping[str, str | None],
    *,
    data: str | None,
    pairs: Sequence[str] | None,
    validation: str | None,
    test: str | None,
    config: Path | None,
    out: Path | None,
    overwrite: bool,
    resume: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    from recurra.cli.setting import read_settings
    from recurra.cluster import ray_module

    read = partial(_begun, overwrite=overwrite)
    resume = resume or _goes_on(out)
    began = begun_in(entry, "train", out, read, "a run") if resume else {}
    file = {} if config is None else read_settings(config, [*config_classes(entry).values()])
    settings, data, validation, test = asked(
        entry, options, data, pairs, validation=validation, test=test, began=began, file=file
    )
    if settings.get("scale") == "ray":
        ray_module()  # before anything slow, a hint how to install it
    folder = out or new_folder(entry.name, data)
    given = {"--validation": validation, "--test": test, "--out": str(folder)}
    command = shlex.join(words_of(entry, "train", data, settings, given))
    summary = _train(
        entry,
        data,
        settings,
        folder,
        validation=validation,
        test=test,
        overwrite=overwrite,
        resume=resume,
        show_progress=False if quiet else None,
        command=command,
        tell=lambda sentence: screen.note(f"note: {sentence}"),
    )
    if summary is None or summary.interrupted:
        words = ["recurra", "train", entry.name, *["--overwrite"] * overwrite]
        say_how_to_resume(words, "run", folder, as_json=as_json)
    _tell(entry, summary, as_json=as_json)


def _tell(entry: Entry, summary: "Summary", *, as_json: bool) -> None:
    """What a run that ended came to."""
    metrics, folder = summary.metrics, summary.folder
    if as_json:
        scores = {"metrics": []} if metrics is None else metrics.model_dump(mode="json")
        screen.emit({"run": str(folder), "interrupted": False, **scores})
    else:
        _show(entry.name, folder, metrics, needs_data=entry.needs_data)


def _goes_on(out: Path | None) -> bool:
    """Whether processes were started anew because one of those that shared in a run had died.

    Raises:
        ConfigError: They could not find their run again.
    """
    from recurra.training.launch import launch

    here = launch()
    if here is None:
        return False
    if out is None:
        raise ConfigError(
            "several processes were started for a run without --out",
            "a folder that they find again when they are started anew",
            "Add --out RUN.",
        )
    from recurra.experiment.run_folder import has_begun

    return here.restarts > 0 and has_begun(out)


def _begun(folder: Path, *, overwrite: bool) -> dict[str, Any]:
    from recurra.experiment.run_folder import begun

    return begun(folder, overwrite=overwrite)


def _train(
    entry: Entry, data: str, settings: Mapping[str, Any], folder: Path, **options: Any
) -> "Summary | None":
    """What it came to; None where Ctrl-C stopped it at once, and it can be resumed."""
    from recurra.experiment.run import train

    try:
        return train(entry.load("task"), data, settings, folder, **options)
    except KeyboardInterrupt:
        from recurra.experiment.run_folder import has_begun

        if not has_begun(folder):
            raise
        return None


def _show(task: str, folder: Path, metrics: "MetricsRecord | None", *, needs_data: bool) -> None:
    """The scores beside the baselines, where everything is, and how to go on."""
    from recurra.cli.score_table import print_scores

    if metrics is None:
        screen.say("No scores: test_size=0 kept nothing to score on. Later data do for that:")
        screen.say(f"recurra evaluate {shlex.quote(str(folder))} DATA")
    else:
        print_scores(metrics)
    screen.say()
    screen.say(f"report    {folder / 'report.html'}")
    screen.say(f"model     {folder / 'model.safetensors'}")
    data = " DATA" if needs_data else ""
    screen.say(f"predict   recurra predict {shlex.quote(str(folder))}{data} -o {task}.csv")


VERB = Verb("train", lambda entry: entry.about, lambda entry: entry.examples, FIXED, _run)
train = typer.Typer(cls=group_of(VERB), rich_markup_mode=None)


@train.callback()
def choose() -> None:
    """Train a net for a task: model, scores and report in a run folder.

    Examples:
      recurra train forecast sample:co2 --horizon 26
      recurra train classify sample:docstrings
      recurra train tag sample:python
      recurra train forecast --help                      its options and settings
    """
