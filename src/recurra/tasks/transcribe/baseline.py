"""What a transcriber is compared with: the text of the nearest example, and the most frequent text."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from recurra.experiment.examples import Part
from recurra.experiment.labelling import ExampleSchema
from recurra.experiment.learnt import DESCRIPTION, Learnt
from recurra.experiment.task import Prepared, Rival
from recurra.files import damage_told
from recurra.inputs import registry
from recurra.tasks.transcribe.search import Answer

NEAREST = "nearest"


def learn(prepared: Prepared) -> Iterable[Learnt]:
    """What the input sums up of each training example, and its text."""
    schema, examples = prepared.schema, prepared.train.examples
    summary = registry.get(schema.input).summary.learn(examples.contents)
    numbers = summary.numbers(examples.contents)
    if not isinstance(numbers, np.ndarray):
        numbers = numbers.toarray()
    description = {
        "input": schema.input,
        "summary": summary.to_dict(),
        "texts": schema.target.truths(examples),
    }
    yield Learnt(NEAREST, description, {"numbers": numbers.astype(np.float32)})


def naive(schema: ExampleSchema, learnt: Mapping[str, Learnt], part: Part) -> Iterable[Rival]:
    """The text of the nearest example, and the most frequent text, for every row."""
    if NEAREST in learnt:
        yield _nearest(learnt[NEAREST], part)
    likely = [schema.target.likely] * len(part)
    yield Rival("most_frequent", "Most frequent text", "naive", Answer(likely))


def _nearest(learnt: Learnt, part: Part) -> Rival:
    with damage_told(Path(learnt.name, DESCRIPTION)):
        kind = registry.get(learnt.description["input"])
        summary = kind.summary.from_dict(learnt.description["summary"])
        asked = summary.numbers(part.examples.contents)
        asked = asked if isinstance(asked, np.ndarray) else asked.toarray()
        known = learnt.arrays["numbers"]
        scaler = StandardScaler().fit(known)
        search = NearestNeighbors(n_neighbors=1).fit(scaler.transform(known))
        rows = search.kneighbors(scaler.transform(asked), return_distance=False)[:, 0]
        texts = [learnt.description["texts"][row] for row in rows]
    label = f"{kind.summary_label}, nearest example"
    return Rival(learnt.name, label, "linear", Answer(texts), learnt.seconds)
