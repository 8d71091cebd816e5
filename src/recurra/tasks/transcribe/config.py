"""The settings of a transcriber."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from recurra.config import Config, Option
from recurra.experiment.config import TaskConfig


class TranscribeConfig(TaskConfig):
    """What to write of each sequence, with which net, and how to train it.

    Attributes:
        criterion: How steps and symbols go together: ctc scores the symbols of each step by themselves; a
            transducer also by those told before.
        label: Column with the texts; auto takes `text`, `transcript`, `sentence`, `target` or the like.
        normalize: What of a text is not told: numbers of spaces; capital letters, too (case); punctuation,
            too (words). Truth and answer are compared so.
        target_tokens: What a text is made of.
        target_vocabulary: Most symbols.
        context: Steps before and after that the feed-forward baseline sees.
    """

    needs: ClassVar[str] = "sequences"
    input_defaults: ClassVar[Mapping[str, Any]] = {"stack": 3, "position": "height"}

    criterion: Literal["ctc", "transducer"] = "ctc"
    label: Annotated[str, Option("COLUMN")] = "auto"
    normalize: Literal["spaces", "case", "words"] = "words"
    target_tokens: Literal["character", "word", "subword"] = "character"
    target_vocabulary: int = Field(default=1000, ge=1, le=1_000_000)
    context: int = Field(default=4, ge=0, le=50)

    bidirectional: bool = True
    baselines: tuple[Literal["feed_forward", "convolutional"], ...] = ()
    max_epochs: int = Field(default=40, ge=1)
    batch_size: int = Field(default=16, ge=1, le=65_536)
    hidden_size: int = Field(default=128, ge=1, le=16_384)
    num_layers: int = Field(default=2, ge=1, le=64)
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop", "nadam"] = "adamw"
    learning_rate: float = Field(default=3e-3, gt=0, allow_inf_nan=False)
    schedule: Literal["constant", "cosine", "one_cycle", "plateau", "step"] = "one_cycle"
    averaging: Literal["none", "ema", "swa", "triggered"] = "ema"
    averaging_decay: float = Field(default=0.99, ge=0, lt=1)
    dropout: float = Field(default=0.2, ge=0, lt=1)


class Search(Config):
    """How the likeliest text is found.

    Attributes:
        beam: Beginnings of texts that are gone on with; 1 takes the likeliest symbol of every step.
        words: File with the words that there are, one a line; others are not written.
        language_model: Run of a language model of characters whose opinion counts, too, or its n-grams
            (RUN/baselines/n_grams), which are faster; beam says of how many texts.
        language_weight: How much its log probabilities count, beside those of the net.
        symbol_bonus: What each symbol adds to the log probability, since language models like short texts.
    """

    beam: Annotated[int, Option("N", "--beam")] = Field(default=1, ge=1, le=1000)
    words: Annotated[str | None, Option("FILE", "--words")] = None
    language_model: Annotated[str | None, Option("RUN", "--language-model")] = None
    language_weight: float = Field(default=0.5, ge=0, le=100)
    symbol_bonus: float = Field(default=0.0, ge=-100, le=100)


class TranscribeAnswer(Search):
    """What is written of each sequence.

    Attributes:
        n_best: How many texts to give, the best first, with their log probabilities.
        times: Whether to say where each word stands: in seconds, or in steps where these have no duration.

    As JSON an answer has the words, and of a beam the best five texts.
    """

    in_json: ClassVar[Mapping[str, Any]] = {"times": True, "n_best": 5}

    n_best: Annotated[int, Option("N", "--n-best")] = Field(default=1, ge=1, le=1000)
    times: Annotated[bool, Option("", "--times/--no-times")] = False


class Listening(Search):
    """How a stream of sound is written down.

    Attributes:
        endpoint: Seconds without a symbol after which a text is final.
        max_seconds: Seconds after which it is final in any case, so that memory is bounded.
    """

    endpoint: float = Field(default=0.8, gt=0, le=60)
    max_seconds: float = Field(default=60.0, gt=0, le=3600)
