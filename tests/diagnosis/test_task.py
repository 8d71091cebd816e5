"""Nets of tasks are measured, though no measurement knows a task."""

import json

import numpy as np
import polars as pl
import pytest

from recurra.diagnosis import Limits, loss_attribution, measure
from recurra.experiment.fit import fit, fresh_net
from recurra.inputs.generated_ink import letter_rows
from recurra.tasks.registry import entries

SMALL = Limits(rows=3, sources=3, lags=8, points=2, directions=2, positions=2)
SETTINGS = {"hidden_size": 6, "seed": 1, "max_epochs": 1}
WORDS = [f"{'good' if row % 2 else 'bad'} {'very ' * (row % 3)}film number {row % 7}" for row in range(60)]


def series():
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 7, 18), "1d", eager=True)
    return pl.DataFrame({"time": days, "value": np.sin(np.arange(len(days)) / 3)})


def labelled():
    return pl.DataFrame({"text": WORDS, "label": ["yes" if row % 2 else "no" for row in range(60)]})


def tagged():
    tokens = [text.split() for text in WORDS]
    return pl.DataFrame({"tokens": tokens, "tags": [["N" if len(w) > 3 else "X" for w in t] for t in tokens]})


def pairs():
    return pl.DataFrame({"source": WORDS, "target": [text[::-1][:6] for text in WORDS]})


def written():
    signals = [[float(row % 5), 1.0, 0.5, 0.0, float(row % 3)] * 2 for row in range(60)]
    return pl.DataFrame({"signal": signals, "text": [text[:4] for text in WORDS]})


SOURCES = {
    "forecast": (series, {"horizon": 7, "context": 28}),
    "classify": (labelled, {}),
    "tag": (tagged, {}),
    "language": (lambda: [" ".join(WORDS)], {}),
    "transcribe": (written, {}),
    "caption": (written, {}),
    "detect": (series, {}),
    "translate": (pairs, {"input_feeding": True}),
    "draw": (lambda: letter_rows(30), {}),
}


def prepared_of(name):
    make, own = SOURCES[name]
    task = entries()[name].load("task")
    return task, task.prepare(task.read(make(), {**SETTINGS, **own}, None, None))


@pytest.mark.parametrize("name", SOURCES)
def test_the_net_of_a_task(name):
    task, prepared = prepared_of(name)
    model, batch = fresh_net(task, prepared), prepared.source.batch(0, 0)
    objective = task.objective(prepared.config, prepared.schema)
    found = measure(model, batch, objective, limits=SMALL)
    assert found.directions
    assert found.stacks
    for one in found.directions:
        assert (one.gradient_flow.norms[:, 0] > 0).all()
        assert one.state_health.gates
    json.dumps(found.to_dict(), allow_nan=False)
    shares = loss_attribution(model, batch, objective, rows=2, nodes=8)
    assert all(abs(one.error) < 0.05 * abs(one.difference) + 1e-3 for one in shares.values())


def test_a_decoder_that_is_called_step_by_step_is_one_passage():
    task, prepared = prepared_of("translate")
    model, batch = fresh_net(task, prepared), prepared.source.batch(0, 0)
    objective = task.objective(prepared.config, prepared.schema)
    decoder = measure(model, batch, objective, limits=SMALL).directions[-1]
    assert decoder.name == "stack.layers.0"
    assert decoder.steps == batch.target.shape[1]


def test_a_net_that_was_trained():
    task, prepared = prepared_of("classify")
    trained = fit(task, prepared)
    objective = task.objective(prepared.config, prepared.schema)
    batch = next(iter(prepared.batches(prepared.validation)))
    found = measure(trained.fitted.model, batch, objective, limits=SMALL)
    assert 0 < found.directions[0].gradient_flow.factor < 2
