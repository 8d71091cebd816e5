"""Wrong types reach our own checks here, and which instruction set a test uses is undone after it."""

from collections.abc import Iterator

import jaxtyping
import pytest

from recurra.native import engine, instruction_sets


@pytest.fixture(autouse=True)
def _without_checks_of_types() -> Iterator[None]:
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(autouse=True)
def _same_instruction_set() -> Iterator[None]:
    before = engine().instruction_set()
    yield
    engine().choose_instruction_set(before)


@pytest.fixture(params=instruction_sets())
def instruction_set(request: pytest.FixtureRequest) -> str:
    """Each one that the engine has here, in use."""
    assert engine().choose_instruction_set(request.param)
    return str(request.param)
