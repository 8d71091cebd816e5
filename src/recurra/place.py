"""What stands at a place, "module:NAME", and the rows that other packages give a registry."""

import importlib
from functools import cache
from typing import Any

from recurra.errors import ConfigError


def loaded(home: str) -> Any:
    """What stands at "module:NAME".

    Raises:
        ConfigError: There is no such module, or no such name in it.
    """
    module, _, name = home.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ModuleNotFoundError, AttributeError) as error:
        if isinstance(error, ModuleNotFoundError) and not f"{module}.".startswith(f"{error.name}."):
            raise  # something else that the module needs
        raise ConfigError(
            f"{home}, a part of a task or an input, is not there",
            "a module with that name in it",
            "Install its package again, or correct its entry.",
        ) from error


@cache
def of_other_packages(group: str) -> dict[str, Any]:
    """The entries of a registry that other packages name in a group of entry points, by their names."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - a stream of ours starts without it

    entries = [point.load() for point in entry_points(group=group)]
    return {entry.name: entry for entry in entries}
