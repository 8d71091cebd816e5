"""A task from outside the package: whether a sequence's truth is above 0, told by a recurrent net."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import torch.nn.functional as F

from recurra.config import Config, validated
from recurra.data.labelled import LabelledSource
from recurra.experiment.config import TaskConfig, combined
from recurra.experiment.examples import (
    encoded_part,
    read_examples,
    resolved_network,
    run_over,
    split,
    with_columns,
)
from recurra.experiment.task import Description, Prepared, Rival, Task
from recurra.inputs import registry
from recurra.layers import Pooling
from recurra.models.classifier import SequenceClassifier
from recurra.models.sequence_body import make_body
from recurra.report.section import Section
from recurra.training.contract import Loss

INPUTS = ("numbers",)


class ToySchema(SimpleNamespace):
    def to_dict(self):
        return {"input": self.input, "encoding": self.encoding.to_dict()}


def truth(examples):
    return [np.float32(one > 0) for one in examples.columns["truth"]]


def prepare(data):
    parts = split(data)
    encoding = data.input.learn(parts[0].contents, data.config)
    config = resolved_network(data.config, encoding, data.input.name)
    train, validation, test = (encoded_part(one, encoding, truth(one)) if one else None for one in parts)
    source = LabelledSource(train.encoded, train.known(), False, config.batch_size, config.seed)
    schema = ToySchema(input=data.input.name, encoding=encoding)
    return Prepared(config, schema, source, None, train, validation, test)


def revive(document):
    own, kind = document["schema"], registry.get(document["schema"]["input"])
    config = validated(combined(TaskConfig, registry.config(kind.name)), document["config"])
    return config, ToySchema(input=kind.name, encoding=kind.revive(own["encoding"]))


def build(config, schema):
    encoder = registry.get(schema.input).encoder(schema.encoding, config)
    body = make_body(config.network, encoder.output_size, config.recurrence)
    return SequenceClassifier(encoder, body, Pooling("mean", body.output_size), 1, 0.0)


def loss(model, batch, state):
    output = model(batch.sequences)[:, 0]
    return Loss(F.binary_cross_entropy_with_logits(output, batch.target, reduction="sum"), float(len(batch)))


def part(source, fitted):
    examples = registry.get(fitted.schema.input).read(source, fitted.config)
    return encoded_part(examples, fitted.schema.encoding, truth(examples))


TOY = Task(
    name="sign",
    config=TaskConfig,
    answer_config=Config,
    inputs=INPUTS,
    read=lambda source, settings, *others: read_examples(TaskConfig, INPUTS, source, settings, *others),
    prepare=prepare,
    revive=revive,
    build=build,
    objective=lambda config, schema: loss,
    part=part,
    answer=lambda fitted, part: run_over(
        fitted.model, part, fitted.config, lambda net, one: net(one)[:, 0] > 0
    ),
    write=lambda fitted, part, told, options: with_columns(
        part, [pl.Series("above", [bool(x) for x in told])]
    ),
    score=lambda schema, part, told: {"accuracy": float(np.mean(np.array(told) == np.array(part.known())))},
    naive=lambda fitted, prepared, part: [Rival("never", "Never", "naive", [False] * len(part))],
    reference="never",
    describe=lambda fitted, part: Description("signs", f"{len(part)} sequences"),
    show=lambda fitted, part, rivals: [Section(id="nothing", heading="Nothing more")],
)
