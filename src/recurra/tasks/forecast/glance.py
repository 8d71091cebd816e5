"""A glance at a table before anything slow is loaded: whether it has the columns that settings name."""

from recurra.data.reader import require_columns
from recurra.data.table import STANDARD_INPUT, read_table
from recurra.tasks.forecast.config import ForecastConfig

_ROWS = 100


def check_columns(config: ForecastConfig, source: str) -> None:
    """Make sure that the columns which settings name are there; standard input is left for later.

    Raises:
        DataError: One is not, or the source cannot be read.
    """
    named = [name for name in (config.time, config.unique_id, config.target) if name != "auto"]
    named += [*config.past, *config.future, *config.static]
    if source == STANDARD_INPUT or not named:
        return
    head = read_table(source, rows=_ROWS)
    there = head.frame.columns
    if config.target not in there and "," in config.target and config.wide is not False:
        named.remove(config.target)
        named += [name.strip() for name in config.target.split(",") if name.strip()]
    require_columns(there, named, head.source)
