"""Output layers over symbols: exact distributions, and losses to train by."""

from recurra.layers.output.adaptive import AdaptiveOutput
from recurra.layers.output.full import FullOutput
from recurra.layers.output.layer import OutputLayer, StreamForm
from recurra.layers.output.mixture import MixtureOutput
from recurra.layers.output.registry import OUTPUTS, Symbols, make_output
from recurra.layers.output.sampled import SampledOutput

__all__ = [
    "OUTPUTS",
    "AdaptiveOutput",
    "FullOutput",
    "MixtureOutput",
    "OutputLayer",
    "SampledOutput",
    "StreamForm",
    "Symbols",
    "make_output",
]
