"""Processes that torchrun started: the first one leads, and sends the others what they share in.

So only the first reads data and writes files, whatever it trains, and how often. A process that dies takes
the others with it; torchrun then starts all of them anew, if it was told to (`--max-restarts`).
"""

import atexit
from typing import Any

import cloudpickle
import torch
from torch import distributed
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from recurra.errors import NonFiniteError
from recurra.training.distributed import PATIENCE, Group, Share, not_portable
from recurra.training.interruption import Interruption, interruptible
from recurra.training.launch import Launch, launch


def joined(here: Launch) -> Group:
    """The group of all processes, which each joins once; it waits until all have."""
    group = Group(here.rank, here.world_size, here.local_rank)
    if not distributed.is_initialized():
        on_gpu = torch.cuda.is_available()
        if on_gpu:
            torch.cuda.set_device(here.local_rank)
        store, *_ = next(rendezvous("env://", here.rank, here.world_size, timeout=PATIENCE))
        distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if on_gpu else "gloo",
            store=PrefixStore(str(here.restarts), store),  # others left addresses of the dead
            rank=here.rank,
            world_size=here.world_size,
            timeout=PATIENCE,
        )
    return group


def share(work: Share | None, interruption: Interruption) -> Any:
    """Do a piece of work together: the first process's, whatever the others were asked to do.

    Args:
        work: As for `recurra.training.distributed.run_processes`; that of the others is not looked at.
        interruption: Asks this process to stop; the others stop with it.

    Returns:
        What the first process made of it, at all of them.

    Raises:
        ConfigError: The work cannot be sent to another process.
        RecurraError: As in the work.
    """
    here = launch()
    if here is None:
        raise RuntimeError("no process was started beside this one")
    group = joined(here)
    if here.rank > 0:
        return _received(group, interruption)
    group.broadcast(_packed(work))
    return _done(work, group, interruption)


def lead(here: Launch) -> None:
    """Let the others follow this process, which is the first, until it ends."""
    atexit.register(_dismiss, joined(here))


def follow(here: Launch) -> None:
    """Share in whatever the first process does, until it ends."""
    group = joined(here)
    going_on = True
    while going_on:
        interruption = Interruption()
        try:
            with interruptible(interruption):
                going_on = _received(group, interruption) is not None
        except NonFiniteError:
            continue  # all meet it at once, and the first one tells it


_at_work = False


def _received(group: Group, interruption: Interruption) -> Any:
    """What came of the first process's work; None where there is none any more."""
    content = group.broadcast(None)
    return None if content is None else _done(cloudpickle.loads(content), group, interruption)


def _packed(work: Share | None) -> bytes:
    try:
        return bytes(cloudpickle.dumps(work))
    except Exception as error:
        raise not_portable("several processes train", error) from error


def _done(work: Any, group: Group, interruption: Interruption) -> Any:
    global _at_work  # noqa: PLW0603 - whether the others listen when the process ends
    _at_work = True
    try:
        result = group.broadcast(work(group, interruption))
    except NonFiniteError:
        _at_work = False
        raise
    _at_work = False
    return result


def _dismiss(group: Group) -> None:
    """Let the others end, if they wait for what comes next."""
    if distributed.is_initialized() and not _at_work:
        group.broadcast(None)
        distributed.destroy_process_group()
