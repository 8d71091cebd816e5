"""One step of many sessions, against ONNX Runtime one by one and as a single batch."""

from collections.abc import Callable, Sequence
from functools import partial

from recurra.bench import limit
from recurra.bench.case import Case
from recurra.bench.choice import POOLED_HIDDEN_SIZES, Choice
from recurra.bench.entrant import OURS, Entrant
from recurra.bench.peers import onnx_runtime
from recurra.bench.race import Race
from recurra.bench.section import Section
from recurra.bench.streaming.own_session import OwnPool
from recurra.bench.streaming.task import TOLERANCES, Stepper, draw_task, stepping_entrant
from recurra.bench.training.sweep import LIMIT, UNIT
from recurra.bench.training.task import GATES

PEERS = (onnx_runtime.NAME, onnx_runtime.BATCH, onnx_runtime.BOUND)

SESSIONS = 1024
STEPS = 8  # that results are compared over


def section(choice: Choice, peers: Sequence[str]) -> Section:
    """The races among those chosen."""
    races = [
        _race(Case("pool", name, SESSIONS, 1, hidden, threads), cell, weights, peers)
        for hidden in choice.hidden_sizes or POOLED_HIDDEN_SIZES
        for name, cell, weights in choice.streamed_cells()
        for threads in choice.thread_counts()
    ]
    title = f"Pool of {SESSIONS:,} sessions, one step of each"
    return Section(title, races, peers, UNIT, LIMIT, 2)


def _race(case: Case, cell: str, weights: str, peers: Sequence[str]) -> Race:
    def entrants() -> list[Entrant]:
        task = draw_task(cell, case.batch, case.hidden, STEPS)
        make: dict[str, Callable[[], Stepper]] = {
            onnx_runtime.NAME: lambda: onnx_runtime.OneByOne(task, case.threads),
            onnx_runtime.BATCH: lambda: onnx_runtime.Run(task, case.threads),
            onnx_runtime.BOUND: lambda: onnx_runtime.Bound(task, case.threads),
        }
        return [
            stepping_entrant(OURS, OwnPool(task, weights, case.threads), task),
            *(stepping_entrant(peer, make[peer](), task) for peer in peers),
        ]

    work = 2.0 * case.batch * GATES[cell] * case.hidden * 2 * case.hidden
    return Race(case, entrants, work, partial(limit.product_rate, case.threads), TOLERANCES[weights])
