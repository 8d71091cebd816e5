"""A task from outside the package: whether a sequence's truth is above 0, told by a recurrent net."""

import numpy as np
import polars as pl
import torch.nn.functional as F

from recurra.config import Config
from recurra.experiment.config import TaskConfig
from recurra.experiment.examples import run_over, with_columns
from recurra.experiment.labelling import Labelling, program_of
from recurra.experiment.task import Description, Rival, Task
from recurra.layers import Pooling
from recurra.models.classifier import SequenceClassifier
from recurra.models.sequence_body import make_body
from recurra.report.section import Section
from recurra.training.contract import Loss


class Sign:
    column = "truth"

    def encode(self, examples):
        return [np.float32(one > 0) for one in examples.columns["truth"]]

    def to_dict(self):
        return {}


def build(config, schema):
    encoder = schema.encoder(config)
    body = make_body(config.network, encoder.output_size, config.recurrence)
    return SequenceClassifier(encoder, body, Pooling("last", body.output_size), 1, 0.0)


def loss(model, batch, state):
    output = model(batch.sequences)[:, 0]
    return Loss(F.binary_cross_entropy_with_logits(output, batch.target, reduction="sum"), float(len(batch)))


def answer(fitted, part):
    return run_over(fitted.model, part, fitted.config, lambda net, one: (net(one)[:, 0] > 0).tolist())


LABELLING = Labelling(TaskConfig, False, lambda *_: Sign(), lambda _: Sign(), lambda _: ("accuracy",))
TOY = Task(
    name="sign",
    config=TaskConfig,
    answer_config=Config,
    read=LABELLING.read,
    prepare=LABELLING.prepare,
    revive=LABELLING.revive,
    build=build,
    objective=lambda config, schema: loss,
    part=LABELLING.part,
    answer=answer,
    write=lambda fitted, part, told, options: with_columns(part, [pl.Series("above", told)]),
    score=lambda schema, part, told: {"accuracy": float(np.mean(np.array(told) == np.array(part.known())))},
    naive=lambda fitted, prepared, part: [Rival("never", "Never", "naive", [False] * len(part))],
    describe=lambda fitted, part: Description("signs", f"{len(part)} sequences"),
    show=lambda fitted, part, rivals, metrics: [Section(id="nothing", heading="Nothing more")],
    program=lambda fitted: program_of("sign", fitted, fitted.model.stream_modules(), {"labels": []}),
)
