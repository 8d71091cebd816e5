"""Steps of one session and of many, raced at a tiny size."""

import sys

import numpy as np
import pytest
import torch

from recurra import native
from recurra.bench import onnx_peer, streaming, torch_peer
from recurra.bench.choice import STREAMED_CELLS, Choice
from recurra.bench.plan import missing_packages
from recurra.bench.race import run_race
from recurra.bench.stepper import (
    InEngine,
    draw_stream,
    own_pool,
    own_session,
    reading_rate,
    stepping_entrant,
    weight_bytes,
)
from recurra.bench.streaming import ENGINE, POOL, STEP, TOLERANCES

needs_engine = pytest.mark.skipif(native.unavailable_reason() is not None, reason="there is no engine")
every_cell = pytest.mark.parametrize("cell", ["gru", "lstm"])
every_streamed_cell = pytest.mark.parametrize("name", STREAMED_CELLS)


def of_torch(stream):
    """What all are to compute, by torch's layer over the whole sequence."""
    layer = getattr(torch.nn, stream.cell.upper())(stream.hidden, stream.hidden)
    layer.load_state_dict(stream.layer.state_dict())
    with torch.no_grad():
        return layer(torch.from_numpy(stream.inputs))[0].numpy()


def check(stepper, stream, tolerance=1e-5):
    """The stepper computes what it should, and once more after a reset."""
    entrant, expected = stepping_entrant("peer", stepper, stream), of_torch(stream)
    entrant.run()
    for _ in range(2):
        outputs = entrant.results()["outputs"]
        assert outputs.shape == expected.shape
        np.testing.assert_allclose(outputs, expected, atol=tolerance)


@every_cell
def test_torch_steps_as_it_runs(cell):
    stream = draw_stream(cell, 3, 7)
    check(torch_peer.torch_steps(stream, 1), stream)


@every_cell
@pytest.mark.parametrize("sessions", [1, 3])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("peer", ["run", "run_bound", "run_one_by_one"])
def test_onnx_runtime_computes_the_same(cell, sessions, peer, threads):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    stream = draw_stream(cell, sessions, 7)
    check(getattr(onnx_peer, peer)(stream, threads), stream)


@every_cell
@pytest.mark.parametrize("sessions", [1, 3])
def test_openvino_computes_the_same(cell, sessions):
    if missing_packages("openvino"):
        pytest.skip("OpenVINO is not installed")
    stream = draw_stream(cell, sessions, 7)
    check(onnx_peer.infer_openvino(stream, 1), stream)
    assert "openvino_telemetry" not in sys.modules  # it tells nobody


@needs_engine
@every_streamed_cell
def test_our_sessions_compute_the_same(name):
    cell, weights = STREAMED_CELLS[name]
    stream = draw_stream(cell, 1, 7)
    check(own_session(stream, weights, 1), stream, TOLERANCES[weights])


@needs_engine
@every_streamed_cell
def test_our_steps_inside_the_engine_compute_the_same(name):
    cell, weights = STREAMED_CELLS[name]
    stream = draw_stream(cell, 1, 7)
    check(InEngine(stream, weights).stepper(), stream, TOLERANCES[weights])


@needs_engine
@every_streamed_cell
def test_our_pools_compute_the_same(name):
    cell, weights = STREAMED_CELLS[name]
    stream = draw_stream(cell, 3, 7)
    check(own_pool(stream, weights, 1), stream, TOLERANCES[weights])


@needs_engine
@every_streamed_cell
def test_a_step_is_raced(name):
    (race,) = STEP.races(Choice(cells=[name], hidden_sizes=[7]), ["torch.nn"])
    assert race.case == ("stream", name, 1, 1, 7, 1)
    found = run_race(race, 0.0)
    assert found.refused == {}
    assert found.ratio("torch.nn") > 0
    cell, weights = STREAMED_CELLS[name]
    assert race.work == weight_bytes(cell, 7, weights)


@needs_engine
@every_cell
def test_the_inside_of_the_engine_is_raced_with_memory(cell, monkeypatch):
    monkeypatch.setattr(streaming, "REPEATS", 13)
    (race,) = ENGINE.races(Choice(cells=[cell], hidden_sizes=[7]), ["memory"])
    found = run_race(race, 0.0)
    assert found.refused == {}
    assert found.ratio("memory") > 0
    assert race.case == ("stream", cell, 1, 1, 7, 1)
    assert ENGINE.races(Choice(threads=[2]), ["memory"]) == []


@needs_engine
def test_an_engine_that_is_wrong_has_no_ratio_even_to_memory(monkeypatch):
    class Wrong(InEngine):
        def step(self, input):
            return super().step(input) + 0.5

    monkeypatch.setattr(streaming, "InEngine", Wrong)
    (race,) = ENGINE.races(Choice(cells=["gru"], hidden_sizes=[7]), ["memory"])
    found = run_race(race, 0.0)
    assert found.peers == {}
    (difference,) = found.refused["memory"]
    assert difference.tensor == "outputs"


@needs_engine
def test_a_pool_is_raced_one_by_one_and_as_a_batch(monkeypatch):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(streaming, "SESSIONS", 5)
    choice = Choice(cells=["lstm"], hidden_sizes=[7], threads=[1])
    (race,) = POOL.races(choice, POOL.peers)
    found = run_race(race, 0.0)
    assert found.refused == {}
    assert set(found.peers) == set(POOL.peers)
    assert race.case == ("pool", "lstm", 5, 1, 7, 1)


def test_weights_are_counted_in_bytes():
    assert weight_bytes("lstm", 7, "float32") == 4 * 7 * (7 + 7) * 4
    assert weight_bytes("gru", 7, "int8") == 3 * 7 * (7 + 7)


@needs_engine
@pytest.mark.parametrize("weights", ["float32", "int8"])
def test_reading_the_weights_sets_the_limit_of_a_step(weights):
    rate = reading_rate("lstm", 33, weights)
    assert 1e7 < rate < 1e13
    assert reading_rate("lstm", 33, weights) == rate
