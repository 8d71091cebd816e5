"""The detector as an estimator."""

from recurra.config import validated
from recurra.experiment.estimator import ExampleEstimator
from recurra.tasks.detect.config import DetectConfig
from recurra.tasks.detect.task import DETECT


class Detector(ExampleEstimator):
    """Tell which rows of series are out of the ordinary, from what came before each of them alone.

    Args:
        settings: Any key of `DetectConfig`: `probation=1000`, `threshold=0.6`, ...

    >>> import polars as pl
    >>> from recurra import Detector
    >>> frame = pl.DataFrame({"ds": range(120), "y": [float(step % 4) for step in range(119)] + [30.0]})
    >>> detector = Detector(max_epochs=2).fit(frame)
    >>> detector.predict(frame).filter(pl.col("alarm"))["ds"].to_list()
    [119]
    """

    task = DETECT

    def _check_settings(self) -> None:
        """Make sure that every setting is known and takes its value."""
        validated(DetectConfig, self._settings)
