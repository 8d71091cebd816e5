"""What a measurement is: a frozen value of plain numbers, which JSON can hold."""

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Measurement:
    """Figures without a verdict. Subclasses hold numbers, texts, arrays, tuples and dicts of them."""

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON has it: arrays as lists, and None for what is no finite number."""
        return {one.name: plain(getattr(self, one.name)) for one in fields(self)}


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Measurement):
        return value.to_dict()
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: plain(one) for name, one in zip(value._fields, value, strict=True)}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
