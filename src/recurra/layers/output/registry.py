"""Output layers by name."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, cast

from recurra.layers.output.adaptive import AdaptiveOutput
from recurra.layers.output.full import FullOutput
from recurra.layers.output.layer import OutputLayer
from recurra.layers.output.mixture import MixtureOutput
from recurra.layers.output.sampled import SampledOutput
from recurra.output import Output


class Symbols(NamedTuple):
    """What an output layer tells of.

    Attributes:
        vocabulary: How many symbols there are.
        tied_size: Numbers of the embedding whose rows are the weights; None: the layer has its own.
        order: The symbols from the most frequent to the rarest; None: they are in this order.
    """

    vocabulary: int
    tied_size: int | None = None
    order: Sequence[int] | None = None


class OutputKind(NamedTuple):
    """A kind of output layer.

    Attributes:
        make: (features, symbols, options) -> the layer.
        smooths: Whether its loss can spread a share of the truth over all symbols.
        ranked: Whether it asks which symbols are frequent.
    """

    make: Callable[[int, Symbols, Output], OutputLayer]
    smooths: bool = False
    ranked: bool = False


def _full(input_size: int, symbols: Symbols, options: Output) -> OutputLayer:
    del options
    return FullOutput(input_size, symbols.vocabulary, symbols.tied_size)


def _adaptive(input_size: int, symbols: Symbols, options: Output) -> OutputLayer:
    cutoffs = cast("tuple[int, ...]", options.settled(symbols.vocabulary).output_cutoffs)
    return AdaptiveOutput(input_size, cutoffs=cutoffs, **symbols._asdict())


def _sampled(input_size: int, symbols: Symbols, options: Output) -> OutputLayer:
    return SampledOutput(input_size, samples=options.output_samples, **symbols._asdict())


def _mixture(input_size: int, symbols: Symbols, options: Output) -> OutputLayer:
    components = options.output_components
    return MixtureOutput(input_size, symbols.vocabulary, components=components, tied_size=symbols.tied_size)


OUTPUTS: Mapping[str, OutputKind] = MappingProxyType(
    {
        "full": OutputKind(_full, smooths=True),
        "adaptive": OutputKind(_adaptive, ranked=True),
        "sampled": OutputKind(_sampled, ranked=True),
        "mixture": OutputKind(_mixture),
    }
)


def make_output(input_size: int, symbols: Symbols, options: Output) -> OutputLayer:
    """The output layer that options ask for, with fresh weights.

    Args:
        input_size: Features that it reads.
        symbols: What it tells of.
        options: Which layer.

    Raises:
        ConfigError: The options do not fit the symbols.
    """
    return OUTPUTS[options.output].make(input_size, symbols, options)
