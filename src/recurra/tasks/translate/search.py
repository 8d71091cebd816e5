"""How texts are translated: what each may be like, and the table of what was found."""

import polars as pl

from recurra.experiment.examples import Part
from recurra.experiment.task import Fitted
from recurra.experiment.writing_config import WritingAnswer
from recurra.experiment.written_text import Answer, Orders, WritingPart, columns_of, search
from recurra.tasks.translate.pairs import SOURCE
from recurra.tasks.translate.target import Target


def answer(fitted: Fitted, part: Part) -> Answer:
    """The best text for every row; where nothing is to be read, nothing is written."""
    options = part.options if isinstance(part, WritingPart) else WritingPart.options
    target: Target = fitted.schema.target
    contents = part.examples.contents
    owns = [target.own(content) for content in contents]
    orders = Orders(
        [target.longest_of(one) if options.max_length == "auto" else options.max_length for one in contents],
        owns,
        [row for row, content in enumerate(contents) if is_written_for(content)],
        lambda row: target.beginning(options.prefix, owns[row]),
    )
    return search(fitted, part, options, orders)


def is_written_for(content: str) -> bool:
    """Whether a text holds anything to be read."""
    return bool(content.strip())


def write(fitted: Fitted, part: Part, given: Answer, options: WritingAnswer) -> pl.DataFrame:
    """What was read, `source`, what was written, and with attention `read`, the symbols of what was read.

    The other columns are those of `columns_of`.
    """
    columns = [pl.Series(SOURCE, part.examples.contents, pl.String)]
    columns += columns_of(fitted.schema.target.alphabet, given, options)
    if options.attention:
        pieces = [fitted.schema.encoding.pieces(content) for content in part.examples.contents]
        columns.insert(-2, pl.Series("read", pieces, pl.List(pl.String)))
    return pl.DataFrame(columns)
