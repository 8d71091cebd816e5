"""JAX's `lax.scan`, compiled, on the CPU: the input's product for all steps at once, then step by step."""

import importlib
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from torch import nn

from recurra.bench.batch import FIELDS, GATES, Batch
from recurra.bench.parity import Results
from recurra.bench.race import Entrant

THREADS = "PJRT_NPROC"  # what XLA's CPU client sizes its pool by when it is made


def train(cell: str, ours: nn.Module, batch: Batch, threads: int) -> Entrant:
    """A scan over a batch without lengths, with the weights of ours."""
    jax = _with_threads(threads)
    gradients = jax.jit(partial(_forward_and_backward, jax, cell))
    leaves = {"input": batch.input, **dict(ours.named_parameters())}
    given = [
        jax.device_put(jax.tree.map(lambda tensor: tensor.detach().numpy(), each))
        for each in (leaves, batch.output_gradient, tuple(batch.state_gradients.values()))
    ]

    def run() -> Any:
        return jax.block_until_ready(gradients(*given))

    def results() -> Results:
        outputs, state, found = jax.tree.map(np.asarray, run())
        return {
            "outputs": outputs,
            **{f"final {field}": value for field, value in zip(FIELDS[cell], state, strict=True)},
            **{f"gradient of {leaf}": found[leaf] for leaf in leaves},
        }

    return Entrant("jax", run, results)


def _with_threads(threads: int) -> Any:
    """JAX with a client that has so many threads; a new one where it has another number."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    before = os.environ.get(THREADS)
    os.environ[THREADS] = str(threads)
    jax = importlib.import_module("jax")
    if before != str(threads):
        importlib.import_module("jax.extend.backend").clear_backends()
        jax.clear_caches()
    return jax


def _forward_and_backward(
    jax: Any, cell: str, leaves: Mapping[str, Any], output_gradient: Any, state_gradients: Any
) -> Any:
    (outputs, state), backward = jax.vjp(partial(_forward, jax, cell), leaves)
    return outputs, state, *backward((output_gradient, state_gradients))


def _forward(jax: Any, cell: str, leaves: Mapping[str, Any]) -> Any:
    values, weight_hh, bias_hh = leaves["input"], leaves["weight_hh_l0"], leaves["bias_hh_l0"]
    projected = values @ leaves["weight_ih_l0"].T + leaves["bias_ih_l0"]

    def step(state: Any, projected: Any) -> Any:
        state = STEPS[cell](jax, projected, state[0] @ weight_hh.T + bias_hh, state)
        return state, state[0]

    zeros = jax.numpy.zeros((values.shape[1], weight_hh.shape[1]))
    state, outputs = jax.lax.scan(step, (zeros,) * len(FIELDS[cell]), projected)
    return outputs, state


def _elman(jax: Any, projected: Any, recurrent: Any, _state: Any) -> Any:
    return (jax.numpy.tanh(projected + recurrent),)


def _gru(jax: Any, projected: Any, recurrent: Any, state: Any) -> Any:
    split, sigmoid = partial(jax.numpy.split, indices_or_sections=GATES["gru"], axis=-1), jax.nn.sigmoid
    (reset_in, update_in, new_in), (reset_hh, update_hh, new_hh) = split(projected), split(recurrent)
    update_gate = sigmoid(update_in + update_hh)
    candidate = jax.numpy.tanh(new_in + sigmoid(reset_in + reset_hh) * new_hh)
    return ((1 - update_gate) * candidate + update_gate * state[0],)


def _lstm(jax: Any, projected: Any, recurrent: Any, state: Any) -> Any:
    gates = jax.numpy.split(projected + recurrent, GATES["lstm"], axis=-1)
    input_gate, forget_gate, candidate, output_gate = gates
    sigmoid, tanh = jax.nn.sigmoid, jax.numpy.tanh
    cell = sigmoid(forget_gate) * state[1] + sigmoid(input_gate) * tanh(candidate)
    return sigmoid(output_gate) * tanh(cell), cell


STEPS: Mapping[str, Callable[..., Any]] = {"elman": _elman, "gru": _gru, "lstm": _lstm}
