"""A run that is served: what streams, what predicts, and what it says of itself."""

import threading
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from recurra.config import validated
from recurra.errors import ConfigError, DamagedError, MissingDependencyError, RecurraError
from recurra.experiment.listening import hears
from recurra.files import checksum, read_bytes, read_document
from recurra.serving.batch import Batcher
from recurra.serving.config import ServeConfig
from recurra.serving.facts import facts, labels_of
from recurra.serving.monitor import Monitor
from recurra.streaming import Live, Program
from recurra.streaming.pooled import PooledProgram
from recurra.tasks.predictor import load_predictor, program_folder
from recurra.tasks.registry import Entry, entry, entry_of_run

_SPARE = 64
"""Places of a pool beside those of sessions, for steps that only look ahead."""


class Model:
    """One version of a run, loaded.

    Args:
        name: What clients call it.
        folder: Of a run, or of an exported stream program.
        config: How it is served.
        monitor: Counts what it does.

    Attributes:
        live: What sessions begin from; None: it does not stream rows.
        why_not: Why it does not.
        program: Its stream program, if it has one, for what steps in threads, as the pool of `live` must not.
        entry: Its task; None of a program of no task.
        reads: What clients need to know of its input; see `facts`.
        labels: What it tells apart, if it does.
        digest: Of what sessions run; they go on with no other.
        batcher: Takes the rows of its sessions.

    Raises:
        ConfigError: There is no such folder, or the run neither streams nor predicts.
        DamagedError: A file is missing, truncated or altered.
    """

    def __init__(self, name: str, folder: Path, config: ServeConfig, monitor: Monitor) -> None:
        self.name, self.folder = name, folder
        self.version = version_of(folder)  # before it is read, so that what replaces it meanwhile is newer
        self.live: Live | None = None
        self.why_not = ""
        place = program_folder(folder) if folder.is_dir() else None
        self.program = None if place is None else Program.load(place)
        capacity = 2 * config.max_sessions + config.max_batch_size + _SPARE
        pooled = PooledProgram.of_capacity(min(capacity, 1 << 22), config.threads)
        try:
            self.live = load_predictor(folder, config.weights, kept_as=pooled)
        except ConfigError as error:
            self.why_not = error.got.replace(str(folder), name)  # no path leaves the server
        task = self._task()
        self.entry: Entry | None = None if task is None else entry(task)
        if self.live is None and not self.predicts:
            raise ConfigError(f"{folder}, of which {self.why_not}", "a run or a stream program", "Check it.")
        self.digest = "" if self.live is None else self.live.digest
        self.max_sequences = config.max_sequences
        about = {} if self.program is None else self.program.metadata
        run = read_document(folder / "config.json", version=1) if self.predicts else {}
        self.reads, self.labels = facts(about, run), labels_of(about, run)
        labels = {"model": name}
        sizes, seconds = monitor.batch_rows.labels(**labels), monitor.batch_seconds.labels(**labels)

        def watch(size: int, took: float) -> None:
            sizes.observe(size)
            seconds.observe(took)

        self.batcher = Batcher(
            config.max_batch_size,
            config.max_wait_ms / 1000,
            config.max_queue,
            alone=self.live is not None and self.program is None,
            watch=watch,
        )
        self._loading = threading.Lock()
        self._fitted: Any = None

    def _task(self) -> str | None:
        if self.program is not None:
            name = self.program.metadata.get("task")
            return None if name is None else str(name)
        return entry_of_run(self.folder).name

    @property
    def predicts(self) -> bool:
        """Whether there is a net that answers whole requests."""
        if self.entry is None or find_spec("torch") is None:
            return False
        is_run = program_folder(self.folder) != self.folder  # a program has weights of that name too
        return is_run and (self.folder / "model.safetensors").is_file()

    @property
    def generates(self) -> bool:
        """Whether it makes texts of nothing."""
        return self.entry is not None and bool(self.entry.generator) and self.program is not None

    @cached_property
    def hears(self) -> bool:
        """Whether its live sessions take sound."""
        listens = self.entry is not None and bool(self.entry.listener)
        return listens and self.program is not None and hears(self.program)

    @cached_property
    def hears_not(self) -> str:
        """Why it does not listen, though its live sessions could take sound; empty if it does."""
        if not self.hears or self.entry is None or self.program is None:
            return ""
        listener = self.entry.load("listener")
        try:
            listener(self.program, validated(listener.options, {}), "float32", None)
        except ConfigError as error:
            return f"{error.got}; {error.remedy}"
        return ""

    def fitted(self) -> Any:
        """The net; it is loaded when it is first asked for, in whatever thread.

        Raises:
            DamagedError: A file of the run is missing, truncated or altered.
            MissingDependencyError: torch is not installed.
        """
        try:
            from recurra.experiment.artifact import load_fitted  # noqa: PLC0415 - needs torch
        except ImportError as error:
            raise MissingDependencyError(
                f"predictions without {error.name}", "torch to be installed", "Stream, or install it there."
            ) from error

        with self._loading:
            if self._fitted is None and self.entry is not None:
                self._fitted = load_fitted(self.entry.load("task"), self.folder, device="cpu")
        return self._fitted

    def description(self) -> dict[str, Any]:
        """What clients should know of it."""
        columns = () if self.live is None else self.live.columns
        return {
            "name": self.name,
            "task": None if self.entry is None else self.entry.name,
            "input": self.reads["input"],
            "version": self.version[:12],
            "streams": self.live is not None,
            "hears": self.hears,
            "predicts": self.predicts,
            "generates": self.generates,
            "columns": list(columns),
            "labels": self.labels,
            "reads": self.reads,
            "notes": [] if self.live is None else list(self.live.about),
            **({"hears_not": self.hears_not} if self.hears_not else {}),
            **({"streams_not": self.why_not} if self.live is None else {}),
        }

    def close(self) -> None:
        """Take no more rows."""
        self.batcher.close()


def version_of(folder: Path) -> str:
    """What changes when a run is replaced: a checksum of what its folder says of itself.

    Raises:
        ArtifactError: There is nothing of that.
    """
    parts = [folder / "config.json", folder / "stream" / "config.json"]
    found = [read_bytes(one) for one in parts if one.is_file()]
    if not found:
        what = f"{folder} holds no config.json" if folder.is_dir() else f"there is no folder {folder}"
        raise DamagedError(what, "a run folder or an exported program", "Check the path.")
    return checksum(b"".join(found))


def load_quietly(name: str, folder: Path, config: ServeConfig, monitor: Monitor) -> Model | RecurraError:
    """A new version of a model, or why there is none (it may be half replaced just now)."""
    try:
        return Model(name, folder, config, monitor)
    except RecurraError as error:
        return error
