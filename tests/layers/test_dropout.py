"""Dropout with one mask for all steps."""

import pytest
import torch

from recurra.errors import ConfigError, ShapeError
from recurra.layers import VariationalDropout


def test_the_same_features_at_all_steps_and_others_in_every_row():
    dropped = VariationalDropout(0.25)(torch.ones(200, 7, 50))
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert set(dropped.unique().tolist()) == {0.0, torch.tensor(4 / 3).item()}
    assert abs((dropped == 0).float().mean() - 0.25) < 0.01
    assert not torch.equal(dropped[0], dropped[1])


def test_nothing_happens_in_evaluation():
    values = torch.randn(2, 7, 3)
    assert VariationalDropout(0.5).eval()(values) is values
    assert VariationalDropout(0.0)(values) is values
    assert not VariationalDropout(1.0)(values).any()


def test_wrong_arguments_are_refused():
    with pytest.raises(ConfigError, match=r"p is 1\.5"):
        VariationalDropout(1.5)
    with pytest.raises(ShapeError, match=r"expected \(batch, time, features\)"):
        VariationalDropout(0.5)(torch.zeros(2, 3))
    assert repr(VariationalDropout(0.5)) == "VariationalDropout(p=0.5)"
