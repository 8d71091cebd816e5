"""What a speaker is compared with: the nearest recording, the mean frame; and the recordings themselves."""

from collections.abc import Iterable, Mapping

import numpy as np

from recurra.experiment.examples import Part
from recurra.experiment.labelling import ExampleSchema
from recurra.experiment.learnt import Learnt
from recurra.experiment.task import Prepared, Rival
from recurra.metrics.nearest import nearest
from recurra.tasks.speak.recordings import SOUND, TEXT, sounds_of
from recurra.tasks.speak.synthesis import Speech

NEAREST = "nearest"
_KEPT = 200  # recordings, spread over the training part


def learn(prepared: Prepared) -> Iterable[Learnt]:
    """Texts and frames of some of the training part, among which the nearest one is looked up."""
    target, examples = prepared.schema.target, prepared.train.examples
    some = examples.rows(np.arange(0, len(examples), max(1, len(examples) // _KEPT)))
    frames = [target.spectrum(one).astype(np.float16) for one in sounds_of(some)]
    ends = np.cumsum([len(one) for one in frames])
    texts = some.columns[TEXT].to_list()
    yield Learnt(NEAREST, {"texts": texts}, {"frames": np.concatenate(frames), "ends": ends})


def naive(schema: ExampleSchema, learnt: Mapping[str, Learnt], part: Part) -> Iterable[Rival]:
    """The nearest recording, the mean frame, and what Griffin and Lim's way leaves of the truth itself."""
    target, texts = schema.target, part.examples.columns[TEXT].to_list()
    if NEAREST in learnt:
        own = learnt[NEAREST]
        pieces = np.split(own.arrays["frames"].astype(np.float32), own.arrays["ends"][:-1])
        rows = nearest(own.description["texts"], texts)
        said = {row: target.mel.waveform(pieces[row]) for row in set(rows)}
        yield Rival(NEAREST, "Nearest recording", "linear", [Speech(said[row]) for row in rows])
    sizes = [max(2, round(target.usual * len(one))) for one in part.examples.contents]
    mean = [Speech(target.mel.waveform(np.tile(target.mean, (size, 1)))) for size in sizes]
    yield Rival("mean", "Mean frame", "naive", mean)
    if SOUND in part.examples.columns.columns:
        again = [Speech(target.mel.waveform(target.spectrum(one))) for one in sounds_of(part.examples)]
        yield Rival("copy", "Recordings through Griffin-Lim", "bound", again)
