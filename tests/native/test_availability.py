"""What is said about an engine that is not there, or that does not load."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from recurra import errors, native

PROGRAM = """
from recurra import native
print(native.unavailable_reason(), native.instruction_set(), native.instruction_sets())
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package that holds nothing but the binding and its errors, without an engine."""
    folder = tmp_path / "recurra" / "native"
    folder.mkdir(parents=True)
    (tmp_path / "recurra" / "__init__.py").touch()
    shutil.copy(native.__file__, folder)
    shutil.copy(errors.__file__, folder.parent.parent / "recurra")
    return folder


def said_of(package: Path) -> str:
    result = subprocess.run(
        [sys.executable, "-S", "-c", PROGRAM],
        cwd=package.parents[1],
        check=True,
        capture_output=True,
        text=True,
    )
    return result.stdout.strip()


def test_a_checkout_without_an_engine(package: Path) -> None:
    assert said_of(package) == "it is not built in this checkout: run `make engine` None ()"


def test_a_package_that_was_built_without_an_engine(package: Path) -> None:
    (package / "_absence.py").write_text('REASON = "the package was built without it: no compiler"\n')
    assert said_of(package) == "the package was built without it: no compiler None ()"


def test_an_engine_that_does_not_load(package: Path) -> None:
    (package / "_engine.abi3.so").write_text("no library")
    assert said_of(package).startswith("it cannot be loaded: ")
    assert said_of(package).endswith(" None ()")


def test_an_engine_that_is_there() -> None:
    if native.unavailable_reason() is not None:
        pytest.skip(f"the engine is not available: {native.unavailable_reason()}")
    assert native.instruction_set() in native.instruction_sets()


@pytest.mark.skipif(native.unavailable_reason() is not None, reason="the engine is not built")
def test_the_environment_chooses_the_kernels():
    def run(name):
        program = "from recurra import native; print(native.instruction_set())"
        environment = {**os.environ, "RECURRA_INSTRUCTION_SET": name}
        return subprocess.run(
            [sys.executable, "-c", program], check=False, env=environment, capture_output=True, text=True
        )

    for name in native.instruction_sets():
        assert run(name).stdout.strip() == name
    refused = run("mmx")
    assert refused.returncode != 0
    assert "RECURRA_INSTRUCTION_SET=mmx" in refused.stderr


@pytest.mark.skipif(native.unavailable_reason() is not None, reason="the engine is not built")
def test_info_says_what_chose_the_kernels():
    first = native.instruction_sets()[0]

    def told(chosen):
        environment = {key: value for key, value in os.environ.items() if key != "RECURRA_INSTRUCTION_SET"}
        environment |= {"RECURRA_INSTRUCTION_SET": first} if chosen else {}
        command = [sys.executable, "-m", "recurra", "info"]
        done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
        return next(line for line in done.stdout.splitlines() if line.startswith("engine"))

    assert f" {first} (chosen by RECURRA_INSTRUCTION_SET), of {first}" in told(chosen=True)
    assert f" {native.instruction_sets()[-1]}, of {first}" in told(chosen=False)
