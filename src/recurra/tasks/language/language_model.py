"""The language model as an estimator."""

from collections.abc import Iterator
from typing import Any

from recurra.config import validated
from recurra.experiment.estimator import ExampleEstimator
from recurra.tasks.language.made import generator_of
from recurra.tasks.language.task import LANGUAGE


class LanguageModel(ExampleEstimator):
    """Learn from texts to go on with them.

    Args:
        settings: Any key of `LanguageConfig` or of the input's: `tokens="word"`, `hidden_size=512`, ...

    >>> from recurra import LanguageModel
    >>> model = LanguageModel(max_epochs=2, hidden_size=8).fit(["the cat sat on the mat. " * 30])
    >>> len("".join(model.generate("the ", length=20)))
    20
    """

    task = LANGUAGE

    def generate(self, prompt: str = "", **options: Any) -> Iterator[str]:
        """Pieces of text that go on after a prompt, each as soon as it is drawn.

        Args:
            prompt: What comes before, or a file of the input that holds it; it is not repeated.
            options: `length`, `temperature`, `top_k`, `top_p`, `min_p`, `repetition_penalty`, `seed`; see
                `recurra.experiment.generation.Generation`. Of notes also `key`, `harmonise` and `tempo`.

        Raises:
            NotFittedError: `fit` was not called.
            ConfigError: There is no such option.
            DataError: The prompt holds symbols that the net does not know.
        """
        generator = generator_of(self.fitted_)
        return generator.generate(validated(generator.options, {"prompt": prompt, **options}))
