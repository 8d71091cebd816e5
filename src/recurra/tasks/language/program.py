"""A fitted language model as a stream program."""

from typing import cast

from recurra.experiment.symbols import SymbolSchema
from recurra.experiment.task import Fitted
from recurra.export import to_program
from recurra.models.next_symbol import NextSymbol
from recurra.streaming import Program
from recurra.version import __version__


def program(fitted: Fitted) -> Program:
    """A program of what comes next; `recurra.tasks.language.live.LiveLanguage` runs it.

    It gives logits, or what its "readout" makes logits of.

    Raises:
        ConfigError: A setting does not allow it; the message says which.
    """
    schema: SymbolSchema = fitted.schema
    form = cast("NextSymbol", fitted.model).stream_form()
    about = {
        "task": "language",
        "input": schema.input,
        "encoding": schema.alphabet.to_dict(),
        "has_ends": schema.has_ends,
        "readout": dict(form.readout),
        "recurra": __version__,
    }
    return to_program(form.modules, metadata=about, arrays=form.arrays)
