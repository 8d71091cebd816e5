"""The task of language models: the next symbol, many to many, and one to many when they go on alone."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np
import polars as pl
from torch import nn

from recurra.config import validated
from recurra.data.naming import counted
from recurra.data.token_stream import TokenBatch, TokenStream
from recurra.errors import ConfigError, DataError
from recurra.experiment.config import combined
from recurra.experiment.learnt import Learnt
from recurra.experiment.symbols import (
    SymbolData,
    SymbolPart,
    SymbolSchema,
    outline,
    part_of,
    read_symbols,
)
from recurra.experiment.task import Fitted, Prepared, Rival, Task
from recurra.experiment.tokenised import prepare_symbols
from recurra.inputs import registry
from recurra.inputs.symbol import END
from recurra.layers.output import OUTPUTS
from recurra.metrics.kneser_ney import KneserNey
from recurra.models.next_symbol import NextSymbol
from recurra.tasks.language.config import LanguageAnswer, LanguageConfig
from recurra.tasks.language.explain import explain
from recurra.tasks.language.program import exportable, program
from recurra.tasks.language.scoring import Told, surprise
from recurra.tasks.language.show import describe, show
from recurra.training.contract import Loss

_LEAST = 2  # windows that a row goes through, so that its state is of use
_VALIDATED = 20_000  # symbols of a row in validation
_COUNTED, _KEPT = 16_000_000, 128_000_000  # symbols that n-grams are counted in, bytes that they may take
_TRIED = 500_000  # symbols that tell how many bytes more of them take


def prepare(data: SymbolData) -> Prepared:
    """Cut parts, learn the alphabet, and settle the settings.

    Raises:
        DataError: The training part is too short to learn from.
        ConfigError: A setting does not fit the data.
    """
    schema, parts = prepare_symbols(data)
    config, notes = _settled(data.config, schema, parts["train"])
    if OUTPUTS[config.output].ranked:
        schema = replace(schema, order=parts["train"].order(len(schema.alphabet)))
    source = TokenStream(
        parts["train"].tokens,
        config.batch_size,
        config.sequence_length,
        END,
        seed=config.seed,
        vary=config.vary_length,
    )
    validation, test = parts.get("validation"), parts.get("test")
    unknown = [
        f"{share:.2%} of the {schema.alphabet.unit}s of the {name} part are unknown, and count as one symbol"
        for name, part in parts.items()
        if (share := part.unknown())
    ]
    return Prepared(
        config,
        schema,
        source,
        None if validation is None else partial(_validated, part=validation, schema=schema),
        parts["train"],
        validation,
        test,
        (*parts["train"].repairs, *notes, *unknown),
        no_test=None if test is not None or not config.test_size else _no_test(parts, schema),
        outline=outline(parts, schema.alphabet.unit),
    )


def _no_test(parts: Mapping[str, SymbolPart], schema: SymbolSchema) -> DataError:
    """Why nothing is left for the final score."""
    return DataError(
        f"{counted(sum(map(len, parts.values())), schema.alphabet.unit)}, of which none is left to score",
        "enough for a part that is kept for the final score",
        "Give more text, raise test_size, or give test data.",
    )


def _settled(config: Any, schema: SymbolSchema, train: SymbolPart) -> tuple[Any, list[str]]:
    """Settings without "auto", and as many rows as the text is long enough for."""
    unit, notes = schema.alphabet.unit, []
    if config.bidirectional or config.tbptt_steps is not None:
        raise ConfigError(
            f"bidirectional={config.bidirectional} tbptt_steps={config.tbptt_steps}",
            "a net in one direction, whose state goes from batch to batch",
            "Leave both out; sequence_length says how far gradients go back.",
        )
    if len(train) < 2 * _LEAST:
        raise DataError(
            f"a training part of {counted(len(train), unit)}",
            f"{2 * _LEAST} or more to go on from",
            "Give more text, or lower validation_size and test_size.",
        )
    if config.label_smoothing and not OUTPUTS[config.output].smooths:
        raise ConfigError(
            f"label_smoothing={config.label_smoothing:g} with output={config.output}",
            f"output={' or '.join(name for name, kind in OUTPUTS.items() if kind.smooths)}",
            "Leave label_smoothing out, or change output.",
        )
    steps = min(config.sequence_length, len(train) // _LEAST)
    rows = max(1, min(config.batch_size, len(train) // (_LEAST * steps)))
    if (rows, steps) != (config.batch_size, config.sequence_length):
        notes.append(
            f"{counted(len(train), unit)} to train on are read in {counted(rows, 'row')} of "
            f"{counted(steps, 'step')} a batch (batch_size={config.batch_size} "
            f"sequence_length={config.sequence_length} need more text)"
        )
    order = schema.alphabet.usual_order if config.ngram_order == "auto" else config.ngram_order
    known = ("train_loss", "valid_loss", *(f"valid_{name}" for name in metric_names(schema)))
    if config.monitor not in known:
        raise ConfigError(f"monitor is {config.monitor!r}", f"one of {', '.join(known)}", "Change monitor.")
    settled = {
        "batch_size": rows,
        "sequence_length": steps,
        "ngram_order": order,
        "monitor_mode": "min",
        "embedding_size": config.hidden_size if config.embedding_size == "auto" else config.embedding_size,
        "output_cutoffs": config.settled(len(schema.alphabet)).output_cutoffs,
        "output_dropout": config.dropout if config.output_dropout == "auto" else config.output_dropout,
    }
    return config.model_copy(update=settled), notes


def whole(data: SymbolData, prepared: Prepared, changes: Mapping[str, Any]) -> Prepared:
    """All of the text to train on, but what was given for validation and test, with other settings."""
    everything = {**dict(changes), "validation_size": 0.0, "test_size": 0.0}
    config = prepared.config.model_copy(update=everything)
    return prepare(replace(data, config=config, given={"train": data.given["train"]}))


def revive(document: Mapping[str, Any]) -> tuple[Any, SymbolSchema]:
    """Settings and schema from what a run folder holds."""
    schema = SymbolSchema.from_dict(document["schema"])
    return validated(combined(LanguageConfig, registry.config(schema.input)), document["config"]), schema


def build(config: Any, schema: SymbolSchema) -> NextSymbol:
    """The net that settings and data ask for, with fresh weights."""
    return NextSymbol(
        len(schema.alphabet),
        config.embedding_size,
        config.recurrence,
        output=config.output_layer,
        order=schema.order,
        input_dropout=config.input_dropout,
        output_dropout=config.output_dropout,
        embedding_dropout=config.embedding_dropout,
    )


class Objective:
    """The summed loss of a batch, with what keeps the outputs small and slow (Merity and others 2018)."""

    def __init__(self, config: Any) -> None:
        self._smoothing = config.label_smoothing
        self._activation, self._slowness = config.activation_penalty, config.slowness_penalty

    def __call__(self, model: nn.Module, batch: TokenBatch, state: Any = None) -> Loss:
        """See `recurra.training.contract.Objective`."""
        net = cast("NextSymbol", model)
        outputs, state = net.outputs(batch.inputs, state, resets=batch.inputs == END)
        dropped = net.output_dropout(outputs)
        total = net.loss(dropped, batch.targets, self._smoothing)
        count = float(batch.targets.numel())
        if self._activation:
            total = total + self._activation * count * dropped.pow(2).mean()
        if self._slowness and outputs.shape[1] > 1:
            total = total + self._slowness * count * outputs.diff(dim=1).pow(2).mean()
        return Loss(total, count, state)


def _validated(net: nn.Module, part: SymbolPart, schema: SymbolSchema) -> dict[str, float]:
    """The scores of a part that is read in several rows at once, each from a state of zero."""
    device = str(next(net.parameters()).device)
    told = surprise(cast("NextSymbol", net), part, device, 1 + len(part) // _VALIDATED)
    scores = score(schema, part, Told(told))
    return {"valid_loss": float(told.mean()), **{f"valid_{name}": one for name, one in scores.items()}}


def part(source: Any, fitted: Fitted, options: Any) -> SymbolPart:
    """Other texts; of a source that sets a test part apart, that.

    Raises:
        DataError: There are none.
    """
    if source is None:
        raise DataError("no data", "a path, sample:NAME or texts", "Give the text to tell of.")
    schema: SymbolSchema = fitted.schema
    whole = registry.symbols(schema.input).read(source, fitted.config)
    documents = part_of(whole, "test")
    found = schema.encode(documents.pieces(), documents)
    if documents is not whole:
        said = "only what the source sets apart to test on is told: " + counted(len(found.ends), "document")
        found = replace(found, repairs=(*found.repairs, said))
    unit = schema.alphabet.unit
    if not len(found):
        raise DataError(f"{documents.source} holds no {unit}", "one at least", "Give more text.")
    if options is not None and (share := found.unknown()):  # scores say it in a note of their own
        said = f"{share:.2%} of the {unit}s are unknown, and told as one symbol"
        found = replace(found, repairs=(*found.repairs, said))
    return found


def answer(fitted: Fitted, part: SymbolPart) -> Told:
    """How surprised the net is by every symbol."""
    config = fitted.config
    net = cast("NextSymbol", fitted.model)
    dynamic = {"dynamic_rate": config.dynamic_rate, "dynamic_decay": config.dynamic_decay}
    return Told(surprise(net, part, config.device, **dynamic), fitted)


def metric_names(schema: SymbolSchema) -> tuple[str, ...]:
    """What the symbols are judged by, that first which counts most."""
    return schema.alphabet.metrics


def score(schema: SymbolSchema, part: SymbolPart, given: Told) -> dict[str, float]:
    """Perplexity of a symbol, where the end of a line, or of a document, is one too; bits and nats."""
    nats = float(given.surprise.sum(dtype=np.float64))
    found = {"perplexity": float(np.exp(min(nats / len(part), 700)))}
    for name, own in part.sizes.items():
        found[f"nats_per_{name}"] = nats / max(int(own.sum()), 1)
        found[f"bits_per_{name}"] = found[f"nats_per_{name}"] / np.log(2)
    return {name: found[name] for name in metric_names(schema) if name in found}


def write(fitted: Fitted, part: SymbolPart, given: Told, options: LanguageAnswer) -> pl.DataFrame:
    """How surprising each document is, or each of its symbols."""
    names = part.table.frame["document"].to_list()
    bits = given.surprise / np.log(2)
    if options.long:
        ids = part.tokens.read(0, len(part))
        row = np.repeat(np.arange(len(names)), np.diff(part.ends, prepend=0))
        symbols = [
            "<end>" if one == END else text
            for one, text in zip(ids, fitted.schema.alphabet.symbols(ids), strict=True)
        ]
        step = np.arange(len(ids)) - part.starts[row] + 1
        return pl.DataFrame(
            {"document": [names[one] for one in row], "step": step, "symbol": symbols, "bits": bits.round(4)}
        )
    sums = np.add.reduceat(bits.astype(np.float64), part.starts)
    lengths = np.diff(part.ends, prepend=0)
    columns: dict[str, Any] = {"document": names, f"{fitted.schema.alphabet.unit}s": lengths}
    columns["perplexity"] = np.exp2(sums / lengths)
    for name in metric_names(fitted.schema):
        unit, _, measure = name.partition("_per_")
        if measure in part.sizes:
            nats = sums * np.log(2) if unit == "nats" else sums
            columns[name] = nats / np.maximum(part.sizes[measure], 1)
    return pl.DataFrame(columns)


def learn(prepared: Prepared) -> Iterable[Learnt]:
    """The n-grams of the training part, of its end where it is long."""
    train, order, vocabulary = prepared.train, prepared.config.ngram_order, len(prepared.schema.alphabet)

    def end(count: int) -> np.ndarray:
        return np.asarray(train.tokens.read(len(train) - count, len(train)))

    count = min(len(train), _COUNTED)
    if count > _TRIED:  # the more there is, the fewer n-grams are new
        count = min(count, int(_TRIED * _KEPT / KneserNey.learn(end(_TRIED), vocabulary, order).size))
    ids = end(count).astype(np.uint16 if vocabulary <= 1 << 16 else np.int32)
    arrays = KneserNey.learn(ids, vocabulary, order).to_arrays()
    about = {"order": order, "counted": None if count == len(train) else count}
    counts = np.bincount(ids, minlength=vocabulary)
    yield Learnt("n_grams", about, {**arrays, "training": ids, "counts": counts})


def naive(schema: SymbolSchema, learnt: Mapping[str, Learnt], part: SymbolPart) -> Iterable[Rival]:
    """N-grams, and the frequency of every symbol alone."""
    if "n_grams" not in learnt:
        return
    grams = learnt["n_grams"]
    own = dict(grams.arrays)
    training, counts = own.pop("training"), own.pop("counts")
    model = KneserNey.from_arrays(own)
    ids = part.tokens.read(0, len(part))
    order, counted_in = len(model.orders) + 1, grams.description.get("counted")
    if order > 1:
        losses = -np.log(model.probabilities(ids))
        label = f"{order}-grams (Kneser-Ney)"
        if counted_in:
            label += f" of the last {counted_in / 1e6:.1f} million {schema.alphabet.unit}s"
        told = Told(losses.astype(np.float32), (model, training))
        yield Rival("n_grams", label, "linear", told, grams.seconds)
    losses = -np.log((counts + 1 / len(counts)) / (counts.sum() + 1))[ids]
    yield Rival("unigram", "Frequency of the symbol", "naive", Told(losses.astype(np.float32)))


LANGUAGE = Task(
    name="language",
    config=LanguageConfig,
    answer_config=LanguageAnswer,
    read=lambda *given: read_symbols(LanguageConfig, *given),
    prepare=prepare,
    whole=whole,
    revive=revive,
    build=build,
    objective=lambda config, _: Objective(config),
    part=part,
    answer=answer,
    write=write,
    score=score,
    naive=naive,
    learn=learn,
    placed=lambda data, place: replace(data, place=place),
    describe=describe,
    show=show,
    program=program,
    exportable=exportable,
    explain=explain,
)
