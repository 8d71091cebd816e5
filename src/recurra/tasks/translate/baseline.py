"""What a translator is compared with: the nearest example, what is read, the most frequent text."""

from collections.abc import Iterable, Mapping

from recurra.experiment.examples import Part
from recurra.experiment.labelling import ExampleSchema
from recurra.experiment.learnt import Learnt
from recurra.experiment.task import Prepared, Rival
from recurra.experiment.written_text import Answer
from recurra.metrics.nearest import nearest
from recurra.tasks.translate.target import texts_of


def learn(prepared: Prepared) -> Iterable[Learnt]:
    """The pairs of the training part, among which the nearest one is looked up."""
    examples = prepared.train.examples
    contents = [str(one) for one in examples.contents]
    yield Learnt("nearest", {"read": contents, "written": texts_of(examples)})


def naive(schema: ExampleSchema, learnt: Mapping[str, Learnt], part: Part) -> Iterable[Rival]:
    """The text of the nearest one that was trained on, what is read, and the most frequent text."""
    contents = [str(one) for one in part.examples.contents]
    if "nearest" in learnt:
        own = learnt["nearest"].description
        texts = [own["written"][one] for one in nearest(own["read"], contents)]
        yield Rival("nearest", "Text of the nearest example", "linear", Answer(texts))
    yield Rival("copy", "What is read, as it stands", "naive", Answer(contents))
    likely = [schema.target.likely] * len(contents)
    yield Rival("most_frequent", "Most frequent text", "naive", Answer(likely))
