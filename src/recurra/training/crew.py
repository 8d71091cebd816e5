"""Which processes share a training: those of this machine, those of torchrun, or workers of a Ray cluster."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from recurra.training.config import TrainingConfig
from recurra.training.device import choose_backend
from recurra.training.distributed import Share, run_processes
from recurra.training.interruption import Interruption, interruptible
from recurra.training.launch import launch
from recurra.training.ray_workers import run_on_ray
from recurra.training.torchrun import share


def has_company(config: TrainingConfig) -> bool:
    """Whether a training goes on anywhere but in this process alone."""
    return config.devices > 1 or config.scale == "ray" or launch() is not None


def share_out(work: Share, config: TrainingConfig, folder: Path | None, say: Callable[[str], None]) -> Any:
    """Do a piece of work in the processes that settings ask for; Ctrl-C asks it to stop.

    Args:
        work: Called in each with its group; must be picklable.
        config: Says which.
        folder: Where the work keeps what lets it go on.
        say: Is given what there is to say by processes that do not reach this one's stderr.

    Returns:
        The first process's result.

    Raises:
        ConfigError: The work cannot be sent to another process, or there are too few of them.
        RecurraError: One of them failed; the others were ended.
    """
    if config.scale == "ray":
        interruption = Interruption()
        with interruptible(interruption):
            return run_on_ray(
                work,
                config.num_workers,
                device=config.device,
                restarts=config.max_restarts,
                folder=folder,
                interruption=interruption,
                say=say,
            )
    if launch() is not None:
        interruption = Interruption()
        with interruptible(interruption):
            return share(work, interruption)
    backend = choose_backend(config.device, config.devices)
    interruption = Interruption.shared()
    with interruptible(interruption):
        return run_processes(work, config.devices, backend, interruption)[0]
