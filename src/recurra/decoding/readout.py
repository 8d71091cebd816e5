"""What makes logits of the features that a stream program ends in, where the engine does not; no torch.

Large vocabularies, and outputs that are no single softmax, are read out here, in 32 bits.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float, Float32

from recurra.errors import ShapeError

Array: TypeAlias = Float32[np.ndarray, "..."]
Logits: TypeAlias = Float[np.ndarray, " vocabulary"]


class Readout(NamedTuple):
    """From features to logits.

    Attributes:
        input_size: How many features it takes.
        output_size: How many symbols there are.
        logits: (features,) -> (symbols,).
    """

    input_size: int
    output_size: int
    logits: Callable[[Array], Logits]


def _full(about: Mapping[str, Any], arrays: Mapping[str, Array]) -> Readout:
    """One product."""
    del about
    weight, bias = arrays["weight"], arrays["bias"]
    return Readout(weight.shape[1], len(_sized(bias, len(weight))), lambda features: weight @ features + bias)


def _adaptive(about: Mapping[str, Any], arrays: Mapping[str, Array]) -> Readout:
    """A head, and clusters of rare symbols."""
    head, head_bias = arrays["head.weight"], arrays["head.bias"]
    clusters = [
        (arrays.get(f"{number}.narrow"), arrays[f"{number}.weight"], arrays[f"{number}.bias"])
        for number in range(about["clusters"])
    ]
    frequent = len(_sized(head_bias, len(head))) - len(clusters)
    size = frequent + sum(len(_sized(bias, len(weight))) for _, weight, bias in clusters)
    ranks = _sized(arrays["ranks"], size).astype(np.int64) if "ranks" in arrays else slice(None)

    def logits(features: Array) -> Logits:
        first = _log_softmax(head @ features + head_bias)
        parts = [first[:frequent]]
        for own, (narrow, weight, bias) in zip(first[frequent:], clusters, strict=True):
            narrowed = features if narrow is None else narrow @ features
            parts.append(own + _log_softmax(weight @ narrowed + bias))
        return np.asarray(np.concatenate(parts)[ranks])

    return Readout(head.shape[1], size, logits)


def _mixture(about: Mapping[str, Any], arrays: Mapping[str, Array]) -> Readout:
    """Several softmaxes, weighted anew at each step."""
    del about
    weight, bias = arrays["weight"].T.copy(), arrays["bias"]
    latent, latent_bias = arrays["latent.weight"], arrays["latent.bias"]
    prior, prior_bias = arrays["prior.weight"], arrays["prior.bias"]
    _sized(latent_bias, len(_sized(prior, len(prior_bias))) * len(weight))

    def logits(features: Array) -> Logits:
        components = np.tanh(latent @ features + latent_bias).reshape(len(prior), -1)
        each = _log_softmax(components @ weight + bias) + _log_softmax(prior @ features + prior_bias)[:, None]
        most = each.max(axis=0)
        return np.asarray(most + np.log(np.exp(each - most).sum(axis=0)))

    return Readout(latent.shape[1], len(bias), logits)


READOUTS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Array]], Readout]] = MappingProxyType(
    {"full": _full, "adaptive": _adaptive, "mixture": _mixture}
)


def make_readout(about: Mapping[str, Any], arrays: Mapping[str, Array], outputs: int) -> Readout:
    """What makes logits of a program's outputs.

    Args:
        about: Its kind and settings; nothing where the outputs are logits.
        arrays: Its weights.
        outputs: How many outputs the program has.

    Raises:
        ShapeError: Weights are missing or do not fit each other or the program, or there is no such kind.
    """
    if not about:
        return Readout(outputs, outputs, lambda features: features)
    try:
        found = READOUTS[about["kind"]](about, arrays)
        found.logits(np.zeros(outputs, np.float32))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ShapeError(
            f"a readout of {about} with {', '.join(arrays) or 'no weights'} ({error})",
            f"one of {', '.join(READOUTS)}, with weights for {outputs} features",
            "Export the model again.",
        ) from error
    return found


def _sized(array: Array, size: int) -> Array:
    """An array of so many entries.

    Raises:
        ValueError: It has others.
    """
    if len(array) != size:
        raise ValueError(f"{len(array)} entries for {size}")
    return array


def _log_softmax(scores: Array) -> Array:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
