"""The texts to read: as their input has them, or cut as those to write are, to share symbols with them."""

from collections.abc import Mapping
from typing import Any

from recurra.errors import ConfigError
from recurra.experiment.examples import Data
from recurra.experiment.labelling import ExampleSchema, of_input, of_input_again
from recurra.inputs.alphabet import learn_alphabet
from recurra.inputs.copied import SymbolEncoder, SymbolEncoding
from recurra.inputs.examples import Examples
from recurra.inputs.input import Encoder, Encoding
from recurra.tasks.translate.target import Target


def shares_symbols(config: Any) -> bool:
    """Whether both sides are cut alike: to copy, or to have one vocabulary."""
    return bool(config.copying or config.joint_vocabulary)


def settled(config: Any, given: Mapping[str, Any], unit: str) -> dict[str, Any]:
    """The settings that sharing symbols asks for, where they are not given.

    Args:
        config: All settings.
        given: Those that were given.
        unit: What both sides are made of, where neither is told.

    Raises:
        ConfigError: One that is given stands against it.
    """
    name = "joint_vocabulary" if config.joint_vocabulary else "copying"
    told = sorted({config.tokens, config.target_tokens} - {"auto"})
    if len(told) > 1:
        raise ConfigError(
            f"{name}=true with tokens={config.tokens} target_tokens={config.target_tokens}",
            "both sides made of the same, since symbols are shared",
            "Set both to the same, or leave one out.",
        )
    for key, usual in (("characters", "none"), ("embeddings", None)):
        if getattr(config, key) != usual:
            raise ConfigError(
                f"{name}=true with {key}={getattr(config, key)}",
                f"{key} left out, as both sides are the same symbols",
                f"Leave {key} or {name} out.",
            )
    if config.lowercase and "lowercase" in given:
        raise ConfigError(
            f"{name}=true with lowercase=true",
            "symbols as they stand, which can be written",
            "Leave lowercase out; give texts in small letters where capitals do not matter.",
        )
    own: dict[str, Any] = {"lowercase": False, "tokens": told[0] if told else unit}
    own["target_tokens"] = own["tokens"]
    if config.joint_vocabulary and "embedding_size" not in given:
        own["embedding_size"] = config.target_size
    elif config.joint_vocabulary and config.embedding_size != config.target_size:
        raise ConfigError(
            f"joint_vocabulary=true with embedding_size={config.embedding_size} "
            f"target_size={config.target_size}",
            "the same size, since the embeddings are the same",
            "Leave embedding_size out.",
        )
    return own


def learn_source(data: Data, train: Examples, target: Target) -> Encoding:
    """How texts to read become arrays."""
    config = data.config
    if not shares_symbols(config):
        return of_input(data, train, target)
    alphabet = target.alphabet
    if not config.joint_vocabulary:
        alphabet = learn_alphabet(
            iter(train.contents), config.tokens, max_size=config.max_vocabulary, min_count=config.min_count
        )
    return SymbolEncoding(
        alphabet,
        target.alphabet,
        copies=config.copying,
        max_length=config.max_length,
        embedding_size=config.embedding_size,
        symbol_dropout=config.word_dropout,
    )


def revive_source(input: str, description: Mapping[str, Any], target: Target) -> Encoding:
    """The same again from what its `to_dict` gave."""
    if "copies" in description:
        return SymbolEncoding.from_dict(description, target.alphabet)
    return of_input_again(input, description, target)


def source_encoder(schema: ExampleSchema, config: Any) -> Encoder:
    """What stands before the recurrence, with fresh weights."""
    encoding = schema.encoding
    if not isinstance(encoding, SymbolEncoding):
        return schema.encoder(config)
    return SymbolEncoder(
        len(encoding.alphabet),
        encoding.embedding_size,
        embedding_dropout=config.embedding_dropout,
        locked_dropout=config.locked_dropout,
    )
