"""A run folder with all records, made once; tests that alter it work on a copy."""

import shutil

import pytest
from tests.report.run_folder import write_run

from recurra.report.page import write_report


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    folder = write_run(tmp_path_factory.mktemp("runs") / "demand")
    write_report(folder)
    return folder


@pytest.fixture
def run(finished_run, tmp_path):
    return shutil.copytree(finished_run, tmp_path / "demand")
