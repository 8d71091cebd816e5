"""The settings of a classifier."""

from typing import Annotated, Literal

from pydantic import Field

from recurra.config import Config, Option, Search
from recurra.experiment.config import TaskConfig


class ClassifyConfig(TaskConfig):
    """What to tell of each example, with which net, and how to train it.

    Attributes:
        label: Column to tell; auto takes `label`, `class`, `target` or the like, else the last column.
        kind: One class of several, any number of classes, or a number; auto goes by the column.
        pooling: What of the steps counts: the last state, the mean, the largest, or a learnt weighting.
        class_weight: Whether rare classes count more, so that all classes count the same.
        label_smoothing: Share of the truth that is spread over all classes, in training.
        members: How many recurrent nets are trained beside each other, whose answers are averaged;
            each costs as much as one alone.
        input_dropout: Share of the numbers that the net reads that are dropped in training, the same ones at
            all steps of an example.
        calibrate: Whether probabilities are tempered on the validation part after training.
    """

    label: Annotated[str, Option("COLUMN")] = "auto"
    kind: Literal["auto", "multiclass", "multilabel", "regression"] = "auto"
    pooling: Annotated[
        Literal["auto", "last", "mean", "max", "attention"],
        Search(choices=("last", "mean", "max", "attention")),
    ] = "auto"
    class_weight: Literal["none", "balanced"] = "none"
    label_smoothing: Annotated[float, Search(0.0, 0.2)] = Field(default=0.0, ge=0, lt=1)
    members: int = Field(default=1, ge=1, le=64)
    input_dropout: Annotated[float, Search(0.0, 0.4)] = Field(default=0.0, ge=0, lt=1)
    calibrate: bool = True

    bidirectional: bool = True
    max_epochs: int = Field(default=20, ge=1)
    batch_size: int = Field(default=32, ge=1, le=65_536)
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop", "nadam"] = "adamw"
    learning_rate: float = Field(default=3e-3, gt=0, allow_inf_nan=False)
    schedule: Literal["constant", "cosine", "one_cycle", "plateau", "step"] = "one_cycle"
    averaging: Literal["none", "ema", "swa", "triggered"] = "ema"
    averaging_decay: float = Field(default=0.99, ge=0, lt=1)
    dropout: float = Field(default=0.3, ge=0, lt=1)


class ClassifyAnswer(Config):
    """What is written for each example.

    Attributes:
        probabilities: Whether the probability of every class stands beside the label.
    """

    probabilities: bool = True


class Listening(Config):
    """How words are told in sound that does not end.

    Attributes:
        threshold: Probability from which on a word is told.
        hop: Seconds from one stretch that is judged to the next.
        smooth: Stretches whose mean counts.
    """

    threshold: float = Field(default=0.6, gt=0, le=1)
    hop: float = Field(default=0.1, gt=0, le=60)
    smooth: int = Field(default=3, ge=1, le=100)
