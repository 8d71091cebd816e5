"""From a trained module to a stream program."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from recurra.export.conversion import HasStreamModules, refusal
from recurra.export.registry import CONVERTERS
from recurra.streaming import Layer, Program


def to_program(
    module: nn.Module | Sequence[nn.Module],
    *,
    metadata: Mapping[str, Any] | None = None,
    arrays: Mapping[str, Any] | None = None,
) -> Program:
    """Turn a trained module into a program that runs step by step, without torch.

    The program does what the module does in evaluation: dropout does nothing, zoneout moves the state by its
    expectation. Weights become float32.

    Args:
        module: A cell, a layer, a torch.nn module or a model that says what a step runs through
            (`stream_modules`); or several in the order in which a step runs through them. The modules that
            can be exported are the keys of `recurra.export.registry.CONVERTERS`.
        metadata: Anything that JSON can say, kept with the program.
        arrays: Numbers by name, float32 in NumPy, kept with the program.

    Returns:
        The program, which takes the features of a step, (input_size,), and gives the outputs of the last
        module, (output_size,); the id of a step where an embedding comes first.

    Raises:
        ConfigError: A module cannot run step by step, or is of an unknown kind; the message says which one,
            by its dotted name.
        DataError: A weight is NaN or infinite.

    >>> import torch
    >>> from recurra.cells import GRU
    >>> from recurra.export import to_program
    >>> from recurra.layers import Recurrent
    >>> program = to_program([Recurrent(GRU(3, 5)), torch.nn.Linear(5, 2)])
    >>> program.session().step([0.1, 0.2, 0.3]).shape
    (2,)
    """
    parts = (
        [("", module)] if isinstance(module, nn.Module) else [(str(n), one) for n, one in enumerate(module)]
    )
    layers = [layer for place, part in parts for layer in stream_layers(part, place)]
    return Program(layers, metadata, arrays)


def stream_layers(module: nn.Module, place: str = "") -> list[Layer]:
    """The layers of a program that do what a module does in a step.

    Args:
        module: The module.
        place: Its dotted name, for errors.

    Raises:
        ConfigError: As of `to_program`.
    """
    converter = CONVERTERS.get(type(module))
    if converter is not None:
        return converter(module, place, stream_layers)
    if isinstance(module, HasStreamModules):
        names = {part: name for name, part in module.named_modules(prefix=place)}
        return [
            layer for part in module.stream_modules() for layer in stream_layers(part, names.get(part, place))
        ]
    raise refusal(
        module,
        place,
        "is no module that a step can run through",
        "cells and layers of recurra, and torch.nn's "
        + ", ".join(sorted({kind.__name__ for kind in CONVERTERS if kind.__module__.startswith("torch.")})),
        "Export what it is made of, in order: to_program([first, second, ...]); what looks at all steps at "
        "once, such as attention, has no stream form.",
    )
