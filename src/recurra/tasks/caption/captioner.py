"""The captioner as an estimator."""

from recurra.experiment.estimator import ExampleEstimator
from recurra.tasks.caption.task import CAPTION


class Captioner(ExampleEstimator):
    """Describe images, videos, motions or other examples in sentences.

    Args:
        settings: Any key of `CaptionConfig` or of the input's: `label="sentence"`, ...

    >>> import polars as pl
    >>> from recurra import Captioner
    >>> rows = {"signal": [[0.0, 1.0, 2.0], [2.0, 1.0]] * 10, "caption": ["it goes up", "it goes down"] * 10}
    >>> captioner = Captioner(max_epochs=1, hidden_size=8).fit(pl.DataFrame(rows))
    >>> captioner.predict(pl.DataFrame(rows).head(2)).columns
    ['caption', 'prediction']
    """

    task = CAPTION
