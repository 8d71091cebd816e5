from typing import Any

import numpy as np
import pytest

from recurra.errors import ConfigError
from recurra.tasks.forecast.answer import checked_levels, interval_probabilities


@pytest.mark.parametrize("level", [(80, 95), [80, 95], np.array([80, 95]), (80, 95, 80)])
def test_levels_come_once_and_in_order(level: Any):
    assert checked_levels(level) == (80, 95)


def test_no_level_is_a_choice():
    assert checked_levels(()) == checked_levels(None) == ()
    assert interval_probabilities(()) == ()


@pytest.mark.parametrize("level", [80, "80", ("80",), (0,), (100,), (-5,), (float("nan"),), (None,)])
def test_other_things_are_no_levels(level: Any):
    with pytest.raises(ConfigError, match="level"):
        checked_levels(level)


def test_probabilities_leave_the_same_on_both_sides():
    assert interval_probabilities((80.0, 95.0)) == (0.1, 0.9, 0.025, 0.975)
