"""A Ray cluster: found or started, and what goes wrong with it told in our words."""

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from recurra.errors import ClusterError, ConfigError, MissingDependencyError, RecurraError

ADDRESS = "RAY_ADDRESS"
SILENCE = 60
"""Seconds without an answer after which a cluster counts as gone."""


def ray_module(name: str = "ray") -> Any:
    """Ray, or a part of it.

    Raises:
        MissingDependencyError: It is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingDependencyError(
            f"scale=ray without {error.name or 'Ray'}",
            "Ray to be installed",
            "Run: pip install 'recurra[scale]'",
        ) from error


def connected(workers: int, say: Callable[[str], None]) -> Any:
    """Ray, connected to a cluster.

    It is that of RAY_ADDRESS, else one that runs on this machine (`ray start`), else one that is started here
    and ends with the process.

    Args:
        workers: How many processors are wanted.
        say: Is told that the cluster has fewer at present.

    Raises:
        MissingDependencyError: Ray is not installed.
        ClusterError: The cluster of RAY_ADDRESS cannot be reached.
        ConfigError: A cluster that is started here has fewer processors.
    """
    ray = ray_module()
    quiet = {"configure_logging": False, "log_to_driver": False}
    if not ray.is_initialized():
        try:
            ray.init(address=os.environ.get(ADDRESS, "auto"), **quiet)
        except (ConnectionError, ValueError, RuntimeError) as error:
            if ADDRESS in os.environ:
                raise ClusterError(
                    f"no Ray cluster answers at {os.environ[ADDRESS]} ({str(error).partition(chr(10))[0]})",
                    "one that runs",
                    f"Start it, or unset {ADDRESS} to use the processors of this machine.",
                ) from error
            most = max(2, os.cpu_count() or 1)
            if workers > most:
                raise ConfigError(
                    f"{workers} workers, and no Ray cluster runs but one of this machine",
                    f"at most {most}, one for each of its processors (or 2)",
                    f"Lower num_workers to {most}, start a cluster (`ray start`), or name one in {ADDRESS}.",
                ) from None
            ray.init(address="local", num_cpus=most, include_dashboard=False, **quiet)
    there = int(ray.cluster_resources().get("CPU", 0))
    if there < workers:
        say(f"the cluster has {there} processors for {workers} workers: it is waited for more")
    return ray


@contextmanager
def cluster_told(kept: str) -> Iterator[None]:
    """Tell what Ray cannot do in the block as an error of ours.

    Args:
        kept: What is not lost, and how to go on, as a sentence.

    Raises:
        ClusterError: The cluster went away, or lost what worked on it.
    """
    exceptions = ray_module("ray.exceptions")
    try:
        yield
    except (exceptions.RayError, ConnectionError, TimeoutError) as error:
        if isinstance(error, RecurraError):
            raise
        told = own_error(error)
        if told is not None:
            raise told from error
        lines = str(error).strip().splitlines()
        raise ClusterError(
            f"the Ray cluster no longer answers ({lines[-1] if lines else type(error).__name__})",
            "one that runs until the work is done",
            f"Look whether it runs (`ray status`). {kept}",
        ) from error


def own_error(error: BaseException) -> RecurraError | None:
    """The error of ours that something on a cluster ended with, if it was one."""
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, RecurraError) else None
