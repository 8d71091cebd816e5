"""A fitted forecaster on the disk: `config.json`, `model.safetensors`, `recent.parquet`.

`config.json` states the checksums of the other two and its own. Nothing is pickled, so loading runs no code.
"""

import io
from pathlib import Path
from typing import Any

import polars as pl
from safetensors.torch import load as tensors_from_bytes
from safetensors.torch import save as tensors_to_bytes

from recurra.errors import DamagedError, StorageError
from recurra.files import checksum, read_checked, read_document, whole_folder, write_bytes, write_document
from recurra.inputs.series.scaling import Scaling
from recurra.inputs.series.schema import PanelSchema
from recurra.tasks.forecast.config import forecast_config
from recurra.tasks.forecast.fitted import Fitted, build_network
from recurra.tasks.forecast.resolution import Resolved
from recurra.tasks.forecast.unit import Units
from recurra.version import __version__

FORMAT = 1
CONFIG, WEIGHTS, RECENT = "config.json", "model.safetensors", "recent.parquet"


def save_fitted(fitted: Fitted, folder: Path, *, overwrite: bool) -> Path:
    """Write a fitted forecaster into a folder of its own.

    Only a folder that holds nothing else may be replaced: not a run, and not a place with other files in it.

    Raises:
        StorageError: The folder exists and may not be replaced, or the disk is full.
    """
    if overwrite and folder.exists() and not _holds_a_model_only(folder):
        raise StorageError(
            f"{folder} holds other files", "a saved model to replace", "Choose another folder."
        )
    with whole_folder(folder, overwrite=overwrite) as filling:
        write_fitted(fitted, filling)
    return folder


def _holds_a_model_only(folder: Path) -> bool:
    return folder.is_dir() and {path.name for path in folder.iterdir()} <= {CONFIG, WEIGHTS, RECENT}


def write_fitted(fitted: Fitted, folder: Path) -> None:
    """Write the three files into a folder that is there; `config.json` last, as it vouches for the others."""
    weights = tensors_to_bytes(
        {name: value.contiguous() for name, value in fitted.network.state_dict().items()}
    )
    table = io.BytesIO()
    fitted.recent.write_parquet(table)
    recent = table.getvalue()
    write_bytes(folder / WEIGHTS, weights)
    write_bytes(folder / RECENT, recent)
    document = {
        "task": "forecast",
        "config": fitted.resolved.config.model_dump(mode="json"),
        "lags": list(fitted.resolved.lags),
        "scale_span": fitted.resolved.scale_span,
        "schema": fitted.schema.to_dict(),
        "scaling": fitted.scaling.to_dict(),
        "series": list(fitted.series),
        "units": fitted.units._asdict(),
        "files": {WEIGHTS: checksum(weights), RECENT: checksum(recent)},
        "recurra": __version__,
    }
    write_document(folder / CONFIG, document, version=FORMAT)


def load_fitted(folder: Path, *, device: str = "auto") -> Fitted:
    """Read a fitted forecaster.

    Args:
        folder: Where it is.
        device: Where it shall run; the one it was trained on may not be there.

    Raises:
        DamagedError: A file is missing, truncated or altered, or is no forecaster.
        NewerFormatError: A newer version of recurra wrote it.
    """
    if not folder.is_dir():
        raise DamagedError(f"there is no folder {folder}", "a run folder or a saved model", "Check the path.")
    document = read_document(folder / CONFIG, version=FORMAT)
    if document.get("task") != "forecast":
        raise DamagedError(
            f"{folder / CONFIG} is of task {document.get('task')!r}", "a forecaster", "Load it as what it is."
        )
    return _restored(document, folder, device)


def _restored(document: dict[str, Any], folder: Path, device: str) -> Fitted:
    weights = tensors_from_bytes(read_checked(folder / WEIGHTS, document["files"][WEIGHTS]))
    recent = pl.read_parquet(io.BytesIO(read_checked(folder / RECENT, document["files"][RECENT])))
    config = forecast_config({**document["config"], "device": device})
    resolved = Resolved(config, tuple(document["lags"]), document["scale_span"])
    schema = PanelSchema.from_dict(document["schema"])
    units, series = Units(**document["units"]), tuple(document["series"])
    network = build_network(resolved, schema, series=len(series), units=units)
    network.load_state_dict(weights)
    scaling = Scaling.from_dict(document["scaling"])
    return Fitted(resolved, schema, scaling, series, units, network.eval(), recent)
