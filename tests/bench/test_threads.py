"""Everybody has the same number of threads, and afterwards as many as before."""

import os
import threading

import pytest
import torch

from recurra.bench import threads
from recurra.bench.threads import available, limited

CONFINES = hasattr(os, "sched_setaffinity")


def test_torch_and_the_whole_process_are_limited_for_the_block():
    before, processors = torch.get_num_threads(), available()
    stop, seen = threading.Event(), []
    idle = threading.Thread(target=lambda: (stop.wait(), seen.append(len(os.sched_getaffinity(0)))))
    if CONFINES:
        idle.start()
    with limited(1):
        assert torch.get_num_threads() == 1
        if CONFINES:
            assert available() == 1
            stop.set()
            idle.join()
            assert seen == [1]  # threads that were there before are confined as well
    assert (torch.get_num_threads(), available()) == (before, processors)


def test_an_error_in_the_block_lifts_the_limit():
    before, processors = torch.get_num_threads(), available()
    with pytest.raises(ZeroDivisionError), limited(1):
        raise ZeroDivisionError
    assert (torch.get_num_threads(), available()) == (before, processors)


def test_every_core_gives_one_processor_before_any_gives_two(tmp_path, monkeypatch):
    monkeypatch.setattr(threads, "TOPOLOGY", str(tmp_path / "cpu{}"))
    for processor, siblings in enumerate(["0-1", "0-1", "2,5", "3", "4", "2,5"]):
        (tmp_path / f"cpu{processor}").write_text(siblings + "\n")
    assert threads._one_of_each_core_first({0, 1, 2, 3, 5}) == [0, 2, 3, 1, 5]
    assert threads._one_of_each_core_first({1, 5}) == [1, 5]
    assert threads._siblings(17) == {17}
