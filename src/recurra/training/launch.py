"""Whether torchrun, or whatever sets its environment, started this process as one of several."""

import os
from typing import NamedTuple

WANTED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


class Launch(NamedTuple):
    """A process among those that were started together, on one machine or several.

    Attributes:
        rank: Its number, from 0.
        world_size: How many there are.
        local_rank: Its number among those of its machine.
        restarts: How often all of them were started anew because one had died.
    """

    rank: int
    world_size: int
    local_rank: int
    restarts: int


def launch() -> Launch | None:
    """This process among those that were started with it; None where it stands alone."""
    if any(key not in os.environ for key in WANTED) or int(os.environ["WORLD_SIZE"]) < 2:
        return None
    rank = os.environ["RANK"]
    return Launch(
        int(rank),
        int(os.environ["WORLD_SIZE"]),
        int(os.environ.get("LOCAL_RANK", rank)),
        int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")),
    )
