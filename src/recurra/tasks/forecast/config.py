"""The settings of a forecaster, and the rules that turn "auto" into numbers."""

from collections.abc import Mapping
from numbers import Integral
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from recurra.config import Config, Option, Search, validated
from recurra.data.holiday import as_place
from recurra.errors import ConfigError
from recurra.experiment.config import NetConfig
from recurra.inputs.series.config import SeriesConfig, at_least

Auto = Literal["auto"]
Whole = int | Auto
Weighting = Literal["unit", "owa"]
Baseline = Literal["feed_forward", "convolutional", "auto_ets", "auto_theta", "auto_arima"]


class ForecastConfig(SeriesConfig, NetConfig):
    """What to forecast, with which network, and how to train it.

    Attributes:
        horizon: Steps to forecast.
        target: Column to forecast; several with commas between are each a series of their own.
        unit: What the target is measured in ("kWh"), for charts and errors.
        past: Columns known up to the present only.
        future: Columns known ahead, such as holidays or prices; numeric or categorical.
        static: Columns that never change within a series; numeric or categorical.
        categorical: Those of these columns to read as categories although they are numbers.
        holidays: Countries, or parts of them, whose public holidays are covariates known ahead ("DE-BY,FR");
            the times say which days are some, so that no table has to.
        season_length: Steps of a season; "auto" takes the natural one of the frequency (24 for hours), for
            whole numbers one that is found in the training part.
        preset: A set of defaults: "default"; "m4" for many positive series; "single_series" for one long and
            noisy one; "streaming" for a network that `recurra stream` runs. Keys given beside it win.
        context: Steps of history the network sees; "auto" takes several seasons.
        patch: Steps the recurrence takes at once; "auto" takes a season where the context holds many.
        network: Kind of network: the recurrent one, the one that runs as a stream, or what they are compared
            with.
        num_layers: Layers of the encoder and of the decoder.
        bidirectional: Whether the history is also read from its end; the horizon never is.
        centre: Measure a window from its mean or from its last value; a stream from the mean of the training
            data, or by its changes, from its last value.
        scaling: Measure a window in its own spread, or all in the spread of the training data.
        base: What a forecast begins from: none, the centre of its window; auto, where there are few series,
            the classical method that forecast the training and validation parts best.
        linear: Whether a linear map of the history is added (the autoregressive highway of LSTNet).
        calendar: Whether the network sees hour, weekday, month and the like.
        series_embedding: Whether each series has learnt numbers of its own.
        head: What is put out: nine quantiles, Student's t, or the negative binomial for counts.
        point: Point forecast: the median (best absolute error) or the mean (best squared error); "auto" takes
            the mean where at least half of the values are 0 and none is below, since their median is 0.
        weighting: What the error of a step counts: in units of its window, or as in the OWA score of the M4
            competition (half scaled, half relative to the value; for positive series, head quantile only).
        test_size: Last steps of every series, up to its last value, kept for the final score; 0 takes no
            score, and trains on everything with refit=true or validation_size=0.
        validation_size: Steps before those that choose the best epoch; 0 keeps the last epoch.
        accumulate: Batches whose gradients make one optimiser step.
        steps_per_epoch: Batches an epoch; "auto" shows each part of the data about once.
        patience: Epochs without improvement after which to stop; unless it is given, five where forecasts
            begin from a base and training is long, else none.
        baselines: What stands beside the recurrent network and the naive forecasts: networks that `recurra
            train` trains on the same data; auto_ets, auto_theta, auto_arima of statsforecast (extra
            `baselines`; the last is slow); none for no other.
    """

    horizon: Annotated[int, Option("STEPS", example="24")] = Field(ge=1)
    unit: Annotated[str | None, Option("UNIT")] = None
    past: Annotated[tuple[str, ...], Option("A,B")] = ()
    future: Annotated[tuple[str, ...], Option("A,B")] = ()
    static: Annotated[tuple[str, ...], Option("A,B")] = ()
    categorical: Annotated[tuple[str, ...], Option("A,B")] = ()
    holidays: Annotated[tuple[str, ...], Option("PLACES")] = ()
    preset: str = "default"
    context: Annotated[Whole, Search(0.25, 2.0, log=True, relative=True)] = "auto"
    patch: Whole = "auto"
    network: Literal["recurrent", "streaming", "feed_forward", "convolutional"] = "recurrent"
    centre: Literal["mean", "last"] = "mean"
    scaling: Literal["window", "global"] = "window"
    base: Literal["auto", "none"] = "auto"
    linear: bool = True
    calendar: bool = True
    series_embedding: bool = False
    head: Literal["quantile", "student_t", "negative_binomial"] = "quantile"
    point: Literal["auto", "median", "mean"] = "auto"
    weighting: Weighting = "unit"
    test_size: Whole = "auto"
    validation_size: Whole = "auto"
    steps_per_epoch: Whole = "auto"
    baselines: tuple[Baseline, ...] = ("feed_forward", "convolutional")

    patience: int | None = Field(default=None, ge=1)
    batch_size: int = Field(default=64, ge=1, le=65_536)
    learning_rate: float = Field(default=2e-3, gt=0, allow_inf_nan=False)
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop", "nadam"] = "adamw"
    weight_decay: float = Field(default=1e-4, ge=0, allow_inf_nan=False)
    schedule: Literal["constant", "cosine", "one_cycle", "plateau", "step"] = "one_cycle"
    warmup: float | None = Field(default=0.1, ge=0, lt=1)
    averaging: Literal["none", "ema", "swa", "triggered"] = "ema"
    averaging_decay: float = Field(default=0.99, ge=0, lt=1)

    @field_validator("holidays", mode="before")
    @classmethod
    def _are_places(cls, value: Any) -> tuple[str, ...]:
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(dict.fromkeys(as_place(str(one)) for one in parts or ()))

    @field_validator("context", "patch", "steps_per_epoch")
    @classmethod
    def _is_above_zero(cls, value: Whole) -> Whole:
        return at_least(1, value)

    @field_validator("test_size", "validation_size")
    @classmethod
    def _is_not_negative(cls, value: Whole) -> Whole:
        return at_least(0, value)

    @field_validator("tbptt_steps")
    @classmethod
    def _is_left_out(cls, value: int | None) -> int | None:
        if value is not None:
            raise ValueError("none: forecast windows are short enough to train through whole")
        return value


