"""The settings of a table as input."""

from recurra.config import Config


class TableConfig(Config):
    """Which columns the net reads.

    Attributes:
        columns: Names of columns; auto takes all but the one that is to be told.
    """

    columns: str | tuple[str, ...] = "auto"
