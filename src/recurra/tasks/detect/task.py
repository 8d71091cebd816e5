"""The task of detection: a score for every row of series, from what came before it alone."""

from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from recurra.experiment.standalone import of_program
from recurra.experiment.task import Fitted, Task
from recurra.export import to_program
from recurra.export.exportable import Exportable
from recurra.export.handling import Handling
from recurra.inputs.series.recent import to_document
from recurra.streaming import Program
from recurra.tasks.detect.answer import METRICS, answer, groups, rules_of, score, write
from recurra.tasks.detect.baseline import naive
from recurra.tasks.detect.config import DetectAnswer, DetectConfig
from recurra.tasks.detect.explain import explain
from recurra.tasks.detect.network import SurpriseNetwork, laplace_loss
from recurra.tasks.detect.prepare import DetectSchema, part, prepare, read, revive
from recurra.tasks.detect.show import describe, show
from recurra.tasks.detect.table import DetectPart
from recurra.version import __version__

NAME = "detect"


def build(config: DetectConfig, schema: DetectSchema) -> SurpriseNetwork:
    """The net that settings ask for, with fresh weights."""
    del schema
    return SurpriseNetwork(config.recurrence)


def program(fitted: Fitted) -> Program:
    """A program of the net; `recurra.tasks.detect.live.LiveDetector` runs it and what learns beside it."""
    schema: DetectSchema = fitted.schema
    columns, net = schema.panel.columns, cast("SurpriseNetwork", fitted.model)
    longest_gap = max(one.probation for one in schema.units.values())
    about: dict[str, Any] = {
        "task": NAME,
        "target": columns.target,
        "time": columns.time,
        "unique_id": columns.unique_id,
        "wide": list(columns.wide),
        "decimal": schema.panel.decimal,
        "units": {name: one._asdict() for name, one in schema.units.items()},
        "rules": rules_of(fitted.config)._asdict(),
        "recent": to_document(schema.recent),
        "clock": schema.panel.clock(longest_gap).to_dict(),
        "recurra": __version__,
    }
    return to_program(net.stream_modules(), metadata=about)


def exportable(fitted: Fitted) -> Exportable:
    """The net alone, as exports need it: what is usual, its doubts say; scores need their own past."""
    reads = (
        "asinh((value - centre) / scale) / spread by `units` in the metadata, at most 50 either way, and its "
        "change since the row before, 0 in the first."
    )
    value = ", ".join(fitted.schema.panel.columns.wide) or fitted.schema.panel.columns.target
    handling = Handling((value,), reading="surprise", told="surprise")
    gives = (
        "the change of the first number that is expected next, and d: the doubt is log(1 + exp(d)) + 0.01."
    )
    outputs = ("change", "doubt")
    return of_program(
        program, fitted, reads=reads, gives=gives, handling=handling, steps=_steps, outputs=outputs
    )


def _steps(part: DetectPart) -> Iterator[Any]:
    """The judged rows of each series, as the net takes them."""
    for name, rows in part.each():
        values = part.panel.target[rows][part.judged[rows]]
        inner = np.array([part.units[name].encode(value) for value in values], np.float32)
        yield np.stack([inner, np.diff(inner, prepend=inner[:1])], axis=-1)


DETECT = Task(
    name=NAME,
    config=DetectConfig,
    answer_config=DetectAnswer,
    read=read,
    prepare=prepare,
    revive=revive,
    build=build,
    objective=lambda *_: laplace_loss,
    part=part,
    answer=answer,
    write=write,
    score=score,
    naive=naive,
    describe=describe,
    show=show,
    groups=groups,
    metrics=METRICS,
    program=program,
    exportable=exportable,
    explain=explain,
)
