"""The net that draws as an estimator."""

from typing import Any

from recurra.config import validated
from recurra.experiment.estimator import ExampleEstimator
from recurra.tasks.draw.config import Drawing
from recurra.tasks.draw.made import Drawn, Pen
from recurra.tasks.draw.task import DRAW


class Drawer(ExampleEstimator):
    """Learn from the way of a pen to go on with it: to draw by itself, or to write texts.

    Args:
        settings: Any key of `DrawConfig` or of the input's: `components=10`, `hidden_size=128`, ...

    >>> from recurra import Drawer
    >>> ink = [[[[0, 0], [1, 2], [2, 0]], [[0, 1], [2, 1]]]] * 20
    >>> drawer = Drawer(max_epochs=1, hidden_size=4, components=2).fit({"strokes": ink})
    >>> drawn = drawer.generate(length=10, seed=1)
    >>> sum(map(len, drawn.strokes)) <= 10
    True
    """

    task = DRAW

    def generate(self, prompt: str = "", **options: Any) -> Drawn:
        """A drawing of its own, or of a text.

        Args:
            prompt: The text, of a net that writes texts.
            options: `length`, `bias`, `seed`; see `recurra.tasks.draw.config.Drawing`.

        Raises:
            NotFittedError: `fit` was not called.
            ConfigError: There is no such option, or a text for a net that writes none.
            DataError: The text holds characters that the net does not know.
        """
        return Pen(self.fitted_).draw(validated(Drawing, {"prompt": prompt, **options}))
