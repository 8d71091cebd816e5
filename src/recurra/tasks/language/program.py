"""A fitted language model as a stream program."""

from typing import cast

from recurra.errors import ConfigError
from recurra.experiment.standalone import of_program
from recurra.experiment.symbols import SymbolSchema
from recurra.experiment.task import Fitted
from recurra.export import to_program
from recurra.export.exportable import Exportable
from recurra.export.handling import Handling
from recurra.inputs.symbol import END
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


def exportable(fitted: Fitted) -> Exportable:
    """A language model as exports need it.

    Raises:
        ConfigError: Its output layer is none that a program runs.
    """
    made = program(fitted)
    if made.metadata["readout"]:
        raise ConfigError(
            f"output={fitted.config.output}, which reads out symbols by itself",
            "full, of at most 65,536 symbols",
            "Train with output=full.",
        )
    alphabet = fitted.schema.alphabet
    unit = alphabet.unit
    return of_program(
        program,
        fitted,
        reads=f"the number of a {unit}; `encoding` in the metadata has them in their order.",
        gives=f"a number for each {unit}: softmax makes them into probabilities of what comes next.",
        steps=lambda part: [part.tokens.read(0, min(len(part.tokens), 1000))],
        handling=Handling(cutting=alphabet.cutting(), first=END, told="next"),
    )
