"""The options of an output layer over symbols, as one small value that a model takes and hands on."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from recurra.config import Config

_HEAD, _MIDDLE = 25, 5


class Output(Config):
    """How a net tells which of many symbols comes next.

    Attributes:
        output: full: a softmax over all symbols; adaptive: the frequent ones first, the rare ones in clusters
            (for 100,000 symbols and more); sampled: a softmax that is trained on some symbols at a time;
            mixture: several softmaxes, weighted at each step.
        tied: Whether the output layer has the embedding's weights.
        output_cutoffs: Where the clusters of adaptive end, counted from the most frequent symbol; auto takes
            a twenty-fifth and a fifth of all symbols.
        output_samples: Symbols that sampled draws for each batch.
        output_components: Softmaxes of mixture; the output layer takes so many times as long.
    """

    heading: ClassVar[str] = "What it tells with:"

    output: Literal["full", "adaptive", "sampled", "mixture"] = "full"
    tied: bool = True
    output_cutoffs: tuple[Annotated[int, Field(ge=1)], ...] | Literal["auto"] = "auto"
    output_samples: int = Field(default=8192, ge=1)
    output_components: int = Field(default=5, ge=2, le=256)

    @field_validator("output_cutoffs")
    @classmethod
    def _increase(cls, value: tuple[int, ...] | Literal["auto"]) -> tuple[int, ...] | Literal["auto"]:
        if value == () or (value != "auto" and sorted(set(value)) != list(value)):
            raise ValueError("auto, or numbers that increase")
        return value

    @property
    def output_layer(self) -> "Output":
        """These options alone, without what a subclass adds."""
        return Output(**{key: getattr(self, key) for key in Output.model_fields})

    def settled(self, vocabulary: int) -> "Output":
        """These options without "auto", for so many symbols."""
        if self.output != "adaptive" or self.output_cutoffs != "auto":
            return self.output_layer
        cutoffs = sorted({max(vocabulary // _HEAD, 1), max(vocabulary // _MIDDLE, 1)})
        return self.output_layer.model_copy(update={"output_cutoffs": tuple(cutoffs)})
