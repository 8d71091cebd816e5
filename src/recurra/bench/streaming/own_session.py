"""recurra's stream sessions and session pools, as whoever streams uses them."""

from collections.abc import Callable, Mapping

import numpy as np

from recurra.bench.streaming.task import Array, Task
from recurra.streaming import GRU, LSTM, Layer, Program
from recurra.streaming.compiled import compile_program, stream_engine
from recurra.streaming.network import Network

LAYERS: Mapping[str, Callable[..., Layer]] = {"gru": GRU, "lstm": LSTM}


def program(task: Task) -> Program:
    """The recurrence as a stream program."""
    return Program([LAYERS[task.cell](**task.weights())])


class OwnSession:
    """One session.

    Args:
        task: The recurrence, with the input of one session.
        weights: The type of the weights.
    """

    def __init__(self, task: Task, weights: str) -> None:
        session = program(task).session(weights)
        self.input_shape: tuple[int, ...] = (task.hidden,)
        self.reset, self.step, self.run = session.reset, session.step, session.run


class InEngine:
    """One session as the engine sees it, without Python between the steps.

    Args:
        task: The recurrence, with the input of one session.
        weights: The type of the weights.
    """

    def __init__(self, task: Task, weights: str) -> None:
        network = Network([LAYERS[task.cell](**task.weights())])
        self._weights = compile_program(network.operations(), weights)
        self._session = stream_engine().StreamSession(self._weights)
        self.input_shape: tuple[int, ...] = (task.hidden,)
        self.reset = self._session.reset

    def step(self, input: Array) -> Array:
        """The output of the next step."""
        output = np.empty(self.input_shape, np.float32)
        self._session.step(input, output)
        return output

    def run(self, steps: int) -> None:
        """Some steps, each by itself: the input's product is not done for several at once."""
        self._session.time_stepping(steps)

    def read(self, times: int) -> float:
        """Read the packed weights so many times with the widest loads that there are: seconds of one time."""
        return float(self._weights.time_reading(times))


class OwnPool:
    """Many sessions that step together.

    Args:
        task: The recurrence, with the input of all sessions.
        weights: The type of the weights.
        threads: How many threads there are.
    """

    def __init__(self, task: Task, weights: str, threads: int) -> None:
        self.input_shape: tuple[int, ...] = (task.sessions, task.hidden)
        self._pool = program(task).pool(task.sessions, weights, threads)
        self._ids = self._pool.create(task.sessions)

    def reset(self) -> None:
        """Begin with zeros."""
        self._pool.reset(self._ids)

    def step(self, input: Array) -> Array:
        """The outputs of the next step of every session."""
        return self._pool.step(self._ids, input)
