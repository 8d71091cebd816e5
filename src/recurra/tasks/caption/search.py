"""How sentences are written, and the table of them."""

import polars as pl

from recurra.experiment.examples import Part, with_columns
from recurra.experiment.task import Fitted
from recurra.experiment.writing_config import WritingAnswer
from recurra.experiment.written_text import Answer, Orders, WritingPart, beginning, columns_of, search
from recurra.tasks.caption.target import Target


def answer(fitted: Fitted, part: Part) -> Answer:
    """The best sentence for every row."""
    options = part.options if isinstance(part, WritingPart) else WritingPart.options
    target: Target = fitted.schema.target
    longest = target.longest + 1 if options.max_length == "auto" else options.max_length  # and an end
    begun = beginning(target.alphabet, options.prefix, target.alphabet.ids(options.prefix).tolist())
    rows = len(part)
    orders = Orders([longest] * rows, [()] * rows, range(rows), lambda _: begun)
    return search(fitted, part, options, orders)


def write(fitted: Fitted, part: Part, given: Answer, options: WritingAnswer) -> pl.DataFrame:
    """The columns of the examples that are plain values, and those of `columns_of`."""
    return with_columns(part, columns_of(fitted.schema.target.alphabet, given, options))
