"""The task of drawing: the next move of a pen, many to many, and one to many when it goes on alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import polars as pl
import torch
from jaxtyping import Float32
from torch import Tensor, nn

from recurra.data.labelled import Labelled, batches_by_length
from recurra.data.naming import counted, listed
from recurra.errors import DataError
from recurra.experiment.examples import Data, Part, encoded_part, with_columns
from recurra.experiment.labelling import ExampleSchema, Labelling
from recurra.experiment.learnt import Learnt
from recurra.experiment.task import Fitted, Rival, Task
from recurra.experiment.truth import keeping_column
from recurra.inputs import registry
from recurra.inputs.examples import Examples
from recurra.layers.attention import guided_attention_loss
from recurra.metrics.metric import Metric
from recurra.models.next_step import NextStep, Told
from recurra.tasks.draw.config import DrawAnswer, DrawConfig
from recurra.tasks.draw.show import describe, show
from recurra.tasks.draw.target import STATES, MovesEncoding, Target, find_text, texts_of
from recurra.training.contract import Loss
from recurra.training.device import choose_device
from recurra.types import Sequences, valid_steps

METRICS = (
    Metric("nll", "NLL per point", "negative log density of a point where moves deviate by 1", unit="nats"),
    Metric("move_nll", "NLL of moves", "the part of it that is where the pen goes", unit="nats"),
    Metric(
        "pen_nll", "NLL of the pen", "the part that is whether it goes on, is lifted, or ends", unit="nats"
    ),
)
_SPREAD = 0.1  # of a text, off its diagonal, that is near
_LEAST = 2  # points of ink in which there is a move

Surprise = Sequence[Float32[np.ndarray, "steps 2"]]
"""Of each row and each of its moves the negative log density, and that of what the pen does, in nats."""


def learn_encoding(data: Data, train: Examples, target: Target) -> MovesEncoding:
    """What the input learns, as moves."""
    del target
    return MovesEncoding(data.input.learn(train.contents, data.config))


def revive_encoding(input: str, description: Mapping[str, Any], target: Target) -> MovesEncoding:
    """The same from what its `to_dict` gave."""
    del target
    return MovesEncoding(registry.get(input).revive(description))


def settle(config: Any, schema: ExampleSchema) -> Any:
    """The column is known now."""
    return config.model_copy(update={"label": schema.target.label})


LABELLING = Labelling(
    config=DrawConfig,
    aligned=False,
    unequal=True,
    learn=Target.learn,
    revive_target=Target.from_dict,
    metrics=lambda _: (),
    settle=settle,
    own_metrics=METRICS,
    learn_encoding=learn_encoding,
    revive_encoding=revive_encoding,
    find=find_text,
)


def read(source: Any, settings: Mapping[str, Any], validation: Any, test: Any) -> Data:
    """Read contents, but those without a move.

    Raises:
        DataError: There are none.
    """
    data = LABELLING.read(source, settings, validation, test)
    parts = (None if one is None else _moving(one) for one in (data.validation, data.test))
    train = _moving(data.train)
    return replace(data, train=train, validation=next(parts), test=next(parts))


def _moving(examples: Examples) -> Examples:
    """Contents of two points at least; that others are left out is said."""
    kept = np.flatnonzero([len(one) >= _LEAST for one in examples.contents])
    left = len(examples) - len(kept)
    if not left:
        return examples
    said = f"left out {counted(left, 'example')} of a single point, in which nothing moves"
    return replace(examples.rows(kept), repairs=(*examples.repairs, said))


def build(config: Any, schema: ExampleSchema) -> NextStep:
    """The net that settings and data ask for, with fresh weights."""
    names = ("components", "least_deviation", "window", "embedding_size")
    own = {name: getattr(config, name) for name in names}
    return NextStep(
        config.recurrence,
        states=STATES,
        symbols=schema.target.symbols,
        pace=schema.target.pace,
        output_dropout=config.dropout,
        **own,
    )


def tell(net: NextStep, sequences: Sequences, text: Tensor) -> tuple[Told, Tensor, Tensor]:
    """What a net says of moves, and the surprise (batch, steps) of each move but the first and of its pen.

    What is past a row's end has 0.
    """
    moves, lengths = sequences.values, sequences.lengths - 1
    counts = (text >= 0).sum(dim=1)
    told = net(moves[:, :-1], net.read(text.clamp(min=0), counts), lengths=lengths)
    truth = moves[:, 1:]
    found = told.density.surprise(truth[..., :2], truth[..., 2].long())
    valid = valid_steps(lengths, truth.shape[1])
    move, pen = (one.masked_fill(~valid, 0) for one in found)
    return told, move, pen


@dataclass(frozen=True)
class Objective:
    """The summed negative log density of all moves but the first of each row, and of the pen, in nats.

    In training it also costs to look off the diagonal of points and text (Tachibana and others 2018), so that
    a window learns early where it is; less and less, and nothing from `until` on.

    Attributes:
        guidance: How much it costs, in nats a point, to look elsewhere.
        until: Share of training after which it costs nothing.
    """

    guidance: float
    until: float = 0.5

    def paced(self, progress: float) -> "Objective":
        """See `recurra.training.contract.PacedObjective`."""
        return replace(self, guidance=self.guidance * max(0.0, 1 - progress / self.until))

    def __call__(self, model: nn.Module, batch: Labelled, state: Any = None) -> Loss:
        """See `recurra.training.contract.Objective`."""
        del state
        told, move, pen = tell(cast("NextStep", model), batch.sequences, batch.target)
        total, lengths = (move + pen).sum(), batch.sequences.lengths - 1
        if told.weights is not None and model.training and self.guidance:
            symbols = (batch.target >= 0).sum(dim=1)
            off = guided_attention_loss(told.weights, lengths, symbols, _SPREAD)
            total = total + self.guidance * off.sum()
        return Loss(total, lengths.sum())


def part(source: Any, fitted: Fitted, options: Any) -> Part:
    """Other contents, with the texts that they say where the net writes texts.

    Raises:
        DataError: There are none, a text is missing, or there is a single point to tell of.
    """
    if source is None:
        raise DataError("no data", "a path, sample:NAME or a frame", "Give the data to tell of.")
    schema: ExampleSchema = fitted.schema
    target: Target = schema.target
    examples = registry.get(schema.input).read(source, fitted.config, keeping_column(target.label))
    if options is None:
        examples = _moving(examples)
    short = next((row for row, one in enumerate(examples.contents) if len(one) < _LEAST), None)
    if short is not None or not len(examples):
        place = examples.table.source if short is None else examples.places[short]
        raise DataError(f"{place}: a single point", "two at least, so that something moves", "Leave it out.")
    ids = target.encode(examples)
    if target.alphabet is not None:
        texts = texts_of(examples, target.label)
        strangers = listed(dict.fromkeys(repr(one) for text in texts for one in target.unknown(text)))
        if strangers != "none":
            said = f"characters that training did not meet are passed over: {strangers}"
            examples = replace(examples, repairs=(*examples.repairs, said))
    return encoded_part(examples, schema.encoding, ids)


@torch.inference_mode()
def answer(fitted: Fitted, part: Part) -> Surprise:
    """How surprised the net is by every move."""
    config, texts = fitted.config, part.known()
    device = choose_device(config.device)
    net = cast("NextStep", fitted.model.to(device).eval())
    found: list[Any] = [None] * len(part)
    for rows, sequences in batches_by_length(part.encoded, max(config.batch_size, 64)):
        ids = [torch.from_numpy(texts[row]) for row in rows.tolist()]
        text = nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=-100)
        _, move, pen = tell(net, sequences.to(device), text.to(device))
        both = torch.stack([move, pen], dim=-1).float().cpu().numpy()
        for row, own, length in zip(rows.tolist(), both, sequences.lengths.tolist(), strict=True):
            found[row] = own[: length - 1]
    return found


def score(schema: ExampleSchema, part: Part, given: Surprise) -> dict[str, float]:
    """NLL of a point, and of its parts."""
    del schema, part
    move, pen = np.concatenate(given).astype(np.float64).mean(axis=0).tolist()
    return {"nll": move + pen, "move_nll": move, "pen_nll": pen}


def write(fitted: Fitted, part: Part, given: Surprise, options: DrawAnswer) -> pl.DataFrame:
    """How surprising each content is, or each of its points from the second on."""
    del fitted
    if options.long:
        rows = np.repeat(np.arange(len(given)), [len(one) for one in given])
        every = np.concatenate(given)
        points = np.concatenate([np.arange(2, len(one) + 2) for one in given])
        return pl.DataFrame(
            {
                "row": [part.examples.names[row] for row in rows],
                "point": points,
                "move_nll": every[:, 0],
                "pen_nll": every[:, 1],
            }
        )
    means = np.stack([one.astype(np.float64).mean(axis=0) for one in given])
    columns = {"points": [len(one) + 1 for one in given], "nll": means.sum(axis=1)}
    columns |= {"move_nll": means[:, 0], "pen_nll": means[:, 1]}
    return with_columns(part, [pl.Series(name, values) for name, values in columns.items()])


def naive(schema: ExampleSchema, learnt: Mapping[str, Learnt], part: Part) -> Iterable[Rival]:
    """Every move by itself: a Gaussian of full covariance, and how often the pen does what."""
    del learnt
    told = [schema.target.gaussian.surprise(one) for one in part.encoded]
    yield Rival("gaussian", "Plain Gaussian", "naive", told)


DRAW = Task(
    name="draw",
    config=DrawConfig,
    answer_config=DrawAnswer,
    read=read,
    prepare=LABELLING.prepare,
    whole=LABELLING.whole,
    revive=LABELLING.revive,
    build=build,
    objective=lambda config, _: Objective(config.guidance),
    part=part,
    answer=answer,
    write=write,
    score=score,
    naive=naive,
    describe=describe,
    show=show,
    metrics=METRICS,
)
