"""The settings of a detector."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from recurra.config import Config, Option
from recurra.experiment.config import NetConfig
from recurra.inputs.series.config import SeriesConfig, at_least

LONGEST_PROBATION = 750


class DetectConfig(SeriesConfig, NetConfig):
    """Which series to watch, what to take for normal, and how the net that expects values is trained.

    Attributes:
        target: Column to watch; several with commas between are each a series of their own.
        label: Column that says which rows are anomalies (0 or 1), to score with and never to learn from;
            "auto" takes `label`, `anomaly` or `is_anomaly` where there is one, "none" no column.
        season_length: Steps of a season, for the seasonal baseline; "auto" takes that of the frequency.
        probation: First rows of each series to take for normal and train on, none of which is flagged; "auto"
            takes 15 %, at least 50 and at most 750.
        threshold: Score from which on a row is flagged. At 0.5 a value lies as far out as the farthest of
            the last thousand.
        rest: Rows after a flagged one in which only a higher score raises another alarm; "auto" takes three
            tenths of the probation.
        memory: Last values of each series that a new one is held against.
        steps: Steps that the net is trained through at once.
        validation_size: Last share of the probation that chooses the best epoch; 0 keeps the last epoch.
        network: The recurrent one: others see later rows too.
    """

    label: Annotated[str, Option("COLUMN")] = "auto"
    probation: int | Literal["auto"] = "auto"
    threshold: float = Field(default=0.5, gt=0, lt=1)
    rest: int | Literal["auto"] = "auto"
    memory: int = Field(default=6000, ge=50, le=100_000)
    steps: int = Field(default=64, ge=4, le=10_000)
    validation_size: float = Field(default=0.2, ge=0, lt=1)
    network: Literal["recurrent"] = "recurrent"
    baselines: tuple[Literal["none"], ...] = ()

    cell: str = "gru"
    hidden_size: int = Field(default=16, ge=1, le=16_384)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    batch_size: int = Field(default=16, ge=1, le=65_536)
    max_epochs: int = Field(default=60, ge=1)
    learning_rate: float = Field(default=1e-2, gt=0, allow_inf_nan=False)
    averaging: Literal["none", "ema", "swa", "triggered"] = "ema"
    averaging_decay: float = Field(default=0.95, ge=0, lt=1)

    @field_validator("probation")
    @classmethod
    def _are_rows(cls, value: Any) -> Any:
        return at_least(2, value)

    @field_validator("rest")
    @classmethod
    def _is_above_zero(cls, value: Any) -> Any:
        return at_least(1, value)

    @field_validator("bidirectional")
    @classmethod
    def _reads_forward(cls, value: bool) -> bool:
        if value:
            raise ValueError("false: what comes later may not tell whether a row is an anomaly")
        return value


class DetectAnswer(Config):
    """What is written of each series.

    Attributes:
        spans: Whether a row stands for a flagged stretch (begin, end, highest score), not for a step.
    """

    spans: bool = False
