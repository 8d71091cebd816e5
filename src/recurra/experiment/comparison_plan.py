"""What a comparison will train: nets with all their settings, written down before the first one begins."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from recurra.config import validated
from recurra.data.naming import counted, listed
from recurra.errors import ConfigError, NonFiniteError
from recurra.experiment.budget import Budget, epochs_within, hidden_size_for, parameters_of
from recurra.experiment.contestant import CHOSEN, named
from recurra.experiment.judge import NETWORK_LABELS, net_label
from recurra.experiment.task import Prepared, Task
from recurra.files import read_document, whole_folder, write_document

PLAN = "plan.json"
VERSION = 1
_FAR = 0.1  # share of the wanted parameters by which a net may miss them without a word


@dataclasses.dataclass(frozen=True)
class Contestant:
    """A net to be compared.

    Attributes:
        name: As in --models.
        label: As people read it.
        kind: "recurrent" or "neural".
        hidden_size: Units of a layer.
        max_epochs: Epochs that its schedule is made for.
        settings: What it has beside the settings that all share.
    """

    name: str
    label: str
    kind: str
    hidden_size: int
    max_epochs: int
    settings: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Plan:
    """The whole comparison.

    Attributes:
        task: Name of the task.
        data: The data, as text.
        validation: Data for validation, as text.
        test: Data for the test, as text.
        models: The names that were asked for.
        seeds: How many seeds each is trained from.
        budget: Seconds and parameters.
        given: The settings that were given.
        contestants: What can be compared.
        notes: What was left out, and what else there is to know.
    """

    task: str
    data: str
    validation: str | None
    test: str | None
    models: list[str]
    seeds: int
    budget: list[int | float | None]
    given: dict[str, Any]
    contestants: list[Contestant]
    notes: list[str]


def shared_settings(task: Task, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of all nets: those that were given, and one way to cut the data for all seeds.

    Raises:
        ConfigError: One of them is what the names of models stand for.
    """
    for key in CHOSEN:
        if key in given and given[key] not in ("auto", "streaming"):
            raise ConfigError(
                f"{key}={given[key]} beside models",
                "the models to say which net it is",
                f"Leave {key} out, and name models: --models elman,lstm,bilstm,feed_forward.",
            )
    own: dict[str, Any] = {"baselines": ()}
    if "split_seed" in task.config.model_fields:
        own["split_seed"] = int(given.get("seed", 0))
    return {
        key: one for key, one in {**own, **given}.items() if key in task.config.model_fields or key in given
    }


def prepared_with(task: Task, data: Any, settings: Mapping[str, Any]) -> tuple[Any, Prepared]:
    """Data with other settings, and what is prepared of them.

    Raises:
        ConfigError: The settings do not suit the task or the data.
    """
    kind = type(data.config)
    config = validated(kind, {**data.config.model_dump(), **settings})
    again = dataclasses.replace(data, config=config)
    return again, task.prepare(again)


def make_plan(
    task: Task,
    data: Any,
    models: Sequence[str],
    given: Mapping[str, Any],
    sources: Mapping[str, Any],
    *,
    seeds: int,
    budget: Budget,
    tell: Callable[[str], None],
) -> Plan:
    """Find out which nets can be compared on the data, and what of each fits into the budget.

    Args:
        task: The task.
        data: What its `read` gave for the shared settings.
        models: Names of nets.
        given: The settings that were given.
        sources: "data", "validation", "test", as they were given.
        seeds: How many seeds each net is trained from.
        budget: What each is given.
        tell: Is given what was found, a sentence at a time.

    Raises:
        ConfigError: No net of these can be compared, or the budget is too small for one.
        DataError: The data cannot be used as they are.
    """
    found, notes = _entered(task, data, models, budget, tell)
    return Plan(
        task=task.name,
        data=str(sources["data"]),
        validation=_text(sources.get("validation")),
        test=_text(sources.get("test")),
        models=list(named(models)),
        seeds=seeds,
        budget=list(budget),
        given=plain(given),
        contestants=found,
        notes=notes,
    )


