"""`recurra.load`: whatever a folder holds, ready to answer."""

from pathlib import Path
from typing import Any

from recurra.errors import ConfigError
from recurra.experiment.export import is_export, reopen
from recurra.experiment.hub import PREFIX, download
from recurra.tasks.registry import entry_of_run


def load(folder: str | Path, *, device: str = "auto") -> Any:
    """Read a run, a saved model, or an export.

    Args:
        folder: Of `recurra train`, of an estimator's `save`, or of `recurra export`; or "hub:OWNER/NAME" (or
            "hub:OWNER/NAME@REVISION"), a repository on the Hugging Face Hub.
        device: Where the net is to be; exports decide that themselves.

    Returns:
        The estimator of the task, fitted; of an export to ONNX a `recurra.export.onnx_net.OnnxNet`, of one to
        torch its program: both map sequences and their lengths to results. No code runs from the files of
        runs and models; programs are opened by `torch.export.load`, under torch's own promises.

    Raises:
        ConfigError: It is an export that Python does not run, or the task has no estimator.
        DamagedError: There is nothing of the kind, or a file is missing, truncated or altered.
        MissingDependencyError: ONNX Runtime, or huggingface_hub, is not installed.
        NewerFormatError: A newer version of recurra wrote it.
        StorageError: The Hub cannot be reached, or refuses.
    """
    text = str(folder)
    place = download(text.removeprefix(PREFIX)) if text.startswith(PREFIX) else Path(folder)
    if is_export(place):
        return reopen(place)
    entry = entry_of_run(place)
    if not entry.estimator:
        raise ConfigError(
            f"a run of task {entry.name}", "one whose task has an estimator", "Use recurra predict."
        )
    return entry.load("estimator").load(place, device=device)
