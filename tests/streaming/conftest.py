"""Every instruction set that the engine has here; which one a test uses is undone after it."""

from collections.abc import Iterator

import pytest

from recurra.native import engine, instruction_sets


@pytest.fixture(params=instruction_sets())
def instruction_set(request: pytest.FixtureRequest) -> Iterator[str]:
    before = engine().instruction_set()
    assert engine().choose_instruction_set(request.param)
    yield request.param
    engine().choose_instruction_set(before)
