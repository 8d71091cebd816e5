"""A numeric sequence: channels over time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64


@dataclass(frozen=True, eq=False)
class Series:
    """Channels over time.

    Attributes:
        names: Of the channels.
        values: (time, channels); NaN where one is missing.
        times: When each step was, if that is known; never falling.
    """

    names: tuple[str, ...]
    values: Float64[np.ndarray, "time channels"]
    times: Float64[np.ndarray, " time"] | None = None

    def __len__(self) -> int:
        """How many steps."""
        return len(self.values)

    def __iter__(self) -> Iterator[Float64[np.ndarray, " channels"]]:
        return iter(self.values)

    def __getitem__(self, step: int) -> Float64[np.ndarray, " channels"]:
        found: Float64[np.ndarray, " channels"] = self.values[step]
        return found


def show(series: Series) -> str:
    """A sequence in one line: its length, and of each channel the range."""
    parts = []
    for at, name in enumerate(series.names[:6]):
        known = series.values[:, at][~np.isnan(series.values[:, at])]
        shown = f"{known.min():.3g} to {known.max():.3g}" if len(known) else "all missing"
        parts.append(f"{name} {shown}")
    more = len(series.names) - len(parts)
    return f"{len(series):,} steps: {', '.join(parts)}{f' and {more} more' if more else ''}"
