"""Planted faults are told from their twins: a small share of `benchmarks/science/verdicts.py`."""

import importlib
import sys
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
