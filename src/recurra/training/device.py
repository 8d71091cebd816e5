"""Which device to train on."""

import os
import warnings

import torch

from recurra.errors import ConfigError


def choose_device(name: str = "auto", rank: int = 0) -> torch.device:
    """The device of a name.

    "auto" takes a CUDA device where there is one and the CPU otherwise. It never takes Apple's MPS, whose
    recurrent kernels have repeatedly given wrong numbers in silence; by name it is given, with a warning.

    Args:
        name: "auto", "cpu", "cuda", "cuda:1" or "mps".
        rank: Which of several processes asks; each gets a CUDA device of its own.

    Raises:
        ConfigError: There is no such device, here or anywhere.
    """
    usable = available_devices()
    if name == "auto":
        name = "cuda" if "cuda:0" in usable else "cpu"
    if name == "cuda":
        name = f"cuda:{rank}"
    if name not in usable:
        raise ConfigError(
            f"device is {name!r}",
            f"one of auto, {', '.join(usable)}",
            "Choose one of these, or fewer devices.",
        )
    if name == "mps":
        warnings.warn(
            "torch's LSTM and GRU have given wrong outputs and gradients on MPS (pytorch issues 94691, "
            "102911, 190056). Compare a short run with device=cpu before trusting a long one.",
            UserWarning,
            stacklevel=2,
        )
    return torch.device(name)


def choose_backend(name: str, devices: int) -> str:
    """What processes on several devices talk by.

    Args:
        name: As for `choose_device`.
        devices: How many, from 2 on.

    Raises:
        ConfigError: The devices are not there, cannot work together, or are more than the CPU has cores for.
    """
    first, last = choose_device(name), choose_device(name, devices - 1)
    if last == torch.device("cpu"):
        most = max(2, os.cpu_count() or 1)
        if devices > most:
            raise ConfigError(
                f"devices is {devices} on a CPU",
                f"at most {most}, a process for each of its cores (or 2)",
                f"Lower devices to {most}, or leave it out.",
            )
        return "gloo"
    if first == last:
        raise ConfigError(
            f"device is {name!r} with devices={devices}",
            "cpu, or cuda with a GPU for each",
            "Train with devices=1.",
        )
    return "nccl"


def available_devices() -> list[str]:
    """Names of the devices of this machine, the CPU first."""
    names = ["cpu"]
    if torch.cuda.is_available():
        names += [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("mps")
    return names
