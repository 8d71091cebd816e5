"""One thread, fixed seeds, and uninitialised memory filled with NaN, for every test."""

import matplotlib as mpl
import pytest
import torch
from hypothesis import settings
from tests import type_checks

type_checks.install()
mpl.use("agg")
settings.register_profile("suite", deadline=None)  # a first call that loads time zones is slow, not wrong
settings.load_profile("suite")
torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)  # also fills uninitialised memory with NaN

LONG = ("test_documentation.py", "test_native_compile.py", "test_speaker.py", "test_interruption.py")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files come first: workers take tests from each other's end, none ends alone with a long one."""
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)
