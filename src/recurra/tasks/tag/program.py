"""A fitted tagger as a stream program: scores of all tags after every step."""

from typing import cast

from recurra.experiment.labelling import program_of
from recurra.experiment.task import Fitted
from recurra.models.tagger import SequenceTagger
from recurra.streaming import Program


def program(fitted: Fitted) -> Program:
    """Turn a fitted tagger into a program; `recurra.tasks.tag.live.LiveTagger` runs it.

    Raises:
        ConfigError: A setting does not allow it; the message says which.
    """
    model = cast("SequenceTagger", fitted.model)
    about = {"tags": list(fitted.schema.target.tags), "look_ahead": fitted.config.look_ahead}
    return program_of("tag", fitted, model.stream_modules(), about)
