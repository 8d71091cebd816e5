"""Planted faults are told from their twins: a small share of `benchmarks/science/verdicts.py`."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest

SCIENCE = str(Path(__file__).parents[2] / "benchmarks" / "science")
KINDS = ("exploding", "dead units")


@pytest.fixture(scope="module")
def family():
    sys.path.insert(0, SCIENCE)
    try:
        yield importlib.import_module("family")
    finally:
        sys.path.remove(SCIENCE)


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_fault_is_told_and_its_twin_is_not(family, kind):
    planted, twin = next(pair for pair in family.family(seed=5) if pair[0].planted == kind)
    bad, good = family.train(planted), family.train(twin)
    assert family.confirmed(planted, bad, good)
    assert kind in bad.told
    assert good.told == ()


def test_what_is_missed_far_back_is_told_though_most_was_learnt(family):
    planted, twin = list(family.family(seed=5))[8]
    bad, good = family.train(planted), family.train(twin)
    assert planted.question is family.SIGNS
    assert {one.kind: one.figure for one in bad.findings if one.kind == "underfitting"}["underfitting"] > 0.5
    assert "vanishing" in bad.told
    assert good.told == ()


def test_a_state_that_is_turned_cures_what_vanished(family):
    """The echo of a symbol that stood far back: an Elman net fails, a linear orthogonal one learns it."""
    planted, _ = list(family.family(seed=5))[4]
    bad = family.train(planted)
    (vanishing,) = (one for one in bad.findings if one.kind == "vanishing")
    turned = next(one.change for one in vanishing.remedies if one.change.get("orthogonal"))
    assert turned["cell"] == "elman_linear"
    net = {**planted.recurrence, **turned}
    good = family.train(replace(planted, planted="", recurrence=net))
    assert bad.accuracy < family.FAILED < family.LEARNT <= good.accuracy
    assert "vanishing" not in good.told
