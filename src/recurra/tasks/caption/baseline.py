"""What a captioner is compared with: the nearest example's sentence, and the best one for all."""

from collections.abc import Iterable, Mapping

from recurra.experiment.examples import Part
from recurra.experiment.labelling import ExampleSchema
from recurra.experiment.learnt import Learnt
from recurra.experiment.neighbour import NEAREST, learn_nearest, nearest_texts
from recurra.experiment.task import Prepared, Rival
from recurra.experiment.written_text import Answer
from recurra.metrics.captioning import Cider, best_constants

CONSTANT = "constant"
_LABELS = {"cider": "Best constant by CIDEr", "bleu_4": "Best constant by BLEU-4"}


def learn(prepared: Prepared) -> Iterable[Learnt]:
    """Of each training example what the input sums up and its most usual sentence; the best ones for all."""
    truth = prepared.schema.target.truths(prepared.train.examples)
    usual = [row[place] for row, place in zip(truth, Cider(truth).central(), strict=True)]
    yield learn_nearest(prepared, usual)
    yield Learnt(CONSTANT, best_constants(truth))


def naive(schema: ExampleSchema, learnt: Mapping[str, Learnt], part: Part) -> Iterable[Rival]:
    """The sentence of the nearest example, and the same one for every row."""
    rows = len(part)
    if NEAREST in learnt:
        texts, label = nearest_texts(learnt[NEAREST], part)
        yield Rival(NEAREST, label, "linear", Answer(texts), learnt[NEAREST].seconds)
    if CONSTANT not in learnt:
        yield Rival("most_frequent", "Most frequent sentence", "naive", Answer([schema.target.likely] * rows))
        return
    for by, text in learnt[CONSTANT].description.items():
        yield Rival(f"{CONSTANT}_{by}", _LABELS[by], "naive", Answer([text] * rows))
