"""What a transcriber is compared with: the text of the nearest example, and the most frequent text."""

from collections.abc import Iterable, Mapping

from recurra.experiment.examples import Part
from recurra.experiment.labelling import ExampleSchema
from recurra.experiment.learnt import Learnt
from recurra.experiment.neighbour import NEAREST, learn_nearest, nearest_texts
from recurra.experiment.task import Prepared, Rival
from recurra.tasks.transcribe.search import Answer


def learn(prepared: Prepared) -> Iterable[Learnt]:
    """What the input sums up of each training example, and its text."""
    yield learn_nearest(prepared, prepared.schema.target.truths(prepared.train.examples))


def naive(schema: ExampleSchema, learnt: Mapping[str, Learnt], part: Part) -> Iterable[Rival]:
    """The text of the nearest example, and the most frequent text, for every row."""
    if NEAREST in learnt:
        texts, label = nearest_texts(learnt[NEAREST], part)
        yield Rival(NEAREST, label, "linear", Answer(texts), learnt[NEAREST].seconds)
    likely = [schema.target.likely] * len(part)
    yield Rival("most_frequent", "Most frequent text", "naive", Answer(likely))
