"""OpenVINO, a step at a time: tensors are bound once, and those of the state change places at every step."""

import sys
from typing import Any

import numpy as np

from recurra.bench.extra import load
from recurra.bench.peers.onnx_graph import STATE, step_model
from recurra.bench.streaming.task import Array, Task

NAME = "openvino"
TELEMETRY = "openvino_telemetry"


class Bound:
    """Two requests of one compiled model, each reading the state that the other one wrote.

    Args:
        task: The recurrence.
        threads: How many threads there are.
    """

    def __init__(self, task: Task, threads: int) -> None:
        openvino = _without_telemetry()
        self.input_shape: tuple[int, ...] = (1, task.sessions, task.hidden)
        core = openvino.Core()
        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
        }
        model = core.compile_model(core.read_model(step_model(task)), "CPU", settings)
        self._input, self._outputs = np.zeros((2, *self.input_shape), np.float32)
        fields = STATE[task.cell]
        self._states = np.zeros((2, len(fields), *self.input_shape), np.float32)
        self._requests = [
            self._request(openvino, model, fields, self._states[now], self._states[1 - now])
            for now in range(2)
        ]
        self._now = 0

    def _request(
        self, openvino: Any, model: Any, fields: tuple[str, ...], state: Array, following: Array
    ) -> Any:
        request = model.create_infer_request()
        buffers = {
            "input": self._input,
            **dict(zip(fields, state, strict=True)),
            "outputs": self._outputs,
            **{f"next_{field}": buffer for field, buffer in zip(fields, following, strict=True)},
        }
        for name, buffer in buffers.items():
            request.set_tensor(name, openvino.Tensor(buffer, shared_memory=True))
        return request

    def reset(self) -> None:
        """Begin with zeros."""
        self._states[:] = 0

    def step(self, input: Array) -> Array:
        """The outputs of the next step, in a buffer that the one after it writes to."""
        np.copyto(self._input, input)
        self._requests[self._now].infer()
        self._now = 1 - self._now
        return self._outputs


def _without_telemetry() -> Any:
    """OpenVINO. By itself it forks a process when it is imported, which tells its maker over the network.

    Where the package for that cannot be imported it does without.
    """
    if TELEMETRY in sys.modules:
        return load("openvino")
    sys.modules[TELEMETRY] = None  # type: ignore[assignment]  # Python's way to forbid an import
    try:
        return load("openvino")
    finally:
        del sys.modules[TELEMETRY]
