"""A made series of a machine's sensor, with faults that are known."""

import datetime as dt

import numpy as np
import polars as pl

_ROWS, _DAY = 2880, 96  # 30 days of quarters of an hour
FAULTS = ((900, 903), (1300, 1340), (1750, 1774), (2200, 2203), (2500, 2560))
"""First row of each and the one after the last: a surge, a stuck sensor, cavitation, a drop, a leak."""


def pump_rows(seed: int = 0) -> pl.DataFrame:
    """The pressure of a pump in bar every quarter of an hour, and which rows are faults.

    Pressure follows the day, with noise that hangs together. It is the file `data/samples/pump.csv`.
    """
    random = np.random.Generator(np.random.Philox(key=seed))
    row = np.arange(_ROWS)
    noise = np.zeros(_ROWS)
    for step, shock in enumerate(random.normal(0.0, 0.03, _ROWS)):
        noise[step] = 0.6 * noise[step - 1] + shock
    day = 2 * np.pi * row / _DAY
    pressure = 4.2 + 0.5 * np.sin(day) + 0.2 * np.sin(2 * day) + noise
    surge, stuck, cavitation, drop, leak = (slice(*fault) for fault in FAULTS)
    pressure[surge] += 1.6
    pressure[stuck] = pressure[stuck.start]
    pressure[cavitation] += random.normal(0.0, 0.35, cavitation.stop - cavitation.start)
    pressure[drop] -= 1.8
    pressure[leak] -= np.linspace(0.0, 1.5, leak.stop - leak.start)
    label = np.zeros(_ROWS, np.int64)
    for begin, end in FAULTS:
        label[begin:end] = 1
    start = dt.datetime(2025, 3, 1)
    times = [start + dt.timedelta(minutes=15 * int(one)) for one in row]
    return pl.DataFrame(
        {
            "ds": [f"{one:%Y-%m-%d %H:%M}" for one in times],
            "y": [float(f"{one:.3f}") for one in pressure],
            "label": label,
        }
    )
