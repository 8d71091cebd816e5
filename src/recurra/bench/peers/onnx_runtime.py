"""ONNX Runtime, a step at a time: by `run`, with bound buffers, and one session after another."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from recurra.bench.extra import load
from recurra.bench.peers.onnx_graph import STATE, step_model
from recurra.bench.streaming.task import Array, Task

NAME = "onnxruntime"
BOUND = "onnxruntime.io_binding"
BATCH = "onnxruntime.batch"


class Run:
    """`InferenceSession.run`: the state goes in as arrays, and new arrays come out.

    Args:
        task: The recurrence.
        threads: How many threads there are.
    """

    def __init__(self, task: Task, threads: int) -> None:
        self.input_shape: tuple[int, ...] = (1, task.sessions, task.hidden)
        self._session = _session(task, threads)
        self._fields = STATE[task.cell]
        self.reset()

    def reset(self) -> None:
        """Begin with zeros."""
        self._feeds = {field: np.zeros(self.input_shape, np.float32) for field in self._fields}

    def step(self, input: Array) -> Array:
        """The outputs of the next step."""
        feeds = self._feeds
        feeds["input"] = input
        outputs: Array
        outputs, *state = self._session.run(None, feeds)
        self._feeds = dict(zip(self._fields, state, strict=True))
        return outputs


class Bound:
    """`run_with_iobinding`: buffers are bound once; those of the state change places at every step.

    Args:
        task: The recurrence.
        threads: How many threads there are.
    """

    def __init__(self, task: Task, threads: int) -> None:
        self.input_shape: tuple[int, ...] = (1, task.sessions, task.hidden)
        self._session = _session(task, threads)
        self._input, self._outputs = np.zeros((2, *self.input_shape), np.float32)
        fields = STATE[task.cell]
        self._states = np.zeros((2, len(fields), *self.input_shape), np.float32)
        self._bindings = [self._binding(fields, self._states[now], self._states[1 - now]) for now in range(2)]
        self._now = 0

    def _binding(self, fields: tuple[str, ...], state: Array, following: Array) -> Any:
        binding = self._session.io_binding()
        for name, buffer in zip(("input", *fields), (self._input, *state), strict=True):
            binding.bind_input(name, "cpu", 0, np.float32, buffer.shape, buffer.ctypes.data)
        names = ("outputs", *(f"next_{field}" for field in fields))
        for name, buffer in zip(names, (self._outputs, *following), strict=True):
            binding.bind_output(name, "cpu", 0, np.float32, buffer.shape, buffer.ctypes.data)
        return binding

    def reset(self) -> None:
        """Begin with zeros."""
        self._states[:] = 0

    def step(self, input: Array) -> Array:
        """The outputs of the next step, in a buffer that the one after it writes to."""
        np.copyto(self._input, input)
        self._session.run_with_iobinding(self._bindings[self._now])
        self._now = 1 - self._now
        return self._outputs


class OneByOne:
    """Many sessions that step one after another by `InferenceSession.run`, each with a state of its own.

    Every thread takes its part of the sessions. That is faster than one after another on all threads: a step
    is too short to be split.

    Args:
        task: The recurrence, with the input of all sessions.
        threads: How many threads there are.
    """

    def __init__(self, task: Task, threads: int) -> None:
        self.input_shape: tuple[int, ...] = (task.sessions, 1, 1, task.hidden)
        self._session = _session(task._replace(inputs=task.inputs[:, :1]), 1)
        self._fields = STATE[task.cell]
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None
        bounds = [task.sessions * part // threads for part in range(threads + 1)]
        self._parts = list(map(range, bounds[:-1], bounds[1:]))
        self.reset()

    def reset(self) -> None:
        """Begin with zeros."""
        self._states = [
            dict.fromkeys(self._fields, np.zeros(self.input_shape[1:], np.float32))
            for _ in range(self.input_shape[0])
        ]

    def step(self, input: Array) -> Array:
        """The outputs of the next step of every session."""
        found = np.empty(self.input_shape, np.float32)
        step_some = partial(self._step_some, input, found)
        if self._pool is None:
            step_some(self._parts[0])
        else:
            list(self._pool.map(step_some, self._parts))
        return found

    def _step_some(self, input: Array, found: Array, places: range) -> None:
        run, fields, states = self._session.run, self._fields, self._states
        for place in places:
            feeds = states[place]
            feeds["input"] = input[place]
            found[place], *state = run(None, feeds)
            states[place] = dict(zip(fields, state, strict=True))


def _session(task: Task, threads: int) -> Any:
    onnxruntime = load("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(step_model(task), options, providers=["CPUExecutionProvider"])
