"""The task of forecasting: many steps to many, of series on a regular grid."""

from dataclasses import replace
from functools import partial
from typing import Any, cast

import polars as pl

from recurra.errors import ConfigError
from recurra.experiment.task import Fitted, Task
from recurra.inputs.series.panel import Panel
from recurra.inputs.series.schema import PanelSchema
from recurra.report.section import Section
from recurra.streaming import Program
from recurra.tasks.forecast.answer import (
    METRICS,
    Answer,
    answer,
    forecast_frame,
    groups,
    interval_probabilities,
    score,
)
from recurra.tasks.forecast.baseline import learn_ridge, naive
from recurra.tasks.forecast.calibration import calibrate
from recurra.tasks.forecast.config import ForecastAnswer, ForecastConfig
from recurra.tasks.forecast.explain import explain
from recurra.tasks.forecast.head import make_head
from recurra.tasks.forecast.network import ForecastNetwork, InputSizes
from recurra.tasks.forecast.objective import forecast_loss
from recurra.tasks.forecast.outlook import notes_on_history, warn_of_missing_future
from recurra.tasks.forecast.part import ForecastPart, held_out_origins
from recurra.tasks.forecast.prepare import prepare, read, whole
from recurra.tasks.forecast.resolution import Resolved
from recurra.tasks.forecast.schema import ForecastSchema, SeriesSource, resolved_of, revive
from recurra.tasks.forecast.show import show
from recurra.tasks.forecast.show_ahead import ahead
from recurra.tasks.forecast.stream_program import exportable, run_program
from recurra.tasks.forecast.streaming_network import Network, StreamingNetwork
from recurra.tasks.forecast.unit import Units
from recurra.tasks.forecast.wording import describe, highlights


def build(config: ForecastConfig, learnt: ForecastSchema) -> Network:
    """The network that settings and data ask for, with fresh weights."""
    resolved = Resolved(config, learnt.lags, learnt.scale_span)
    schema, units = learnt.panel, learnt.units
    if config.network == "streaming":
        return _streaming_network(resolved, schema, units)
    sizes = InputSizes(
        calendar=2 * len(schema.cycles) if config.calendar else 0,
        past=len(schema.numeric("past")),
        future=len(schema.numeric("future")),
        static=len(schema.numeric("static")),
        past_codes=schema.category_counts("past"),
        future_codes=schema.category_counts("future"),
        static_codes=schema.category_counts("static"),
        series=len(learnt.series) if config.series_embedding else 0,
    )
    return ForecastNetwork(
        make_head(config.head, config.point),
        sizes,
        context=resolved.context,
        horizon=config.horizon,
        season=schema.season_length,
        lags=resolved.lags,
        patch=resolved.patch,
        centre=config.centre,
        scaling=config.scaling,
        unit=units.spread,
        smallest=units.smallest,
        scale_span=resolved.scale_span,
        base_spread=() if learnt.base is None else learnt.base.spread,
        base_quantiles=() if learnt.base is None else learnt.base.quantiles,
        linear=config.linear,
        network=config.network,
        recurrence=config.recurrence,
    )


def _streaming_network(resolved: Resolved, schema: PanelSchema, units: Units) -> StreamingNetwork:
    config = resolved.config
    return StreamingNetwork(
        make_head(config.head, config.point),
        units,
        past=len(schema.numeric("past")),
        context=resolved.context,
        horizon=config.horizon,
        season=schema.season_length,
        scale_span=resolved.scale_span,
        centre=config.centre,
        recurrence=config.recurrence,
    )


def part(source: Any, fitted: Fitted, options: ForecastAnswer | None) -> ForecastPart:
    """Other series, or the last rows of those of training: to be forecast as asked for, or to be judged."""
    resolved = resolved_of(fitted)
    if options is None:
        panel = _panel(source, fitted, None)
        return ForecastPart(panel, held_out_origins(panel, resolved), resolved, fitted.schema.scaling)
    found = _after(source, fitted, options)
    warn_of_missing_future(found.panel, resolved.horizon)
    found.panel.repairs.extend(notes_on_history(found.panel, resolved.horizon))
    return found


def _panel(source: Any, fitted: Fitted, future: str | None) -> Panel:
    """Series as those of training are read; those of no source are their last rows, as told in training."""
    given, schema = SeriesSource.of(source), fitted.schema
    tables = {"future": given.future if future is None else future, "static": given.static}
    written = {"time_format": fitted.config.time_format, "decimal": fitted.config.decimal}
    panel = cast("Panel", schema.read_panel(given.data, **tables, **written))
    nothing_new = given.data is None and tables["future"] is None
    return replace(panel, repairs=[]) if nothing_new else panel


def _after(source: Any, fitted: Fitted, options: ForecastAnswer) -> ForecastPart:
    """The moment after the last target of every series."""
    panel, schema = _panel(source, fitted, options.future), fitted.schema
    probabilities = interval_probabilities(options.level)
    until = (f"the net was trained on times up to {schema.trained_until}",) if schema.trained_until else ()
    resolved = resolved_of(fitted)
    return ForecastPart(panel, panel.last_origins, resolved, schema.scaling, probabilities, until)


def write(fitted: Fitted, part: ForecastPart, given: Answer, options: ForecastAnswer) -> pl.DataFrame:
    """What comes next, a row for each step."""
    del fitted
    return forecast_frame(part, given, options.level, options.horizon, written=True)


def outlook(fitted: Fitted, source: Any) -> list[Section]:
    """What comes after the last rows of the training, or of other series; the page says what is unknown."""
    return ahead(fitted, _after(source, fitted, ForecastAnswer()))


def program(fitted: Fitted) -> Program:
    """The stream program of a network that streams.

    Raises:
        ConfigError: It is another one.
    """
    if fitted.config.network != "streaming":
        raise ConfigError(
            f"network is {fitted.config.network!r}", "streaming", "Train with preset=streaming."
        )
    return run_program(fitted)


FORECAST = Task(
    name="forecast",
    config=ForecastConfig,
    answer_config=ForecastAnswer,
    read=read,
    prepare=prepare,
    whole=whole,
    revive=revive,
    build=build,
    objective=lambda config, _: partial(forecast_loss, weighting=config.weighting),
    part=part,
    answer=answer,
    write=write,
    score=score,
    naive=naive,
    learn=learn_ridge,
    describe=describe,
    show=show,
    outlook=outlook,
    groups=groups,
    highlights=highlights,
    columns=METRICS,
    program=program,
    exportable=exportable,
    tables=ForecastSchema.tables,
    calibrate=calibrate,
    calibrated=("share", "widening"),
    explain=explain,
)
