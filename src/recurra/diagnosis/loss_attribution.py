"""Which steps and features of what the recurrent layers read made the loss of a batch.

With the truth as target that is what made the net right or wrong; with its own answer in place of the truth,
what made that answer.
"""

from collections.abc import Callable

from torch import Tensor, nn

from recurra.diagnosis.attribution import Attribution, integrated_gradients
from recurra.diagnosis.observation import loss_of
from recurra.diagnosis.seen import look
from recurra.diagnosis.site import Site
from recurra.diagnosis.stack import Layers, stacks_of
from recurra.diagnosis.undisturbed import undisturbed
from recurra.training.contract import Batch, Objective


def loss_attribution(
    model: nn.Module, batch: Batch, objective: Objective, *, rows: int = 8, nodes: int = 16
) -> dict[str, Attribution]:
    """Integrated gradients of the mean loss, from a baseline of zeros, of every stack of recurrent layers.

    Each stack is taken by itself; what the others read stays as it is.

    Args:
        model: As for `recurra.diagnosis.measure`, whose errors these are.
        batch: As there.
        objective: As there.
        rows: Rows of the batch, which are taken evenly.
        nodes: As for `integrated_gradients`.

    Returns:
        By the name of the layer at the bottom.
    """
    _, run = loss_of(model, batch, objective, rows)
    with undisturbed(model):
        stacks = stacks_of(look(model, run).chains)
        return {layers.bottom.first.name: _of_stack(run, layers, nodes) for layers in stacks}


def _of_stack(run: Callable[[], Tensor], layers: Layers, nodes: int) -> Attribution:
    call, read = layers.bottom.first, layers.bottom.read
    loss = Site(call.module, call.number).function(run)
    return integrated_gradients(lambda values: loss(read.laid(values)), read.input.detach(), nodes=nodes)
