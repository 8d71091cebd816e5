"""Settings: errors that name the nearest key, and values that never change."""

import re
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, model_validator

from recurra.cells.registry import CELLS
from recurra.config import OTHER_NAMES, Config, nearest_keys, validated
from recurra.errors import ConfigError
from recurra.tasks.forecast.config import ForecastConfig


class Kitchen(Config):
    ovens: int = Field(default=2, ge=1)
    window_size: float
    open: bool = True

    @model_validator(mode="after")
    def _big_enough(self) -> Self:
        if self.ovens > 3 and not self.open:
            raise ValueError("at most 3 ovens behind closed doors")
        return self


def test_settings_become_a_config_that_cannot_be_changed() -> None:
    kitchen = validated(Kitchen, {"window_size": "1.5"})
    assert (kitchen.ovens, kitchen.window_size, kitchen.open) == (2, 1.5, True)
    with pytest.raises(ValidationError, match="frozen"):
        kitchen.ovens = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("settings", "got", "expected", "remedy"),
    [
        ({"oven": 1, "window_size": 1}, "unknown setting 'oven'", "a setting such as ovens", "'ovens'"),
        ({"xyz": 1, "window_size": 1}, "unknown setting 'xyz'", "open, ovens, window_size", "choose one"),
        ({}, "window_size is missing", "a value", "window_size"),
        ({"window_size": 1, "ovens": 0}, "ovens is 0", "greater than or equal to 1", "ovens"),
        ({"window_size": "wide"}, "window_size is 'wide'", "valid number", "window_size"),
        ({"window_size": 1, "ovens": 4, "open": False}, "do not go together", "at most 3 ovens", ""),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], got: str, expected: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validated(Kitchen, settings)
    assert got in caught.value.got
    assert expected in caught.value.expected
    assert remedy in caught.value.remedy
    assert caught.value.exit_code == 2


@given(st.integers(0, len("window_size") - 1))
def test_a_lost_letter_finds_its_key(position: int) -> None:
    misspelt = "window_size"[:position] + "window_size"[position + 1 :]
    with pytest.raises(ConfigError, match="Did you mean 'window_size'"):
        validated(Kitchen, {misspelt: 1})


def test_names_that_others_have_are_understood() -> None:
    for other, ours in OTHER_NAMES.items():
        assert nearest_keys(other, ["unrelated", ours]) == [ours]
        assert other not in ForecastConfig.model_fields


def test_help_lists_the_cells() -> None:
    listed = ForecastConfig.model_fields["cell"].description or ""
    assert all(re.search(rf"\b{name}\b", listed) for name in CELLS)
