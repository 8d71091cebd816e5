"""The models of a server by name, and the older versions that sessions still go on with."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

from recurra.data.naming import listed, suggestion
from recurra.errors import RecurraError
from recurra.serving.config import ServeConfig
from recurra.serving.model import Model, load_quietly, version_of
from recurra.serving.monitor import Monitor
from recurra.serving.problem import Problem

_LOOK_SECONDS = 1.0
_MOST_VERSIONS = 4
logger = logging.getLogger("recurra.serving")


class Shelf:
    """Models, the newest version of each first.

    Args:
        folders: Of the runs, by the names that clients use.
        config: How they are served.
        monitor: Counts what they do.

    Raises:
        ConfigError: A run neither streams nor predicts.
        DamagedError: A file of a run is missing, truncated or altered.
    """

    def __init__(self, folders: Mapping[str, Path], config: ServeConfig, monitor: Monitor) -> None:
        self._folders, self._config, self._monitor = folders, config, monitor
        self._versions = {name: [Model(name, folder, config, monitor)] for name, folder in folders.items()}

    def __iter__(self) -> Iterator[Model]:
        """The newest version of each."""
        return iter([versions[0] for versions in self._versions.values()])

    def get(self, name: str) -> Model:
        """The newest version of a model.

        Raises:
            Problem: There is no such model.
        """
        if name not in self._versions:
            names = list(self._versions)
            remedy = suggestion(name, names, "GET /v1/models lists them.")
            raise Problem(404, f"model {name!r}", f"one of {listed(names)}", remedy)
        return self._versions[name][0]

    def of_digest(self, name: str, digest: str) -> Model | None:
        """The version whose sessions have a digest, if it is still here."""
        return next((one for one in self._versions.get(name, ()) if one.digest == digest), None)

    async def watch(self) -> None:
        """Take up new versions of runs as they are replaced, until cancelled.

        Sessions go on with the version that they began with.
        """
        seen: dict[str, str] = {}
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for name, folder in self._folders.items():
                try:
                    version = version_of(folder)
                except RecurraError:
                    continue  # it is being replaced
                if version in (self._versions[name][0].version, seen.get(name)):
                    continue
                found = await asyncio.to_thread(load_quietly, name, folder, self._config, self._monitor)
                if isinstance(found, Model):
                    self._versions[name] = [found, *self._versions[name]][:_MOST_VERSIONS]
                    logger.info("%s is version %s now", name, found.version[:12])
                else:
                    seen[name] = version
                    logger.warning("%s was not replaced: %s", name, found)

    def close(self) -> None:
        """Take no more rows."""
        for versions in self._versions.values():
            for one in versions:
                one.close()
