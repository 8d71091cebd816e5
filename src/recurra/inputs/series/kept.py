"""The last rows of the series of a panel, as a run keeps them for streams."""

import numpy as np

from recurra.inputs.series.panel import Panel
from recurra.inputs.series.recent import Recent, rows_kept


def last_rows(panel: Panel, most: int) -> dict[str, Recent]:
    """Those of each series by its name: as many as are asked for, or as there is room for."""
    rows = rows_kept(len(panel), 1 + panel.past.shape[1], most)
    recent = {}
    for index, name in enumerate(panel.ids):
        length = int(panel.lengths[index])
        first, begin = max(0, length - rows), int(panel.offsets[index])
        own = slice(begin + first, begin + length)
        values = np.concatenate([panel.target[own, None], panel.past[own]], axis=1).astype(np.float32)
        start = panel.schema.grid.advance(panel.starts[index : index + 1], np.array([first]))
        if len(values):
            recent[name] = Recent(int(start[0]), values)
    return recent
