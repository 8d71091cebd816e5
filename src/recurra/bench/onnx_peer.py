"""One step of a recurrence as an ONNX model, which ONNX Runtime and OpenVINO run."""

import importlib
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any

import numpy as np

from recurra.bench.batch import FIELDS
from recurra.bench.stepper import Array, Stepper, Stream

OPSET, IR_VERSION = 17, 10
GATE_ORDER: Mapping[str, tuple[int, ...]] = {"gru": (1, 0, 2), "lstm": (0, 3, 1, 2)}
"""Torch's gates in ONNX's order: r z n as z r h, i f g o as i o f c."""

TELEMETRY = "openvino_telemetry"


def step_model(stream: Stream) -> bytes:
    """A model of one step: (1, sessions, features) and the state to outputs and the next state.

    The state's fields are called "hidden" and "cell", the next ones "next_hidden" and "next_cell".
    """
    onnx = importlib.import_module("onnx")
    fields, weights = FIELDS[stream.cell], stream.weights()
    following = [f"next_{field}" for field in fields]
    ordered = {name: _in_order(weight, stream.cell) for name, weight in weights.items()}
    constants = {
        "W": ordered["weight_ih"][None],
        "R": ordered["weight_hh"][None],
        "B": np.concatenate([ordered["bias_ih"], ordered["bias_hh"]])[None],
        "direction": np.array([1], np.int64),
    }
    node = onnx.helper.make_node(
        stream.cell.upper(),
        ["input", "W", "R", "B", "", *fields],
        ["sequence", *following],
        hidden_size=stream.hidden,
        **({"linear_before_reset": 1} if stream.cell == "gru" else {}),
    )
    squeezed = onnx.helper.make_node("Squeeze", ["sequence", "direction"], ["outputs"])

    def declared(*names: str) -> list[Any]:
        size = (1, stream.sessions, stream.hidden)
        return [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, size) for name in names]

    graph = onnx.helper.make_graph(
        [node, squeezed],
        "step",
        declared("input", *fields),
        declared("outputs", *following),
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    return bytes(model.SerializeToString())


def _in_order(weight: Array, cell: str) -> Array:
    gates = np.split(weight, len(GATE_ORDER[cell]))
    return np.concatenate([gates[place] for place in GATE_ORDER[cell]])


def run(stream: Stream, threads: int) -> Stepper:
    """ONNX Runtime's `InferenceSession.run`: the state goes in as arrays, and new arrays come out."""
    session, fields = _session(stream, threads), FIELDS[stream.cell]
    shape = (1, stream.sessions, stream.hidden)
    feeds: dict[str, Array] = {}

    def reset() -> None:
        feeds.update(dict.fromkeys(fields, np.zeros(shape, np.float32)))

    def step(input: Array) -> Array:
        feeds["input"] = input
        outputs: Array
        outputs, *state = session.run(None, feeds)
        feeds.update(zip(fields, state, strict=True))
        return outputs

    reset()
    return Stepper(shape, reset, step)


def run_one_by_one(stream: Stream, threads: int) -> Stepper:
    """Many sessions that step one after another by `InferenceSession.run`, each with a state of its own.

    Every thread takes its part of the sessions. That is faster than one after another on all threads: a step
    is too short to be split.
    """
    session, fields = _session(stream._replace(inputs=stream.inputs[:, :1]), 1), FIELDS[stream.cell]
    shape = (stream.sessions, 1, 1, stream.hidden)
    pool = ThreadPoolExecutor(threads) if threads > 1 else None
    bounds = [stream.sessions * part // threads for part in range(threads + 1)]
    parts = list(map(range, bounds[:-1], bounds[1:]))
    states: list[dict[str, Array]] = []

    def reset() -> None:
        zeros = np.zeros(shape[1:], np.float32)
        states[:] = [dict.fromkeys(fields, zeros) for _ in range(stream.sessions)]

    def step(input: Array) -> Array:
        found = np.empty(shape, np.float32)

        def step_some(places: range) -> None:
            for place in places:
                feeds = states[place]
                feeds["input"] = input[place]
                found[place], *state = session.run(None, feeds)
                feeds.update(zip(fields, state, strict=True))

        list(map(step_some, parts) if pool is None else pool.map(step_some, parts))
        return found

    reset()
    return Stepper(shape, reset, step)


def run_bound(stream: Stream, threads: int) -> Stepper:
    """ONNX Runtime's `run_with_iobinding`."""
    session = _session(stream, threads)

    def bind(inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Callable[[], object]:
        binding = session.io_binding()
        for name, buffer in inputs.items():
            binding.bind_input(name, "cpu", 0, np.float32, buffer.shape, buffer.ctypes.data)
        for name, buffer in outputs.items():
            binding.bind_output(name, "cpu", 0, np.float32, buffer.shape, buffer.ctypes.data)
        return lambda: session.run_with_iobinding(binding)

    return _bound(stream, bind)


def infer_openvino(stream: Stream, threads: int) -> Stepper:
    """OpenVINO's requests, whose tensors share their memory with the buffers."""
    openvino = _without_telemetry()
    core = openvino.Core()
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    model = core.compile_model(core.read_model(step_model(stream)), "CPU", settings)

    def bind(inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> Callable[[], object]:
        request = model.create_infer_request()
        for name, buffer in {**inputs, **outputs}.items():
            request.set_tensor(name, openvino.Tensor(buffer, shared_memory=True))
        infer: Callable[[], object] = request.infer
        return infer

    return _bound(stream, bind)


def _bound(
    stream: Stream, bind: Callable[[Mapping[str, Array], Mapping[str, Array]], Callable[[], object]]
) -> Stepper:
    """Buffers that are bound once; those of the state change places at every step.

    Args:
        stream: The recurrence.
        bind: Makes a run that reads and writes buffers, by the model's names.
    """
    shape, fields = (1, stream.sessions, stream.hidden), FIELDS[stream.cell]
    given, outputs = np.zeros((2, *shape), np.float32)
    states = np.zeros((2, len(fields), *shape), np.float32)
    before = [dict(zip(fields, state, strict=True)) for state in states]
    after = [{f"next_{field}": value for field, value in state.items()} for state in before]
    runs = cycle([
        bind({"input": given, **before[0]}, {"outputs": outputs, **after[1]}),
        bind({"input": given, **before[1]}, {"outputs": outputs, **after[0]}),
    ])  # fmt: skip

    def step(input: Array) -> Array:
        np.copyto(given, input)
        next(runs)()
        return outputs

    return Stepper(shape, lambda: states.fill(0), step)


def _session(stream: Stream, threads: int) -> Any:
    onnxruntime = importlib.import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(step_model(stream), options, providers=["CPUExecutionProvider"])


def _without_telemetry() -> Any:
    """OpenVINO. By itself it forks a process when it is imported, which tells its maker over the network.

    Where the package for that cannot be imported it does without.
    """
    if TELEMETRY in sys.modules:
        return importlib.import_module("openvino")
    sys.modules[TELEMETRY] = None  # type: ignore[assignment]  # Python's way to forbid an import
    try:
        return importlib.import_module("openvino")
    finally:
        del sys.modules[TELEMETRY]
