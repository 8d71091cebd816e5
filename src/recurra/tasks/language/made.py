"""Texts that a fitted net, or n-grams, make."""

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import torch

from recurra.decoding.sampling import Sampler, Sampling, generate
from recurra.errors import ConfigError, MissingDependencyError
from recurra.experiment.generation import SymbolGenerator
from recurra.experiment.symbols import SymbolSchema
from recurra.experiment.task import Fitted
from recurra.inputs import registry
from recurra.inputs.live import LiveSymbols
from recurra.inputs.symbol import END, PADDING, UNKNOWN, Alphabet
from recurra.metrics.kneser_ney import KneserNey
from recurra.models.next_symbol import NextSymbol
from recurra.tasks.language.program import program

Step = Callable[[int], np.ndarray]


def generator_of(fitted: Fitted) -> SymbolGenerator:
    """What goes on with texts as a net tells: on the engine, or in torch where that cannot run the net."""
    schema: SymbolSchema = fitted.schema
    try:
        exported = program(fitted)
        exported.session()
    except (ConfigError, MissingDependencyError):
        begin = _in_torch(cast("NextSymbol", fitted.model))
        live = registry.live(schema.input).from_dict(schema.alphabet.to_dict())
        return SymbolGenerator(cast("LiveSymbols", live), begin, has_ends=schema.has_ends)
    return SymbolGenerator.of_program(exported)


def _in_torch(net: NextSymbol) -> Callable[[], Step]:
    net = net.cpu().eval()

    def begin() -> Step:
        state = None

        @torch.inference_mode()
        def step(symbol: int) -> np.ndarray:
            nonlocal state
            logits, state = net(torch.tensor([[symbol]]), state)
            found: np.ndarray = logits[0, 0].float().numpy()
            return found

        return step

    return begin


def made_by_n_grams(model: KneserNey, alphabet: Alphabet, sampling: Sampling, length: int) -> Sequence[int]:
    """Symbols that n-grams draw, one after another, as the grammar of the alphabet allows."""
    before: list[int] = []

    def step(symbol: int) -> np.ndarray:
        before.append(symbol)
        shares = model.distribution(before[-len(model.orders) :] if model.orders else [])
        return np.asarray(np.log(np.maximum(shares, np.finfo(np.float64).tiny)))

    sampler = Sampler(sampling, {PADDING, UNKNOWN, END})
    return list(generate(step, [END], sampler, length=length, allowed=alphabet.following))
