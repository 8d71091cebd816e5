"""Each operation of a stream program as calls of C functions, in the engine's order of sums."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from recurra.export.c.writer import Writer, number
from recurra.streaming.layer import Operation

Write = Callable[[Writer, str, Operation], None]

FUNCTIONS: Mapping[str, str] = MappingProxyType({"tanh": "hyperbolic", "exp": "exponential"})
"""Those whose names C or its library has for something else."""


def affine(writer: Writer, name: str, own: Operation) -> None:
    """One product."""
    x, out = writer.current(own["inputs"]), writer.other(own["outputs"])
    bias = writer.optional(f"{name}_bias", own.get("bias"))
    writer.product(f"{name}_weight", own["weight_ih"], x, bias, out)
    writer.swap()


def elman(writer: Writer, name: str, own: Operation) -> None:
    """φ(W x + U h + b)."""
    hidden, sums = _sums(writer, name, own, own["hidden"])
    writer.product(f"{name}_weight_hh", own["weight_hh"], hidden, sums, sums)
    function = {"tanh": "hyperbolic", "relu": "relu", "linear": ""}[own["function"]]
    writer.needs |= {function} - {""}
    writer.call("step_elman", own["hidden"], sums, _rate(own), function or "0", hidden)
    _show(writer, own, hidden)


def lstm(writer: Writer, name: str, own: Operation) -> None:
    """With peepholes and projection, where there are some."""
    size = own["hidden"]
    hidden, sums = _sums(writer, name, own, 4 * size)
    cell, shown = writer.remember(f"{name}_cell", size), writer.space("products", size)
    writer.product(f"{name}_weight_hh", own["weight_hh"], hidden, sums, sums)
    peepholes = writer.optional(f"{name}_peepholes", own.get("peepholes"))
    writer.call("step_lstm", size, sums, peepholes, _rate(own, "zoneout_cell"), cell, shown)
    if "projection" in own:
        out = writer.other(own["outputs"])
        writer.product(f"{name}_projection", own["projection"], shown, "0", out)
        shown = out
    writer.call("keep", own["outputs"], shown, _rate(own), hidden)
    _show(writer, own, hidden)


def gru(writer: Writer, name: str, own: Operation) -> None:
    """Reset after the product."""
    size, weight = own["hidden"], own["weight_hh"]
    hidden, sums = _sums(writer, name, own, 3 * size)
    candidate = writer.space("products", size)
    writer.product(f"{name}_weight_hh_gates", weight[: 2 * size], hidden, sums, sums)
    second = writer.optional(f"{name}_bias_hh_candidate", own.get("second_bias"))
    writer.product(f"{name}_weight_hh_candidate", weight[2 * size :], hidden, second, candidate)
    writer.call("step_gru", size, sums, f"{sums} + {2 * size}", candidate, _rate(own), hidden)
    _show(writer, own, hidden)


def gru_reset_before(writer: Writer, name: str, own: Operation) -> None:
    """Reset before the product."""
    size, weight = own["hidden"], own["weight_hh"]
    hidden, sums = _sums(writer, name, own, 3 * size)
    gated = writer.space("products", size)
    writer.product(f"{name}_weight_hh_gates", weight[: 2 * size], hidden, sums, sums)
    writer.call("reset_gru", size, sums, hidden, gated)
    candidate = f"{sums} + {2 * size}"
    writer.product(f"{name}_weight_hh_candidate", weight[2 * size :], gated, candidate, candidate)
    writer.call("step_gru_reset_before", size, sums, _rate(own), hidden)
    _show(writer, own, hidden)


def layer_norm_lstm(writer: Writer, name: str, own: Operation) -> None:
    """Both products normalised, and the cell."""
    size, epsilon = own["hidden"], number(own["epsilon"])
    hidden, cell = writer.remember(f"{name}_hidden", size), writer.remember(f"{name}_cell", size)
    sums, products = writer.space("sums", 4 * size), writer.space("products", 4 * size)
    x = writer.current(own["inputs"])

    def scaled(count: int, gain: str, bias: str, values: str) -> None:
        writer.call("normal", count, epsilon, values, values)
        constants = [writer.constant(f"{name}_{one}", own[one]) for one in (gain, bias)]
        writer.call("scaled", count, *constants, values)

    writer.product(f"{name}_weight_ih", own["weight_ih"], x, "0", sums)
    scaled(4 * size, "gain", "bias", sums)
    writer.product(f"{name}_weight_hh", own["weight_hh"], hidden, "0", products)
    writer.call("normal", 4 * size, epsilon, products, products)
    gain = writer.constant(f"{name}_gain_hh", own["gain_hh"])
    writer.call("layer_norm_gates", 4 * size, gain, products, sums)
    writer.call("layer_norm_lstm_cell", size, sums, _rate(own, "zoneout_cell"), cell, products)
    scaled(size, "gain_cell", "bias_cell", products)
    writer.call("layer_norm_lstm_shown", size, f"{sums} + {3 * size}", products)
    writer.call("keep", size, products, _rate(own), hidden)
    _show(writer, own, hidden)


def layer_norm(writer: Writer, name: str, own: Operation) -> None:
    """Over all numbers of a step."""
    x = writer.current(own["outputs"])
    writer.call("normal", own["outputs"], number(own["epsilon"]), x, x)
    gain = writer.constant(f"{name}_gain", own["gain"])
    writer.call("scaled", own["outputs"], gain, writer.optional(f"{name}_bias", own.get("bias")), x)


def activation(writer: Writer, name: str, own: Operation) -> None:
    """A function of each number."""
    del name
    function = FUNCTIONS.get(own["function"], own["function"])
    x = f"{writer.current(own['outputs'])}[j]"
    slope = f", {number(own['slope'])}" if function == "leaky_relu" else ""
    writer.needs.add(function)
    writer.calls.append(f"for (j = 0; j < {own['outputs']}; ++j) {x} = {function}({x}{slope});")


def softmax(writer: Writer, name: str, own: Operation) -> None:
    """Over all numbers of a step."""
    del name
    kind = "log_softmax" if own["variant"] else "softmax"
    writer.call(kind, own["outputs"], writer.current(own["outputs"]))


def scaling(writer: Writer, name: str, own: Operation) -> None:
    """To the units of the net, or back."""
    x = writer.current(own["outputs"])
    scale, mean = (
        writer.constant(f"{name}_{one}", own[at]) for one, at in (("scale", "gain"), ("mean", "bias"))
    )
    if own["variant"]:
        writer.call("scaled", own["outputs"], scale, mean, x)
    else:
        writer.call("to_units", own["outputs"], mean, scale, x)


def running(writer: Writer, name: str, own: Operation) -> None:
    """The mean or the largest of all steps so far."""
    size = own["outputs"]
    kept, steps = writer.remember(f"{name}_kept", size), writer.remember(f"{name}_steps", 1)
    kind = "running_mean" if own["variant"] else "running_max"
    writer.call(kind, size, kept, steps, writer.current(size))


def keep(writer: Writer, name: str, own: Operation) -> None:
    """Put numbers aside."""
    del name
    size = own["outputs"]
    writer.copy(writer.space(f"kept{writer.kept}", size), writer.current(size), size)
    writer.kept += 1


def add_kept(writer: Writer, name: str, own: Operation) -> None:
    """Add what was put aside last."""
    del name
    writer.kept -= 1
    size = own["outputs"]
    writer.call("added", size, f"state->kept{writer.kept}", writer.current(size))


OPERATIONS: Mapping[str, Write] = MappingProxyType({
    "affine": affine,
    "elman": elman,
    "lstm": lstm,
    "gru": gru,
    "gru_reset_before": gru_reset_before,
    "layer_norm_lstm": layer_norm_lstm,
    "layer_norm": layer_norm,
    "activation": activation,
    "softmax": softmax,
    "scaling": scaling,
    "running": running,
    "keep": keep,
    "add_kept": add_kept,
})  # fmt: skip
"""All but the embedding, which a step begins with."""


def _sums(writer: Writer, name: str, own: Operation, size: int) -> tuple[str, str]:
    """The hidden state, and where b + W x is after the product with the input."""
    hidden = writer.remember(f"{name}_hidden", own["outputs"])
    sums, x = writer.space("sums", size), writer.current(own["inputs"])
    bias = writer.optional(f"{name}_bias", own.get("bias"))
    writer.product(f"{name}_weight_ih", own["weight_ih"], x, bias, sums)
    return hidden, sums


def _show(writer: Writer, own: Operation, hidden: str) -> None:
    writer.copy(writer.current(own["outputs"]), hidden, own["outputs"])


def _rate(own: Operation, which: str = "zoneout_hidden") -> Any:
    return number(own[which])
