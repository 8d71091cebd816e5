"""The verb `export`: a trained net in a folder that needs no recurra."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from recurra.errors import ConfigError, DataError, RecurraError, StorageError
from recurra.experiment.artifact import load_fitted
from recurra.experiment.diagnose import prepared_again
from recurra.experiment.ended import SETTINGS
from recurra.experiment.judge import net_label
from recurra.experiment.run_folder import begun, check_model
from recurra.experiment.task import Fitted, Task
from recurra.export.card import card
from recurra.export.exportable import Exportable
from recurra.export.target.registry import target
from recurra.export.target.target import Snippet, Target
from recurra.files import MANIFEST, read_document, whole_folder, write_document, write_text
from recurra.report.record import METRICS_FILE, MetricsRecord, read_metrics
from recurra.version import __version__

_MOST_SEQUENCES = 1000
METADATA, CARD = "metadata.json", "README.md"
_FORMAT = 1


class Exported(NamedTuple):
    """What was written.

    Attributes:
        folder: Where.
        files: Names of the files.
        notes: What people should know, in sentences.
    """

    folder: Path
    files: Sequence[str]
    notes: Sequence[str]


def export_run(
    task: Task,
    run: Path,
    form: Target,
    out: Path,
    *,
    name: str,
    int8: bool = False,
    overwrite: bool = False,
) -> Exported:
    """Write the net of a run, or a saved one, in a form that needs no recurra.

    Args:
        task: The task.
        run: The folder.
        form: The form.
        out: A new folder; it appears whole or not at all.
        name: What is written is called.
        int8: Whether weights become whole numbers of 8 bits.
        overwrite: Whether an export that is there may be replaced.

    Raises:
        ConfigError: The net cannot be exported so; the message says what stands against it.
        StorageError: The folder exists and may not be replaced, or the disk is full.
        DamagedError: A file of the run is missing, truncated or altered.
        MissingDependencyError: A package that writes this form is not installed.
    """
    check_model(run)
    check_place(out, overwrite=overwrite)
    if task.exportable is None:
        raise ConfigError(
            f"a run of task {task.name}", "one whose net stands by itself: classify, tag, ...", "Use predict."
        )
    fitted = load_fitted(task, run, device="cpu")
    net = task.exportable(fitted)
    if int8:
        net = replace(net, sample=_held_out(task, run, net))
    scores = _scores(run)
    with whole_folder(out, overwrite=overwrite) as filling:
        written = form.write(net, filling, name, int8)
        about = {"export": form.name, "outputs": list(net.outputs)}
        about = {**about, "task": task.name, "recurra": __version__, **net.about}
        write_document(filling / METADATA, about, version=_FORMAT)
        write_text(
            filling / CARD,
            card(_title(name, scores), (net, written.notes), written.snippets, scores, _facts(task, fitted)),
        )
        files = sorted(path.name for path in filling.iterdir())
    return Exported(out, files, written.notes)


def _held_out(task: Task, run: Path, net: Exportable) -> Sequence[Any]:
    """Sequences of the part that chose the epoch, else of the test part; none if they are not to be had."""
    if net.steps is None or not (run / SETTINGS).exists():
        return ()
    began = begun(run, overwrite=False)
    try:
        prepared = prepared_again(task, began["data"], began, moved=True)
    except DataError:
        return ()
    part = prepared.validation if prepared.validation is not None else prepared.test
    return () if part is None else [*islice(net.steps(part), _MOST_SEQUENCES)]


def card_of_run(task: Task, fitted: Fitted, run: Path, name: str) -> str:
    """A card of a run as it is, which recurra itself reads again."""
    scores = _scores(run)
    head = f"---\nlibrary_name: recurra\ntags:\n- recurra\n- {task.name}\n---\n\n"
    call = f"""import recurra

net = recurra.load("hub:{name}")  # pip install 'recurra[hub]'
print(net)"""
    return head + card(
        _title(name, scores), None, [Snippet("In Python", "python", call)], scores, _facts(task, fitted)
    )


def _scores(run: Path) -> MetricsRecord | None:
    return read_metrics(run) if (run / METRICS_FILE).exists() and (run / MANIFEST).exists() else None


def is_export(folder: Path) -> bool:
    """Whether a folder holds an export."""
    try:
        return "export" in read_document(folder / METADATA, version=_FORMAT)
    except RecurraError:
        return False


def reopen(folder: Path) -> Any:
    """What runs an export in Python: of ONNX a `recurra.export.onnx_net.OnnxNet`, of torch its program.

    Raises:
        ConfigError: It is for others than Python.
        DamagedError: A file is missing or altered.
        MissingDependencyError: A package that runs it is not installed.
    """
    about = read_document(folder / METADATA, version=_FORMAT)
    own = target(str(about["export"]))
    if own.reopen is None:
        raise ConfigError(
            f"{folder}, an export to {own.name}, which Python does not run",
            "a run, a saved model, or an export to onnx or torch",
            f"Its {CARD} tells how to call it.",
        )
    return own.reopen(folder, about)


def check_place(out: Path, *, overwrite: bool) -> None:
    """Make sure that an export can be written there: nothing is there, or an export that may be replaced.

    Raises:
        StorageError: Something else is there.
    """
    if not out.exists():
        return
    if not overwrite:
        raise StorageError(f"{out} exists", "a new folder", "Choose another with -o, or add --overwrite.")
    if not is_export(out):
        raise StorageError(f"{out} holds something else than an export", "one to replace", "Choose another.")


def _title(name: str, scores: MetricsRecord | None) -> str:
    return f"{name}: {scores.title}" if scores is not None and scores.title else name


def _facts(task: Task, fitted: Fitted) -> Mapping[str, Any]:
    """What the net is, in words."""
    config = fitted.config
    return {
        "task": task.name,
        "net": net_label(config)[0],
        "parameters": f"{fitted.num_parameters:,}",
        "hidden units": f"{config.hidden_size}, layers: {config.num_layers}",
        "seed": getattr(config, "seed", ""),
    }
