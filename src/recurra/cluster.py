"""A Ray cluster: found or started, and what goes wrong with it told in our words."""

import importlib
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from recurra.errors import ClusterError, ConfigError, MissingDependencyError, RecurraError

ADDRESS = "RAY_ADDRESS"
CURRENT = ("ray", "ray_current_cluster")
"""Where `ray start` notes it, in the folder for temporary files."""
SILENCE = 60
"""Seconds without an answer after which a cluster counts as gone."""
PATIENCE = 5
"""Seconds to wait for a first answer, and between two looks whether a cluster is still there."""

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


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
    if not ray.is_initialized():
        named = os.environ.get(ADDRESS) or _started_here()
        quiet = {"configure_logging": False, "log_to_driver": False}
        if named:
            _connect(ray, named, quiet)
        else:
            most = max(2, os.cpu_count() or 1)
            if workers > most:
                raise ConfigError(
                    f"{workers} workers, and no Ray cluster runs but one of this machine",
                    f"at most {most}, one for each of its processors (or 2)",
                    f"Lower num_workers to {most}, start a cluster (`ray start`), or name one in {ADDRESS}.",
                )
            ray.init(address="local", num_cpus=most, include_dashboard=False, **quiet)
    there = int(ray.cluster_resources().get("CPU", 0))
    if there < workers:
        say(f"the cluster has {there} processors for {workers} workers: it is waited for more")
    return ray


def _connect(ray: Any, address: str, quiet: dict[str, bool]) -> None:
    check_answers(address)
    try:
        ray.init(address=address, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ClusterError(
            f"no Ray cluster answers at {address} ({str(error).partition(chr(10))[0]})",
            "one that runs",
            f"Start it, or unset {ADDRESS} to use the processors of this machine.",
        ) from error


def _started_here() -> str | None:
    """Where the cluster answers that `ray start` began on this machine, if it still does.

    One that another process began for itself is not looked for: it ends with that process.
    """
    try:
        address = Path(os.environ.get("RAY_TMPDIR", "/tmp"), *CURRENT).read_text().strip()  # noqa: S108 - Ray's
        check_answers(address)
    except (OSError, ClusterError):
        return None
    return address or None


def check_answers(address: str, kept: str = "") -> None:
    """Make sure that something answers where a cluster should be.

    Args:
        address: "host:port", or what Ray knows beside that, of which nothing is asked.
        kept: Of a cluster that was there: as for `cluster_told`.

    Raises:
        ClusterError: Nothing does.
    """
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if not (colon and port.isdecimal()):
        return
    try:
        socket.create_connection((host, int(port)), PATIENCE).close()
    except OSError as error:
        what = "the Ray cluster went away: nothing" if kept else "no Ray cluster"
        raise ClusterError(
            f"{what} answers at {address} ({error.strerror or error})",
            "one that runs",
            kept or f"Start it; where {ADDRESS} is set, correct or unset it.",
        ) from error


def spread(
    work: Callable[[ItemT], ResultT],
    items: Sequence[ItemT],
    processors: int,
    say: Callable[[str], None],
    kept: str,
) -> Iterator[tuple[ItemT, ResultT | RecurraError]]:
    """What a function makes of each item, on a cluster, in whatever order it comes.

    Args:
        work: Can be sent to another machine, and gives the same whenever it is called again.
        items: What it is called with.
        processors: How many a call takes.
        say: As for `connected`.
        kept: As for `cluster_told`.

    Yields:
        An item, and what came of it: an error of ours, if that came.

    Raises:
        ClusterError: The cluster went away.
    """
    ray = connected(processors, say)
    exceptions = ray_module("ray.exceptions")
    died = (exceptions.WorkerCrashedError, exceptions.OutOfMemoryError)
    address = ray.get_runtime_context().gcs_address
    with cluster_told(kept):
        sent = put(ray, work)
        call = ray.remote(num_cpus=processors, max_retries=3)(_called)
        at_once = 2 * max(1, int(ray.cluster_resources().get("CPU", 1)) // processors)
        waiting = list(reversed(items))
        running: dict[Any, ItemT] = {}
        while waiting or running:
            while waiting and len(running) < at_once:
                item = waiting.pop()
                running[call.remote(sent, item)] = item
            done, _ = ray.wait(list(running), timeout=PATIENCE)
            if not done:
                check_answers(address, kept)
            for one in done:
                item = running.pop(one)
                try:
                    result = ray.get(one)
                except died as error:
                    result = ClusterError(
                        f"a worker of the cluster died at it again and again ({type(error).__name__})",
                        "one that ends well",
                        "Give it more memory, or smaller pieces.",
                    )
                yield item, result


def put(ray: Any, work: Any) -> Any:
    """Something that all of a cluster can read.

    Raises:
        ConfigError: It cannot be sent.
    """
    try:
        return ray.put(work)
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"what the cluster is to do cannot be sent there ({str(error).strip().partition(chr(10))[0]})",
            "data and a model that can be pickled",
            "Leave Ray out, or give data by their path.",
        ) from error


def _called(work: Callable[[Any], Any], item: Any) -> Any:
    try:
        return work(item)
    except RecurraError as error:
        return error


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
