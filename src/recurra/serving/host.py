"""What a server serves, and what it needs for it."""

import asyncio
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from recurra.serving.config import ServeConfig
from recurra.serving.guard import Guard, Pace
from recurra.serving.monitor import Monitor
from recurra.serving.predicting import Predictor
from recurra.serving.roster import Roster
from recurra.serving.seal import Seal
from recurra.serving.shelf import Shelf

_MAKERS = 2
"""Threads that make texts."""


class Host:
    """Models, their sessions, and who may use them.

    Args:
        folders: Of the runs, by the names that clients use.
        config: How they are served.
        guard: Who may ask.
        state: Where snapshots of sessions are; None: sessions end with the process.
        watch: Whether runs that are replaced are taken up.

    Attributes:
        sockets: The WebSockets that are open.

    Raises:
        ConfigError: A run neither streams nor predicts.
        DamagedError: A file of a run is missing, truncated or altered.
        StorageError: The place of the snapshots cannot be used.
    """

    def __init__(
        self,
        folders: Mapping[str, Path],
        config: ServeConfig,
        guard: Guard,
        state: Path | None = None,
        *,
        watch: bool = False,
    ) -> None:
        self.config, self.guard = config, guard
        self.monitor = Monitor()
        self.shelf = Shelf(folders, config, self.monitor)
        self._own = ExitStack()
        folder = state
        if folder is None:
            folder = Path(self._own.enter_context(tempfile.TemporaryDirectory(prefix="recurra-")))
        self.roster = Roster(self.shelf, config, folder, self.monitor)
        self.seal = Seal(folder)
        self.pace = Pace(config.rows_per_second)
        self.predictor = Predictor()
        self.makers = ThreadPoolExecutor(_MAKERS, "recurra-make")
        self.sockets: set[Any] = set()
        self._watches = watch

    def begin(self) -> list["asyncio.Task[None]"]:
        """What goes on beside the answers; to be cancelled at the end."""
        tasks = [asyncio.create_task(self.roster.keep())]
        if self._watches:
            tasks.append(asyncio.create_task(self.shelf.watch()))
        return tasks

    async def close(self) -> None:
        """Keep what is to be kept, and let go of the rest."""
        self.predictor.close()
        self.makers.shutdown(wait=False, cancel_futures=True)
        self.shelf.close()
        await self.roster.close()
        self._own.close()
