"""Several processes that train one model, each on its rows of every batch.

Gradients, losses and counts of valid steps are added up over the processes before they are divided, so two
processes make the same steps as one that sees the whole batch. The processes are forked from a server that
has imported torch (spawned where the system knows no such server), talk by torch.distributed (gloo between
CPUs, nccl between GPUs), and end when the one that started them does, however it ends.
"""

import multiprocessing
import os
import signal
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, distributed, nn

from recurra.errors import ConfigError, RecurraError
from recurra.training.contract import Batch
from recurra.training.interruption import Interruption

PATIENCE = timedelta(days=1)  # validation may take long; the death of a process is noticed at once


class Group:
    """The processes of a run, as one of them sees them; by default it is alone.

    Attributes:
        rank: Number of this process, from 0.
        world_size: How many there are.
        local_rank: Number of this process among those of its machine, from 0.
    """

    def __init__(self, rank: int = 0, world_size: int = 1, local_rank: int | None = None) -> None:
        self.rank = rank
        self.world_size = world_size
        self.local_rank = rank if local_rank is None else local_rank

    def share(self, batch: Batch) -> Batch:
        """This process's rows of a batch."""
        return batch if self.world_size == 1 else batch.shard(self.rank, self.world_size)

    def reduce(self, parameters: Sequence[nn.Parameter], totals: Tensor) -> Tensor:
        """Add up gradients (in place) and totals over all processes.

        A parameter that has a gradient in none of them is left without one.
        """
        if self.world_size == 1:
            return totals
        present = totals.new_tensor([float(parameter.grad is not None) for parameter in parameters])
        gradients = [
            torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            for parameter in parameters
        ]
        everything = torch.cat([totals, present, *(gradient.flatten() for gradient in gradients)])
        distributed.all_reduce(everything)
        sizes = [len(totals), len(present), *(gradient.numel() for gradient in gradients)]
        totals, present, *sums = torch.split(everything, sizes)
        for parameter, somewhere, gradient in zip(parameters, present.tolist(), sums, strict=True):
            if somewhere:
                parameter.grad = gradient.view_as(parameter).to(parameter.dtype)
        return totals

    def gather(self, value: Any) -> list[Any] | None:
        """Everyone's value, in the order of rank, at the first process; None at the others."""
        if self.world_size == 1:
            return [value]
        values: list[Any] | None = [None] * self.world_size if self.rank == 0 else None
        distributed.gather_object(value, values)
        return values

    def broadcast(self, value: Any) -> Any:
        """The first process's value, at all of them."""
        if self.world_size == 1:
            return value
        values = [value]
        distributed.broadcast_object_list(values)
        return values[0]


Share = Callable[[Group, Interruption], Any]


class Outcome(NamedTuple):
    """How a process ended: with a result, with one of our errors, or with another one."""

    result: Any = None
    error: tuple[type[RecurraError], str, str, str] | None = None
    report: str | None = None
    when: float = 0.0


