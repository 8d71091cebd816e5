"""One thread, fixed seeds, and uninitialised memory filled with NaN, for every test."""

import matplotlib as mpl
import pytest
import torch
from hypothesis import settings

mpl.use("agg")
settings.register_profile("suite", deadline=None)  # a first call that loads time zones is slow, not wrong
settings.load_profile("suite")
torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)  # also fills uninitialised memory with NaN


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)
