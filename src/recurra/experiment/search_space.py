"""Where a search looks: the ranges that settings declare (`recurra.config.Search`), less what is fixed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from recurra.config import Config, Search, searches_of
from recurra.data.naming import listed, suggestion
from recurra.errors import ConfigError


def space_of(config: Config, given: Mapping[str, Any], only: Sequence[str] | None) -> dict[str, Search]:
    """The settings to search, each with its range, in the order of the settings.

    Args:
        config: The settings of task and input.
        given: Those that are fixed.
        only: The names to search; None: all that have a range.

    Raises:
        ConfigError: A name has no range, or is fixed; or nothing is left.
    """
    known = searches_of(type(config))
    for name in only or ():
        if name not in known:
            remedy = suggestion(name, known, "Choose some of these.")
            raise ConfigError(f"--search {name}", f"some of {listed(known, len(known))}", remedy)
        if name in given:
            raise ConfigError(f"{name} is both fixed and searched", "one of them", f"Leave {name} out.")
    space = {key: one for key, one in known.items() if key not in given and (only is None or key in only)}
    if not space:
        raise ConfigError("nothing to search, as all is fixed", "a setting to vary", "Fix fewer settings.")
    return space


def for_data(space: Mapping[str, Search], config: Config) -> dict[str, Search]:
    """The same space, relative ranges in numbers: multiples of what the settings are for the data."""
    found = dict(space)
    for key, search in space.items():
        if search.relative:
            usual = int(getattr(config, key))
            low, high = (max(1, round(end * usual)) for end in (search.low, search.high))
            found[key] = replace(search, low=low, high=high, relative=False)
    return found


def suggested(trial: Any, space: Mapping[str, Search]) -> dict[str, Any]:
    """Values for the settings of a space, by an Optuna trial."""
    found: dict[str, Any] = {}
    for key, search in space.items():
        if search.choices:
            found[key] = trial.suggest_categorical(key, list(search.choices))
        elif isinstance(search.low, int) and isinstance(search.high, int):
            found[key] = trial.suggest_int(key, search.low, search.high, log=search.log)
        else:
            found[key] = trial.suggest_float(key, float(search.low), float(search.high), log=search.log)
    return found


def defaults_within(config: Config, space: Mapping[str, Search]) -> dict[str, Any]:
    """The values that settings have anyway, as far as they lie in the space: where a search begins."""
    found = {}
    for key, search in space.items():
        value = getattr(config, key)
        inside = value in search.choices if search.choices else search.low <= value <= search.high
        if inside:
            found[key] = value
    return found
