"""A stream program: layers with weights, ready to run step by step."""

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from recurra.errors import ConfigError
from recurra.streaming import storage
from recurra.streaming.compiled import compile_program, stream_engine
from recurra.streaming.layer import Array, Layer, kept_array
from recurra.streaming.network import Network
from recurra.streaming.pool import SessionPool
from recurra.streaming.session import Session


class Program:
    """An ordered list of layers that turns the steps of a sequence into outputs, one by one.

    A program has no state and never changes; `session` and `pool` make what has. Weights are packed for the
    processor at the first session of each type of weights and shared by all that follow. Many threads may use
    one program.

    Args:
        layers: From the input to the output. Residual connections may lie among them.
        metadata: Anything that JSON can say, kept with the program and not interpreted.
        arrays: Numbers by name that are kept so too, float32 of one axis or two: weights of what follows on
            the outputs.

    Attributes:
        layers: The layers.
        input_size: How many features a step takes; 1 of a program that takes ids.
        output_size: How many features a step gives.
        vocabulary: How many ids there are; None of a program that takes features.
        takes_ids: Whether a step takes the id of an embedding instead of features.
        metadata: What was given.
        arrays: What was given; nobody can change them.

    Raises:
        ConfigError: There are no layers, one is no layer, they do not go together, or the metadata are not
            JSON.
        ShapeError: An array is of another type, or has more axes.
        DataError: An array holds NaN or infinity.

    >>> import numpy as np
    >>> from recurra.streaming import Affine, Program
    >>> program = Program([Affine(np.ones((2, 3), np.float32))])
    >>> program.session().step(np.array([1, 2, 3], np.float32))
    array([6., 6.], dtype=float32)
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        metadata: Mapping[str, Any] | None = None,
        arrays: Mapping[str, Array] | None = None,
    ) -> None:
        self._network = Network(layers)
        self.layers = self._network.layers
        self.input_size = self._network.input_size
        self.output_size = self._network.output_size
        self.vocabulary = self._network.vocabulary
        self.takes_ids = self.vocabulary is not None
        self.metadata = _json_object(metadata or {})
        self.arrays = {name: kept_array(f"array {name!r}", one) for name, one in (arrays or {}).items()}
        self._compiled: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    @property
    def state_sizes(self) -> dict[str, int]:
        """How many numbers each part of a session's state has: "1.hidden" is of layer 1."""
        return dict(self._network.state.sizes)

    @property
    def digest(self) -> str:
        """SHA-256 of the layers and their weights, in hexadecimal; metadata and arrays do not count."""
        return self._network.digest

    def session(self, weights: str = "float32") -> Session:
        """A new session, of zero state.

        Args:
            weights: "float32", "bfloat16" or "int8": how the weights are kept. `docs/log.md` tells what
                each costs in accuracy. An embedding's rows and biases stay float32.

        Raises:
            ConfigError: There are no weights of this type.
            MissingDependencyError: The package was built without the engine.
        """
        return Session(self._pack(weights), self._network)

    def pool(self, capacity: int, weights: str = "float32", threads: int | None = None) -> SessionPool:
        """A store for many sessions that step together.

        Args:
            capacity: How many sessions there can be at a time.
            weights: As of `session`.
            threads: The most threads that a step takes, the caller's included; None for the processors that
                this process may use.

        Raises:
            ConfigError: A value is out of range.
            OutOfMemoryError: The store does not fit into memory.
            MissingDependencyError: The package was built without the engine.
        """
        return SessionPool(self._pack(weights), self._network, capacity, threads)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Write `config.json` and `model.safetensors` into a new folder, whole or not at all.

        Args:
            folder: Where.
            overwrite: Whether a folder that is there may be replaced.

        Raises:
            StorageError: The folder exists and may not be replaced, or the disk refuses.
        """
        storage.save(Path(folder), self._network, self.metadata, self.arrays, overwrite=overwrite)

    @classmethod
    def load(cls, folder: str | Path) -> "Program":
        """Read what `save` wrote. It runs no code from the files.

        Raises:
            DamagedError: A file is missing, was truncated or altered, or is not ours.
            NewerFormatError: A newer version of recurra wrote it.
        """
        layers, metadata, arrays = storage.load(Path(folder))
        return storage.as_damage(Path(folder), lambda: cls(layers, metadata, arrays))

    def __repr__(self) -> str:
        layers = "".join(f"\n  {number}: {layer!r}" for number, layer in enumerate(self.layers))
        return f"Program({layers}\n)"

    def _pack(self, weights: str) -> Any:
        key = (weights, stream_engine().instruction_set())
        with self._lock:
            if key not in self._compiled:
                self._compiled[key] = compile_program(self._network.operations(), weights)
            return self._compiled[key]


def _json_object(metadata: Mapping[str, Any]) -> dict[str, Any]:
    try:
        copy = json.loads(json.dumps(dict(metadata), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"metadata that JSON cannot say ({error})",
            "texts, finite numbers, lists, mappings",
            "Change them.",
        ) from error
    return dict(copy)
