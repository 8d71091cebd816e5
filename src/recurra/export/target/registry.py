"""The targets by name, each in a module that is imported when it is needed."""

from collections.abc import Mapping
from types import MappingProxyType

from recurra.data.naming import listed, suggestion
from recurra.errors import ConfigError
from recurra.export.target.target import Target
from recurra.place import loaded

TARGETS: Mapping[str, str] = MappingProxyType({
    "c": "recurra.export.target.c:C",
    "onnx": "recurra.export.target.onnx:ONNX",
    "torch": "recurra.export.target.torch:TORCH",
    "wasm": "recurra.export.target.wasm:WASM",
})  # fmt: skip


def check_name(name: str, *others: str) -> None:
    """Make sure that there is a target of this name; `others` are listed beside them.

    Raises:
        ConfigError: There is none; the message lists the names.
    """
    if name not in TARGETS:
        names = [*TARGETS, *others]
        raise ConfigError(
            f"--to {name!r}", f"one of {listed(names)}", suggestion(name, names, "Choose one of these.")
        )


def target(name: str) -> Target:
    """The target of a name. Errors as of `check_name`."""
    check_name(name)
    found: Target = loaded(TARGETS[name])
    return found
