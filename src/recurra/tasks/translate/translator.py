"""The translator as an estimator."""

from recurra.experiment.estimator import ExampleEstimator
from recurra.tasks.translate.task import TRANSLATE


class Translator(ExampleEstimator):
    """Turn texts into other texts.

    Args:
        settings: Any key of `TranslateConfig` or of the input for texts: `attention="additive"`, ...

    >>> from recurra import Translator
    >>> pairs = [(word, word[::-1]) for word in ("ab", "abc", "cab", "ba", "bca", "cb", "ac", "ca", "bac")]
    >>> translator = Translator(max_epochs=1, hidden_size=8).fit(pairs * 3)
    >>> translator.predict(["abc"]).columns
    ['source', 'prediction']
    """

    task = TRANSLATE
