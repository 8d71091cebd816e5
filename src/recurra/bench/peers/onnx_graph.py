"""One step of a recurrence as an ONNX model, which ONNX Runtime and OpenVINO run."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from recurra.bench.extra import load
from recurra.bench.streaming.task import Array, Task

OPSET, IR_VERSION = 17, 10

OPERATORS = {"gru": "GRU", "lstm": "LSTM"}
GATE_ORDER: Mapping[str, tuple[int, ...]] = {"gru": (1, 0, 2), "lstm": (0, 3, 1, 2)}
"""Torch's gates in ONNX's order: r z n as z r h, i f g o as i o f c."""

STATE: Mapping[str, tuple[str, ...]] = {"gru": ("hidden",), "lstm": ("hidden", "cell")}


def step_model(task: Task) -> bytes:
    """A model of one step: (1, sessions, features) and the state to outputs and the next state.

    The state's fields are called "hidden" and "cell", the next ones "next_hidden" and "next_cell".
    """
    onnx = load("onnx")
    fields, weights = STATE[task.cell], task.weights()
    size = (1, task.sessions, task.hidden)
    constants = {
        "W": _in_order(weights["weight_ih"], task.cell)[None],
        "R": _in_order(weights["weight_hh"], task.cell)[None],
        "B": np.concatenate([_in_order(weights[name], task.cell) for name in ("bias_ih", "bias_hh")])[None],
    }
    options: dict[str, Any] = {"linear_before_reset": 1} if task.cell == "gru" else {}
    node = onnx.helper.make_node(
        OPERATORS[task.cell],
        ["input", *constants, "", *fields],
        ["sequence", *(f"next_{field}" for field in fields)],
        hidden_size=task.hidden,
        **options,
    )
    squeezed = onnx.helper.make_node("Squeeze", ["sequence", "direction"], ["outputs"])
    graph = onnx.helper.make_graph(
        [node, squeezed],
        "step",
        [_tensor(onnx, name, size) for name in ("input", *fields)],
        [_tensor(onnx, name, size) for name in ("outputs", *(f"next_{field}" for field in fields))],
        [
            *(onnx.numpy_helper.from_array(value, name) for name, value in constants.items()),
            onnx.numpy_helper.from_array(np.array([1], np.int64), "direction"),
        ],
    )
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    return bytes(model.SerializeToString())


def _in_order(weight: Array, cell: str) -> Array:
    gates = np.split(weight, len(GATE_ORDER[cell]))
    return np.concatenate([gates[place] for place in GATE_ORDER[cell]])


def _tensor(onnx: Any, name: str, size: tuple[int, ...]) -> Any:
    return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, size)
