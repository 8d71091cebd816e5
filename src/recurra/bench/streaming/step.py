"""One step of one session, the call from Python included, against those who step without training."""

from collections.abc import Callable, Sequence
from functools import partial

from recurra.bench.case import Case
from recurra.bench.choice import STREAMED_HIDDEN_SIZES, Choice
from recurra.bench.entrant import OURS, Entrant
from recurra.bench.peers import onnx_runtime, openvino_step, torch_layer
from recurra.bench.race import Race
from recurra.bench.section import Section
from recurra.bench.streaming.own_session import OwnSession
from recurra.bench.streaming.reading import LIMIT, reading_rate
from recurra.bench.streaming.task import (
    TOLERANCES,
    UNIT,
    Stepper,
    draw_task,
    stepping_entrant,
    weight_bytes,
)

PEERS = (onnx_runtime.NAME, onnx_runtime.BOUND, openvino_step.NAME, torch_layer.NAME)


def section(choice: Choice, peers: Sequence[str]) -> Section:
    """The races among those chosen."""
    races = [
        _race(Case("stream", name, 1, 1, hidden, threads), cell, weights, peers)
        for hidden in choice.hidden_sizes or STREAMED_HIDDEN_SIZES
        for name, cell, weights in choice.streamed_cells()
        for threads in choice.threads or (1,)
    ]
    return Section("Streaming, one step and the call from Python", races, peers, UNIT, LIMIT, 4)


def _race(case: Case, cell: str, weights: str, peers: Sequence[str]) -> Race:
    size = weight_bytes(cell, case.hidden, weights)

    def entrants() -> list[Entrant]:
        task = draw_task(cell, 1, case.hidden)
        make: dict[str, Callable[[], Stepper]] = {
            onnx_runtime.NAME: lambda: onnx_runtime.Run(task, case.threads),
            onnx_runtime.BOUND: lambda: onnx_runtime.Bound(task, case.threads),
            openvino_step.NAME: lambda: openvino_step.Bound(task, case.threads),
            torch_layer.NAME: lambda: torch_layer.Step(task),
        }
        return [
            stepping_entrant(OURS, OwnSession(task, weights), task),
            *(stepping_entrant(peer, make[peer](), task) for peer in peers),
        ]

    return Race(
        case, entrants, float(size), partial(reading_rate, cell, case.hidden, weights), TOLERANCES[weights]
    )