def _entered(
    task: Task, data: Any, models: Sequence[str], budget: Budget, tell: Callable[[str], None]
) -> tuple[list[Contestant], list[str]]:
    """The nets of some names that can be compared, and a note on each that cannot."""
    found: list[Contestant] = []
    notes: list[str] = []
    for name, chosen in named(models).items():
        try:
            ready, prepared = prepared_with(task, data, chosen)
            _check_network(prepared, name, chosen)
        except ConfigError as error:
            notes.append(f"{name} is left out: {error.got}; expected {error.expected}")
            tell(notes[-1])
            continue
        if not found:
            _check_test(prepared)
            for sentence in (*prepared.repairs, *filter(None, [prepared.outline])):
                tell(sentence)
        try:
            found.append(_contestant(task, ready, prepared, name, chosen, budget, notes))
        except NonFiniteError as error:
            notes.append(f"{name} is left out: its first steps diverged ({error.got})")
            tell(notes[-1])
    if not found:
        raise ConfigError(
            f"no net of {listed(named(models))} can be compared ({'; '.join(notes)})",
            "models that task and data allow",
            "Name others: --models.",
        )
    return found, notes


def _contestant(
    task: Task,
    data: Any,
    prepared: Prepared,
    name: str,
    chosen: Mapping[str, Any],
    budget: Budget,
    notes: list[str],
) -> Contestant:
    """A net, as large and trained as long as the budget says."""
    label, kind = net_label(prepared.config)
    own = dict(chosen)
    if budget.parameters is not None:
        own["hidden_size"] = hidden_size_for(task, data, budget.parameters, label)
        data, prepared = prepared_with(task, data, own)
        has = parameters_of(task, prepared)
        if abs(has - budget.parameters) > _FAR * budget.parameters:
            notes.append(
                f"{label} has {has:,} parameters: no hidden_size comes nearer to {budget.parameters:,}"
            )
    if budget.seconds is not None:
        own["max_epochs"] = epochs_within(task, prepared, budget.seconds, label)
    max_epochs = int(own.get("max_epochs", prepared.config.max_epochs))
    return Contestant(name, label, kind, int(prepared.config.hidden_size), max_epochs, own)


def _check_network(prepared: Prepared, name: str, chosen: Mapping[str, Any]) -> None:
    """Make sure that a net is the one that its name says, and no other that the data ask for."""
    wanted, network = chosen.get("network"), prepared.config.network
    if (network in NETWORK_LABELS) != (wanted is not None):
        raise ConfigError(f"{name} on data without time", "a net without recurrence", "Compare others.")


def _check_test(prepared: Prepared) -> None:
    if prepared.test is None:
        raise prepared.no_test or ConfigError(
            "a comparison without a test part", "one to score all nets on", "Leave test_size out."
        )


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON gives them back."""
    found: dict[str, Any] = json.loads(json.dumps(dict(settings), default=str))
    return found


def _text(source: Any) -> str | None:
    return None if source is None else str(source)


def write_plan(folder: Path, plan: Plan) -> None:
    """Begin the folder of a comparison with its plan, or write it anew."""
    document = dataclasses.asdict(plan)
    if folder.exists() and any(folder.iterdir()):
        write_document(folder / PLAN, document, version=VERSION)
        return
    with whole_folder(folder, overwrite=True) as filling:
        write_document(filling / PLAN, document, version=VERSION)


def read_plan(folder: Path) -> Plan:
    """The plan of a comparison that began.

    Raises:
        ConfigError: None began there.
        DamagedError: The plan was truncated or altered.
    """
    if not (folder / PLAN).exists():
        raise ConfigError(
            f"there is no comparison in {folder}", "one to resume", "Leave --resume out to begin one."
        )
    document = read_document(folder / PLAN, version=VERSION)
    contestants = [Contestant(**one) for one in document.pop("contestants")]
    return Plan(**document, contestants=contestants)


def check_new(folder: Path) -> None:
    """Make sure that a comparison may begin in a folder.

    Raises:
        ConfigError: Something is there already.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        holds = "a comparison" if (folder / PLAN).exists() else "something else"
        raise ConfigError(
            f"{folder} holds {holds}", "a new folder", "Choose another, or add --resume to go on with it."
        )


def check_same(
    before: Plan, models: Sequence[str], seeds: int, budget: Budget, given: Mapping[str, Any]
) -> None:
    """Make sure that what is asked for is the comparison that began; it may have more seeds.

    Raises:
        ConfigError: It is another one.
    """
    now = {"models": list(named(models)), "budget": list(budget), "settings": plain(given)}
    then = {"models": before.models, "budget": before.budget, "settings": before.given}
    for key, value in now.items():
        if value != then[key]:
            raise ConfigError(
                f"{key}: {value} now, {then[key]} before",
                "what the comparison began with",
                "Give the same, or begin a new one in another folder.",
            )
    if seeds < before.seeds:
        raise ConfigError(
            f"{counted(seeds, 'seed')} now, {before.seeds} before", "as many or more", "Raise --seeds."
        )
