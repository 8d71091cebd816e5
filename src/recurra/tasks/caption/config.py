"""The settings of a captioner."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from recurra.config import Option
from recurra.experiment.writing_config import WritingAnswer, WritingConfig


class CaptionConfig(WritingConfig):
    """What to say of each example, with which net, and how to train it.

    Attributes:
        label: Column with the sentences; auto takes `caption`, `description`, `sentence`, `text` or the like.
            Its values are sentences or lists of them; caption_1, caption_2, ... hold several of each row.
        group: Column that says which rows are of the same content, so that they are one example with several
            sentences; auto goes by the content itself, such as the same file.
        normalize: What of a sentence is not told: numbers of spaces; capital letters, too (case);
            punctuation, too (words). Truth and answer are compared so.
        target_tokens: What a sentence is made of.
        target_min_count: How often a word comes in the training part that is written; others are unknown.
        evenness: How much it costs to look at some steps more than at others, over a whole sentence (doubly
            stochastic attention).
        network: What goes over the steps before they are looked at; a feed-forward net sees each by itself.
    """

    heading: ClassVar[str] = "Data:"
    needs: ClassVar[str] = "examples"

    label: Annotated[str, Option("COLUMN")] = "auto"
    group: Annotated[str, Option("COLUMN", "--group")] = "auto"
    normalize: Literal["spaces", "case", "words"] = "words"
    target_tokens: Literal["character", "word", "subword"] = "word"
    target_min_count: int = Field(default=1, ge=1, le=1_000_000)
    evenness: float = Field(default=0.0, ge=0, allow_inf_nan=False)

    baselines: tuple[Literal["feed_forward", "convolutional"], ...] = ()
    target_size: int = Field(default=128, ge=1, le=16_384)
    hidden_size: int = Field(default=128, ge=1, le=16_384)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    max_epochs: int = Field(default=30, ge=1)
    max_target: int = Field(default=100, ge=1, le=100_000)


class CaptionAnswer(WritingAnswer):
    """What is written of each example.

    Attributes:
        max_length: Symbols after which one is cut off; auto takes the most that training wrote.

    As JSON an answer has all of them, and where it looked, unless other things are asked for.
    """
