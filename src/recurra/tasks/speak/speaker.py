"""The speaker as an estimator."""

from recurra.experiment.estimator import ExampleEstimator
from recurra.tasks.speak.task import SPEAK


class Speaker(ExampleEstimator):
    """Speak texts, in the voice of the recordings it learnt from.

    Args:
        settings: Any key of `SpeakConfig`: `reduction=4`, `attention="monotonic"`, ...

    >>> import numpy as np
    >>> from recurra import Speaker
    >>> from recurra.inputs.samples import load_sample
    >>> speaker = Speaker(max_epochs=1, hidden_size=8).fit(load_sample("digits").head(20))
    >>> spoken = speaker.predict(["one"], samples=True)
    >>> spoken.columns
    ['text', 'seconds', 'ended', 'monotone', 'rate', 'samples']
    """

    task = SPEAK