def run_processes(work: Share, count: int, backend: str, interruption: Interruption) -> list[Any]:
    """Do a piece of work in several new processes at once.

    Args:
        work: Called in each with its group; must be picklable, like all that it holds.
        count: How many processes.
        backend: What they talk by: "gloo" or "nccl".
        interruption: Passed on to them; they do not listen to Ctrl-C themselves.

    Returns:
        Their results, in the order of rank.

    Raises:
        ConfigError: The work cannot be sent to another process.
        RecurraError: One of them failed; the others were ended.
    """
    context = _context()
    processes: list[BaseProcess] = []
    outcomes: list[Connection] = []
    threads = max(1, torch.get_num_threads() // count)
    with tempfile.TemporaryDirectory() as folder:
        join = partial(_join, Path(folder) / "rendezvous", count, backend, threads)
        try:
            for rank in range(count):
                here, there = context.Pipe(duplex=False)
                process = context.Process(
                    target=_run_process, args=(rank, join, work, interruption.flag, there), daemon=True
                )
                _start(process)
                there.close()
                processes.append(process)
                outcomes.append(here)
            return _results(processes, outcomes)
        finally:
            for process in processes:
                process.terminate()
                process.join()


def _context() -> Any:
    """How new processes start: forked from a server that has imported torch, or bare where there is none."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch._dynamo", "recurra.training.loop"])  # optimisers need the first
    return context


def _start(process: BaseProcess) -> None:
    try:
        process.start()
    except (AttributeError, TypeError, ValueError) as error:  # what pickling raises
        raise not_portable("devices is larger than 1", error) from error
    except Exception as error:
        if type(error).__name__ != "PicklingError":
            raise
        raise not_portable("devices is larger than 1", error) from error


def not_portable(why: str, error: Exception) -> ConfigError:
    """The error for work that cannot be sent to another process, which it has to be."""
    return ConfigError(
        f"{why}, and what is to be trained cannot be sent to other processes ({error})",
        "a model, objective, source and validation made of functions and classes at the top of a module",
        "Move them there, or train with devices=1.",
    )


def _results(processes: list[BaseProcess], outcomes: list[Connection]) -> list[Any]:
    """Wait until all have ended well, or the first has not."""
    results: dict[int, Any] = {}
    while len(results) < len(processes):
        ready = wait([outcome for rank, outcome in enumerate(outcomes) if rank not in results])
        failed: list[tuple[int, Outcome]] = []
        for rank, connection in enumerate(outcomes):
            if connection not in ready:
                continue
            try:
                outcome: Outcome = connection.recv()
            except EOFError:
                raise _vanished(rank, processes[rank]) from None
            if outcome.report is None:
                results[rank] = outcome.result
            else:
                failed.append((rank, outcome))
        if failed:
            # The process that fails first tears the others down with it: theirs are only consequences.
            raise _failure(*min(failed, key=lambda failure: failure[1].when))
    return [results[rank] for rank in range(len(processes))]


def _failure(rank: int, outcome: Outcome) -> RecurraError:
    if outcome.error is not None:
        kind, got, expected, remedy = outcome.error
        return kind(got, expected, remedy)
    report = outcome.report or ""
    last_line = report.strip().splitlines()[-1]
    error = RecurraError(
        f"process {rank} of the training failed with {last_line}",
        "all processes to finish",
        "Train with devices=1 to see where it comes from.",
    )
    error.add_note(report)
    return error


def _vanished(rank: int, process: BaseProcess) -> RecurraError:
    process.join()
    code = process.exitcode or 0
    ended = (
        f"was killed by signal {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    )
    return RecurraError(
        f"process {rank} of the training {ended}",
        "all processes to finish",
        "Check that memory suffices and, in a script of your own, that training is started under "
        "`if __name__ == '__main__':`, since devices larger than 1 import the script anew.",
    )


def _run_process(
    rank: int, join: Callable[[int], Group], work: Share, flag: Any, outcome: Connection
) -> None:
    """What a new process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        group = join(rank)
        outcome.send(Outcome(result=work(group, Interruption(flag))))
    except BaseException as error:  # noqa: BLE001 (all of them are reported to the parent)
        ours = (
            (type(error), error.got, error.expected, error.remedy)
            if isinstance(error, RecurraError)
            else None
        )
        outcome.send(Outcome(error=ours, report=traceback.format_exc(), when=time.monotonic()))
    finally:
        outcome.close()
        if distributed.is_initialized():
            distributed.destroy_process_group()


def _join(rendezvous: Path, count: int, backend: str, threads: int, rank: int) -> Group:
    torch.set_num_threads(threads)
    if backend == "nccl":
        torch.cuda.set_device(rank)
    distributed.init_process_group(
        backend, init_method=f"file://{rendezvous}", rank=rank, world_size=count, timeout=PATIENCE
    )
    return Group(rank, count)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
