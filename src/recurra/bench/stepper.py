"""A recurrence that steps, the same for all, and recurra's sessions and pools that run it."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from recurra.bench.batch import SEED, own_layer, weight_count
from recurra.bench.parity import Results
from recurra.bench.race import Entrant
from recurra.streaming import GRU, LSTM, Layer, Program
from recurra.streaming.compiled import compile_program, stream_engine
from recurra.streaming.network import Network

Array = np.ndarray[Any, np.dtype[np.float32]]

LAYERS: Mapping[str, Callable[..., Layer]] = {"gru": GRU, "lstm": LSTM}
WEIGHT_BYTES: Mapping[str, int] = {"float32": 4, "bfloat16": 2, "int8": 1}
STEPS = 32  # that results are compared over
TRIALS, READ_BYTES = 10, 1 << 24  # of a trial, in all


class Stream(NamedTuple):
    """A recurrence, and what it is fed.

    Attributes:
        cell: "gru" or "lstm".
        layer: Our layer, whose weights all use.
        inputs: (steps, sessions, features).
    """

    cell: str
    layer: nn.Module
    inputs: Array

    @property
    def sessions(self) -> int:
        """How many sessions step at once."""
        return int(self.inputs.shape[1])

    @property
    def hidden(self) -> int:
        """Hidden units."""
        return int(self.inputs.shape[2])

    def weights(self) -> dict[str, Array]:
        """The weights by torch's names, without the number of the layer."""
        named = self.layer.named_parameters()
        return {name.removesuffix("_l0"): weight.detach().numpy() for name, weight in named}

    def program(self) -> Layer:
        """The recurrence as a layer of a stream program."""
        return LAYERS[self.cell](**self.weights())


class Stepper(NamedTuple):
    """One or more sessions that step at once.

    Attributes:
        input_shape: What a step takes.
        reset: Begins anew.
        step: The outputs of the next step, sessions first, whatever axes of size 1 there are.
    """

    input_shape: tuple[int, ...]
    reset: Callable[[], object]
    step: Callable[[Array], Array]


def draw_stream(cell: str, sessions: int, hidden: int, steps: int = STEPS) -> Stream:
    """Draw a recurrence and its input, always the same one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        layer = own_layer(cell, hidden).eval()
    generator = np.random.default_rng(SEED)
    return Stream(cell, layer, generator.standard_normal((steps, sessions, hidden), dtype=np.float32))


def stepping_entrant(name: str, stepper: Stepper, stream: Stream) -> Entrant:
    """Sessions as an entrant: its time is that of one step of all, the call from Python included."""
    inputs = [np.ascontiguousarray(each.reshape(stepper.input_shape)) for each in stream.inputs]

    def results() -> Results:
        stepper.reset()
        outputs = [np.array(stepper.step(each)).reshape(stream.inputs.shape[1:]) for each in inputs]
        return {"outputs": np.stack(outputs)}

    return Entrant(name, partial(stepper.step, inputs[0]), results)


def own_session(stream: Stream, weights: str, _threads: int) -> Stepper:
    """One session with weights of a type. A step takes a thread, however many there are."""
    session = Program([stream.program()]).session(weights)
    return Stepper((stream.hidden,), session.reset, session.step)


def own_pool(stream: Stream, weights: str, threads: int) -> Stepper:
    """Many sessions that step together, with weights of a type."""
    pool = Program([stream.program()]).pool(stream.sessions, weights, threads)
    ids = pool.create(stream.sessions)
    return Stepper((stream.sessions, stream.hidden), partial(pool.reset, ids), partial(pool.step, ids))


class InEngine:
    """One session as the engine sees it, without Python between the steps.

    Args:
        stream: The recurrence, with the input of one session.
        weights: The type of the weights.
    """

    def __init__(self, stream: Stream, weights: str) -> None:
        self._weights = compile_program(Network([stream.program()]).operations(), weights)
        self._session = stream_engine().StreamSession(self._weights)
        self._shape = (stream.hidden,)

    def stepper(self) -> Stepper:
        """Its single steps."""
        return Stepper(self._shape, self._session.reset, self.step)

    def step(self, input: Array) -> Array:
        """The output of the next step."""
        output = np.empty(self._shape, np.float32)
        self._session.step(input, output)
        return output

    def run(self, steps: int) -> None:
        """Some steps, each by itself: the input's product is not done for several at once."""
        self._session.time_stepping(steps)

    def read(self, times: int) -> float:
        """Read the packed weights so many times with the widest loads that there are: seconds of one time."""
        return float(self._weights.time_reading(times))


def weight_bytes(cell: str, hidden: int, weights: str) -> int:
    """The size of both weight matrices."""
    return weight_count(cell, hidden) * WEIGHT_BYTES[weights]


@cache
def reading_rate(cell: str, hidden: int, weights: str) -> float:
    """Bytes of a step's weights a second, from whichever cache holds them; the best of ten trials."""
    engine, size = InEngine(draw_stream(cell, 1, hidden), weights), weight_bytes(cell, hidden, weights)
    times = max(1, READ_BYTES // size)
    engine.read(times)
    return size / min(engine.read(times) for _ in range(TRIALS))
