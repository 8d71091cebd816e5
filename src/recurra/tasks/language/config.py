"""The settings of a language model."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from recurra.config import Config, Option, Search
from recurra.experiment.config import NetConfig
from recurra.output import Output


class LanguageConfig(NetConfig, Output):
    """What to learn to go on with, with which net, and how to train it.

    Attributes:
        input: Kind of input; auto looks at the data.
        network: Kind of network.
        validation_size: Share of the text that chooses the best epoch, where no validation data are given.
        test_size: Share of the text kept for the final score, where no test data are given: its end.
        sequence_length: Steps that a batch goes on, and gradients go back; the state goes on to the next.
        vary_length: Whether batches differ in length, so that gradients are not cut at the same places.
        embedding_size: Numbers that stand for a symbol; auto takes hidden_size.
        input_dropout: Share of an embedding's numbers that are dropped in training.
        output_dropout: Share of the last layer's outputs that are dropped in training; auto takes dropout.
        embedding_dropout: Share of symbols that are dropped as a whole in training.
        label_smoothing: Share of the truth that is spread over all symbols in training, of output=full.
        activation_penalty: Weight of the mean square of the last layer's outputs in the loss.
        slowness_penalty: Weight of the mean square of their changes from step to step.
        ngram_order: Symbols of the longest n-gram of the baseline; auto takes 6 for characters, 8 for the
            signs of notes, else 4; 1 leaves the n-grams out.
        dynamic_rate: How far a weight may move at a step of a net that goes on learning from a text while it
            is scored (dynamic evaluation), 0.001 to 0.01 for most nets; 0 for none.
        dynamic_decay: How much of the way back to the trained weights it goes at each of these steps.
    """

    needs: ClassVar[str] = "symbols"

    input: str = "auto"
    network: Literal["recurrent"] = "recurrent"
    validation_size: float = Field(default=0.05, ge=0, lt=0.5)
    test_size: float = Field(default=0.05, ge=0, lt=0.5)
    sequence_length: Annotated[int, Search(32, 256, log=True)] = Field(default=64, ge=2, le=100_000)
    vary_length: bool = True
    embedding_size: Annotated[int, Field(ge=1, le=16_384)] | Literal["auto"] = "auto"
    input_dropout: Annotated[float, Search(0.0, 0.6)] = Field(default=0.0, ge=0, lt=1)
    output_dropout: Annotated[float, Field(ge=0, lt=1)] | Literal["auto"] = "auto"
    embedding_dropout: Annotated[float, Search(0.0, 0.2)] = Field(default=0.0, ge=0, lt=1)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    activation_penalty: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    slowness_penalty: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    ngram_order: Annotated[int, Field(ge=1, le=20)] | Literal["auto"] = "auto"
    dynamic_rate: Annotated[float, Option("RATE", "--dynamic-rate", again=True)] = Field(
        default=0.0, ge=0, le=1
    )
    dynamic_decay: Annotated[float, Option("SHARE", "--dynamic-decay", again=True)] = Field(
        default=0.0, ge=0, le=1
    )

    hidden_size: int = Field(default=256, ge=1, le=16_384)
    batch_size: int = Field(default=16, ge=1, le=65_536)
    max_epochs: int = Field(default=15, ge=1)
    learning_rate: float = Field(default=4e-3, gt=0, allow_inf_nan=False)
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop", "nadam"] = "adamw"
    dropout: float = Field(default=0.2, ge=0, lt=1)


class LanguageAnswer(Config):
    """What is written of each document.

    Attributes:
        long: Whether each symbol has a row of its own with its surprise, instead of a row for each document.
    """

    long: bool = False
