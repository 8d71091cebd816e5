"""Training examples as training sees them: varied, and mixed with others of the same truth."""

from typing import Any

import numpy as np

from recurra.experiment.examples import Part
from recurra.inputs.input import Encoding


class Varying:
    """Rows of a part, each as training sees it this time.

    Args:
        part: The examples, with their targets.
        encoding: How contents are varied, mixed and encoded.

    Raises:
        DataError: Targets are not known.
    """

    def __init__(self, part: Part, encoding: Encoding) -> None:
        self.part, self.encoding = part, encoding
        self._keys = [np.asarray(target).tobytes() for target in part.known()]
        self._rows: dict[bytes, list[int]] = {}
        for row, key in enumerate(self._keys):
            self._rows.setdefault(key, []).append(row)

    def __call__(self, row: int, random: np.random.Generator) -> np.ndarray:
        """A row as an array (time, ...); randomness comes from `random` alone."""
        content = self.part.examples.contents[row]
        other = self._varied(row, random)
        if self.encoding.mixing and random.random() < self.encoding.mixing:
            lender = int(random.choice(self._rows[self._keys[row]]))
            other = self.encoding.mix(other, self._varied(lender, random), random)
        own = self.part.encoded[row] if other is content else self.encoding.encode(other)
        return self.encoding.augment(own, random)

    def _varied(self, row: int, random: np.random.Generator) -> Any:
        return self.encoding.vary(self.part.examples.contents[row], random)
