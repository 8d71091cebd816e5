"""The settings of tasks whose net writes texts symbol by symbol, looking back at what it read."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from recurra.config import Config, Option, Search
from recurra.experiment.config import TaskConfig


class WritingConfig(TaskConfig):
    """How texts are written.

    Attributes:
        target_tokens: What a text to write is made of.
        target_vocabulary: Most symbols that can be written.
        target_size: Numbers that stand for one of them.
        attention: How the writing net looks back at what was read.
        input_feeding: Whether a step of writing reads the outputs of the one before.
        scheduled_sampling: Share of steps that read what the net itself has drawn in place of the truth, in
            training; it rises from none at the beginning to this at the end.
        sampling_schedule: How it rises: evenly, or slowly, then fast, then slowly (inverse sigmoid decay).
        output_dropout: Share of the outputs of a step of writing that are dropped in training.
        label_smoothing: Share of the truth that is spread over all symbols, in training.
        max_target: Most symbols of a text to write; of longer ones the beginning is trained on.
    """

    heading: ClassVar[str] = "What writes:"

    target_vocabulary: int = Field(default=8000, ge=1, le=1_000_000)
    target_size: Annotated[int, Search(64, 512, log=True)] = Field(default=256, ge=1, le=16_384)
    attention: Annotated[
        Literal["additive", "dot", "general", "location", "monotonic"],
        Search(choices=("additive", "general")),
    ] = "general"
    input_feeding: bool = True
    scheduled_sampling: float = Field(default=0.0, ge=0, le=1)
    sampling_schedule: Literal["linear", "inverse_sigmoid"] = "linear"
    output_dropout: float = Field(default=0.2, ge=0, lt=1)
    label_smoothing: Annotated[float, Search(0.0, 0.2)] = Field(default=0.1, ge=0, lt=1)
    max_target: int = Field(default=400, ge=1, le=100_000)

    hidden_size: int = Field(default=256, ge=1, le=16_384)
    max_epochs: int = Field(default=15, ge=1)
    batch_size: int = Field(default=32, ge=1, le=65_536)
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop", "nadam"] = "adamw"
    learning_rate: float = Field(default=2e-3, gt=0, allow_inf_nan=False)
    schedule: Literal["constant", "cosine", "one_cycle", "plateau", "step"] = "one_cycle"
    dropout: float = Field(default=0.2, ge=0, lt=1)
    bidirectional: bool = True


class WritingAnswer(Config):
    """How the likeliest texts are looked for, and what is told of them.

    Attributes:
        beam: Hypotheses that are gone on with; 1 takes the likeliest symbol each time.
        n_best: How many of them to give, the best first, with their scores; "beam" gives all.
        length_penalty: By how much short ones are kept from being preferred; 0 for not at all.
        coverage_penalty: How much it costs to leave unread what is there to be read; 0 for nothing.
        diversity: How much more unlike each other several are: what each better continuation of the same
            beginning takes from the log probability of a worse one; 0 for nothing.
        min_length: Symbols before which none ends; training has no text to write that is empty.
        max_length: Symbols after which one is cut off; auto goes by what training wrote.
        prefix: What each begins with; it is a part of the answer.
        banned: Texts that must not be written; of a net that writes words, words.
        attention: Whether to say where it looked: for each symbol written a weight for each step read.
    """

    in_json: ClassVar[Mapping[str, Any]] = {"n_best": "beam", "attention": True}

    beam: Annotated[int, Option("N", "--beam")] = Field(default=5, ge=1, le=1000)
    n_best: Annotated[Annotated[int, Field(ge=1, le=1000)] | Literal["beam"], Option("N", "--n-best")] = 1
    length_penalty: float = Field(default=1.0, ge=0, le=10)
    coverage_penalty: float = Field(default=0.0, ge=0, le=100)
    diversity: float = Field(default=0.0, ge=0, le=100)
    min_length: int = Field(default=1, ge=0, le=100_000)
    max_length: Annotated[int, Field(ge=1, le=100_000)] | Literal["auto"] = "auto"
    prefix: Annotated[str, Option("TEXT", "--prefix")] = ""
    banned: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    attention: Annotated[bool, Option("", "--attention/--no-attention")] = False
