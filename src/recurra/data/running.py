"""Scales of numbers of which only some are held at a time."""

import numpy as np
from jaxtyping import Float, Float64


class Scale:
    """Sums over numbers that come in pieces.

    Args:
        size: Numbers of a row.

    Attributes:
        count: Rows so far.
        peak: (size,) the largest magnitudes.
    """

    def __init__(self, size: int) -> None:
        self.count, self.mean, self.peak = 0, np.zeros(size), np.zeros(size)
        self._apart = np.zeros(size)  # squared distances from the mean, summed

    def add(self, rows: Float[np.ndarray, "rows size"]) -> None:
        """Count some more, one row at least (Chan, Golub & LeVeque 1983)."""
        new, own = len(rows), rows.astype(np.float64)
        mean, total = own.mean(axis=0), self.count + new
        moved = mean - self.mean
        self._apart += ((own - mean) ** 2).sum(axis=0) + moved**2 * (self.count * new / total)
        self.mean = self.mean + moved * (new / total)
        self.count, self.peak = total, np.maximum(self.peak, np.abs(own).max(axis=0))

    @property
    def deviation(self) -> Float64[np.ndarray, " size"]:
        """From the mean."""
        return np.asarray(np.sqrt(self._apart / self.count))

    @property
    def size(self) -> Float64[np.ndarray, " size"]:
        """Root of the mean square."""
        return np.asarray(np.sqrt(self._apart / self.count + self.mean**2))
