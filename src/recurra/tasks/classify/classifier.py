"""The classifier as an estimator."""

from recurra.experiment.estimator import ExampleEstimator
from recurra.tasks.classify.task import CLASSIFY


class Classifier(ExampleEstimator):
    """Tell the class of texts, sequences or rows of a table (or several classes, or a number).

    Args:
        settings: Any key of `ClassifyConfig` or of the input's: `cell="gru"`, `label="mood"`, ...

    >>> import polars as pl
    >>> from recurra import Classifier
    >>> frame = pl.DataFrame({"text": ["good film", "bad film"] * 20, "label": ["yes", "no"] * 20})
    >>> classifier = Classifier(max_epochs=2, hidden_size=8).fit(frame)
    >>> classifier.predict(frame.head(2)).columns
    ['label', 'prediction', 'p_no', 'p_yes']
    """

    task = CLASSIFY
