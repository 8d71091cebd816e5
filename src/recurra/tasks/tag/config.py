"""The settings of a tagger."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from recurra.config import Config, Option
from recurra.experiment.config import TaskConfig


class TagConfig(TaskConfig):
    """What to tell of each step, with which net, and how to train it.

    Attributes:
        label: Column with a list of tags for each row; auto takes `tags`, `labels` or the like.
        output: Each tag by itself (softmax), or the most likely sequence of tags (crf); auto takes crf where
            tags mark spans (BIO, IOBES).
        look_ahead: Steps that a tag may wait for, in a net that reads in one direction: the net's output at
            a step is the tag of so many steps before. A stream answers with that delay: first with nulls, and
            with the last tags where a row says sequence_end=true.
        window: Steps before and after that the feed-forward baseline sees.
    """

    needs: ClassVar[str] = "steps"

    label: Annotated[str, Option("COLUMN")] = "auto"
    output: Literal["auto", "softmax", "crf"] = "auto"
    look_ahead: int = Field(default=0, ge=0, le=100)
    window: int = Field(default=2, ge=0, le=50)

    bidirectional: bool = True
    max_epochs: int = Field(default=15, ge=1)
    batch_size: int = Field(default=32, ge=1, le=65_536)
    hidden_size: int = Field(default=128, ge=1, le=16_384)
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop", "nadam"] = "adamw"
    learning_rate: float = Field(default=2e-3, gt=0, allow_inf_nan=False)
    dropout: float = Field(default=0.3, ge=0, lt=1)


class TagAnswer(Config):
    """What is written for each row.

    Attributes:
        long: Whether each step has a row of its own, instead of a list for each sequence (in a CSV file
            one as in JSON).
    """

    long: bool = False
