"""Forecasting: many series, one recurrent network, any horizon, with intervals.

`recurra.Forecaster` is in `forecaster.py`; importing the package alone loads no torch, so that the command
line can show the settings of `config.py` at once.
"""
