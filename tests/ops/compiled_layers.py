"""Compiles and exports every layer, and compares what comes out; `test_native_compile.py` runs it."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from tests.catalogue import CELLS
from torch import Tensor
from torch.export import Dim

import recurra
from recurra.cells import GRU, LSTM, Elman, Zoneout
from recurra.errors import ShapeError
from recurra.layers import Bidirectional, Recurrent, Stack

BATCH, TIME, FEATURES, HIDDEN = 5, 7, 3, 4
LENGTHS = {"lengths": torch.tensor([7, 0, 3, 5, 1]), "resets": torch.rand(BATCH, TIME) < 0.3}


def layers() -> Iterator[tuple[str, torch.nn.Module]]:
    for row in CELLS:
        yield row.name, Recurrent(row.make(FEATURES, HIDDEN))
    yield "reverse", Recurrent(GRU(FEATURES, HIDDEN), reverse=True)
    yield "recompute", Recurrent(LSTM(FEATURES, HIDDEN), recompute=True)
    yield "dropout", Recurrent(Elman(FEATURES, HIDDEN), recurrent_dropout=0.3)
    yield "sum", Bidirectional(GRU(FEATURES, HIDDEN), GRU(FEATURES, HIDDEN), merge="sum")
    below = Bidirectional(Zoneout(LSTM(FEATURES, HIDDEN), 0.2), LSTM(FEATURES, HIDDEN))
    yield "stack", Stack([below, Recurrent(LSTM(2 * HIDDEN, HIDDEN))], dropout=0.1, variational=True)
    for name, options in [("RNN", {}), ("GRU", {}), ("LSTM", {"proj_size": 2})]:
        kind = getattr(recurra, name)
        yield name, kind(FEATURES, HIDDEN, 2, bidirectional=True, batch_first=True, **options)


def tensors(result: Any) -> list[Tensor]:
    return torch.utils._pytree.tree_leaves(result)


def results(run: Any, layer: torch.nn.Module, inputs: Tensor, options: dict[str, Any]) -> list[Tensor]:
    """Outputs, last state, and all gradients of their sum."""
    torch.manual_seed(1)
    leaf = inputs.clone().requires_grad_()
    found = tensors(run(leaf, **options))
    total = sum((tensor.sin()).sum() for tensor in found)
    return found + list(torch.autograd.grad(total, [leaf, *layer.parameters()]))


def assert_equal(got: list[Tensor], expected: list[Tensor]) -> None:
    for one, two in zip(got, expected, strict=True):
        torch.testing.assert_close(one, two)
        assert one.stride() == two.stride()


def operators(graph: torch.fx.Graph) -> list[str]:
    return [str(node.target) for node in graph.nodes if str(node.target).startswith("recurra.")]


def try_layer(name: str, layer: torch.nn.Module) -> None:
    ways = ({}, LENGTHS) if name in ("lstm", "GRU") else (LENGTHS,)
    inputs = torch.randn(BATCH, TIME, FEATURES)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    for options in ways:
        got = results(compiled, layer, inputs, options)
        assert_equal(got, results(layer, layer, inputs, options))
    layer.eval()
    for options in ways:
        program = torch.export.export(layer, (inputs,), kwargs=options)
        assert operators(program.graph), "the engine is not in the exported program"
        assert_equal(tensors(program.module()(inputs, **options)), tensors(layer(inputs, **options)))


def any_size_runs_by_one_program() -> None:
    layer = recurra.LSTM(FEATURES, HIDDEN, 2, bidirectional=True, batch_first=True).eval()
    axes = {"input": {0: Dim.DYNAMIC, 1: Dim.DYNAMIC}, "lengths": {0: Dim.DYNAMIC}}
    example = (torch.randn(BATCH, TIME, FEATURES),)
    options = {"lengths": LENGTHS["lengths"]}
    program = torch.export.export(layer, example, kwargs=options, dynamic_shapes=axes).module()
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager", dynamic=True)
    for batch, time in [(2, 9), (1, 1), (8, 3)]:
        inputs, lengths = torch.randn(batch, time, FEATURES), torch.randint(0, time + 1, (batch,))
        expected = tensors(layer(inputs, lengths=lengths))
        assert_equal(tensors(program(inputs, lengths=lengths)), expected)
        assert_equal(tensors(compiled(inputs, lengths=lengths)), expected)
        for wrong in (time + 1, -1, 2**62):
            for run in (program, compiled):
                with pytest.raises(ShapeError, match="the number of time steps"):
                    run(inputs, lengths=lengths.clone().fill_(wrong))


def time_may_come_first_in_memory() -> None:
    layer = Recurrent(GRU(FEATURES, HIDDEN))
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    inputs = torch.randn(TIME, BATCH, FEATURES).transpose(0, 1)
    assert_equal(tensors(compiled(inputs)), tensors(layer(inputs)))


def the_default_backend_trains() -> None:
    """It relies on the strides that operators are said to give."""
    layer = recurra.LSTM(FEATURES, HIDDEN, bidirectional=True, batch_first=True)
    compiled = torch.compile(layer, fullgraph=True)
    inputs = torch.randn(BATCH, FEATURES, TIME).transpose(1, 2)  # neither batch nor time first
    assert_equal(results(compiled, layer, inputs, {}), results(layer, layer, inputs, {}))


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(0)
    if sys.argv[1:] == ["inductor"]:
        the_default_backend_trains()
        sys.exit()
    for name, layer in layers():
        torch._dynamo.reset()
        try:
            try_layer(name, layer)
        except Exception:
            print(f"in the layer {name}", file=sys.stderr)  # noqa: T201
            raise
    torch._dynamo.reset()
    any_size_runs_by_one_program()
    time_may_come_first_in_memory()
