"""Forecasting: many series, one recurrent network, any horizon, with intervals."""

from recurra.tasks.forecast.forecaster import Forecaster

__all__ = ["Forecaster"]
