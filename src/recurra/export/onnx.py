"""From a module to an ONNX model in which each recurrence is one of ONNX's own nodes, LSTM, GRU or RNN.

`translations` says to `torch.onnx.export` what recurra's operators are in ONNX; `to_onnx` passes it on.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from recurra.errors import ConfigError, MissingDependencyError
from recurra.export.trace import traced
from recurra.ops.native.arguments import BOTH, FORWARD, REVERSE, Arguments

OPSET, INT32 = 18, 6
_ANY_SIZE = 1 << 60
DIRECTIONS: Mapping[int, str] = {FORWARD: "forward", REVERSE: "reverse", BOTH: "bidirectional"}


class Node(NamedTuple):
    """How ONNX has one of the operators.

    Attributes:
        kind: Its operator.
        order: Where its gates stand among ours.
        attributes: Those of its own.
        activation: The name that it is called with, if not the usual ones.
        alpha: What the activation takes.
    """

    kind: str
    order: tuple[int, ...]
    attributes: Mapping[str, int] = {}
    activation: str = ""
    alpha: float | None = None


NODES: Mapping[str, Node] = {
    "lstm": Node("LSTM", (0, 3, 1, 2)),  # input, output, forget, cell
    "gru": Node("GRU", (1, 0, 2), {"linear_before_reset": 1}),  # update, reset, hidden
    "gru_reset_before": Node("GRU", (1, 0, 2), {"linear_before_reset": 0}),
    "elman": Node("RNN", (0,), activation="Tanh"),
    "elman_relu": Node("RNN", (0,), activation="Relu"),
    "elman_linear": Node("RNN", (0,), activation="Affine", alpha=1.0),
}

_FOREIGN: Mapping[str, str] = {
    "weight_hr": "a projection (proj_size)",
    "resets": "resets in mid-sequence",
    "mask": "recurrent dropout, as the module is in training",
    "kept_hidden": "zoneout, as the module is in training",
    "kept_cell": "zoneout, as the module is in training",
}


def to_onnx(
    module: nn.Module,
    arguments: Sequence[Any],
    path: str | Path,
    *,
    lengths: torch.Tensor | None = None,
    dynamic_shapes: Any = None,
    **options: Any,
) -> Path:
    """Write a module as an ONNX model for ONNX Runtime and others; recurrences become nodes of ONNX's own.

    Args:
        module: A layer of recurra, or any module that holds some; it is exported in evaluation mode.
        arguments: Inputs of `forward` to export with, two rows and two steps at least.
        path: The file to write.
        lengths: Given to `forward` as `lengths=`; an input of the model then.
        dynamic_shapes: As of `torch.onnx.export`; None: the first two axes of every tensor of three axes or
            more, which are batch and time, and the only axis of `lengths`. Axes of states need to be named.
        options: As of `torch.onnx.export`: `input_names`, `output_names`, `opset_version`, ...

    Raises:
        ConfigError: ONNX has no node for something in it: a projection, resets, layer normalisation, zoneout.
        MissingDependencyError: onnxscript is not installed.

    Source: ONNX operators LSTM, GRU and RNN, version 14, https://onnx.ai/onnx/operators.
    """
    table = translations()
    _check_types(module)
    given, named = _on_cpu(arguments), {} if lengths is None else {"lengths": lengths.cpu()}
    shapes = dynamic_shapes or _usual_shapes(given, named)
    program = traced(module, given, named, shapes)
    _check_nodes(program)
    settings = {"opset_version": OPSET, "verbose": False, **options}
    beside = bool(settings.pop("external_data", False))
    made: Any = torch.onnx.export(program, **settings, dynamo=True, custom_translation_table=table)
    # Weights are put in ONNX's order of gates now, however large they are, and not at every call.
    optimizer = importlib.import_module("onnxscript.optimizer")
    optimizer.optimize(made.model, input_size_limit=_ANY_SIZE, output_size_limit=_ANY_SIZE)
    made.save(str(path), external_data=beside)
    return Path(path)


def translations() -> dict[Any, Callable[..., Any]]:
    """The `custom_translation_table` of `torch.onnx.export(dynamo=True)`: recurra's operators in ONNX.

    Raises:
        MissingDependencyError: onnxscript is not installed.
    """
    try:
        opset = importlib.import_module("onnxscript").opset18
    except ImportError as error:
        raise MissingDependencyError(
            "an ONNX model without onnxscript",
            "onnx and onnxscript to be installed",
            "Run: pip install 'recurra[onnx]'",
        ) from error
    return {
        getattr(torch.ops.recurra, cell).default: _translation(node, opset) for cell, node in NODES.items()
    }


def _translation(node: Node, opset: Any) -> Callable[..., Any]:
    def translate(*arguments: Any) -> tuple[Any, ...]:
        return _translated(node, opset, Arguments(*arguments))

    return translate


def _translated(node: Node, opset: Any, given: Arguments) -> tuple[Any, ...]:
    """Outputs (batch, time, directions*hidden) and last states, as the operator gives them."""
    directions, hidden = 2 if given.direction == BOTH else 1, int(given.weight_hh.shape[1])

    def ordered(stacked: Any, last: list[int]) -> Any:
        """(directions*gates*hidden, ...) as (directions, gates*hidden, ...), the gates as ONNX has them."""
        parts = opset.Reshape(stacked, _whole(opset, [directions, len(node.order), hidden, -1]))
        taken = opset.Gather(parts, _whole(opset, list(node.order)), axis=1) if len(node.order) > 1 else parts
        return opset.Reshape(taken, _whole(opset, [directions, len(node.order) * hidden, *last]))

    biases = None
    if given.bias_ih is not None:
        biases = opset.Concat(ordered(given.bias_ih, []), ordered(given.bias_hh, []), axis=1)
    lengths = None if given.lengths is None else opset.Cast(given.lengths, to=INT32)
    inputs = [
        opset.Transpose(given.input, perm=[1, 0, 2]),
        ordered(given.weight_ih, [-1]),
        ordered(given.weight_hh, [-1]),
        biases,
        lengths,
        given.hidden,
    ]
    if node.kind == "LSTM":
        peepholes = None
        if given.weight_peephole is not None:
            parts = opset.Reshape(given.weight_peephole, _whole(opset, [directions, 3, hidden]))
            taken = opset.Gather(parts, _whole(opset, [0, 2, 1]), axis=1)
            peepholes = opset.Reshape(taken, _whole(opset, [directions, 3 * hidden]))
        inputs += [given.cell, peepholes]
    named: dict[str, Any] = {"activations": [node.activation] * directions} if node.activation else {}
    if node.alpha is not None:
        named["activation_alpha"] = [node.alpha] * directions
    results = getattr(opset, node.kind)(
        *inputs, hidden_size=hidden, direction=DIRECTIONS[given.direction], **node.attributes, **named
    )
    outputs, *states = results
    outputs = opset.Reshape(
        opset.Transpose(outputs, perm=[2, 0, 1, 3]), _whole(opset, [0, 0, directions * hidden])
    )
    if given.lengths is not None:  # ONNX leaves open what becomes of a row without a step
        empty = opset.Reshape(
            opset.Equal(lengths, opset.Constant(value=_no_steps())), _whole(opset, [1, -1, 1])
        )
        before = (given.hidden, given.cell)
        states = [opset.Where(empty, first, last) for first, last in zip(before, states, strict=False)]
    return outputs, *states


def _no_steps() -> Any:
    return importlib.import_module("onnx").helper.make_tensor("no_steps", INT32, [], [0])


def _whole(opset: Any, numbers: list[int]) -> Any:
    return opset.Constant(value_ints=numbers)


def _usual_shapes(arguments: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """Batch and time may change."""
    dynamic = torch.export.Dim.DYNAMIC

    def of(one: Any) -> Any:
        return {0: dynamic, 1: dynamic} if isinstance(one, torch.Tensor) and one.dim() >= 3 else None

    return (*(of(one) for one in arguments), *({0: dynamic} for _ in named))


def _on_cpu(arguments: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(one.cpu() if isinstance(one, torch.Tensor) else one for one in arguments)


def _check_types(module: nn.Module) -> None:
    """Refuse weights that ONNX's nodes do not take here.

    Raises:
        ConfigError: There are some.
    """
    for name, parameter in module.named_parameters():
        if parameter.dtype not in (torch.float32, torch.float64):
            raise ConfigError(
                f"{name} of type {parameter.dtype}", "float32 or float64", "Export module.float()."
            )


def _check_nodes(program: torch.export.ExportedProgram) -> None:
    """Refuse what no node of ONNX does.

    Raises:
        ConfigError: There is such a thing.
    """
    for node in program.graph.nodes:
        name = str(node.target)
        if not name.startswith("recurra."):
            continue
        cell = name.split(".")[1]
        if cell not in NODES:
            raise ConfigError(
                f"a recurrence of kind {cell}",
                f"one that ONNX has: {', '.join(NODES)}",
                "Train with one of these.",
            )
        given = Arguments(*node.args)
        found = [text for field, text in _FOREIGN.items() if getattr(given, field) is not None]
        if given.rate_hidden or given.rate_cell:
            found.append("zoneout")
        if found:
            raise ConfigError(
                f"{found[0]} in a recurrence", "what ONNX's LSTM, GRU and RNN do", "Export without it."
            )
