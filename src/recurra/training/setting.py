"""Settings that are wrong only together with what else a run was given, found before training begins."""

from pathlib import Path

from recurra.errors import ConfigError
from recurra.training.checkpoint import checkpoints
from recurra.training.config import TrainingConfig
from recurra.training.contract import BatchSource, Validate
from recurra.training.device import choose_backend
from recurra.training.launch import launch


def check_settings(
    source: BatchSource,
    config: TrainingConfig,
    validate: Validate | None,
    folder: Path | None,
    *,
    resume: bool,
) -> None:
    """Refuse what can be seen to be wrong before training.

    Raises:
        ConfigError: No batches, nothing to monitor, nowhere to resume from, another run in the folder, or
            devices that are not there.
    """
    if config.devices > 1:
        if launch() is not None:
            raise ConfigError(
                f"devices is {config.devices} in a process that was started with others",
                "1, as these share every batch",
                "Leave devices out.",
            )
        choose_backend(config.device, config.devices)
    if len(source) == 0:
        raise ConfigError("the source has no batches", "at least one", "Check that the data are not empty.")
    if validate is None and follows_metric(config, validate) and config.monitor != "train_loss":
        raise ConfigError(
            f"monitor is {config.monitor!r}, but there is no validation",
            "train_loss",
            "Set monitor=train_loss, or hold out data to validate on.",
        )
    if resume and folder is None:
        raise ConfigError("resume is set without a folder", "the folder of the run", "Pass folder as well.")
    if folder is not None and not resume and checkpoints(folder / "checkpoints"):
        raise ConfigError(
            f"{folder} holds the checkpoints of an earlier run",
            "a new folder",
            "Choose another folder, or resume the run.",
        )


def follows_metric(config: TrainingConfig, validate: Validate | None) -> bool:
    """Whether the monitored metric decides which weights to keep, when to stop, or the learning rate."""
    return validate is not None or config.patience is not None or config.schedule == "plateau"


def remedy_for_divergence(config: TrainingConfig) -> str:
    """What to try when loss or gradient is no number."""
    clip = (
        "set gradient_clip=1.0"
        if config.gradient_clip is None
        else f"gradient_clip (now {config.gradient_clip:g})"
    )
    rate = f"Lower learning_rate (now {config.learning_rate:g})"
    clip = f"{rate} or {clip}" if config.gradient_clip is not None else f"{rate}, {clip}"
    return f"{clip}, and look for huge, infinite or missing values in the data."


def remedy_for_memory(config: TrainingConfig) -> str:
    """What to lower when memory does not suffice: those of the sizes that this kind of training has."""
    sizes = [
        f"{key} (now {getattr(config, key)})"
        for key in ("batch_size", "hidden_size", "context")
        if key in type(config).model_fields
    ]
    *first, last = sizes
    return f"Lower {', '.join(first)} or {last}." if first else f"Lower {last}, or make the model smaller."
