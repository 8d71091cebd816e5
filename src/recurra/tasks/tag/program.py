"""A fitted tagger as a stream program: scores of all tags after every step."""

from typing import cast

from recurra.experiment.task import Fitted
from recurra.export import to_program
from recurra.inputs import registry
from recurra.models.tagger import SequenceTagger
from recurra.streaming import Program
from recurra.version import __version__


def program(fitted: Fitted) -> Program:
    """Turn a fitted tagger into a program; `recurra.tasks.tag.live.LiveTagger` runs it.

    Raises:
        ConfigError: A setting does not allow it; the message says which.
    """
    schema, model = fitted.schema, cast("SequenceTagger", fitted.model)
    modules = [*model.stream_modules()]
    registry.live(schema.input).from_dict(schema.encoding.to_dict())
    return Program(
        to_program(modules).layers,
        metadata={
            "task": "tag",
            "input": schema.input,
            "encoding": schema.encoding.to_dict(),
            "tags": list(schema.tags.tags),
            "look_ahead": fitted.config.look_ahead,
            "recurra": __version__,
        },
    )
