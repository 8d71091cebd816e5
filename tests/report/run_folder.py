"""Run folders for tests of the report: records as a task would write them, of made-up series."""

import dataclasses
import datetime as dt
import json

import numpy as np
import yaml

from recurra.metrics.forecast import forecast_scores
from recurra.metrics.forecast_baseline import BASELINES
from recurra.metrics.forecast_scale import in_sample_scale
from recurra.metrics.metric import metric
from recurra.report.record import MetricsRecord, write_metrics
from recurra.report.section import SectionsRecord, write_sections

SEASON = 24
LEVELS = {50: 0.6745, 80: 1.2816, 90: 1.6449, 95: 1.96}
NAMES = ["mase", "smape", "mae", "rmse", "wql", "coverage_80", "coverage_95"]
START = dt.datetime(2025, 3, 1)
VERSIONS = {"recurra": "0.1.0", "python": "3.11.2", "torch": "2.13.0", "numpy": "2.4.6"}


def write_run(folder, *, series=12, horizon=24, integer_time=False, skill=0.5, epochs=20, ids=None):
    """Write all records of a run; `skill` below 1 makes the model better than seasonal naive."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = ids or [f"H{index + 1}" for index in range(series)]
    rng = np.random.default_rng(series)
    values = made_up_series(rng, len(ids), 14 * SEASON + horizon)
    write_metrics(folder, MetricsRecord.model_validate(metrics_of(rng, values, ids, horizon, skill)))
    shown = [forecasts_of(rng, values, ids, horizon, integer_time), errors_of(rng)]
    write_sections(folder, SectionsRecord.model_validate({"sections": shown}).sections)
    write_history(folder, rng, epochs)
    config = {
        "task": "forecast",
        "horizon": horizon,
        "cell": "lstm",
        "hidden_size": 64,
        "num_layers": 2,
        "learning_rate": 0.003,
        "schedule": "cosine",
        "gradient_clip": 1.0,
        "batch_size": 256,
        "max_epochs": epochs,
        "monitor": "valid_loss",
        "patience": None,
        "levels": [80, 95],
        "seed": 0,
        "columns": {"id": "unique_id"},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return folder


def made_up_series(rng, count, length):
    """Daily and weekly seasons, a slow walk and noise, at levels that differ by orders of magnitude."""
    time = np.arange(length)
    phase = rng.uniform(0, 2 * np.pi, (count, 1))
    day = np.sin(2 * np.pi * time / SEASON + phase) + 0.4 * np.sin(4 * np.pi * time / SEASON + 2 * phase)
    week = 0.3 * np.sin(2 * np.pi * time / (7 * SEASON) + phase)
    walk = 0.03 * rng.normal(size=(count, length)).cumsum(axis=1)
    level = 10 ** rng.uniform(1, 4, (count, 1))
    return level * (4 + day + week + walk + 0.12 * rng.normal(size=(count, length)))


def forecast_of(rng, values, horizon, skill):
    """A forecast between the truth and seasonal naive, and the spread of its intervals."""
    truth = values[:, -horizon:]
    naive = BASELINES["seasonal_naive"](
        values[:, :-horizon], np.ones_like(values[:, :-horizon], bool), horizon, SEASON
    )
    forecast = truth + skill * (naive - truth) * rng.uniform(0.4, 1.3, truth.shape)
    spread = 0.9 * np.abs(naive - truth).mean(axis=1, keepdims=True) * skill * np.linspace(0.8, 1.4, horizon)
    return forecast, spread


def metrics_of(rng, values, ids, horizon, skill):
    """The content of metrics.json."""
    training, truth = values[:, :-horizon], values[:, -horizon:]
    observed, index = np.ones_like(truth, bool), np.arange(len(ids))
    scale = in_sample_scale(list(training), SEASON).values
    models, per_group = [], {}
    trained = [
        ("recurra", "LSTM", "recurrent", skill),
        ("feed_forward", "Feed-forward net", "neural", skill * 1.18),
        ("tcn", "Temporal convolutional net", "neural", skill * 1.07),
    ]
    for name, label, kind, own_skill in trained:
        forecast, spread = forecast_of(rng, values, horizon, own_skill)
        quantiles = {0.5: forecast}
        for level, width in LEVELS.items():
            quantiles[0.5 - level / 200] = forecast - width * spread
            quantiles[0.5 + level / 200] = forecast + width * spread
        scores = forecast_scores(truth, forecast, observed, index, scale, quantiles=quantiles)
        models.append(
            {
                "name": name,
                "label": label,
                "kind": kind,
                "scores": scores.overall,
                "seconds": 171.3,
                "parameters": 51_234,
            }
        )
        per_group[name] = grouped(scores.rows(ids))
    for name, baseline in BASELINES.items():
        forecast = baseline(training, np.ones_like(training, bool), horizon, SEASON)
        scores = forecast_scores(truth, forecast, observed, index, scale)
        models.append(
            {
                "name": name,
                "label": baseline.label,
                "kind": "naive",
                "scores": scores.overall,
                "seconds": 0.004,
            }
        )
        per_group[name] = grouped(scores.rows(ids))
    return {
        "task": "forecast",
        "metrics": [dataclasses.asdict(metric(name)) for name in NAMES],
        "models": models,
        "subject": "recurra",
        "reference": "seasonal_naive",
        "title": f"hourly-demand, {horizon} hours ahead",
        "judged": f"{len(ids)} forecasts in the test part",
        "group": "series",
        "per_group": per_group,
        "tiles": [{"number": "78.0 %", "label": "of the truth", "note": "inside the 80 % interval"}],
        "remarks": ["Its 80 % interval held 78 % of the truth."],
        "data": {
            "source": "data/hourly-demand.csv",
            "target": "y",
            "rows": values.size,
            "facts": [("Series", str(len(ids))), ("Time step", "1 hour")],
            "repairs": ["3 rows with the same time were averaged.", "117 missing hours were added as gaps."],
        },
        "seed": 0,
        "command": "recurra train forecast data/hourly-demand.csv --target y --horizon 24 --out runs/demand",
        "finished": "2025-04-02T09:41:00",
        "versions": VERSIONS,
    }


def forecasts_of(rng, values, ids, horizon, integer_time):
    """Some forecasts with their history, the truth and intervals, the first one large."""
    forecast, spread = forecast_of(rng, values, horizon, 0.5)
    start = values.shape[1] - horizon
    clock = (lambda step: step) if integer_time else time_at
    known = np.ones((len(ids), start), bool)
    naive = BASELINES["seasonal_naive"](values[:, :start], known, horizon, SEASON)
    begin = start - 4 * SEASON
    return {
        "id": "forecasts",
        "heading": "Forecasts",
        "lead": "Each begins at the dotted line.",
        "layout": "hero",
        "legend": [{"label": "what happened", "role": "ink"}, {"label": "80 % interval", "mark": "deep"}],
        "pieces": [
            {
                "kind": "lines",
                "title": ids[i],
                "note": f"from {clock(start - 1)}",
                "x": [clock(step) for step in range(begin, start + horizon)],
                "lines": [
                    {
                        "label": "forecast",
                        "role": "model",
                        "start": start - begin,
                        "y": forecast[i].tolist(),
                    },
                    {"label": "truth", "role": "ink", "y": values[i, begin:].tolist()},
                    {
                        "label": "naive",
                        "role": "reference",
                        "start": start - begin,
                        "y": naive[i].tolist(),
                    },
                ],
                "bands": [
                    {
                        "label": f"{level} % interval",
                        "level": level,
                        "start": start - begin,
                        "lower": (forecast[i] - LEVELS[level] * spread[i]).tolist(),
                        "upper": (forecast[i] + LEVELS[level] * spread[i]).tolist(),
                    }
                    for level in (80, 95)
                ],
                "marker": clock(start - 1),
                "small_start": 2 * SEASON,
            }
            for i in range(min(len(ids), 7))
        ],
    }


def errors_of(rng):
    """Errors by step ahead, calibration, and two models series by series."""
    return {
        "id": "errors",
        "heading": "Where the errors are",
        "notes": ["Nothing else was recorded."],
        "pieces": [
            {
                "kind": "lines",
                "title": "Error by step ahead",
                "note": "MASE at each step.",
                "x": [1, 2, 3],
                "lines": [
                    {"label": "LSTM", "role": "model", "y": [0.5, 0.6, 0.7]},
                    {"label": "Seasonal naive", "role": "reference", "y": [1.0, 1.1, 1.2]},
                ],
                "x_label": "steps ahead",
                "from_zero": True,
            },
            {
                "kind": "scatter",
                "title": "Calibration of the intervals",
                "note": "Best on the line.",
                "points": [[0.5, 0.4], [0.8, 0.7], [0.95, 0.93]],
                "connected": True,
                "unit": "share",
                "above": "too wide",
                "below": "too narrow",
            },
            {
                "kind": "scatter",
                "title": "Against seasonal naive",
                "note": "One dot a series.",
                "points": rng.uniform(0.1, 3, (12, 2)).tolist(),
            },
        ],
    }


def grouped(rows):
    """Rows of series as groups of the record."""
    return [{"group": row.pop("unique_id"), **row} for row in rows]


def write_history(folder, rng, epochs, steps_an_epoch=120, every=10):
    """Write history.jsonl: the loss falls, the validation loss turns, gradients are clipped at times."""
    lines, step = [], 0
    for epoch in range(epochs):
        for _ in range(steps_an_epoch // every):
            step += every
            done = step / (epochs * steps_an_epoch)
            norm = float(np.exp(rng.normal(-0.9 + 0.8 * (1 - done), 0.45)))
            lines.append(
                {
                    "kind": "step",
                    "epoch": epoch,
                    "step": step,
                    "loss": loss_at(done) * rng.uniform(0.9, 1.1),
                    "learning_rate": 0.0015 * (1 + np.cos(np.pi * done)),
                    "gradient_norm": norm,
                    "clipped": float(norm > 1),
                    "steps_per_second": 71.0,
                }
            )
        valid = loss_at(done) * 1.07 + 0.04 * max(0.0, done - 0.6)
        lines.append(
            {
                "kind": "epoch",
                "epoch": epoch,
                "step": step,
                "train_loss": loss_at(done),
                "valid_loss": valid + 0.002 * rng.normal(),
                "mase": 1.1 * valid / 0.2,
                "learning_rate": 0.0015 * (1 + np.cos(np.pi * done)),
                "gradient_norm": norm,
                "clipped_share": 0.1,
                "items_per_second": 18000.0,
                "seconds": 8.5,
            }
        )
    (folder / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def loss_at(done):
    """A loss that falls fast, then slowly."""
    return 0.16 + 0.5 * float(np.exp(-6 * done))


def time_at(step):
    """The time of a step, in ISO 8601."""
    return (START + dt.timedelta(hours=step)).isoformat()
