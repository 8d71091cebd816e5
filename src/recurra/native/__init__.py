"""The binding to the compiled engine. It never imports torch.

The environment variable RECURRA_INSTRUCTION_SET names kernels less able than the processor, for measuring.
"""

import importlib
import os
from types import ModuleType

from recurra.errors import ConfigError

VARIABLE = "RECURRA_INSTRUCTION_SET"


def engine() -> ModuleType:
    """The compiled engine.

    Raises:
        ImportError: There is none; `unavailable_reason` says why.
    """
    if _ENGINE is None:
        raise ImportError(_REASON)
    return _ENGINE


def unavailable_reason() -> str | None:
    """Why the compiled engine cannot be used, or None when it can."""
    return _REASON


def instruction_set() -> str | None:
    """The instruction set whose kernels run: "avx2". None without an engine."""
    return None if _ENGINE is None else _ENGINE.instruction_set()


def instruction_sets() -> tuple[str, ...]:
    """Those that the engine was compiled for and this processor has, the most able one last."""
    return () if _ENGINE is None else tuple(_ENGINE.instruction_sets())


def chosen_by() -> str | None:
    """The environment variable that chose the instruction set; None where it is the most able one."""
    return _CHOSEN_BY


def _load() -> tuple[ModuleType | None, str | None]:
    try:
        return importlib.import_module(f"{__name__}._engine"), None
    except ModuleNotFoundError:
        return None, _reason_of_absence()
    except ImportError as error:
        return None, f"it cannot be loaded: {error}"


def _reason_of_absence() -> str:
    try:
        return str(importlib.import_module(f"{__name__}._absence").REASON)
    except ModuleNotFoundError:
        return "it is not built in this checkout: run `make engine`"


def _choose() -> str | None:
    """Take the kernels that the environment names, and return the variable that does.

    Raises:
        ConfigError: The engine or this processor has none of that name.
    """
    name = os.environ.get(VARIABLE)
    if not name or _ENGINE is None:
        return None
    if not _ENGINE.choose_instruction_set(name):
        raise ConfigError(
            f"{VARIABLE}={name}",
            f"one of {', '.join(instruction_sets())}",
            "Name one of these, or unset it for the most able.",
        )
    return VARIABLE


_ENGINE, _REASON = _load()
_CHOSEN_BY = _choose()
