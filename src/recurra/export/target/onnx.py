"""model.onnx of whole sequences, and step.onnx of one step."""

import importlib
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from recurra.errors import ConfigError
from recurra.export.exportable import Exportable, needed
from recurra.export.onnx import OPSET, to_onnx
from recurra.export.onnx_net import STEP, WHOLE, OnnxNet, onnx_runtime
from recurra.export.steps import OneStep
from recurra.export.target.target import Snippet, Target, Written

_STEPS = 800  # of which the difference of int8 is told
_CHATTY = "torch.onnx._internal.exporter._registration"


def write(net: Exportable, folder: Path, name: str, int8: bool) -> Written:
    """Write both graphs, or the one that there is.

    Raises:
        ConfigError: There is neither; the message says what stands against the whole.
    """
    del name
    if int8:
        onnx_runtime("int8, which ONNX Runtime makes and measures,")
    snippets, notes, faults = [], [f"ONNX operator set {OPSET}."], []
    for file, write_one in ((WHOLE, _write_whole), (STEP, _write_step)):
        try:
            with _quiet():
                snippets.append(write_one(net, folder / file))
        except ConfigError as error:
            faults.append(error)
            notes.append(f"There is no {file}: {error.got}; expected {error.expected}.")
            continue
        _describe(folder / file, net)
        if int8:
            notes.append(_quantize(net, folder / file))
    if not snippets:
        raise faults[0]
    return Written(snippets, notes)


def _write_whole(net: Exportable, path: Path) -> Snippet:
    module, values = needed(net.whole), net.random_values()
    dynamic = torch.export.Dim.DYNAMIC
    to_onnx(
        module,
        (values, torch.tensor([values.shape[1], 2])),
        path,
        dynamic_shapes=({0: dynamic, 1: dynamic}, {0: dynamic}),
        input_names=["values", "lengths"],
        output_names=["output"],
    )
    text = f"""import numpy as np
import onnxruntime

model = onnxruntime.InferenceSession("{WHOLE}")
values = {_zeros(net, "3, 7")}
lengths = np.array([7, 4, 2], np.int64)
(told,) = model.run(None, {{"values": values, "lengths": lengths}})
print(told.shape)"""
    return Snippet("Whole sequences", "python", text)


def _write_step(net: Exportable, path: Path) -> Snippet:
    step = OneStep(needed(net.program)).eval()
    dynamic = torch.export.Dim.DYNAMIC
    names = [f"state_{name}" for name in step.names]
    to_onnx(
        step,
        (net.random_values()[:, 0], *(torch.zeros(2, size) for size in step.sizes)),
        path,
        dynamic_shapes=({0: dynamic}, tuple({0: dynamic} for _ in names)),
        input_names=["values", *names],
        output_names=["output", *(f"next_{name}" for name in step.names)],
    )
    text = f"""import numpy as np
import onnxruntime

model = onnxruntime.InferenceSession("{STEP}")
state = {{one.name: np.zeros((1, one.shape[1]), np.float32) for one in model.get_inputs()[1:]}}
for values in {_zeros(net, "7, 1")}:
    told, *after = model.run(None, {{"values": values, **state}})
    state = dict(zip(state, after))
print(told.shape)"""
    return Snippet("Step by step", "python", text)


def _zeros(net: Exportable, axes: str) -> str:
    """What stands for data in an example: ids, or features behind these axes."""
    return (
        f"np.zeros(({axes}), np.int64)"
        if net.features is None
        else f"np.zeros(({axes}, {net.features}), np.float32)"
    )


def _describe(path: Path, net: Exportable) -> None:
    """Put what belongs to the net into the model's metadata."""
    onnx = importlib.import_module("onnx")
    model = onnx.load(str(path))
    about = {
        "reads": net.reads,
        "gives": net.gives,
        "tells": net.tells,
        "outputs": list(net.outputs),
        **net.about,
    }
    texts = {key: one if isinstance(one, str) else json.dumps(one) for key, one in about.items()}
    onnx.helper.set_model_props(model, texts)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _quantize(net: Exportable, path: Path) -> str:
    """Make weights of products int8, in place; what that changes, in a sentence."""
    quantization = importlib.import_module("onnxruntime.quantization")
    exact, before = _told(net, path), path.stat().st_size
    onnx = importlib.import_module("onnx")
    logging.getLogger().disabled, kept = True, logging.getLogger().disabled  # it advises at every call
    try:
        model = onnx.load(str(path))
        del model.graph.value_info[:]  # it takes shapes of what it turns around for contradictions
        quantization.quantize_dynamic(model, str(path), weight_type=quantization.QuantType.QInt8)
    finally:
        logging.getLogger().disabled = kept
    error = np.abs(_told(net, path) - exact)
    return (
        f"int8 takes {path.name} from {before:,} to {path.stat().st_size:,} bytes and changes outputs by "
        f"{error.mean():.2g} on average, by {error.max():.2g} at most; they deviate by {exact.std():.2g} "
        f"(measured on {net.measured(_STEPS)[1]})."
    )


def _told(net: Exportable, path: Path) -> Any:
    """What a model says of sequences to measure on, one after another: (results, outputs)."""
    session = onnx_runtime("int8").InferenceSession(str(path))
    found = []
    for values in net.measured(_STEPS)[0]:
        if path.name == WHOLE:
            found.append(session.run(None, {"values": values[None], "lengths": np.array([len(values)])})[0])
            continue
        state = {one.name: np.zeros((1, one.shape[1]), np.float32) for one in session.get_inputs()[1:]}
        for step in values:
            told, *after = session.run(None, {"values": step[None], **state})
            state = dict(zip(state, after, strict=True))
            found.append(told)
    return np.concatenate([one.reshape(-1, one.shape[-1]) for one in found])


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what torch says of packages that are no matter here."""
    logger = logging.getLogger(_CHATTY)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        logger.setLevel(level)


ONNX = Target("onnx", write, OnnxNet)
