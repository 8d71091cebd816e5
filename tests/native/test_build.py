"""The package builds without a compiler, and with an engine that does not compile, and says so."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = ("pyproject.toml", "README.md", "LICENSE")
IGNORED = shutil.ignore_patterns("__pycache__", "_engine.*so", "_absence.py")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    for name in ("src", "native"):
        shutil.copytree(ROOT / name, folder / name, ignore=IGNORED)
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    return folder


def build(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if name not in ("RECURRA_ENGINE", "CXX")}
    command = [sys.executable, "-m", "pip", "wheel", "--verbose", "--no-deps", "--no-build-isolation"]
    return subprocess.run(
        [*command, "--wheel-dir", checkout.with_name("wheels"), checkout],
        env={**variables, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def wheel_of(checkout: Path) -> zipfile.ZipFile:
    (path,) = checkout.with_name("wheels").glob("*.whl")
    return zipfile.ZipFile(path)


def reason_of(checkout: Path) -> str:
    names: dict[str, str] = {}
    with wheel_of(checkout) as wheel:
        exec(wheel.read("recurra/native/_absence.py"), names)
    return names["REASON"]


def test_without_a_compiler_the_package_says_so(checkout: Path) -> None:
    result = build(checkout, CXX="/nonexistent")
    assert result.returncode == 0, result.stdout
    assert reason_of(checkout) == "the package was built without it: there was no C++ compiler"


def test_an_engine_that_does_not_compile_is_left_out(checkout: Path) -> None:
    (checkout / "native" / "src" / "kernels.cpp").write_text("#error broken\n")
    result = build(checkout)
    assert result.returncode == 0, result.stdout
    assert "#error broken" in result.stdout
    assert "did not compile" in reason_of(checkout)
    with wheel_of(checkout) as wheel:
        packed = {name for name in wheel.namelist() if name.startswith("recurra/")}
    sources = {
        path.relative_to(checkout / "src").as_posix()
        for path in (checkout / "src").rglob("*")
        if path.is_file()
    }
    assert packed == sources | {"recurra/native/_absence.py"}


def test_an_engine_that_is_required_and_cannot_be_built_is_an_error(checkout: Path) -> None:
    assert build(checkout, CXX="/nonexistent", RECURRA_ENGINE="required").returncode != 0
    (checkout / "native" / "src" / "kernels.cpp").write_text("#error broken\n")
    assert build(checkout, RECURRA_ENGINE="required").returncode != 0
