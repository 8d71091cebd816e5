"""Nets and their exports, made once."""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.experiment.small_nets import MAKERS, exported

from recurra.experiment.estimator import Estimator


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Estimator, Path]]:
    """A net of a task, and where it is saved."""
    folder, known = tmp_path_factory.mktemp("nets"), {}

    def made(name: str) -> tuple[Estimator, Path]:
        if name not in known:
            with contextlib.redirect_stderr(io.StringIO()):
                estimator = MAKERS[name]()
            known[name] = estimator, estimator.save(folder / name)
        return known[name]

    return made


@pytest.fixture(scope="session")
def shipped(
    trained: Callable[[str], tuple[Estimator, Path]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], Path]:
    """The export of a task's net for a target, written once."""
    folder = tmp_path_factory.mktemp("exports")

    def made(name: str, target: str) -> Path:
        out = folder / f"{name}-{target}"
        return out if out.exists() else exported(trained(name)[1], target, out)

    return made
