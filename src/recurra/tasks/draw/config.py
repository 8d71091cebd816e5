"""The settings of a net that draws, and of what it draws."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from recurra.config import Config, Option, Search
from recurra.experiment.config import TaskConfig


class DrawConfig(TaskConfig):
    """What to learn to draw, with which net, and how to train it.

    Attributes:
        network: Kind of network.
        baselines: No other network is trained beside it.
        bidirectional: It draws in one direction.
        label: Column with the texts that the ink says, for a net that writes any text; none for a net that
            draws by itself; auto takes `text`, `transcript`, `sentence` or the like where it is there.
        components: Gaussians by which the next move is told.
        least_deviation: The smallest deviation of one, where that of all moves is 1: a pen is no finer.
        window: Gaussians that say which symbols of the text are being written.
        guidance: What it costs in training, in nats a point, to look at a symbol far from where a pen would
            be that writes all at one pace; less and less, and nothing in the second half.
        embedding_size: Numbers that stand for a symbol of the text.
    """

    needs: ClassVar[str] = "moves"
    input_defaults: ClassVar[Mapping[str, Any]] = {
        "size": "data",
        "spacing": 0.0,
        "slant": 0.0,
        "rotation": 0.0,
        "scaling": 0.0,
    }

    network: Literal["recurrent"] = "recurrent"
    baselines: tuple[Literal["feed_forward", "convolutional"], ...] = Field(default=(), max_length=0)
    bidirectional: Literal[False] = False
    label: Annotated[str, Option("COLUMN")] = "auto"
    components: Annotated[int, Search(5, 40, log=True)] = Field(default=20, ge=1, le=1000)
    least_deviation: float = Field(default=0.01, gt=0, le=10)
    window: int = Field(default=2, ge=1, le=100)
    guidance: float = Field(default=2.0, ge=0, le=1000)
    embedding_size: int = Field(default=32, ge=1, le=4096)

    cell: Annotated[str, Search(choices=("lstm", "gru"))] = "lstm"
    hidden_size: Annotated[int, Search(64, 512, log=True)] = Field(default=256, ge=1, le=16_384)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    max_epochs: int = Field(default=40, ge=1)
    batch_size: int = Field(default=16, ge=1, le=65_536)
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop", "nadam"] = "adamw"
    learning_rate: float = Field(default=4e-3, gt=0, allow_inf_nan=False)
    schedule: Literal["constant", "cosine", "one_cycle", "plateau", "step"] = "one_cycle"
    averaging: Literal["none", "ema", "swa", "triggered"] = "ema"
    averaging_decay: float = Field(default=0.99, ge=0, lt=1)


class DrawAnswer(Config):
    """What is told of each ink.

    Attributes:
        long: Whether each point has a row of its own with its surprise, instead of a row for each ink.
    """

    long: bool = False


class Drawing(Config):
    """What is drawn.

    Attributes:
        prompt: The text that is written, by a net that writes texts.
        length: At most so many points.
        bias: How much rather the likely is drawn: 0 as the net expects it, 1 and more neatly.
        seed: Where randomness starts.
    """

    prompt: str = ""
    length: int = Field(default=1000, ge=2, le=1_000_000)
    bias: float = Field(default=0.5, ge=0, le=100)
    seed: int = Field(default=0, ge=0, lt=2**63)
