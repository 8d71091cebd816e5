"""Nets as exports need them, for tasks to say what goes in and comes out."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import numpy as np
from torch import Tensor, nn

from recurra.errors import ConfigError
from recurra.experiment.task import Fitted
from recurra.export.exportable import Exportable, attempted, needed
from recurra.export.handling import Handling, Told
from recurra.export.steps import WholeSteps, part_of
from recurra.inputs.input import Encoding
from recurra.models.classifier import SequenceClassifier
from recurra.models.tagger import SequenceTagger
from recurra.streaming import Program, Scaling
from recurra.types import valid_steps

_MOST_NAMES = 12
_NOT_SHIPPED = ("task", "recurra", "recent")  # the last: rows of the training, which only a live run needs


class WholeExamples(nn.Module):
    """Results for sequences as a step of the net takes them, not as its input encodes them.

    Args:
        model: The net.
        output: What makes results of what it reads, in place of its own map.
        scaling: To the units of the net, if numbers go in as they are.
    """

    def __init__(self, model: SequenceClassifier | SequenceTagger, output: nn.Module, scaling: Any) -> None:
        super().__init__()
        parts = [] if scaling is None else [part_of(scaling).get_submodule("function")]
        self.before = nn.Sequential(*parts, *_plain_encoder(model))
        self.body, self.output, self.is_scaled = model.body, output, scaling is not None
        self.pooling = model.pooling if isinstance(model, SequenceClassifier) else None

    def forward(self, values: Tensor, lengths: Tensor) -> Tensor:
        """Map (batch, time, features), or ids (batch, time), to results of each row, or of each step."""
        steps = self.before(values)
        if self.is_scaled:  # zeros in the padding are far out once they are scaled, which spoils int8
            steps = steps.masked_fill(~valid_steps(lengths, steps.shape[1]).unsqueeze(-1), 0)
        outputs = self.body(steps, lengths)
        found: Tensor = self.output(outputs if self.pooling is None else self.pooling(outputs, lengths))
        return found


def of_examples(
    fitted: Fitted,
    output: nn.Module | ConfigError,
    program: Callable[[Fitted], Program],
    about: Mapping[str, Any],
    *,
    gives: str,
    tells: str,
    told: Told,
    outputs: tuple[str, ...],
) -> Exportable:
    """A net over examples of any input whose steps the recurrence reads as they are.

    Args:
        fitted: The net, a classifier or a tagger.
        output: What makes results of what it reads; or what stands against whole sequences.
        program: Of the task.
        about: What belongs to the answers.
        gives: See `Exportable`.
        tells: See `Exportable`.
        told: See `Handling`.
        outputs: See `Exportable`.

    Raises:
        ConfigError: Something stands between the input and the net that only its own code does.
    """
    model, schema = cast("Any", fitted.model), fitted.schema
    first = [*_plain_encoder(model)]
    embedding = first[0] if first else None
    is_text = isinstance(embedding, nn.Embedding)
    size = None if is_text else int(model.encoder.output_size)
    scaling = None if size is None else scaling_of(schema.encoding, size)

    def stepped() -> Program:
        own = program(fitted)
        return own if scaling is None else Program([scaling, *own.layers], own.metadata)

    return Exportable(
        program=attempted(stepped),
        whole=attempted(lambda: WholeExamples(model, needed(output), scaling)),
        features=size,
        vocabulary=embedding.num_embeddings if isinstance(embedding, nn.Embedding) else None,
        reads=_reads(schema.encoding, size, scaled=scaling is not None),
        gives=gives,
        tells=tells,
        outputs=outputs,
        scaling=scaling,
        handling=_handling(schema.encoding, size, scaling, told),
        steps=lambda part: (_as_steps(one, scaling, size) for one in part.encoded),
        about={
            "input": schema.input,
            "encoding": schema.encoding.to_dict(),
            "inputs": [one.name for one in schema.encoding.features()],
            "step_seconds": schema.encoding.step_seconds,
            **about,
        },
    )


def of_program(
    program: Callable[[Fitted], Program],
    fitted: Fitted,
    *,
    reads: str,
    gives: str,
    handling: Handling,
    steps: Callable[[Any], Iterable[Any]] | None = None,
    outputs: tuple[str, ...] = (),
) -> Exportable:
    """A net whose program says all: of whole sequences the same is told after every step.

    Raises:
        ConfigError: There is no program.
    """
    made = program(fitted)
    first = made.layers[0]
    return Exportable(
        program=made,
        whole=WholeSteps(made),
        features=None if made.takes_ids else made.input_size,
        vocabulary=made.vocabulary,
        reads=reads,
        gives=gives,
        tells="the same after every step; what stands past the length of a row has no meaning.",
        outputs=outputs,
        handling=handling,
        steps=steps,
        scaling=first if isinstance(first, Scaling) else None,
        about={key: one for key, one in made.metadata.items() if key not in _NOT_SHIPPED},
    )


def scaling_of(encoding: Encoding, size: int) -> Scaling | None:
    """What makes numbers as they are into a step of the net; None where more than that is done to them."""
    features = encoding.features()
    known = [one for one in features if one.size == 1 and np.isfinite([one.mean, one.deviation]).all()]
    if len(features) != size or len(known) != size:
        return None
    mean, deviation = (
        np.array([getattr(one, name) for one in known], np.float32) for name in ("mean", "deviation")
    )
    return Scaling(mean, deviation)


def _plain_encoder(model: Any) -> list[nn.Module]:
    """The modules that a step runs through before the recurrence.

    Raises:
        ConfigError: More than a step at a time is needed, or more than these modules do.
    """
    modules = list(model.encoder.stream_modules())
    if model.encoder.stream_arrays():
        raise ConfigError(
            "convolutions before the recurrence, which the input does",
            "an input whose steps the recurrence reads",
            "Train with front=none.",
        )
    return modules


def _as_steps(encoded: Any, scaling: Scaling | None, size: int | None) -> Any:
    """An encoded content as a program takes it: ids, or numbers in the units of the data where it scales."""
    if size is None:
        return np.asarray(encoded)[:, 0]
    values = np.asarray(encoded, np.float32)
    return values if scaling is None else values * scaling.scale + scaling.mean


def _handling(encoding: Encoding, size: int | None, scaling: Scaling | None, told: Told) -> Handling:
    if size is None:
        return Handling(cutting=encoding.cutting(), told=told)
    if scaling is None:
        return Handling(tuple(f"number {one + 1}" for one in range(size)), told=told)
    names = tuple(one.name for one in encoding.features())
    return Handling(names, tuple(float(one) for one in scaling.mean), told=told)


def _reads(encoding: Encoding, size: int | None, *, scaled: bool) -> str:
    if size is None:
        return "a whole number for each token; `encoding` in the metadata has the vocabulary in its order."
    names = [one.name for one in encoding.features()]
    if scaled:
        more = (
            f" and {len(names) - _MOST_NAMES} more (`inputs` in the metadata)"
            if len(names) > _MOST_NAMES
            else ""
        )
        counted = "a number" if size == 1 else f"{size} numbers"
        listed = f"{', '.join(names[:_MOST_NAMES])}{more}"
        return f"{counted} in the units of the data: {listed}. A missing one is its mean."
    return (
        f"{size} numbers, as recurra makes them of its input: `encoding` in the metadata has the sizes, "
        "means and deviations."
    )
