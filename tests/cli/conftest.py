import contextlib
import datetime as dt
import io
import math
import shutil
from pathlib import Path

import pytest

from recurra.cli.app import main

HORIZON = 3
TINY = (
    *("--horizon", str(HORIZON), "--target", "sales", "--id", "shop", "--time", "day"),
    *("hidden_size=5", "max_epochs=2", "steps_per_epoch=3", "batch_size=7", "baselines=", "device=cpu"),
)


def written(path: Path, rows: int = 61) -> Path:
    """A table of two shops with a weekly season, in the order of time."""
    first = dt.date(2024, 1, 1)
    lines = ["shop,day,sales"]
    for shop, level in (("north", 20), ("south", 35)):
        for row in range(rows):
            value = level + 5 * math.sin(2 * math.pi * row / 7) + (row * 13 % 11) / 5
            lines.append(f"{shop},{first + dt.timedelta(days=row)},{value:.3f}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(autouse=True)
def _as_wide_as_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)  # test runners set it


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small table to forecast."""
    return written(tmp_path_factory.mktemp("data") / "sales.csv")


@pytest.fixture(scope="session")
def finished(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the tiny table; to be looked at only."""
    run = tmp_path_factory.mktemp("runs") / "sales"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert main(["train", "forecast", str(table), *TINY, "--out", str(run)]) == 0
    return run


@pytest.fixture
def run_copy(finished: Path, tmp_path: Path) -> Path:
    """A copy of that run, to be damaged."""
    return Path(shutil.copytree(finished, tmp_path / "run"))
