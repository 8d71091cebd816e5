"""The settings of a translator."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from recurra.config import Option
from recurra.experiment.writing_config import WritingAnswer, WritingConfig


class TranslateConfig(WritingConfig):
    """What to turn into what, with which net, and how to train it.

    Attributes:
        target: Column with the text to write; auto takes `target`, `translation`, `output` or the like.
        target_file: File with a text to write in each line, where DATA is a text file with one to read.
        validation_target: The same for validation data.
        test_target: The same for test data.
        network: Kind of network.
        baselines: No other network is trained beside it.
        target_tokens: What a text to write is made of; auto takes characters where texts are short, else
            pieces of words.
        copying: Whether what is written may be copied from what is read, also what training did not meet: for
            names and numbers, word by word (tokens=word). Both sides are then cut alike, words at spaces
            alone, capital letters are kept, and a symbol that is read is the one to write that has its text.
        joint_vocabulary: Whether both sides have one vocabulary, learnt from both, of at most
            `target_vocabulary` symbols; reading, writing and the output share their numbers.
        coverage: How much it costs to look where it has looked before.
    """

    heading: ClassVar[str] = "Data:"
    needs: ClassVar[str] = "examples"

    target: Annotated[str, Option("COLUMN", again=True)] = "auto"
    target_file: Annotated[str | None, Option("FILE", "--target-file", again=True)] = None
    validation_target: Annotated[str | None, Option("FILE", "--validation-target")] = None
    test_target: Annotated[str | None, Option("FILE", "--test-target")] = None
    network: Literal["recurrent"] = "recurrent"
    baselines: tuple[Literal["feed_forward", "convolutional"], ...] = Field(default=(), max_length=0)
    target_tokens: Literal["auto", "character", "word", "subword"] = "auto"
    copying: bool = False
    joint_vocabulary: bool = False
    coverage: float = Field(default=0.0, ge=0, allow_inf_nan=False)


class TranslateAnswer(WritingAnswer):
    """What is written for each text; nothing for one without a symbol.

    Attributes:
        max_length: Symbols after which one is cut off; auto goes by the length of what is read.
        attention: Whether to say where it looked: for each symbol written a weight for each one read.

    As JSON an answer has all of them, and where it looked, unless other things are asked for.
    """
