"""A module as a program of `torch.export` that loads with torch alone: recurrences are torch's operators."""

import operator
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

import torch
from torch import Tensor, fx, nn

from recurra.errors import ConfigError
from recurra.export.trace import traced
from recurra.ops.native.arguments import BOTH, REVERSE, Arguments

OPERATORS: Mapping[str, Callable[..., Any]] = MappingProxyType({
    "lstm": torch.ops.aten.lstm.input,
    "gru": torch.ops.aten.gru.input,
    "elman": torch.ops.aten.rnn_tanh.input,
    "elman_relu": torch.ops.aten.rnn_relu.input,
})  # fmt: skip
"""Ours by name, and torch's that do the same."""


def to_torch_program(
    module: nn.Module, given: Sequence[Tensor], dynamic_shapes: Any = None
) -> torch.export.ExportedProgram:
    """Turn a module into a program for `torch.export.save`, which needs nothing of recurra.

    Args:
        module: It holds layers of recurra, of which it uses the outputs and not the last states. It is
            exported in evaluation mode.
        given: Inputs of `forward` to export with, two rows and two steps at least.
        dynamic_shapes: As of `torch.export`: the axes that may change.

    Raises:
        ConfigError: torch has no operator for a recurrence: peepholes, a GRU that resets before, layer
            normalisation, zoneout.
    """
    program = traced(module, tuple(given), {}, dynamic_shapes)
    graph = program.module()
    graph.graph.eliminate_dead_code()  # last states that nothing reads
    for node in list(graph.graph.nodes):
        if str(node.target).startswith("recurra."):
            _simplify(graph.graph, node)
    graph.recompile()
    with torch.no_grad():
        simple = torch.export.export(graph, tuple(given), dynamic_shapes=dynamic_shapes, strict=False)
    simple.graph.eliminate_dead_code()
    for node in simple.graph.nodes:
        if str(node.target).startswith("recurra."):
            _rename(node)
    simple.graph_module.recompile()
    return simple


def _rename(node: fx.Node) -> None:
    """Make a call of ours one of torch's; torch would unroll its own as it traces them."""
    cell, given = _cell_of(node), Arguments(*cast("Any", node.args))
    state = [one for one in (given.hidden, given.cell) if one is not None]
    weights = [given.weight_ih, given.weight_hh, given.bias_ih, given.bias_hh, given.weight_hr]
    own = [one for one in weights if one is not None]
    before = state if cell == "lstm" else state[0]
    node.target = OPERATORS[cell]
    node.args = cast("Any", (given.input, before, own, given.bias_ih is not None, 1, 0.0, False, False, True))
    node.meta["val"] = tuple(node.meta["val"][: 1 + len(state)])


def _cell_of(node: fx.Node) -> str:
    return str(node.target).split(".")[1]


def _simplify(graph: fx.Graph, node: fx.Node) -> None:
    """Put recurrences of all steps from first to last in the place of one."""
    cell = _cell_of(node)
    arguments = Arguments(*cast("Any", node.args))
    _check(cell, arguments)
    with graph.inserting_before(node):
        outputs = graph.call_function(_outputs, (cell, *node.args))
    for user in list(node.users):
        if user.target is not operator.getitem or user.args[1] != 0:
            raise ConfigError(
                "a module that uses the last state of a recurrence",
                "one that uses its outputs",
                "Export it to ONNX.",
            )
        user.replace_all_uses_with(outputs)
        graph.erase_node(user)
    graph.erase_node(node)


def _check(cell: str, given: Arguments) -> None:
    """Make sure that torch has an operator for a recurrence.

    Raises:
        ConfigError: It has none.
    """
    own = {
        "peepholes": given.weight_peephole is not None,
        "zoneout": bool(given.rate_hidden or given.rate_cell),
        "resets in mid-sequence": given.resets is not None,
    }
    found = [name for name, there in own.items() if there]
    if cell not in OPERATORS or found:
        what = f"a recurrence of kind {cell}" + (f" with {found[0]}" if found else "")
        raise ConfigError(
            what, f"one that torch has: {', '.join(OPERATORS)}", "Train with one of these, or export to c."
        )


def _outputs(cell: str, *arguments: Any) -> Tensor:
    """Outputs (batch, time, directions*outputs), zero past a row's length."""
    given = Arguments(*arguments)
    count = 2 if given.direction == BOTH else 1
    time = torch.arange(given.input.shape[1], device=given.input.device)
    lengths = given.lengths
    valid = None if lengths is None else time < lengths.unsqueeze(1)
    found = []
    for number in range(count):
        goes_back = given.direction == REVERSE or number == 1
        steps = given.input if valid is None else given.input.masked_fill(~valid.unsqueeze(-1), 0)
        turned = _turned(time, lengths, steps.shape[0]) if goes_back else None
        outputs = _one_way(cell, given, number, count, _taken(steps, turned))
        found.append(_taken(outputs, turned))
    joined = torch.cat(found, dim=-1)
    return joined if valid is None else joined.masked_fill(~valid.unsqueeze(-1), 0)


def _turned(time: Tensor, lengths: Tensor | None, batch: int) -> Tensor:
    """Which step (batch, time) stands at each place, where rows go back from their last valid step."""
    if lengths is None:
        return (time.shape[0] - 1 - time).expand(batch, -1)
    back = lengths.unsqueeze(1) - 1 - time
    return torch.where(back >= 0, back, time)


def _taken(steps: Tensor, index: Tensor | None) -> Tensor:
    return steps if index is None else steps.gather(1, index.unsqueeze(-1).expand(-1, -1, steps.shape[-1]))


def _one_way(cell: str, given: Arguments, number: int, count: int, steps: Tensor) -> Tensor:
    """The outputs of one direction, from first to last."""
    named = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr", "hidden", "cell")
    parts = {name: getattr(given, name) for name in named}
    own = {name: one.chunk(count)[number] for name, one in parts.items() if one is not None}
    simple = Arguments(**{**dict.fromkeys(named), **own}, input=steps)
    outputs: Tensor = getattr(torch.ops.recurra, cell).default(*simple)[0]
    return outputs
