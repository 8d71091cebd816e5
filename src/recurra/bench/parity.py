"""Whether two implementations computed the same."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

Results = Mapping[str, np.ndarray[Any, np.dtype[Any]]]


class Difference(NamedTuple):
    """A tensor in which ours differs from the peer's.

    Attributes:
        tensor: Its name: "gradient of weight_hh_l0".
        amount: The largest difference, relative to the peer's largest number; infinite for NaN, for another
            shape, and for a tensor that one of both does not have.
        tolerance: What would have been the same.
    """

    tensor: str
    amount: float
    tolerance: float

    def __str__(self) -> str:
        return f"{self.tensor} differs by {self.amount:.1e} (at most {self.tolerance:.0e})"


def differences(ours: Results, theirs: Results, tolerance: float) -> list[Difference]:
    """The tensors that differ, the worst one first; none where both computed the same."""
    names = [*ours, *(name for name in theirs if name not in ours)]
    found = [Difference(name, _amount(ours, theirs, name), tolerance) for name in names]
    return sorted((each for each in found if not each.amount <= tolerance), key=lambda each: -each.amount)


def _amount(ours: Results, theirs: Results, name: str) -> float:
    if name not in ours or name not in theirs or ours[name].shape != theirs[name].shape:
        return float("inf")
    difference = float(np.max(np.abs(ours[name] - theirs[name]), initial=0.0))
    largest = float(np.max(np.abs(theirs[name]), initial=0.0))
    amount = difference / largest if largest > 0 else difference
    return amount if np.isfinite(amount) else float("inf")
