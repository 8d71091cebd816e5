"""An ONNX export, opened again."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from recurra.errors import ConfigError, DamagedError, MissingDependencyError

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
WHOLE, STEP = "model.onnx", "step.onnx"


class OnnxNet:
    """An ONNX export, run by ONNX Runtime on the CPU.

    Args:
        folder: The export.
        about: Its metadata.

    Raises:
        MissingDependencyError: ONNX Runtime is not installed.
        DamagedError: A file cannot be read.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        runtime, self.about = onnx_runtime("an ONNX export"), about
        self._graphs: dict[str, Any] = {}
        for name in (WHOLE, STEP):
            if not (folder / name).exists():
                continue
            try:
                self._graphs[name] = runtime.InferenceSession(
                    folder / name, providers=["CPUExecutionProvider"]
                )
            except Exception as error:  # what the runtime raises has no type of its own
                raise DamagedError(
                    f"{folder / name} ({error})", "an ONNX model", "Export it again."
                ) from error

    def __call__(self, values: Any, lengths: Any = None) -> Array:
        """What the net says of whole sequences.

        Args:
            values: (batch, time, features), or ids (batch, time).
            lengths: (batch,); None: all of them.

        Raises:
            ConfigError: The export has no graph of whole sequences.
        """
        graph = self._graph(WHOLE)
        given = _typed(values, graph)
        counts = np.full(given.shape[0], given.shape[1]) if lengths is None else lengths
        (told,) = graph.run(None, {"values": given, "lengths": np.asarray(counts, np.int64)})
        return told  # type: ignore[no-any-return]

    def step(self, values: Any, state: Mapping[str, Array] | None = None) -> tuple[Array, dict[str, Array]]:
        """What the net says after a step, and the state after it.

        Args:
            values: (batch, features), or ids (batch,).
            state: That of the step before; None before the first.

        Raises:
            ConfigError: The export has no graph of a step.
        """
        graph = self._graph(STEP)
        given, own = _typed(values, graph), graph.get_inputs()[1:]
        if state is None:
            state = {one.name: np.zeros((len(given), one.shape[1]), np.float32) for one in own}
        told, *after = graph.run(None, {"values": given, **state})
        return told, dict(zip((one.name for one in own), after, strict=True))

    def _graph(self, name: str) -> Any:
        if name not in self._graphs:
            raise ConfigError(
                f"an export without {name}", f"one with {', '.join(self._graphs)}", "Its README.md says why."
            )
        return self._graphs[name]


def _typed(values: Any, graph: Any) -> Array:
    is_ids = "int64" in graph.get_inputs()[0].type
    return np.ascontiguousarray(values, np.int64 if is_ids else np.float32)


def onnx_runtime(what: str) -> Any:
    """ONNX Runtime, which something needs.

    Raises:
        MissingDependencyError: It is not installed.
    """
    try:
        return importlib.import_module("onnxruntime")
    except ImportError as error:
        raise MissingDependencyError(
            f"{what} without ONNX Runtime", "onnxruntime to be installed", "Run: pip install 'recurra[onnx]'"
        ) from error
