"""What stands at a place, "module:NAME", and the rows that other packages give a registry."""

import importlib
import warnings
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
    """The entries of a registry that other packages name in a group of entry points, by their names.

    One that cannot be loaded is left out with a warning, so that the others go on.
    """
    from importlib.metadata import entry_points  # noqa: PLC0415 - a stream of ours starts without it

    found = {}
    for point in entry_points(group=group):
        try:
            entry = point.load()
            found[entry.name] = entry
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in it, it is another package's
            package = point.dist.name if point.dist is not None else point.module
            warnings.warn(
                f"{point.name!r} of package {package} is left out, as it cannot be loaded "
                f"({type(error).__name__}: {error}); install that package again, or remove it",
                stacklevel=2,
            )
    return found
