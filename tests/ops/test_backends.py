"""Which backend computes what, and what is said about it."""

import pytest
import torch

from recurra import native
from recurra.cells import GRU, LSTM
from recurra.errors import ConfigError
from recurra.layers import Recurrent
from recurra.ops import backends

WEIGHT, INPUT = torch.zeros(12, 3), torch.zeros(2, 5, 3)


needs_engine = pytest.mark.skipif(native.unavailable_reason() is not None, reason="no compiled engine")


@pytest.fixture
def without_engine(monkeypatch):
    monkeypatch.setattr(native, "unavailable_reason", lambda: "it is not there")


def test_auto_takes_the_fastest_that_can(without_engine):
    assert backends.choose("auto", INPUT, WEIGHT) == "torch"
    assert backends.choose("auto", INPUT, WEIGHT, "a recurrent mask") == "reference"
    assert backends.choose("auto", INPUT, WEIGHT.bfloat16()) == "reference"
    assert backends.choose("auto", INPUT[:, :0], WEIGHT) == "reference"
    assert backends.choose("auto", INPUT[:0], WEIGHT) == "reference"


@needs_engine
def test_the_native_engine_comes_first():
    assert backends.choose("auto", INPUT, WEIGHT) == "native"
    assert backends.explain("auto", INPUT, WEIGHT) == "native: nothing is faster."
    assert backends.availability()["native"] is None
    assert backends.choose("auto", INPUT, WEIGHT, "a recurrent mask") == "native"
    mask = torch.ones(2, 3, requires_grad=True)
    assert "no gradient of a recurrent mask" in backends.explain("auto", INPUT, WEIGHT, "a mask", [mask])
    assert "not in torch.bfloat16" in backends.explain("auto", INPUT, WEIGHT.bfloat16())
    assert "at least one row" in backends.explain("auto", INPUT[:0], WEIGHT)
    assert "on meta" in backends.explain("auto", INPUT.to("meta"), WEIGHT.to("meta"))


def test_it_says_why(without_engine):
    reason = backends.explain("auto", INPUT, WEIGHT, "a recurrent mask")
    assert reason == (
        "reference: native cannot (it is not there); torch cannot (torch has no kernel for a recurrent mask)."
    )
    assert backends.explain("reference", INPUT, WEIGHT) == "reference: it was asked for."
    assert backends.availability() == {"native": "it is not there", "torch": None, "reference": None}


def test_it_says_what_every_type_is_computed_by(without_engine):
    found = backends.overview()
    assert list(found) == ["float32", "float64", "bfloat16", "float16"]
    assert found["float32"] == "torch: native cannot (it is not there)."
    assert found["bfloat16"].startswith("reference: native cannot (it computes in float32 and float64")


def test_an_unknown_name_is_refused():
    with pytest.raises(ConfigError, match="one of auto, native, torch, reference"):
        backends.choose("cudnn", INPUT, WEIGHT)
    with pytest.raises(ConfigError, match="backend 'cuda'"):
        Recurrent(LSTM(3, 5), backend="cuda")


def test_a_backend_that_cannot_is_refused_and_not_replaced(without_engine):
    with pytest.raises(ConfigError, match="it is not there"):
        backends.choose("native", INPUT, WEIGHT)
    with pytest.raises(ConfigError, match="a reset before the product"):
        Recurrent(GRU(3, 5, reset_after=False), backend="torch")(INPUT)
    with pytest.raises(ConfigError, match="a recurrent mask"):
        Recurrent(LSTM(3, 5), backend="torch", recurrent_dropout=0.5)(INPUT)
    with pytest.raises(ConfigError, match="a recurrent mask"):
        Recurrent(GRU(3, 5), backend="torch", recurrent_dropout=0.5)(INPUT)
    with pytest.raises(ConfigError, match="a projection"):
        Recurrent(LSTM(3, 5, proj_size=2), backend="torch")(INPUT)
