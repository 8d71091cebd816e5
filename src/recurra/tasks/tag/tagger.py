"""The tagger as an estimator."""

from recurra.experiment.estimator import ExampleEstimator
from recurra.tasks.tag.task import TAG


class Tagger(ExampleEstimator):
    """Tell the tag of every step of texts or sequences.

    Args:
        settings: Any key of `TagConfig` or of the input's: `output="crf"`, `characters="lstm"`, ...

    >>> import polars as pl
    >>> from recurra import Tagger
    >>> rows = {"tokens": [["a", "cat"], ["the", "dog"]] * 20, "tags": [["DET", "NOUN"]] * 40}
    >>> tagger = Tagger(max_epochs=2, hidden_size=8).fit(pl.DataFrame(rows))
    >>> tagger.predict(pl.DataFrame({"tokens": [["the", "cat"]]})).columns
    ['tokens', 'prediction']
    """

    task = TAG