class ForecastAnswer(Config):
    """What is forecast beside the point.

    Attributes:
        level: Intervals to give, in percent; none: the point forecast only.
        horizon: Steps to tell, up to the trained ones; none: all of these.
        future: What is known ahead: a table of the future covariates.
    """

    level: Annotated[tuple[float, ...], Option("LEVELS")] = (80, 95)
    horizon: Annotated[int | None, Option("STEPS")] = Field(default=None, ge=1)
    future: Annotated[str | None, Option("FILE")] = None

    @field_validator("level", mode="before")
    @classmethod
    def _are_percentages(cls, value: Any) -> tuple[float, ...]:
        if value is None or value == "none":
            return ()
        parts = value.split(",") if isinstance(value, str) else value
        try:
            levels = tuple(sorted({float(part) for part in parts}))
        except (TypeError, ValueError):
            levels = (0.0,)
        if not all(0 < level < 100 for level in levels):
            raise ValueError("percentages between 0 and 100 with commas between, such as 80,95, or none")
        return levels


def check_reach(horizon: Any, trained: int) -> None:
    """Make sure that a net tells as many steps as are asked for; None: all.

    Raises:
        ConfigError: It is no whole number from 1 to the horizon of training.
    """
    if horizon is not None and not (isinstance(horizon, Integral) and 1 <= int(horizon) <= trained):
        raise ConfigError(
            f"horizon is {horizon!r}",
            f"a whole number from 1 to {trained}, the horizon of training",
            f"For more steps ahead, train with a longer horizon than {trained}.",
        )


def check_answer(written: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Make sure that a run with such settings gives what is asked for.

    Raises:
        ConfigError: An option is wrong, or more steps are asked for than were trained.
    """
    if isinstance(trained := written.get("horizon"), int):  # else it is damaged, which is told later
        check_reach(validated(ForecastAnswer, options).horizon, trained)


PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    "m4": {
        "base": "none",
        "weighting": "owa",
        "validation_size": 0,
        "calendar": False,
        "dropout": 0.0,
        "batch_size": 256,
        "averaging_decay": 0.995,
        "max_epochs": 30,
    },
    "single_series": {
        "base": "none",
        "centre": "last",
        "scaling": "global",
        "calendar": False,
        "hidden_size": 16,
        "dropout": 0.5,
        "point": "mean",
        "learning_rate": 5e-4,
        "weight_decay": 1e-2,
        "batch_size": 128,
        "steps_per_epoch": 100,
        "max_epochs": 12,
        "monitor": "valid_rmse",
    },
    "streaming": {
        "network": "streaming",
        "base": "none",
        "centre": "last",
        "scaling": "global",
        "linear": False,
        "calendar": False,
        "patch": 1,
        "dropout": 0.0,
    },
}
"""Defaults for kinds of data, by name.

* `m4`: many positive series, judged by the OWA of the M4 competition.
* `single_series`: one long, noisy series that hardly repeats itself, judged by the squared error.
* `streaming`: a network whose state alone goes from step to step, so that it runs as a stream.
"""


def forecast_config(settings: Mapping[str, Any]) -> ForecastConfig:
    """Make a config of settings, over the defaults of the preset they name.

    Raises:
        ConfigError: A key is unknown, a value wrong, or there is no such preset.
    """
    preset = settings.get("preset", "default")
    if not isinstance(preset, str) or preset not in PRESETS:
        raise ConfigError(f"preset is {preset!r}", f"one of {', '.join(PRESETS)}", "Choose one of these.")
    return validated(ForecastConfig, {**PRESETS[preset], **settings})
