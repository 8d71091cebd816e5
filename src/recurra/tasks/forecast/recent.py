"""The last rows of every series, in the columns of the table they came from."""

from dataclasses import replace

import numpy as np
import polars as pl

from recurra.inputs.series.panel import Panel


def recent_rows(panel: Panel, steps: int) -> pl.DataFrame:
    """The last `steps` steps of every series and its known future, as a table that can be read again."""
    dropped = np.maximum(panel.lengths - steps, 0)
    position = np.arange(len(panel.target)) - np.repeat(panel.offsets[:-1], panel.extents)
    kept = position >= np.repeat(dropped, panel.extents)
    grid = panel.schema.grid
    shorter = replace(
        panel,
        starts=grid.advance(panel.starts, dropped),
        lengths=panel.lengths - dropped,
        offsets=np.concatenate([[0], np.cumsum(panel.extents - dropped)]),
        target=panel.target[kept],
        past=panel.past[kept],
        future=panel.future[kept],
        past_codes=panel.past_codes[kept],
        future_codes=panel.future_codes[kept],
    )
    return shorter.to_frame()
