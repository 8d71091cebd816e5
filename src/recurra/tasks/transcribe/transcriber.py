"""The transcriber as an estimator."""

from recurra.experiment.estimator import ExampleEstimator
from recurra.tasks.transcribe.task import TRANSCRIBE


class Transcriber(ExampleEstimator):
    """Write down what is said in recordings, or what other sequences hold, as texts.

    Args:
        settings: Any key of `TranscribeConfig` or of the input's: `label="sentence"`, ...

    >>> import polars as pl
    >>> from recurra import Transcriber
    >>> rows = {"signal": [[0.0, 1.0, 1.0, 0.0, 2.0], [0.0, 2.0, 0.0]] * 10, "text": ["a b", "b"] * 10}
    >>> transcriber = Transcriber(max_epochs=1, hidden_size=8).fit(pl.DataFrame(rows))
    >>> transcriber.predict(pl.DataFrame(rows).head(2)).columns
    ['text', 'prediction', 'confidence']
    """

    task = TRANSCRIBE
