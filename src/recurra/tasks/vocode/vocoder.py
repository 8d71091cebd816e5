"""The vocoder as an estimator."""

from recurra.experiment.estimator import ExampleEstimator
from recurra.tasks.vocode.task import VOCODE


class Vocoder(ExampleEstimator):
    """Make waveforms of mel frames, in the voice of the recordings it learnt from.

    Args:
        settings: Any key of `VocodeConfig`: `bands=4`, `hidden_size=128`, ...

    >>> from recurra import Vocoder
    >>> from recurra.inputs.samples import load_sample
    >>> vocoder = Vocoder(max_epochs=1, hidden_size=8).fit(load_sample("digits").head(20))
    >>> vocoder.predict(load_sample("digits").head(1), samples=True).columns[-3:]
    ['seconds', 'rate', 'samples']
    """

    task = VOCODE
