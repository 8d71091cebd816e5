"""Steps of one session and of many, raced at a tiny size."""

import sys

import numpy as np
import pytest
import torch

from recurra import native
from recurra.bench.choice import STREAMED_CELLS, WEIGHT_TYPES, Choice, weight_cell
from recurra.bench.extra import missing_packages
from recurra.bench.peers import onnx_runtime, openvino_step, torch_layer
from recurra.bench.race import run_race
from recurra.bench.streaming import kernel, pool, step
from recurra.bench.streaming.own_session import InEngine, OwnPool, OwnSession
from recurra.bench.streaming.task import TOLERANCES, draw_task, stepping_entrant, weight_bytes

needs_engine = pytest.mark.skipif(native.unavailable_reason() is not None, reason="there is no engine")
every_cell = pytest.mark.parametrize("cell", STREAMED_CELLS)
every_weight_type = pytest.mark.parametrize("weights", WEIGHT_TYPES)


def of_torch(task):
    """What all are to compute, by torch's layer over the whole sequence."""
    layer = getattr(torch.nn, task.cell.upper())(task.hidden, task.hidden)
    layer.load_state_dict(task.layer.state_dict())
    with torch.no_grad():
        return layer(torch.from_numpy(task.inputs))[0].numpy()


def check(stepper, task, tolerance=1e-5):
    """The stepper computes what it should, and once more after a reset."""
    entrant, expected = stepping_entrant("peer", stepper, task), of_torch(task)
    entrant.run()
    for _ in range(2):
        outputs = entrant.results()["outputs"]
        assert outputs.shape == expected.shape
        np.testing.assert_allclose(outputs, expected, atol=tolerance)


@every_cell
def test_torch_steps_as_it_runs(cell):
    task = draw_task(cell, 3, 7)
    check(torch_layer.Step(task), task)


@every_cell
@pytest.mark.parametrize("sessions", [1, 3])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("peer", ["Run", "Bound", "OneByOne"])
def test_onnx_runtime_computes_the_same(cell, sessions, peer, threads):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    task = draw_task(cell, sessions, 7)
    check(getattr(onnx_runtime, peer)(task, threads), task)


@every_cell
@pytest.mark.parametrize("sessions", [1, 3])
def test_openvino_computes_the_same(cell, sessions):
    if missing_packages("openvino"):
        pytest.skip("OpenVINO is not installed")
    task = draw_task(cell, sessions, 7)
    check(openvino_step.Bound(task, 1), task)
    assert "openvino_telemetry" not in sys.modules  # it tells nobody


@needs_engine
@every_cell
@every_weight_type
def test_our_sessions_compute_the_same(cell, weights):
    task = draw_task(cell, 1, 7)
    check(OwnSession(task, weights), task, TOLERANCES[weights])


@needs_engine
@every_cell
@every_weight_type
def test_our_steps_inside_the_engine_compute_the_same(cell, weights):
    task = draw_task(cell, 1, 7)
    check(InEngine(task, weights), task, TOLERANCES[weights])


@needs_engine
@every_cell
@every_weight_type
def test_our_pools_compute_the_same(cell, weights):
    task = draw_task(cell, 3, 7)
    check(OwnPool(task, weights, 1), task, TOLERANCES[weights])


@needs_engine
@every_cell
@every_weight_type
def test_a_step_is_raced(cell, weights):
    choice = Choice(cells=[weight_cell(cell, weights)], hidden_sizes=[7])
    (race,) = step.section(choice, ["torch.nn"]).races
    assert race.case == ("stream", weight_cell(cell, weights), 1, 1, 7, 1)
    found = run_race(race, 0.0)
    assert found.refused == {}
    assert found.ratio("torch.nn") > 0
    assert race.work == weight_bytes(cell, 7, weights)


@needs_engine
@every_cell
def test_the_inside_of_the_engine_is_raced_with_memory(cell, monkeypatch):
    monkeypatch.setattr(kernel, "REPEATS", 13)
    (race,) = kernel.section(Choice(cells=[cell], hidden_sizes=[7]), ["memory"]).races
    found = run_race(race, 0.0)
    assert found.refused == {}
    assert found.ratio("memory") > 0
    assert race.case == ("stream", cell, 1, 1, 7, 1)
    assert kernel.section(Choice(threads=[2]), ["memory"]).races == []


@needs_engine
def test_an_engine_that_is_wrong_has_no_ratio_even_to_memory(monkeypatch):
    class Wrong(InEngine):
        def step(self, input):
            return super().step(input) + 0.5

    monkeypatch.setattr(kernel, "InEngine", Wrong)
    (race,) = kernel.section(Choice(cells=["gru"], hidden_sizes=[7]), ["memory"]).races
    found = run_race(race, 0.0)
    assert found.peers == {}
    (difference,) = found.refused["memory"]
    assert difference.tensor == "outputs"


@needs_engine
def test_a_pool_is_raced_one_by_one_and_as_a_batch(monkeypatch):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(pool, "SESSIONS", 5)
    choice = Choice(cells=["lstm"], hidden_sizes=[7], threads=[1])
    (race,) = pool.section(choice, pool.PEERS).races
    found = run_race(race, 0.0)
    assert found.refused == {}
    assert set(found.peers) == set(pool.PEERS)
    assert race.case == ("pool", "lstm", 5, 1, 7, 1)


def test_weights_are_counted_in_bytes():
    assert weight_bytes("lstm", 7, "float32") == 4 * 7 * (7 + 7) * 4
    assert weight_bytes("gru", 7, "int8") == 3 * 7 * (7 + 7)
