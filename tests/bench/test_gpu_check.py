"""The parts of the check of a GPU do on a CPU what they are there for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from benchmarks.gpu import check
from torch.nn.modules.module import register_module_forward_pre_hook

from recurra.cells import CELLS

SCRIPT = Path(check.__file__)
CPU = torch.device("cpu")


def test_every_cell_is_compared_in_both_directions():
    found = list(check.parity(CPU, check.Size(2, 5, 4)))
    assert {one.cell for one in found} == {*CELLS, *check.VARIANTS}
    assert len(found) == 2 * len(CELLS | check.VARIANTS)
    assert all(one.is_same for one in found), found


def test_what_differs_is_told(monkeypatch):
    wrong = iter(range(1000))
    right = check._results

    def results(*given):
        return [one + 1e-6 * (next(wrong) == 0) for one in right(*given)]

    monkeypatch.setattr(check, "_results", results)
    first, *others = check.parity(CPU, check.Size(2, 5, 4))
    assert not first.is_same
    assert 1e-8 < first.difference < 1e-3
    assert all(one.is_same for one in others)


def test_a_net_learns():
    few = check.trained(CPU, steps=2, symbols=3, delay=2)
    many = check.trained(CPU, steps=100, symbols=3, delay=2)
    assert few.accuracy < 0.9 < many.accuracy
    assert many.seconds > 0


def test_times_and_their_table():
    size = check.Size(2, 4, 3)
    found = list(check.times(CPU, [size], ["float32"], seconds=0.01))
    assert {one.layer for one in found} == {"RNN", "GRU", "LSTM", *check.VARIANTS}
    assert all(one.milliseconds > 0 for one in found)
    head, rule, *rows = check.table(found)
    assert head == "| ms | torch.nn | recurra | torch packed | recurra lengths |"
    assert rule.count("---") == 5
    assert len(rows) == 3 + len(check.VARIANTS)
    assert rows[0].startswith("| RNN B2 T4 H3 float32 | ")
    assert rows[-1].count(" - |") == 3
    json.dumps([one._asdict() for one in found])


def test_autocast_is_on_in_what_is_timed():
    """torch's LSTM has no such kernel on every CPU, but its GRU leaves autocast aside there."""
    seen = []
    hook = register_module_forward_pre_hook(lambda *_: seen.append(torch.is_autocast_enabled("cpu")))
    for precision in check.PRECISIONS:
        for run in check._runs("GRU", check.Size(2, 4, 3), precision, CPU).values():
            run()
    hook.remove()
    assert seen == [False] * 4 + [True] * 4


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so():
    done = subprocess.run([sys.executable, SCRIPT], check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("no GPU")
