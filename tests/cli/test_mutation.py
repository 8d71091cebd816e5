"""A small share of `benchmarks/reliability/fuzz.py`: altered files of a run are read, or refused by us."""

import shutil
from pathlib import Path

import pytest
from benchmarks.reliability import fuzz
from tests.cli.conftest import TINY
from tests.cli.program import call, listing

MUTATIONS = 30  # of each run's files together
ROWS = '{"shop": "north", "day": "2024-03-02", "sales": 3}\n{"shop": "south", "sales": null}\n'


@pytest.mark.parametrize("preset", ["default", "streaming"])
def test_altered_files_of_a_run_are_read_or_refused(
    capsys, monkeypatch, finished: Path, table: Path, tmp_path: Path, preset: str
) -> None:
    run, kept = tmp_path / "forecast", tmp_path / "faults"
    kept.mkdir()
    if preset == "default":
        shutil.copytree(finished, run)
    else:
        assert call(capsys, "train", "forecast", table, *TINY, f"preset={preset}", "--out", run).code == 0
    monkeypatch.setitem(fuzz.STREAMED, "forecast", ROWS)
    names = sorted(name for name in listing(run) if Path(name).suffix in fuzz.SUFFIXES)
    if preset == "streaming":
        names = [name for name in names if name.startswith("stream/")]
    names = [name for name in names if not name.startswith("checkpoints")]
    assert len(names) >= (2 if preset == "streaming" else 7)
    for name in names:
        share = range(MUTATIONS // len(names))
        faults = [fault for _, fault in fuzz.faults_of(run, name, share, 0, kept) if fault]
        assert not faults, (name, faults, sorted(kept.iterdir()))
