"""The long short-term memory over a whole sequence."""

from torch import Tensor

from recurra.ops.arguments import check_biases, check_weight
from recurra.ops.lstm import fused, reference
from recurra.ops.lstm.reference import GATES, LSTMState, LSTMWeights
from recurra.ops.native import define_operator
from recurra.ops.op import Direction, Op, run_op
from recurra.ops.walk import Kept, Walk
from recurra.types import Input, Lengths, RecurrentMask, Resets

__all__ = ["GATES", "OP", "LSTMState", "LSTMWeights", "lstm"]


def lstm(
    input: Input,
    weights: LSTMWeights,
    state: LSTMState,
    *,
    lengths: Lengths | None = None,
    resets: Resets | None = None,
    recurrent_mask: RecurrentMask | None = None,
    zoneout: Kept | None = None,
    reverse: bool = False,
    opposite: Direction | None = None,
    recompute: bool = False,
    backend: str = "auto",
) -> tuple[Tensor, LSTMState]:
    """Run an LSTM; the equations are in `reference.py`.

    Args:
        input: (batch, time, features).
        weights: Gates stacked in the order of `GATES`, as torch stacks them.
        state: The state before the first step, (batch, hidden) each.
        lengths: (batch,), int64: the number of valid steps of every row; None when all are. They may be on a
            CPU where the input is not: nobody waits for its device.
        resets: (batch, time), bool: True where a row's state is set to zero before the step.
        recurrent_mask: (batch, hidden): multiplies the hidden state where it enters the recurrent product.
        zoneout: Which units keep their value over a step.
        reverse: Start at the last valid step and go back; outputs stay aligned with the input.
        opposite: A second direction, from the last valid step back, which the native backend runs at the same
            time. Outputs are put side by side, and the fields of the final state are stacked.
        recompute: Keep nothing for the backward pass but the arguments, and run forward again there: half of
            the memory for a third more time. The native backend alone does it; the others ignore it.
        backend: One of `backends.NAMES`.

    Returns:
        Outputs (batch, time, hidden), zero past a row's length, and the state after the last step taken,
        which is the initial state of a row of length 0.

    Raises:
        ShapeError: A tensor has the wrong shape, type or device, or a length is out of range, or
            the opposite direction has weights of other shapes.
        ConfigError: The backend is unknown, or cannot do this; or reverse is True with an opposite direction.
    """
    walk = Walk(lengths, resets, recurrent_mask, zoneout, reverse, recompute)
    return run_op(OP, input, weights, state, walk, opposite, backend)


def sizes(weights: LSTMWeights) -> tuple[int, int]:
    """The sizes of the hidden state and of the cell.

    Raises:
        ShapeError: The weights do not belong to one LSTM.
    """
    rows, features = weights.weight_ih.shape
    hidden = rows // len(GATES)
    outputs = hidden if weights.weight_hr is None else len(weights.weight_hr)
    check_weight("weight_ih", weights.weight_ih, (len(GATES) * hidden, features))
    check_weight("weight_hh", weights.weight_hh, (len(GATES) * hidden, outputs))
    check_weight("weight_hr", weights.weight_hr, (outputs, hidden))
    check_weight("weight_peephole", weights.weight_peephole, (3 * hidden,))
    check_biases(weights.bias_ih, weights.bias_hh, len(GATES) * hidden)
    return outputs, hidden


def _torch_lacks(weights: LSTMWeights) -> str | None:
    if weights.weight_peephole is not None:
        return "peepholes"
    if weights.weight_hr is not None and weights.weight_hr.device.type == "cpu":
        return "a projection on a CPU"
    return None


OP = Op(
    sizes=sizes,
    operator=define_operator("lstm", LSTMWeights, LSTMState, lambda _: reference.run),
    computations={"reference": reference.run, "torch": fused.run},
    torch_lacks=_torch_lacks,
)
